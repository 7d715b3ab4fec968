//! The plan: compares two listings of one directory and decides what to do. A pure function.

use std::ops::RangeInclusive;

use chrono::{NaiveDateTime, TimeDelta};

use super::filter::Filter;
use super::listing::CompactListing;
use super::tree::{Item, ItemKind, Timestamp, join_path};

/// The rules that decide whether a file is transferred.
#[derive(Debug, Clone)]
pub struct MirrorRules {
    /// Which files are included.
    pub filter: Filter,
    /// Only files that are newer than those of the target (`-n`).
    pub newer: bool,
    /// Delete what the source does not have.
    pub delete: bool,
    /// Follow links instead of skipping them (`-L`).
    pub dereference: bool,
    /// Only files with sizes in this range.
    pub sizes: Option<RangeInclusive<u64>>,
    /// Only files modified after this.
    pub newer_than: Option<NaiveDateTime>,
    /// The maximum depth of directories.
    pub max_depth: usize,
    /// The maximum number of directories to visit.
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
    /// The target does not have it.
    Missing,
    /// The size differs.
    Size,
    /// It is newer than that of the target.
    Newer,
    /// Something other than a file has its name.
    Kind,
}

impl Reason {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Size => "size differs",
            Reason::Newer => "newer",
            Reason::Kind => "not a file",
        }
    }
}

/// One action. Paths are relative to the trees' roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorAction {
    /// Create a directory.
    MakeDirectory {
        /// The directory.
        path: String,
    },
    /// Transfer a file.
    Transfer {
        /// The file.
        path: String,
        /// The size according to the source.
        size: Option<u64>,
        /// The time according to the source.
        modified: Option<Timestamp>,
        /// Why.
        reason: Reason,
    },
    /// Remove something that the source does not have.
    Delete {
        /// The path.
        path: String,
        /// The kind of the entry.
        kind: ItemKind,
    },
}

impl MirrorAction {
    /// The path of the action.
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
    /// Its path.
    pub path: String,
    /// Whether the source has it; otherwise it is extraneous, with all its contents.
    pub in_source: bool,
    /// Whether the target has it.
    pub in_target: bool,
    /// The `unique` facts of its parent directories in the source, to detect loops.
    pub trail: Vec<String>,
}

/// What to do with an item of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedStep {
    /// Create the directory.
    Make,
    /// Transfer the file.
    Transfer(Reason),
}

/// The plan of one directory. To save memory, items are indices into the listings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryPlan {
    /// Indices of the source's items to act on, in order.
    pub places: Vec<u32>,
    /// The step for each of them.
    pub steps: Vec<PlannedStep>,
    /// What to delete, in the target's order.
    pub extraneous: Vec<Extraneous>,
    /// Directories to visit next.
    pub next: Vec<NextDirectory>,
    /// Extraneous names that the server may treat as equal to a name of the source, with that name.
    /// They are not deleted.
    pub ambiguous: Vec<(String, String)>,
    /// Indices of links that were skipped.
    pub links: Vec<u32>,
    /// Directories that are their own ancestors, reached through links that the server shows as
    /// directories. They are not visited.
    pub loops: Vec<String>,
    /// The number of files already up to date.
    pub unchanged: u64,
    /// The number of files and directories that the target has here.
    pub in_target: u64,
}

/// An entry that the source does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraneous {
    /// Its path.
    pub path: Box<str>,
    /// Its kind.
    pub kind: ItemKind,
}

impl Extraneous {
    /// Its depth below the root.
    pub fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// The action that deletes it.
    pub fn action(&self) -> MirrorAction {
        MirrorAction::Delete { path: self.path.to_string(), kind: self.kind }
    }
}

/// Plans one directory. Without a source listing everything in the target is extraneous; without a
/// target listing everything in the source is missing. Both listings are sorted.
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
    // What the filter excludes is ignored, in the target as well.
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

/// Why a file must be transferred; `None` if the target's is up to date. Unknown sizes and times
/// count as equal, so that indistinguishable files are not transferred again and again.
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
