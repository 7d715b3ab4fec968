//! The journal beside a partial file: of which remote file it is a part.
//!
//! It is written when a download begins whose partial file may become longer than what is
//! compared of it, and removed when the file is
//! complete. With it, a later run knows whether the remote file is still the one that was begun.

use std::fs::File;
use std::io::{self, Read, Write};

use chrono::NaiveDateTime;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::partial::is_safe_to_use;
use super::resume::OVERLAP;
use crate::fs::dir_handle::EntryAt;
use crate::transfer::FileInfo;

/// The most that is read of a journal, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialJournal {
    /// Bytes of the whole remote file.
    pub size: Option<u64>,
    /// When it was last modified, UTC.
    pub modified: Option<NaiveDateTime>,
    /// Parts fetched side by side: from, to (exclusive), and the offset up to which it has come.
    /// Empty for a download from front to back, whose partial file is as long as what has come.
    #[serde(default)]
    pub segments: Vec<(u64, u64, u64)>,
}

impl PartialJournal {
    /// The journal of a download of a file with these facts.
    pub fn for_file(info: FileInfo) -> Self {
        Self { size: info.size, modified: info.modified, segments: Vec::new() }
    }

    /// Writes the journal of a download that needs one: a shorter partial file than
    /// [`OVERLAP`] is compared as a whole.
    pub fn write_if_needed(info: FileInfo, partial: &EntryAt) {
        if info.size.is_none_or(|size| size > OVERLAP) {
            Self::for_file(info).write(partial);
        }
    }

    /// Why the remote file is not the one that was begun; `None` where it is, as far as can be told.
    pub fn why_not_same(&self, info: FileInfo) -> Option<&'static str> {
        match (self.modified, info.modified) {
            (then, now) if then == now && self.size == info.size => None,
            (None, Some(_)) => Some("it is not known when what was begun was last changed"),
            _ => Some("the remote file has changed"),
        }
    }

    /// Reads the journal of a partial file. One that cannot be read or understood is none, and so is
    /// one of another user.
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

    /// Writes it, atomically; whether that worked. A directory that takes no journal is no reason
    /// not to download from front to back: only resuming will have less to go by.
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
        // Mostly there is none. Looking first spares the lock on the directory, for which other
        // transfers into it would wait.
        let journal = journal_entry(partial);
        if !matches!(journal.stat(), Ok(None)) {
            let _ = journal.remove_file();
        }
    }
}

/// Where the journal of a partial file lies: its name with a little more, which still fits
/// (see `partial::partial_path`).
fn journal_entry(partial: &EntryAt) -> EntryAt {
    with_suffix(partial, ".j")
}

/// Creates a file, in place of what an earlier run may have left of it. What somebody else has put
/// there is never opened.
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
