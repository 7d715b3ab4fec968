//! The plan: from two listings of one directory to what has to happen in it. A pure function.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use chrono::NaiveDateTime;

use super::filter::Filter;
use super::tree::{Item, ItemKind, Listing, below};

/// What decides whether a file is carried.
#[derive(Debug, Clone)]
pub struct Rules {
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
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            newer: false,
            delete: false,
            dereference: false,
            sizes: None,
            newer_than: None,
            max_depth: 64,
        }
    }
}

/// Why a file is carried.
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
pub enum Action {
    /// Create a directory.
    MakeDirectory {
        /// The directory.
        path: String,
    },
    /// Carry a file.
    Carry {
        /// The file.
        path: String,
        /// What the source says of it.
        item: Item,
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

impl Action {
    /// The path it is about.
    pub fn path(&self) -> &str {
        match self {
            Action::MakeDirectory { path }
            | Action::Carry { path, .. }
            | Action::Delete { path, .. } => path,
        }
    }
}

/// A directory to look into next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Which.
    pub path: String,
    /// Whether the source has it; otherwise it is surplus, with all that is in it.
    pub in_source: bool,
    /// Whether the target has it.
    pub in_target: bool,
    /// The `unique` facts of the source's directories on the way here, to find loops.
    pub trail: Vec<String>,
}

/// What has to happen in one directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in the order of the source's listing; deletions behind.
    pub actions: Vec<Action>,
    /// Where to go on.
    pub next: Vec<Next>,
    /// Links that were passed over.
    pub links: Vec<String>,
    /// Directories that are their own ancestors, reached through links that the server shows as
    /// directories. They are not looked into.
    pub loops: Vec<String>,
    /// What is there as it should be.
    pub unchanged: u64,
    /// Files and directories that the target has here.
    pub in_target: u64,
}

/// Plans one directory. Without a source listing all of the target's is surplus; without a
/// target listing all of the source's is missing.
pub fn directory(
    here: &Next,
    source: Option<&Listing>,
    target: Option<&Listing>,
    rules: &Rules,
) -> Plan {
    let path = here.path.as_str();
    let mut plan = Plan::default();
    let there: HashMap<&str, &Item> = target
        .iter()
        .flat_map(|listing| &listing.items)
        .map(|item| (item.name.as_str(), item))
        .collect();
    plan.in_target = there.len() as u64;
    for item in source.iter().flat_map(|listing| &listing.items) {
        let path = below(path, &item.name);
        let is_directory = item.kind == ItemKind::Directory;
        if rules.filter.takes(&path, is_directory) {
            let there = there.get(item.name.as_str()).copied();
            one(&mut plan, here, path, item, there, rules);
        }
    }
    if rules.delete {
        let wanted: HashSet<&str> = source
            .iter()
            .flat_map(|listing| &listing.items)
            .map(|item| item.name.as_str())
            .collect();
        for item in target.iter().flat_map(|listing| &listing.items) {
            let path = below(path, &item.name);
            let is_directory = item.kind == ItemKind::Directory;
            // What the filter leaves out is nobody's business, also not on the target.
            if wanted.contains(item.name.as_str()) || !rules.filter.takes(&path, is_directory) {
                continue;
            }
            if is_directory {
                let trail = Vec::new();
                let next = Next { path: path.clone(), in_source: false, in_target: true, trail };
                plan.next.push(next);
            }
            plan.actions.push(Action::Delete { path, kind: item.kind });
        }
    }
    plan
}

fn one(
    plan: &mut Plan,
    here: &Next,
    path: String,
    item: &Item,
    there: Option<&Item>,
    rules: &Rules,
) {
    match item.kind {
        ItemKind::Directory if item.unique.as_ref().is_some_and(|u| here.trail.contains(u)) => {
            plan.loops.push(path);
        }
        ItemKind::Directory => {
            let in_target = there.is_some_and(|there| there.kind == ItemKind::Directory);
            if !in_target {
                plan.actions.push(Action::MakeDirectory { path: path.clone() });
            }
            let trail = here.trail.iter().chain(&item.unique).cloned().collect();
            plan.next.push(Next { path, in_source: true, in_target, trail });
        }
        ItemKind::File if !in_range(item, rules) => {}
        ItemKind::File => match reason(item, there, rules) {
            Some(reason) => {
                plan.actions.push(Action::Carry { path, item: item.clone(), reason });
            }
            None => plan.unchanged += 1,
        },
        ItemKind::Link | ItemKind::Other => plan.links.push(path),
    }
}

fn in_range(item: &Item, rules: &Rules) -> bool {
    let size = match (&rules.sizes, item.size) {
        (Some(sizes), Some(size)) => sizes.contains(&size),
        _ => true,
    };
    let time = match (rules.newer_than, item.modified) {
        (Some(after), Some(modified)) => modified.time + modified.grain > after,
        _ => true,
    };
    size && time
}

/// Why a file has to be carried; `None` if what is there will do. Unknown sizes and times are
/// taken for equal: what cannot be told apart is not carried again and again.
fn reason(item: &Item, there: Option<&Item>, rules: &Rules) -> Option<Reason> {
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
