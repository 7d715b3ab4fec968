//! The interface of a tree to mirror: directories of items, and how to change them.
//!
//! Paths are relative to the tree's root, with `/` between names; the root is the empty path.

use chrono::{Datelike as _, NaiveDateTime, TimeDelta};

use super::listing::CompactListing;
use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// The kind of an item.
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

/// The precision of a listed time without seconds.
const MINUTE: u32 = 60;

/// A time and its accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// UTC.
    pub time: NaiveDateTime,
    /// The precision in seconds: the real time is in `time .. time + precision`.
    pub precision: u32,
    /// The possible error of the clock that it was read from, either way, in seconds.
    pub uncertainty: u32,
}

impl Timestamp {
    /// A time exact to the second.
    pub fn exact(time: NaiveDateTime) -> Self {
        Self { time, precision: 1, uncertainty: 0 }
    }

    /// Whether this is certainly later than `other`.
    pub fn is_after(&self, other: &Timestamp) -> bool {
        let between =
            i64::from(self.uncertainty) + i64::from(other.uncertainty) + i64::from(other.precision);
        self.time - other.time >= TimeDelta::seconds(between)
    }

    /// Whether this is a time to the minute that would be that of `other` some years earlier: on a
    /// server (goftp) whose LIST never shows a year, the year is a guess.
    pub fn is_same_in_another_year(&self, other: &Timestamp) -> bool {
        let uncertainty = i64::from(self.uncertainty) + i64::from(other.uncertainty);
        let tolerance = TimeDelta::seconds(uncertainty + i64::from(MINUTE));
        self.precision == MINUTE
            && (other.time.year()..self.time.year())
                .filter_map(|year| self.time.with_year(year))
                .any(|time| (time - other.time).abs() <= tolerance)
    }
}

/// A file, directory or link in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its name: one safe component.
    pub name: &'a str,
    /// Its kind.
    pub kind: ItemKind,
    /// Exact size in bytes.
    pub size: Option<u64>,
    /// Modification time.
    pub modified: Option<Timestamp>,
    /// Equal for two names of one directory, if the tree reports it.
    pub unique: Option<&'a str>,
    /// Permission bits, if the tree reports them.
    pub mode: Option<u16>,
}

/// The target of a link: its item, and if it is a directory, what distinguishes it from others.
pub type Followed<'a> = (Item<'a>, Option<String>);

/// The result of a listing.
#[derive(Debug, Clone)]
pub enum ListResult {
    /// The directory.
    Directory(CompactListing),
    /// Not a directory, or an inaccessible one; the error has the details.
    Nothing(Error),
}

/// One side of a mirror.
pub trait Tree: Send + Sync {
    /// Lists a directory; [`ListResult::Nothing`] if it does not exist.
    fn list_directory(&self, path: &str, cancel: &Cancel) -> Result<ListResult>;

    /// Like [`Tree::list_directory`], if there is nothing to compare it with: the times may be on a
    /// clock of unknown offset.
    fn list_without_clock(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        self.list_directory(path, cancel)
    }

    /// Whether a directory is known to be empty without a further query.
    fn is_empty_directory(&self, _path: &str) -> bool {
        false
    }

    /// A listing of this tree with its items renamed as in `wanted`, where the disk treats both
    /// names as one file: it may change the spelling of a name.
    fn match_case_folded(
        &self,
        _path: &str,
        _wanted: &CompactListing,
        listing: CompactListing,
    ) -> CompactListing {
        listing
    }

    /// The target of a link: an item with the link's name.
    fn follow_link<'a>(&self, path: &str, link: Item<'a>, cancel: &Cancel) -> Result<Followed<'a>>;

    /// The exact time of a file, if the tree can be asked for it.
    fn exact_time(&self, _path: &str, _cancel: &Cancel) -> Result<Option<NaiveDateTime>> {
        Ok(None)
    }

    /// The `unique` fact of the root, if the tree reports them.
    fn root_unique(&self) -> Option<String> {
        None
    }

    /// Creates a directory, with these permissions where that costs nothing; an existing one is not
    /// an error. Returns what to tell the user if the permissions could not be set.
    fn make_directory(
        &self,
        path: &str,
        mode: Option<u16>,
        cancel: &Cancel,
    ) -> Result<Option<String>>;

    /// Sets the permissions of a file or directory. Returns what to tell the user if that failed.
    fn set_mode(&self, path: &str, mode: u16, cancel: &Cancel) -> Result<Option<String>>;

    /// Removes a file or link, or an empty directory.
    fn remove_entry(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()>;

    /// Renames a file, if it is still of this size. Returns whether it was.
    fn rename_unchanged(
        &self,
        _from: &str,
        _to: &str,
        _size: u64,
        _cancel: &Cancel,
    ) -> Result<bool> {
        Ok(false)
    }

    /// Removes a file, if it is still of this size.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`](crate::error::Kind::Incomplete) if it was changed, and is left.
    fn remove_unchanged(&self, path: &str, _size: Option<u64>, cancel: &Cancel) -> Result<()> {
        self.remove_entry(path, ItemKind::File, cancel)
    }

    /// Removes an entry that was listed as a directory if it is a link to one (some servers do not
    /// distinguish them); `false` if it is a directory. The target of a link must not be deleted.
    fn remove_if_link(&self, _path: &str, _cancel: &Cancel) -> Result<bool> {
        Ok(false)
    }

    /// A path for messages.
    fn display_path(&self, path: &str) -> String;
}

/// The path of a name in a directory of a tree.
pub fn join_path(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
