//! Records of started uploads: which local file the beginning of a remote file is from.
//!
//! Of an unfinished file a server reports only the size. So each upload above a minimum size, and
//! each one that fails, is recorded in the state directory before its first byte is sent: the
//! account and the remote path, the identity of the source, and, after a failure, how much was
//! sent. A later attempt resumes only if the source is unchanged. The source is identified by its
//! inode, size, and times in nanoseconds, and not by a checksum of what was sent: SHA-256 of 1 GiB
//! takes 0.6 s on a processor with instructions for it, and several times that on others, and the
//! kernel changes the ctime of a file with every change of its content. Only a file that changed
//! just before its upload, within the granularity of the file system's clock, may change again
//! without being noticed: of such a file, samples from the whole remote part are compared.
//!
//! A journal is a file with mode 0600, named by a hash of account and path. It is replaced by a
//! rename, so that a reader after a crash sees the old or the new version; an unreadable one counts
//! as missing. Of two concurrent uploads to the same path, each invalidates the journal of the
//! other: the remote file may then contain parts of both. At most [`MOST`] journals are kept; the
//! oldest are removed.

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

/// The maximum number of journals kept.
pub const MOST: usize = 256;

/// The maximum size of a journal, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Uploads of at least this size are recorded before they start, smaller ones only after they fail.
const WORTH: u64 = 1024 * 1024;

const SUFFIX: &str = ".upload";

/// The interval within which a file system with sub-second times may not distinguish two changes.
const FINE: Duration = Duration::from_millis(20);

/// The same for one without sub-second times (FAT).
const COARSE: Duration = Duration::from_secs(3);

/// The journals of one account.
#[derive(Debug)]
pub struct UploadJournals {
    directory: PathBuf,
    account: String,
}

/// The identity of an upload's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Everything that changes with its content, in one line.
    pub identity: String,
    /// It changed so recently that a further change may go unnoticed.
    #[serde(default)]
    pub racy: bool,
}

impl Source {
    /// The identity of a local file.
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
        let racy = is_racy(metadata);
        Self { identity, racy }
    }

    /// The identity of a file on another server: its size and time; `None` without a time.
    pub fn of_remote(path: &RemotePath, info: crate::transfer::FileInfo) -> Option<Self> {
        let (size, modified) = (info.size?, info.modified?);
        let identity = format!("remote {size} {modified} {path}");
        Some(Self { identity, racy: false })
    }
}

/// Whether a file changed so recently that a further change may show in none of its times.
pub fn is_racy(metadata: &std::fs::Metadata) -> bool {
    let coarse = metadata.mtime_nsec() == 0 && metadata.ctime_nsec() == 0;
    let changed = u64::try_from(metadata.ctime()).ok().and_then(|seconds| {
        let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
    });
    // A time in the future means that the clock is wrong.
    let age = changed.and_then(|changed| changed.elapsed().ok());
    age.is_none_or(|age| age < if coarse { COARSE } else { FINE })
}

/// The content of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    account: String,
    path: String,
    /// The attempt that wrote it.
    attempt: String,
    /// What is being sent; `None` after two concurrent uploads.
    source: Option<Source>,
    /// Bytes of it that may be on the server, once the attempt has stopped.
    sent: Option<u64>,
    /// When the first attempt with this source started: seconds since 1970.
    began: i64,
}

impl UploadJournals {
    /// The journals of an account (`user@host:port`) in this directory, which is created on demand.
    pub fn new(directory: PathBuf, account: String) -> Self {
        Self { directory, account }
    }

    /// The journal of an upload to this absolute path.
    pub fn for_path(&self, path: &RemotePath) -> UploadJournal<'_> {
        let attempt = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        let began = chrono::Utc::now().timestamp();
        UploadJournal { journals: self, path: path.as_str().to_owned(), attempt, began }
    }

    fn open_directory(&self, create: bool) -> io::Result<DirHandle> {
        if create && !self.directory.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        }
        DirHandle::open(&self.directory)
    }

    /// Removes the oldest journals above the maximum.
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
    /// When this attempt started: seconds since 1970.
    began: i64,
}

/// What a journal says about the file on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierAttempt {
    /// Nothing is recorded.
    Unknown,
    /// It is not the beginning of this source; the reason.
    Other(&'static str),
    /// It is the beginning of this source.
    Same {
        /// The maximum number of bytes, if known.
        sent: Option<u64>,
        /// Comparing only its end is not sufficient.
        racy: bool,
        /// When it was started: seconds since 1970.
        began: i64,
    },
}

impl UploadJournal<'_> {
    /// What is known about the file on the server.
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

    /// Records the start of an upload at `offset`. Small ones are not recorded yet.
    pub fn record_begin(&self, source: &Source, size: u64, offset: u64) {
        if size >= WORTH || offset > 0 {
            self.write(Some(source), None);
        }
    }

    /// Records that it stopped after this many bytes of the file.
    pub fn record_stop(&self, source: &Source, sent: u64) {
        match self.read() {
            Some(record) if record.attempt != self.attempt => self.write(None, None),
            _ => self.write(Some(source), Some(sent)),
        }
    }

    /// Records that the file on the server cannot be resumed.
    pub fn mark_unusable(&self) {
        self.write(None, None);
    }

    /// Removes the journal of a completed upload.
    pub fn remove(&self) {
        match self.read() {
            None => {}
            // Another upload is writing to the file now.
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

    /// Replaces the journal. If that fails, the upload continues but cannot be resumed later. An
    /// old journal must not remain, though.
    fn write(&self, source: Option<&Source>, sent: Option<u64>) {
        let before = self.read().and_then(|record| Some((record.source?, record.began)));
        let before = before.filter(|(then, _)| Some(&then.identity) == source.map(|s| &s.identity));
        // The file on the server may be from a time when the source was racy.
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
