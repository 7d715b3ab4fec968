//! What mirror knows of a tree: directories of items, and how to change them.
//!
//! Paths are relative to the tree's root, with `/` between names; the root is the empty path.

use chrono::{NaiveDateTime, TimeDelta};

use crate::cancel::Cancel;
use crate::error::Result;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A file that can be carried.
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
pub struct Stamp {
    /// UTC.
    pub time: NaiveDateTime,
    /// What was cut off: the real time lies in `time .. time + grain`.
    pub grain: TimeDelta,
    /// How far the clock that it was read from may be off, either way.
    pub doubt: TimeDelta,
}

impl Stamp {
    /// A time exact to the second.
    pub fn exact(time: NaiveDateTime) -> Self {
        Self { time, grain: TimeDelta::seconds(1), doubt: TimeDelta::zero() }
    }

    /// Whether this is surely later than `other`.
    pub fn is_after(&self, other: &Stamp) -> bool {
        self.time - self.doubt >= other.time + other.grain + other.doubt
    }
}

/// One file, directory or link of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name: one safe component.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Bytes, exact.
    pub size: Option<u64>,
    /// Last modified.
    pub modified: Option<Stamp>,
    /// The same for two names of one directory, where the tree tells.
    pub unique: Option<String>,
}

/// A directory's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is there, each name once.
    pub items: Vec<Item>,
    /// Names that are refused, and lines that were not understood, with the reason. Nothing may
    /// be deleted that rests on such a listing.
    pub complaints: Vec<String>,
}

/// One side of a mirror.
pub trait Tree: Send + Sync {
    /// What is in a directory; `None` when there is no such directory.
    ///
    /// # Errors
    ///
    /// When it cannot be listed, or the listing was cut short.
    fn list(&self, path: &str, cancel: &Cancel) -> Result<Option<Listing>>;

    /// What a link leads to: a file's or directory's item of the same name.
    ///
    /// # Errors
    ///
    /// When it leads nowhere.
    fn follow(&self, path: &str, item: &Item, cancel: &Cancel) -> Result<Item>;

    /// Creates a directory; one that is there already is fine.
    ///
    /// # Errors
    ///
    /// When it cannot be created, or is a link.
    fn make_directory(&self, path: &str, cancel: &Cancel) -> Result<()>;

    /// Removes a file or link, or an empty directory.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    fn remove(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()>;

    /// Removes what was listed as a directory if it is a link to one (some servers do not tell
    /// them apart); `false` if it is a directory. What a link leads to is not ours to delete.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    fn remove_if_link(&self, _path: &str, _cancel: &Cancel) -> Result<bool> {
        Ok(false)
    }

    /// A path of it for messages.
    fn show(&self, path: &str) -> String;
}

/// A path below a directory of a tree.
pub fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
