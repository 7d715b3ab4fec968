//! The journal next to a partial file: identifies the remote file that it is a part of.
//!
//! It is written when a download starts whose partial file may become longer than what is compared
//! of it, and removed when the file is complete. A later run uses it to detect a changed remote
//! file.

use std::fs::File;
use std::io::{self, Read, Write};

use chrono::NaiveDateTime;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::partial::is_safe_to_use;
use super::resume::OVERLAP;
use crate::fs::dir_handle::EntryAt;
use crate::transfer::FileInfo;

/// The maximum size of a journal, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The content of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialJournal {
    /// Size of the remote file in bytes.
    pub size: Option<u64>,
    /// Its modification time, UTC.
    pub modified: Option<NaiveDateTime>,
    /// Segments fetched in parallel: start, end (exclusive), and the offset reached. Empty for a
    /// sequential download, whose partial file is as long as the data received.
    #[serde(default)]
    pub segments: Vec<(u64, u64, u64)>,
}

impl PartialJournal {
    /// The journal for a file with this information.
    pub fn for_file(info: FileInfo) -> Self {
        Self { size: info.size, modified: info.modified, segments: Vec::new() }
    }

    /// Writes the journal, unless the file is so short ([`OVERLAP`]) that all of it is compared.
    pub fn write_if_needed(info: FileInfo, partial: &EntryAt) {
        if info.size.is_none_or(|size| size > OVERLAP) {
            Self::for_file(info).write(partial);
        }
    }

    /// Why the remote file has changed; `None` if it has not, as far as can be determined.
    pub fn why_not_same(&self, info: FileInfo) -> Option<&'static str> {
        match (self.modified, info.modified) {
            (then, now) if then == now && self.size == info.size => None,
            (None, Some(_)) => Some("it is not known when what was begun was last changed"),
            _ => Some("the remote file has changed"),
        }
    }

    /// Reads a partial file's journal; `None` if it is unreadable, invalid or another user's.
    pub fn read(partial: &EntryAt) -> Option<Self> {
        let entry = journal_entry(partial);
        let file = entry.open(OFlags::RDONLY).ok()?;
        if !file.metadata().ok()?.is_file() || !is_safe_to_use(&file, &entry) {
            return None;
        }
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Writes it atomically and returns whether that succeeded. A sequential download continues
    /// without a journal: only resuming it later will be less certain.
    pub fn write(&self, partial: &EntryAt) -> bool {
        let temporary = with_suffix(partial, ".tmp");
        let written = serde_json::to_vec(self).map_err(std::io::Error::from).and_then(|text| {
            create_or_replace(&temporary)?.write_all(&text)?;
            temporary.rename(&journal_entry(partial))
        });
        if written.is_err() {
            let _ = temporary.remove_file();
        }
        written.is_ok()
    }

    /// Removes the journal of a partial file.
    pub fn remove(partial: &EntryAt) {
        // Usually there is none. Checking first avoids locking the directory, which would delay
        // other transfers into it.
        let journal = journal_entry(partial);
        if !matches!(journal.stat(), Ok(None)) {
            let _ = journal.remove_file();
        }
    }
}

/// The journal of a partial file: its name with a suffix, which still fits (see
/// `partial::partial_path`).
fn journal_entry(partial: &EntryAt) -> EntryAt {
    with_suffix(partial, ".j")
}

/// Creates a file, replacing one that an earlier run may have left. A file that somebody else has
/// put there is never opened.
fn create_or_replace(temporary: &EntryAt) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::EXCL;
    match temporary.open_or_create(flags, 0o600) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            temporary.remove_file()?;
            temporary.open_or_create(flags, 0o600)
        }
        created => created,
    }
}

fn with_suffix(partial: &EntryAt, more: &str) -> EntryAt {
    let mut name = partial.name().to_owned();
    name.push(more);
    partial.sibling(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_comes_back_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let partial = EntryAt::at(&dir.path().join(".x.ftpsh-part")).unwrap();
        let modified = chrono::DateTime::from_timestamp(1_600_000_000, 0).unwrap().naive_utc();
        let info = FileInfo { size: Some(5_000_000_000), modified: Some(modified) };
        let journal = PartialJournal::for_file(info);
        assert!(journal.write(&partial));
        assert_eq!(PartialJournal::read(&partial), Some(journal.clone()));
        assert_eq!(journal.why_not_same(info), None);
        assert!(journal.why_not_same(FileInfo { size: Some(1), ..info }).is_some());
        assert!(journal.why_not_same(FileInfo { modified: None, ..info }).is_some());
        std::fs::write(journal_entry(&partial).path(), "{").unwrap();
        assert_eq!(PartialJournal::read(&partial), None);
        PartialJournal::remove(&partial);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
