//! What this run has put on the server, or found equal there: the only things that a watch renames
//! or deletes.

use std::collections::{BTreeMap, BTreeSet};

use rustix::fs::Stat;

use crate::transfer::mirror::tree::{Item, Timestamp};

/// The state of a local file: it has changed if this has.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    seconds: i64,
    /// Nanoseconds of the time, and the inode number; unknown in a listing.
    exact: Option<(u64, u64)>,
}

impl Stamp {
    /// The state of a file.
    pub fn of_file(stat: &Stat) -> Self {
        #[allow(clippy::unnecessary_cast)] // their types differ between systems
        let exact = Some((stat.st_mtime_nsec as u64, stat.st_ino as u64));
        Self { size: u64::try_from(stat.st_size).unwrap_or(0), seconds: stat.st_mtime, exact }
    }

    /// The state of a listed file.
    pub fn of_listed(size: Option<u64>, modified: Option<Timestamp>) -> Option<Self> {
        let seconds = modified?.time.and_utc().timestamp();
        Some(Self { size: size?, seconds, exact: None })
    }

    /// A state of this size and time.
    #[cfg(test)]
    pub fn listed(size: u64, seconds: i64) -> Self {
        Self { size, seconds, exact: None }
    }

    /// Whether both may be states of one file without a change between.
    pub fn is_same(&self, other: &Stamp) -> bool {
        let exact = self.exact.zip(other.exact);
        self.size == other.size
            && self.seconds == other.seconds
            && exact.is_none_or(|(one, other)| one == other)
    }

    /// Whether the time is of this second or later: another change may have the same.
    pub fn is_from(&self, second: i64) -> bool {
        self.seconds >= second
    }
}

/// Files and directories on the server, by their paths in the tree.
#[derive(Debug, Default)]
pub struct ServerIndex {
    /// With the state of the local file that is there; `None` if it may have changed since.
    files: BTreeMap<Box<str>, Option<Stamp>>,
    directories: BTreeSet<Box<str>>,
}

impl ServerIndex {
    /// A file is there.
    pub fn add_file(&mut self, path: &str, stamp: Option<Stamp>) {
        self.files.insert(path.into(), stamp);
    }

    /// An item that the mirror found the same on both sides, or has sent. A file that was changed
    /// after `since` (a time in seconds) may have been changed again.
    pub fn add_listed(&mut self, path: &str, item: Item<'_>, since: i64) {
        let stamp = Stamp::of_listed(item.size, item.modified);
        self.add_file(path, stamp.filter(|stamp| !stamp.is_from(since)));
    }

    /// A directory is there.
    pub fn add_directory(&mut self, path: &str) {
        self.directories.insert(path.into());
    }

    /// Whether a file is known to be there.
    pub fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether a directory is known to be there. The root is.
    pub fn has_directory(&self, path: &str) -> bool {
        path.is_empty() || self.directories.contains(path)
    }

    /// The state of the local file that is there.
    pub fn stamp(&self, path: &str) -> Option<&Stamp> {
        self.files.get(path)?.as_ref()
    }

    /// A file or directory is not there any more, or is not what was put there.
    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
        self.directories.remove(path);
    }

    /// A file has another name now.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(stamp) = self.files.remove(from) {
            self.files.insert(to.into(), stamp);
        }
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(|path| &**path)
    }

    /// All directories.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.directories.iter().map(|path| &**path).filter(|path| !path.is_empty())
    }

    /// The files below a directory, in order.
    pub fn files_below<'a>(&'a self, directory: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let from = format!("{directory}/");
        let below = self.files.range(from.clone().into_boxed_str()..);
        below.map(|(path, _)| &**path).take_while(move |path| path.starts_with(&from))
    }

    /// The directories below a directory, in order.
    pub fn directories_below<'a>(
        &'a self,
        directory: &str,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let from = format!("{directory}/");
        let below = self.directories.range(from.clone().into_boxed_str()..);
        below.map(|path| &**path).take_while(move |path| path.starts_with(&from))
    }

    /// The number of files and directories.
    pub fn len(&self) -> usize {
        self.files.len() + self.directories.len()
    }
}
