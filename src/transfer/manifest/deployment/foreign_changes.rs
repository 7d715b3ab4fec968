//! What somebody else has changed in the target since a mirror has put it there: the directories
//! that the manifest knows are listed, and kinds and sizes compared.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Deployment;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::transfer::manifest::entry::ManifestEntry;
use crate::transfer::mirror::delete::for_each_parallel;
use crate::transfer::mirror::listing::CompactListing;
use crate::transfer::mirror::tree::{ItemKind, ListResult, Tree as _, join_path};
use crate::transfer::retry::with_retry;

/// How the target differs from the manifest at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignChange {
    /// Nothing is there.
    Missing,
    /// Something of another kind is there.
    Kind,
    /// A file of another size.
    Size {
        /// Bytes.
        there: u64,
        /// Bytes, according to the manifest.
        known: u64,
    },
}

impl fmt::Display for ForeignChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForeignChange::Missing => f.write_str("it is not there any more"),
            ForeignChange::Kind => f.write_str("it is something else there now"),
            ForeignChange::Size { there, known } => {
                write!(f, "it was changed there: {there} bytes, not {known}")
            }
        }
    }
}

/// Paths and how they differ, in the order of the paths. Of a directory that is not there, it alone.
pub type ForeignChanges = Vec<(String, ForeignChange)>;

impl Deployment {
    /// Lists the target and compares it with the manifest. Without a manifest nothing is known to be
    /// somebody else's.
    ///
    /// # Errors
    ///
    /// A listing that failed or was not understood; Ctrl-C.
    pub fn find_foreign_changes(
        &self,
        workers: usize,
        say: &(dyn Fn(&str) + Sync),
        cancel: &Cancel,
    ) -> Result<ForeignChanges> {
        if !self.knows_all() {
            return Ok(Vec::new());
        }
        let found = Mutex::new(ForeignChanges::new());
        let mut level = vec![String::new()];
        while !level.is_empty() {
            let next = Mutex::new(Vec::new());
            for_each_parallel(&level, workers, cancel, |path| {
                let (changes, directories) = self.compare_directory(path, say, cancel)?;
                found.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
                next.lock().unwrap_or_else(PoisonError::into_inner).extend(directories);
                Ok(())
            })?;
            level = next.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// What differs in a directory, and which of its directories are there.
    fn compare_directory(
        &self,
        path: &str,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<(ForeignChanges, Vec<String>)> {
        let remote = &self.place.remote;
        let listed = with_retry(self.place.retries.clone(), cancel, say, |_| {
            remote.list_without_clock(path, cancel)
        })?;
        let known = self.locked().index.list_directory(path);
        let there = match listed {
            ListResult::Directory(there) => there,
            // The root may never have been made; what is in it is then missing.
            ListResult::Nothing(_) if path.is_empty() => CompactListing::default(),
            ListResult::Nothing(error) => return Err(error),
        };
        if let Some(complaint) = there.complaints.first() {
            let text = format!("{}: cannot be verified: {complaint}", remote.display_path(path));
            return Err(Error::new(Kind::Incomplete, text));
        }
        let (mut changes, mut directories) = (Vec::new(), Vec::new());
        let mut others = there.iter().peekable();
        for item in known.iter() {
            while others.next_if(|other| other.name < item.name).is_some() {}
            let other = others.next_if(|other| other.name == item.name);
            let path = join_path(path, item.name);
            let change = match (other, item.size) {
                (None, _) => Some(ForeignChange::Missing),
                (Some(other), _) if other.kind != item.kind => Some(ForeignChange::Kind),
                (Some(other), Some(known)) => other
                    .size
                    .filter(|there| *there != known)
                    .map(|there| ForeignChange::Size { there, known }),
                (Some(_), None) => None,
            };
            match change {
                Some(change) => changes.push((path, change)),
                None if item.kind == ItemKind::Directory => directories.push(path),
                None => {}
            }
        }
        Ok((changes, directories))
    }

    /// Forgets what is known of these paths, so that they are sent, or deleted, as they are now; the
    /// manifest says so before that begins.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn forget(&self, changes: &ForeignChanges, cancel: &Cancel) -> Result<()> {
        for (path, change) in changes {
            let below: Vec<String> = match change {
                ForeignChange::Missing => {
                    self.locked().index.below(path).map(|(path, _)| path.to_owned()).collect()
                }
                _ => Vec::new(),
            };
            for path in below.iter().chain([path]) {
                let known = self.locked().index.get(path);
                let now = match (change, known) {
                    (ForeignChange::Missing, _) | (_, None) => None,
                    (_, Some(ManifestEntry::Directory)) => known,
                    (_, Some(ManifestEntry::File { mode, .. })) => {
                        Some(ManifestEntry::File { content: None, mode })
                    }
                };
                match self.place.dry_run {
                    true => self.locked().index.record(path, now),
                    false => self.record(path, now, cancel),
                }
            }
        }
        if changes.is_empty() || self.place.dry_run {
            return Ok(());
        }
        self.write(false, None, cancel)
    }
}
