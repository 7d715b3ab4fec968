//! What to do about paths that have changed and are at rest: a pure function of what they are now
//! and of what is known to be on the server.

use std::collections::{BTreeMap, BTreeSet};

use super::change_queue::ChangedPaths;
use super::index::{ServerIndex, Stamp};
use super::scan::{Local, has_right_size, is_included, is_of_an_editor};
use crate::error::{Error, Result};
use crate::transfer::mirror::confirm_stored::above;
use crate::transfer::mirror::plan::MirrorRules;

/// A longer chain of moves is not followed.
const LONGEST_CHAIN: usize = 32;

/// The local tree, as a batch needs it.
pub trait LocalView {
    /// What is at a path.
    fn look_at(&mut self, path: &str) -> Result<Local>;

    /// The paths of what is in a directory.
    fn list(&mut self, directory: &str) -> Result<Vec<String>>;
}

/// A batch of changes. Nothing in it is in another part of it.
#[derive(Debug, Default)]
pub struct WatchBatch {
    /// What has to make way for something of another kind: files, and directories deepest first.
    pub in_the_way: Gone,
    /// Directories to create, in order, with their permission bits where these are known.
    pub directories: BTreeMap<String, Option<u16>>,
    /// Files to rename on the server: new name, old name.
    pub renames: BTreeMap<String, String>,
    /// Files to send, with their state and permission bits; also those that are renamed.
    pub files: BTreeMap<String, (Stamp, u16)>,
    /// What has gone here and is to be deleted.
    pub gone: Gone,
    /// What could not be looked at.
    pub failures: Vec<(String, Error)>,
}

impl WatchBatch {
    /// How many things there are to do.
    pub fn len(&self) -> usize {
        let deletions = self.gone.len() + self.in_the_way.len();
        self.directories.len() + self.files.len() + deletions + self.failures.len()
    }
}

/// Files and directories to be deleted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Files.
    pub files: BTreeSet<String>,
    /// Directories.
    pub directories: BTreeSet<String>,
}

impl Gone {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len() + self.directories.len()
    }

    /// A path that is known to be on the server, with all that is known below it.
    fn add(&mut self, path: &str, index: &ServerIndex) {
        if index.has_file(path) {
            self.files.insert(path.to_owned());
        }
        if index.has_directory(path) {
            self.directories.insert(path.to_owned());
            self.files.extend(index.files_below(path).map(str::to_owned));
            self.directories.extend(index.directories_below(path).map(str::to_owned));
        }
    }
}

/// Plans a batch.
pub fn plan_batch(
    changed: &ChangedPaths,
    index: &ServerIndex,
    rules: &MirrorRules,
    local: &mut dyn LocalView,
) -> WatchBatch {
    let mut batch = WatchBatch::default();
    let mut looks: BTreeMap<String, Local> = BTreeMap::new();
    let mut waiting = changed.paths.clone();
    while let Some(path) = waiting.pop() {
        if looks.contains_key(&path) {
            continue;
        }
        let looked = local.look_at(&path).and_then(|now| {
            // A directory that came with its content, or before the system watched it.
            let is_new = matches!(now, Local::Directory(_)) && is_included(rules, &path, true);
            let content = if is_new { local.list(&path)? } else { Vec::new() };
            Ok((now, content))
        });
        match looked {
            Ok((now, content)) => {
                waiting.extend(content);
                looks.insert(path, now);
            }
            Err(error) => batch.failures.push((path, error)),
        }
    }
    let mut gone = Gone::default();
    for (path, now) in &looks {
        match now {
            Local::File(stamp, mode) => {
                let is_wanted = is_included(rules, path, false)
                    && has_right_size(rules, stamp)
                    && (!is_of_an_editor(path) || index.has_file(path));
                if is_wanted && !index.stamp(path).is_some_and(|known| known.is_same(stamp)) {
                    batch.files.insert(path.clone(), (*stamp, *mode));
                    if index.has_directory(path) {
                        batch.in_the_way.add(path, index);
                    }
                }
            }
            Local::Directory(mode) if is_included(rules, path, true) => {
                if !index.has_directory(path) {
                    batch.directories.insert(path.clone(), Some(*mode));
                }
                if index.has_file(path) {
                    batch.in_the_way.add(path, index);
                }
            }
            Local::Directory(_) | Local::Other => {}
            Local::Missing => gone.add(path, index),
        }
    }
    batch.renames = find_renames(&batch.files, &gone, changed, index);
    for path in batch.files.keys() {
        for directory in above(path).filter(|directory| !index.has_directory(directory)) {
            batch.directories.entry(directory.to_owned()).or_insert(None);
        }
    }
    let keeps = |path: &String| {
        !rules.delete || (!rules.delete_hidden && path.split('/').any(|name| name.starts_with('.')))
    };
    let moved: BTreeSet<&String> = batch.renames.values().collect();
    for gone in [&mut gone, &mut batch.in_the_way] {
        gone.files.retain(|path| !keeps(path) && !moved.contains(path));
        gone.directories.retain(|path| !keeps(path));
    }
    gone.files.retain(|path| !batch.in_the_way.files.contains(path));
    gone.directories.retain(|path| !batch.in_the_way.directories.contains(path));
    batch.gone = gone;
    batch
}

/// The files that only have another name now: what this run put on the server under the old one is
/// what is here under the new one.
fn find_renames(
    files: &BTreeMap<String, (Stamp, u16)>,
    gone: &Gone,
    changed: &ChangedPaths,
    index: &ServerIndex,
) -> BTreeMap<String, String> {
    let mut renames = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (to, (stamp, _)) in files {
        let mut from = to.clone();
        for _ in 0..LONGEST_CHAIN {
            let Some(origin) = origin_of(&from, &changed.origins) else { break };
            from = origin;
            let is_it = index.stamp(&from).is_some_and(|known| known.is_same(stamp));
            if is_it && gone.files.contains(&from) && taken.insert(from.clone()) {
                renames.insert(to.clone(), from);
                break;
            }
        }
    }
    renames
}

/// Where a path was before the last move of it, or of a directory that it is in.
fn origin_of(path: &str, origins: &BTreeMap<String, String>) -> Option<String> {
    std::iter::once(path).chain(above(path)).find_map(|moved| {
        let from = origins.get(moved)?;
        Some(format!("{from}{}", &path[moved.len()..]))
    })
}

#[cfg(test)]
mod tests;
