//! What mirror knows of a tree: directories of items, and how to change them.
//!
//! Paths are relative to the tree's root, with `/` between names; the root is the empty path.

use chrono::{NaiveDateTime, TimeDelta};

use super::listing::CompactListing;
use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A file that can be transferred.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// A time, and how exact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// UTC.
    pub time: NaiveDateTime,
    /// What was cut off, in seconds: the real time lies in `time .. time + grain`.
    pub precision: u32,
    /// How far the clock that it was read from may be off, either way, in seconds.
    pub uncertainty: u32,
}

impl Timestamp {
    /// A time exact to the second.
    pub fn exact(time: NaiveDateTime) -> Self {
        Self { time, precision: 1, uncertainty: 0 }
    }

    /// Whether this is surely later than `other`.
    pub fn is_after(&self, other: &Timestamp) -> bool {
        let between =
            i64::from(self.uncertainty) + i64::from(other.uncertainty) + i64::from(other.precision);
        self.time - other.time >= TimeDelta::seconds(between)
    }
}

/// One file, directory or link of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its name: one safe component.
    pub name: &'a str,
    /// What it is.
    pub kind: ItemKind,
    /// Bytes, exact.
    pub size: Option<u64>,
    /// Last modified.
    pub modified: Option<Timestamp>,
    /// The same for two names of one directory, where the tree tells.
    pub unique: Option<&'a str>,
}

/// What a link leads to: its item, and what is unique to it if it is a directory.
pub type Followed<'a> = (Item<'a>, Option<String>);

/// What a listing found.
#[derive(Debug, Clone)]
pub enum ListResult {
    /// The directory.
    Directory(CompactListing),
    /// No directory, or none that may be entered; the error says so in its own words.
    Nothing(Error),
}

/// One side of a mirror.
pub trait Tree: Send + Sync {
    /// What is in a directory; [`ListResult::Nothing`] when there is no such directory.
    fn list_directory(&self, path: &str, cancel: &Cancel) -> Result<ListResult>;

    /// As [`Tree::list_directory`], where nothing is there to compare it with: times may be by a clock that
    /// nobody has asked about.
    fn list_without_clock(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        self.list_directory(path, cancel)
    }

    /// Whether there is nothing in a directory, where that can be seen at once.
    fn is_empty_directory(&self, _path: &str) -> bool {
        false
    }

    /// A listing of this tree with the names that `wanted` has for its items, where the disk takes
    /// both names for one file: it may spell a name otherwise than it was given.
    fn match_case_folded(
        &self,
        _path: &str,
        _wanted: &CompactListing,
        listing: CompactListing,
    ) -> CompactListing {
        listing
    }

    /// What a link leads to: a file's or directory's item of the same name.
    fn follow_link<'a>(&self, path: &str, link: Item<'a>, cancel: &Cancel) -> Result<Followed<'a>>;

    /// What is unique to the root, where the tree tells that of its directories.
    fn root_unique(&self) -> Option<String> {
        None
    }

    /// Creates a directory; one that is there already is fine.
    fn make_directory(&self, path: &str, cancel: &Cancel) -> Result<()>;

    /// Removes a file or link, or an empty directory.
    fn remove_entry(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()>;

    /// Removes what was listed as a directory if it is a link to one (some servers do not tell
    /// them apart); `false` if it is a directory. What a link leads to is not ours to delete.
    fn remove_if_link(&self, _path: &str, _cancel: &Cancel) -> Result<bool> {
        Ok(false)
    }

    /// A path of it for messages.
    fn display_path(&self, path: &str) -> String;
}

/// A path below a directory of a tree.
pub fn join_path(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
