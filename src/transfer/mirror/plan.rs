//! The plan: compares two listings of one directory and decides what to do. A pure function.

use std::ops::RangeInclusive;

use chrono::{NaiveDateTime, TimeDelta};

use super::filter::Filter;
use super::listing::CompactListing;
use super::tree::{Item, ItemKind, Timestamp, join_path};
use crate::transfer::Direction;

/// Which directories of the source are entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recursion {
    /// All.
    #[default]
    Always,
    /// None: only the files of the first directory are transferred.
    Never,
    /// Those that the target does not have.
    Missing,
    /// Those, and those that are newer than in the target.
    Newer,
}

/// What is compared of files that both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompareBy {
    /// Sizes and times.
    #[default]
    Time,
    /// Sizes.
    Size,
    /// Sizes, and where they are equal the contents.
    Content,
}

impl CompareBy {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            CompareBy::Time => "time",
            CompareBy::Size => "size",
            CompareBy::Content => "content",
        }
    }
}

/// The rules that decide whether a file is transferred.
#[derive(Debug, Clone)]
pub struct MirrorRules {
    /// Which files are included.
    pub filter: Filter,
    /// Only files that are newer than those of the target (`-n`).
    pub newer: bool,
    /// Files that are older than those of the target as well.
    pub older: bool,
    /// What is compared of files that the target has.
    pub compare: CompareBy,
    /// Sizes that differ are no reason.
    pub ignore_size: bool,
    /// All files, whatever the target has.
    pub transfer_all: bool,
    /// Only files and directories that the target has.
    pub only_existing: bool,
    /// Which directories are entered.
    pub recursion: Recursion,
    /// No directories that would be empty.
    pub no_empty_directories: bool,
    /// Remove the source's file where the target has the same.
    pub remove_source_files: bool,
    /// Delete what the source does not have.
    pub delete: bool,
    /// Delete what the filter excludes, too.
    pub delete_excluded: bool,
    /// Delete names that begin with a dot, too.
    pub delete_hidden: bool,
    /// Report what is not deleted because nothing is.
    pub report_not_deleted: bool,
    /// Count files that are not transferred although the target's is newer.
    pub report_newer: bool,
    /// Report files that are the same on both sides.
    pub report_kept: bool,
    /// Follow links instead of skipping them (`-L`).
    pub dereference: bool,
    /// Leave out what by its permissions nobody may read.
    pub skip_unreadable: bool,
    /// The permission bits that are not copied; `None` if none are.
    pub mode_mask: Option<u16>,
    /// Whether the permissions of files that the target has are corrected.
    pub corrects_modes: bool,
    /// Only files with sizes in this range.
    pub sizes: Option<RangeInclusive<u64>>,
    /// Only files modified after this.
    pub newer_than: Option<NaiveDateTime>,
    /// Only files modified before this.
    pub older_than: Option<NaiveDateTime>,
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
            older: false,
            compare: CompareBy::Time,
            ignore_size: false,
            transfer_all: false,
            only_existing: false,
            recursion: Recursion::Always,
            no_empty_directories: false,
            remove_source_files: false,
            delete: false,
            delete_excluded: false,
            delete_hidden: false,
            report_not_deleted: false,
            report_kept: false,
            report_newer: false,
            dereference: false,
            skip_unreadable: false,
            mode_mask: None,
            corrects_modes: false,
            sizes: None,
            newer_than: None,
            older_than: None,
            max_depth: 64,
            max_directories: 1_000_000,
        }
    }
}

impl MirrorRules {
    /// The permissions that the target's entry is to have.
    pub fn wanted_mode(&self, item: Item<'_>) -> Option<u16> {
        self.copied_mode(item.mode)
    }

    /// What is copied of these permissions.
    pub fn copied_mode(&self, mode: Option<u16>) -> Option<u16> {
        Some(mode? & !self.mode_mask?)
    }
}

/// Why a file is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The target does not have it.
    Missing,
    /// The size differs.
    Size,
    /// The size is the same, the content differs.
    Content,
    /// It is newer than that of the target.
    Newer,
    /// It is older, and was asked for.
    Older,
    /// Everything was asked for.
    All,
    /// Something other than a file has its name.
    Kind,
}

impl Reason {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Size => "size differs",
            Reason::Content => "content differs",
            Reason::Newer => "newer",
            Reason::Older => "older",
            Reason::All => "all",
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
        /// The permissions according to the source.
        mode: Option<u16>,
        /// Why.
        reason: Reason,
    },
    /// Rename a file of the target.
    Rename {
        /// Its old path.
        from: String,
        /// The new one.
        path: String,
    },
    /// Remove a file of the source that the target has.
    RemoveSource {
        /// The file.
        path: String,
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
    /// What is done, in a word.
    pub fn verb(&self, direction: Direction) -> &'static str {
        match (self, direction) {
            (MirrorAction::MakeDirectory { .. }, _) => "mkdir",
            (MirrorAction::Transfer { .. }, Direction::Download) => "get",
            (MirrorAction::Transfer { .. }, _) => "put",
            (MirrorAction::Rename { .. }, _) => "rename",
            (MirrorAction::RemoveSource { .. }, _) => "remove",
            (MirrorAction::Delete { .. }, _) => "delete",
        }
    }

    /// The path of the action.
    pub fn path(&self) -> &str {
        match self {
            MirrorAction::MakeDirectory { path }
            | MirrorAction::RemoveSource { path }
            | MirrorAction::Rename { path, .. }
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
    /// The permissions that it is to have if it is created.
    pub mode: Option<u16>,
}

/// What to do with an item of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedStep {
    /// Create the directory.
    Make,
    /// Transfer the file.
    Transfer(Reason),
    /// Compare the contents, and transfer the file if they differ.
    Compare,
    /// Nothing: the contents were compared and are the same.
    Keep,
    /// Remove the source's file: the target has it.
    RemoveSource,
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
    /// Devices, sockets and pipes, which are skipped.
    pub special: u64,
    /// Directories that are their own ancestors, reached through links that the server shows as
    /// directories. They are not visited.
    pub loops: Vec<String>,
    /// The number of files already up to date.
    pub unchanged: u64,
    /// Indices of these, where they are reported.
    pub kept: Vec<u32>,
    /// How many of them are newer in the target, where that is reported.
    pub newer: u64,
    /// The number of files and directories that the target has here.
    pub in_target: u64,
    /// Entries whose names begin with a dot, which the source does not have and which stay.
    pub hidden: u64,
    /// Whether an extraneous directory has something that stays, so that it has to stay, too.
    pub holds_kept: bool,
    /// Entries of the target that have other permissions than they should, with these.
    pub modes: Vec<(Box<str>, u16)>,
    /// What the source does not have, where nothing is deleted.
    pub not_deleted: Vec<Extraneous>,
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

    /// Its path, with a slash behind that of a directory.
    pub fn listed_name(&self) -> String {
        let slash = if self.kind == ItemKind::Directory { "/" } else { "" };
        format!("{}{slash}", self.path)
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
        if rules.filter.leaves(&path) {
            continue;
        }
        if rules.skip_unreadable && is_unreadable(item) {
            // What the target has of it stays.
        } else if rules.filter.includes(&path, item.kind == ItemKind::Directory) {
            plan_source_item(&mut plan, here, path, place, (item, there), rules);
        } else if let Some(there) = there.filter(|_| rules.delete_excluded) {
            plan_extraneous(&mut plan, here, there, rules);
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
    if rules.filter.leaves(&path) {
        plan.holds_kept |= !here.in_source;
        return;
    }
    let is_directory = item.kind == ItemKind::Directory;
    // What the filter excludes is ignored, in the target as well.
    let excluded = !rules.delete_excluded && !rules.filter.includes(&path, is_directory);
    if !rules.delete {
        if !excluded && rules.report_not_deleted {
            plan.not_deleted.push(Extraneous { path: path.into(), kind: item.kind });
        }
        return;
    }
    let hidden = !excluded && !rules.delete_hidden && item.name.starts_with('.');
    plan.hidden += u64::from(hidden);
    // Without recursion nobody has looked into it.
    let unseen = is_directory && rules.recursion == Recursion::Never;
    if excluded || hidden || unseen {
        plan.holds_kept |= !here.in_source;
        return;
    }
    plan.extraneous.push(Extraneous { path: path.as_str().into(), kind: item.kind });
    if is_directory {
        plan.next.push(NextDirectory {
            path,
            in_source: false,
            in_target: true,
            trail: Vec::new(),
            mode: None,
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
            if !enters_directory(item, there.filter(|_| in_target), rules) {
                return;
            }
            if !in_target && !rules.no_empty_directories {
                step(PlannedStep::Make);
            }
            let own = item.unique.map(str::to_owned);
            let trail = here.trail.iter().cloned().chain(own).collect();
            let mode = rules.wanted_mode(item);
            if let Some(wanted) = mode.filter(|_| in_target) {
                note_mode(&mut plan.modes, &path, wanted, there);
            }
            plan.next.push(NextDirectory { path, in_source: true, in_target, trail, mode });
        }
        ItemKind::File if !is_in_range(item, rules) => {}
        ItemKind::File if there.is_none() && rules.only_existing => {}
        ItemKind::File => {
            let reason = transfer_reason(item, there, rules);
            let compares = there.is_some_and(|there| compares_content(item, there, rules));
            if let Some(reason) = reason {
                return step(PlannedStep::Transfer(reason));
            }
            if let Some(wanted) = rules.wanted_mode(item).filter(|_| rules.corrects_modes) {
                note_mode(&mut plan.modes, &path, wanted, there);
            }
            if compares {
                return step(PlannedStep::Compare);
            }
            if rules.remove_source_files && there.is_some_and(|there| is_same(item, there, rules)) {
                step(PlannedStep::RemoveSource);
            }
            plan.unchanged += 1;
            if rules.report_kept {
                plan.kept.push(place);
            }
            let times = there.and_then(|there| item.modified.zip(there.modified));
            let is_older = times.is_some_and(|(time, there)| there.is_after(&time));
            plan.newer += u64::from(rules.report_newer && is_older);
        }
        ItemKind::Link => plan.links.push(place),
        ItemKind::Other => plan.special += 1,
    }
}

/// Whether neither owner nor group nor others may read it.
fn is_unreadable(item: Item<'_>) -> bool {
    let wanted = if item.kind == ItemKind::Directory { 0o555 } else { 0o444 };
    item.mode.is_some_and(|mode| mode & wanted == 0)
}

pub(super) fn is_in_range(item: Item<'_>, rules: &MirrorRules) -> bool {
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
    let age = match (rules.older_than, item.modified) {
        (Some(before), Some(modified)) => modified.time < before,
        _ => true,
    };
    size && time && age
}

/// Notes the permissions of an entry of the target that has others.
fn note_mode(modes: &mut Vec<(Box<str>, u16)>, path: &str, wanted: u16, there: Option<Item<'_>>) {
    if there.and_then(|there| there.mode).is_some_and(|mode| mode != wanted) {
        modes.push((path.into(), wanted));
    }
}

/// Whether a directory of the source is entered.
fn enters_directory(item: Item<'_>, there: Option<Item<'_>>, rules: &MirrorRules) -> bool {
    let Some(there) = there else {
        return !rules.only_existing && rules.recursion != Recursion::Never;
    };
    match rules.recursion {
        Recursion::Always => true,
        Recursion::Never | Recursion::Missing => false,
        Recursion::Newer => matches!(
            (item.modified, there.modified), (Some(here), Some(there)) if here.is_after(&there)),
    }
}

/// Whether the contents of two files have to be compared: nothing else shows that they differ, and
/// they may not be empty.
fn compares_content(item: Item<'_>, there: Item<'_>, rules: &MirrorRules) -> bool {
    let sizes = [item.size, there.size];
    rules.compare == CompareBy::Content && sizes != [Some(0); 2]
}

/// Whether a file of the target is the source's, as far as sizes and times can tell: both are known
/// and equal. Contents that are compared need no time.
fn is_same(item: Item<'_>, there: Item<'_>, rules: &MirrorRules) -> bool {
    let times = item.modified.zip(there.modified);
    let same_time = times.is_some_and(|(one, two)| !one.is_after(&two) && !two.is_after(&one));
    let same_time = same_time || rules.compare == CompareBy::Content;
    item.size.is_some() && item.size == there.size && same_time
}

/// Why a file must be transferred; `None` if the target's is up to date. Unknown sizes and times
/// count as equal, so that indistinguishable files are not transferred again and again.
fn transfer_reason(item: Item<'_>, there: Option<Item<'_>>, rules: &MirrorRules) -> Option<Reason> {
    let Some(there) = there else { return Some(Reason::Missing) };
    if there.kind != ItemKind::File {
        return Some(Reason::Kind);
    }
    if rules.transfer_all {
        return Some(Reason::All);
    }
    let by_time = rules.compare == CompareBy::Time;
    let times = item.modified.zip(there.modified).filter(|_| by_time);
    let differ = matches!((item.size, there.size), (Some(a), Some(b)) if a != b);
    match times {
        _ if differ && !rules.newer && !rules.ignore_size => Some(Reason::Size),
        Some((here, there)) if here.is_after(&there) => Some(Reason::Newer),
        Some((here, there)) if rules.older && there.is_after(&here) => Some(Reason::Older),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
