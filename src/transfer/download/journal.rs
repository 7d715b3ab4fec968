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

use super::partial::is_ours;
use super::resume::OVERLAP;
use crate::fs::dir_handle::Spot;
use crate::transfer::Facts;

/// The most that is read of a journal, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Bytes of the whole remote file.
    pub size: Option<u64>,
    /// When it was last modified, UTC.
    pub modified: Option<NaiveDateTime>,
    /// Parts fetched side by side: from, to (exclusive), and the offset up to which it has come.
    /// Empty for a download from front to back, whose partial file is as long as what has come.
    #[serde(default)]
    pub segments: Vec<(u64, u64, u64)>,
}

impl Journal {
    /// The journal of a download of a file with these facts.
    pub fn of(facts: Facts) -> Self {
        Self { size: facts.size, modified: facts.modified, segments: Vec::new() }
    }

    /// Writes the journal of a download that needs one: a shorter partial file than
    /// [`OVERLAP`] is compared as a whole.
    pub fn begin(facts: Facts, partial: &Spot) {
        if facts.size.is_none_or(|size| size > OVERLAP) {
            Self::of(facts).write(partial);
        }
    }

    /// Why the remote file is not the one that was begun; `None` where it is, as far as can be told.
    pub fn differs(&self, facts: Facts) -> Option<&'static str> {
        match (self.modified, facts.modified) {
            (then, now) if then == now && self.size == facts.size => None,
            (None, Some(_)) => Some("it is not known when what was begun was last changed"),
            _ => Some("the remote file has changed"),
        }
    }

    /// Reads the journal of a partial file. One that cannot be read or understood is none, and so is
    /// one of another user.
    pub fn read(partial: &Spot) -> Option<Self> {
        let spot = spot(partial);
        let file = spot.open(OFlags::RDONLY).ok()?;
        if !file.metadata().ok()?.is_file() || !is_ours(&file, &spot) {
            return None;
        }
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Writes it, atomically; whether that worked. A directory that takes no journal is no reason
    /// not to download from front to back: only resuming will have less to go by.
    pub fn write(&self, partial: &Spot) -> bool {
        let temporary = named(partial, ".tmp");
        let written = serde_json::to_vec(self).map_err(std::io::Error::from).and_then(|text| {
            create_anew(&temporary)?.write_all(&text)?;
            temporary.rename(&spot(partial))
        });
        if written.is_err() {
            let _ = temporary.remove();
        }
        written.is_ok()
    }

    /// Removes the journal of a partial file.
    pub fn remove(partial: &Spot) {
        // Mostly there is none. Looking first spares the lock on the directory, for which other
        // transfers into it would wait.
        let journal = spot(partial);
        if !matches!(journal.stat(), Ok(None)) {
            let _ = journal.remove();
        }
    }
}

/// Where the journal of a partial file lies: its name with a little more, which still fits
/// (see `partial::partial_path`).
fn spot(partial: &Spot) -> Spot {
    named(partial, ".j")
}

/// Creates a file, in place of what an earlier run may have left of it. What somebody else has put
/// there is never opened.
fn create_anew(temporary: &Spot) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::EXCL;
    match temporary.open_or_create(flags, 0o600) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            temporary.remove()?;
            temporary.open_or_create(flags, 0o600)
        }
        created => created,
    }
}

fn named(partial: &Spot, more: &str) -> Spot {
    let mut name = partial.name().to_owned();
    name.push(more);
    partial.beside(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_comes_back_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let partial = Spot::at(&dir.path().join(".x.ftpsh-part")).unwrap();
        let modified = chrono::DateTime::from_timestamp(1_600_000_000, 0).unwrap().naive_utc();
        let facts = Facts { size: Some(5_000_000_000), modified: Some(modified) };
        let journal = Journal::of(facts);
        assert!(journal.write(&partial));
        assert_eq!(Journal::read(&partial), Some(journal.clone()));
        assert_eq!(journal.differs(facts), None);
        assert!(journal.differs(Facts { size: Some(1), ..facts }).is_some());
        assert!(journal.differs(Facts { modified: None, ..facts }).is_some());
        std::fs::write(spot(&partial).path(), "{").unwrap();
        assert_eq!(Journal::read(&partial), None);
        Journal::remove(&partial);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
