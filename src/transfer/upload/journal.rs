//! What is known of uploads that were begun: of which file the beginning lies on the server.
//!
//! A server says of an unfinished file how long it is, and no more. So each upload of more than a
//! little, and each one that fails, is written down in the state directory before its first byte is
//! sent: the account and the path there, what the source was, and, once it has failed, how much of
//! it was sent. A later attempt resumes only if the source is still the same. The source is told by
//! its inode, size, and times to the nanosecond, and not by a checksum of what was sent: SHA-256 of
//! 1 GiB takes 0.6 s where the processor has instructions for it, and several times that elsewhere,
//! and the kernel changes the ctime of a file with every change of its content. Only a file that
//! changed just before its upload, by the granularity of the file system's clock, may change again
//! without being noticed: of such a file samples all over the part on the server are compared.
//!
//! A journal is a file with mode 0600, named by a hash of account and path. It is replaced by a
//! rename, so that whoever reads it after a crash has the old one or the new one; one that cannot be
//! read is none. Of two uploads to the same path at the same time each one spoils the journal of the
//! other: what lies there then may be parts of both. Journals are kept for at most [`MOST`] uploads;
//! the oldest make room.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::fs::dir_handle::{DirHandle, EntryAt};
use crate::ftp::path::RemotePath;
use crate::transfer::checksum::Algorithm;
use crate::transfer::download::partial::is_safe_to_use;

/// So many uploads are remembered.
pub const MOST: usize = 256;

/// The most that is read of a journal, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A file is written down before its upload from this size on. What is smaller is written down when
/// its upload has failed.
const WORTH: u64 = 1024 * 1024;

/// The end of a journal's name.
const SUFFIX: &str = ".upload";

/// A file system whose times have fractions of a second tells two changes apart after this long.
const FINE: Duration = Duration::from_millis(20);

/// One whose times have none (FAT) does after this long.
const COARSE: Duration = Duration::from_secs(3);

/// Where the journals of one account's uploads are.
#[derive(Debug)]
pub struct UploadJournals {
    directory: PathBuf,
    account: String,
}

/// What the source of an upload is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// All that changes with its content, in one line.
    pub identity: String,
    /// It changed so shortly before that a further change may not show.
    #[serde(default)]
    pub racy: bool,
}

impl Source {
    /// A local file.
    pub fn of_file(metadata: &std::fs::Metadata) -> Self {
        let identity = format!(
            "file {} {} {}.{:09} {}.{:09}",
            metadata.ino(),
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec()
        );
        let coarse = metadata.mtime_nsec() == 0 && metadata.ctime_nsec() == 0;
        let changed = u64::try_from(metadata.ctime()).ok().and_then(|seconds| {
            let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
        });
        // One that changed in the future has an odd clock.
        let age = changed.and_then(|changed| changed.elapsed().ok());
        let racy = age.is_none_or(|age| age < if coarse { COARSE } else { FINE });
        Self { identity, racy }
    }

    /// A file on another server, with the size and time that this one tells; `None` without a time.
    pub fn of_remote(path: &RemotePath, info: crate::transfer::FileInfo) -> Option<Self> {
        let (size, modified) = (info.size?, info.modified?);
        let identity = format!("remote {size} {modified} {path}");
        Some(Self { identity, racy: false })
    }
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    account: String,
    path: String,
    /// Which attempt wrote it.
    attempt: String,
    /// What is sent; `None` after two uploads at the same time.
    source: Option<Source>,
    /// Bytes of it that may be on the server, once it has stopped.
    sent: Option<u64>,
    /// When the first attempt of this source began: seconds since 1970.
    began: i64,
}

impl UploadJournals {
    /// Those of an account (`user@host:port`), in this directory, which is created when it is needed.
    pub fn new(directory: PathBuf, account: String) -> Self {
        Self { directory, account }
    }

    /// The journal of an upload to this path, seen from the root.
    pub fn for_path(&self, path: &RemotePath) -> UploadJournal<'_> {
        let attempt = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let began = chrono::Utc::now().timestamp();
        UploadJournal { journals: self, path: path.as_str().to_owned(), attempt, began }
    }

    /// The held directory; created if need be.
    fn open_directory(&self, create: bool) -> io::Result<DirHandle> {
        if create && !self.directory.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        }
        DirHandle::open(&self.directory)
    }

    /// Removes the oldest journals where there are too many.
    fn make_room(directory: &DirHandle) {
        let Ok(names) = directory.entry_names() else { return };
        if names.len() < MOST {
            return;
        }
        let age = |name: &std::ffi::OsString| {
            directory
                .entry(name.clone())
                .stat()
                .ok()
                .flatten()
                .map(|s| (s.st_mtime, s.st_mtime_nsec))
        };
        let mut names: Vec<_> = names.into_iter().map(|name| (age(&name), name)).collect();
        names.sort_unstable();
        let surplus = names.len() + 1 - MOST;
        for (_, name) in names.into_iter().take(surplus) {
            let _ = directory.entry(name).remove_file();
        }
    }
}

/// The journal of one upload.
#[derive(Debug)]
pub struct UploadJournal<'a> {
    journals: &'a UploadJournals,
    path: String,
    attempt: String,
    /// When this attempt began: seconds since 1970.
    began: i64,
}

/// What a journal says of what is on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierAttempt {
    /// Nothing is written down.
    Unknown,
    /// It is not the beginning of this source, and why.
    Other(&'static str),
    /// It is the beginning of this source, of at most so many bytes if that is known.
    Same {
        /// How many bytes were sent.
        sent: Option<u64>,
        /// More than its end has to be compared.
        racy: bool,
        /// When it was begun: seconds since 1970.
        began: i64,
    },
}

impl UploadJournal<'_> {
    /// What is known of what lies on the server.
    pub fn earlier_attempt(&self, source: &Source) -> EarlierAttempt {
        let Some(record) = self.read() else { return EarlierAttempt::Unknown };
        match record.source {
            None => EarlierAttempt::Other("what is on the server may not be its beginning"),
            Some(then) if then.identity != source.identity => {
                EarlierAttempt::Other("the file to upload has changed")
            }
            Some(then) => {
                EarlierAttempt::Same { sent: record.sent, racy: then.racy, began: record.began }
            }
        }
    }

    /// An upload of so many bytes begins, from `offset` on. Small ones are not written down yet.
    pub fn record_begin(&self, source: &Source, size: u64, offset: u64) {
        if size >= WORTH || offset > 0 {
            self.write(Some(source), None);
        }
    }

    /// It has stopped after these bytes of the file.
    pub fn record_stop(&self, source: &Source, sent: u64) {
        match self.read() {
            Some(record) if record.attempt != self.attempt => self.write(None, None),
            _ => self.write(Some(source), Some(sent)),
        }
    }

    /// What is on the server is nothing to resume.
    pub fn mark_unusable(&self) {
        self.write(None, None);
    }

    /// It is complete.
    pub fn remove(&self) {
        match self.read() {
            None => {}
            // Somebody else writes to it now.
            Some(record) if record.attempt != self.attempt => self.write(None, None),
            Some(_) => drop(self.journal_entry(false).and_then(|entry| entry.remove_file())),
        }
    }

    fn journal_entry(&self, create: bool) -> io::Result<EntryAt> {
        let key = format!("{}\n{}", self.journals.account, self.path);
        let digits = Algorithm::Sha256.compute(&mut key.as_bytes())?.digits;
        Ok(self.journals.open_directory(create)?.entry(format!("{digits}{SUFFIX}")))
    }

    fn read(&self) -> Option<Record> {
        let entry = self.journal_entry(false).ok()?;
        let file = entry.open(OFlags::RDONLY).ok()?;
        if !file.metadata().ok()?.is_file() || !is_safe_to_use(&file, &entry) {
            return None;
        }
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.account == self.journals.account && record.path == self.path).then_some(record)
    }

    /// Replaces it. A directory that takes none is no reason not to upload: what fails then is not
    /// resumed. An old one must not stay, though.
    fn write(&self, source: Option<&Source>, sent: Option<u64>) {
        let before = self.read().and_then(|record| Some((record.source?, record.began)));
        let before = before.filter(|(then, _)| Some(&then.identity) == source.map(|s| &s.identity));
        // What is on the server may be from then, when it was racy.
        let (racy, began) = before.map_or((false, self.began), |(then, began)| (then.racy, began));
        let source = source.map(|source| Source { racy: source.racy || racy, ..source.clone() });
        let record = Record {
            account: self.journals.account.clone(),
            path: self.path.clone(),
            attempt: self.attempt.clone(),
            source,
            sent,
            began,
        };
        let Ok(entry) = self.journal_entry(true) else { return };
        UploadJournals::make_room(entry.directory());
        let temporary = entry.sibling(format!("{}.new", self.attempt));
        let written = serde_json::to_vec(&record).map_err(io::Error::from).and_then(|text| {
            let flags = OFlags::WRONLY | OFlags::EXCL;
            let mut file: File = temporary.open_or_create(flags, 0o600)?;
            file.write_all(&text)?;
            temporary.rename(&entry)
        });
        if written.is_err() {
            let _ = temporary.remove_file();
            let _ = entry.remove_file();
        }
    }
}

#[cfg(test)]
mod tests;
