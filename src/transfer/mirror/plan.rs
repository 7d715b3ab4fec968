//! The plan: from two listings of one directory to what has to happen in it. A pure function.

use std::ops::RangeInclusive;

use chrono::{NaiveDateTime, TimeDelta};

use super::filter::Filter;
use super::listing::CompactListing;
use super::tree::{Item, ItemKind, Timestamp, join_path};

/// What decides whether a file is transferred.
#[derive(Debug, Clone)]
pub struct MirrorRules {
    /// Which files it is about.
    pub filter: Filter,
    /// Only files that are newer than what is there (`-n`).
    pub newer: bool,
    /// Delete what the source does not have.
    pub delete: bool,
    /// Links are followed instead of passed over (`-L`).
    pub dereference: bool,
    /// Only files of these sizes.
    pub sizes: Option<RangeInclusive<u64>>,
    /// Only files modified after this.
    pub newer_than: Option<NaiveDateTime>,
    /// How deep directories may be nested.
    pub max_depth: usize,
    /// How many directories may be visited.
    pub max_directories: u64,
}

impl Default for MirrorRules {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            newer: false,
            delete: false,
            dereference: false,
            sizes: None,
            newer_than: None,
            max_depth: 64,
            max_directories: 1_000_000,
        }
    }
}

/// Why a file is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not there.
    Missing,
    /// It has another size there.
    Size,
    /// It is newer than what is there.
    Newer,
    /// Something that is no file has its name.
    Kind,
}

impl Reason {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Size => "size differs",
            Reason::Newer => "newer",
            Reason::Kind => "not a file",
        }
    }
}

/// One thing to do. Paths are relative to the trees' roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorAction {
    /// Create a directory.
    MakeDirectory {
        /// The directory.
        path: String,
    },
    /// Carry a file.
    Transfer {
        /// The file.
        path: String,
        /// How large the source says it is.
        size: Option<u64>,
        /// What the source says of its time.
        modified: Option<Timestamp>,
        /// Why.
        reason: Reason,
    },
    /// Remove something that the source does not have.
    Delete {
        /// What.
        path: String,
        /// What it is there.
        kind: ItemKind,
    },
}

impl MirrorAction {
    /// The path it is about.
    pub fn path(&self) -> &str {
        match self {
            MirrorAction::MakeDirectory { path }
            | MirrorAction::Transfer { path, .. }
            | MirrorAction::Delete { path, .. } => path,
        }
    }
}

/// A directory to visit next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextDirectory {
    /// Which.
    pub path: String,
    /// Whether the source has it; otherwise it is extraneous, with all that is in it.
    pub in_source: bool,
    /// Whether the target has it.
    pub in_target: bool,
    /// The `unique` facts of the source's directories on the way here, to find loops.
    pub trail: Vec<String>,
}

/// What has to happen to an item of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedStep {
    /// Create the directory.
    Make,
    /// Carry the file.
    Transfer(Reason),
}

/// What has to happen in one directory. Items are named by their places in the listings, which
/// are large enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryPlan {
    /// What to do with the source's items, in their order: places and steps.
    pub places: Vec<u32>,
    /// As many steps.
    pub steps: Vec<PlannedStep>,
    /// What to delete, in the target's order.
    pub extraneous: Vec<Extraneous>,
    /// Where to go on.
    pub next: Vec<NextDirectory>,
    /// What the source does not have under this name, and the name of the source's that the
    /// server may take for the same. It is not deleted.
    pub ambiguous: Vec<(String, String)>,
    /// Places of links that were passed over.
    pub links: Vec<u32>,
    /// Directories that are their own ancestors, reached through links that the server shows as
    /// directories. They are not visited.
    pub loops: Vec<String>,
    /// What is there as it should be.
    pub unchanged: u64,
    /// Files and directories that the target has here.
    pub in_target: u64,
}

/// Something that the source does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraneous {
    /// Which.
    pub path: Box<str>,
    /// What it is.
    pub kind: ItemKind,
}

impl Extraneous {
    /// How deep it lies, seen from the root.
    pub fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// What there is to do.
    pub fn action(&self) -> MirrorAction {
        MirrorAction::Delete { path: self.path.to_string(), kind: self.kind }
    }
}

/// Plans one directory. Without a source listing all of the target's is extraneous; without a
/// target listing all of the source's is missing. Both are sorted.
pub fn plan_directory(
    here: &NextDirectory,
    source: Option<&CompactListing>,
    target: Option<&CompactListing>,
    rules: &MirrorRules,
) -> DirectoryPlan {
    let mut plan = DirectoryPlan {
        in_target: target.map_or(0, |listing| listing.len() as u64),
        ..DirectoryPlan::default()
    };
    let mut others = target.into_iter().flat_map(CompactListing::iter).peekable();
    for (place, item) in (0u32..).zip(source.into_iter().flat_map(CompactListing::iter)) {
        while let Some(other) = others.next_if(|other| other.name < item.name) {
            plan_extraneous(&mut plan, here, other, rules);
        }
        let there = others.next_if(|other| other.name == item.name);
        let path = join_path(&here.path, item.name);
        if rules.filter.includes(&path, item.kind == ItemKind::Directory) {
            plan_source_item(&mut plan, here, path, place, (item, there), rules);
        }
    }
    others.for_each(|other| plan_extraneous(&mut plan, here, other, rules));
    plan
}

fn plan_extraneous(
    plan: &mut DirectoryPlan,
    here: &NextDirectory,
    item: Item<'_>,
    rules: &MirrorRules,
) {
    let path = join_path(&here.path, item.name);
    let is_directory = item.kind == ItemKind::Directory;
    // What the filter leaves out is nobody's business, also not on the target.
    if !rules.delete || !rules.filter.includes(&path, is_directory) {
        return;
    }
    plan.extraneous.push(Extraneous { path: path.as_str().into(), kind: item.kind });
    if is_directory {
        plan.next.push(NextDirectory {
            path,
            in_source: false,
            in_target: true,
            trail: Vec::new(),
        });
    }
}

fn plan_source_item(
    plan: &mut DirectoryPlan,
    here: &NextDirectory,
    path: String,
    place: u32,
    (item, there): (Item<'_>, Option<Item<'_>>),
    rules: &MirrorRules,
) {
    let mut step = |step| {
        plan.places.push(place);
        plan.steps.push(step);
    };
    match item.kind {
        ItemKind::Directory if here.trail.iter().any(|u| Some(u.as_str()) == item.unique) => {
            plan.loops.push(path);
        }
        ItemKind::Directory => {
            let in_target = there.is_some_and(|there| there.kind == ItemKind::Directory);
            if !in_target {
                step(PlannedStep::Make);
            }
            let own = item.unique.map(str::to_owned);
            let trail = here.trail.iter().cloned().chain(own).collect();
            plan.next.push(NextDirectory { path, in_source: true, in_target, trail });
        }
        ItemKind::File if !is_in_range(item, rules) => {}
        ItemKind::File => match transfer_reason(item, there, rules) {
            Some(reason) => step(PlannedStep::Transfer(reason)),
            None => plan.unchanged += 1,
        },
        ItemKind::Link | ItemKind::Other => plan.links.push(place),
    }
}

fn is_in_range(item: Item<'_>, rules: &MirrorRules) -> bool {
    let size = match (&rules.sizes, item.size) {
        (Some(sizes), Some(size)) => sizes.contains(&size),
        _ => true,
    };
    let time = match (rules.newer_than, item.modified) {
        (Some(after), Some(modified)) => {
            modified.time + TimeDelta::seconds(modified.precision.into()) > after
        }
        _ => true,
    };
    size && time
}

/// Why a file has to be transferred; `None` if what is there will do. Unknown sizes and times are
/// taken for equal: what cannot be told apart is not transferred again and again.
fn transfer_reason(item: Item<'_>, there: Option<Item<'_>>, rules: &MirrorRules) -> Option<Reason> {
    let Some(there) = there else { return Some(Reason::Missing) };
    if there.kind != ItemKind::File {
        return Some(Reason::Kind);
    }
    let newer = match (item.modified, there.modified) {
        (Some(here), Some(there)) => here.is_after(&there),
        _ => false,
    };
    let size = matches!((item.size, there.size), (Some(a), Some(b)) if a != b);
    match (newer, size && !rules.newer) {
        (_, true) => Some(Reason::Size),
        (true, false) => Some(Reason::Newer),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests;
