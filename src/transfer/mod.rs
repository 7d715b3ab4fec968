//! Transfers: one file downloaded or uploaded, completely or not at all.
//!
//! The input is a remote side behind the [`Remote`] trait, a job, and a [`Progress`]. The result is
//! an [`Outcome`], or an error that says which check failed. Nothing is written under a final name
//! before all checks have passed, and nothing is printed.

pub mod ascii;
pub mod atomic;
pub mod checksum;
pub mod download;
pub mod full_disk;
pub mod manifest;
pub mod mirror;
pub mod rate_limit;
pub mod relay;
pub mod remote;
pub mod retry;
pub mod upload;
pub mod verify;

#[cfg(test)]
pub(crate) mod fake;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;

use crate::error::Result;
use crate::ftp::data::Finished;
use crate::ftp::path::RemotePath;
use checksum::{Checksum, ChecksumCommand};
use rate_limit::RateLimit;
use upload::journal::UploadJournals;

/// Bytes moved per read or write: large enough that system calls do not show in a profile.
pub const BLOCK: usize = 256 * 1024;

/// What is known about a remote file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileInfo {
    /// Bytes, in binary type.
    pub size: Option<u64>,
    /// Last modified, UTC.
    pub modified: Option<NaiveDateTime>,
}

/// The direction of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the server.
    Download,
    /// To the server.
    Upload,
    /// From one server to another.
    Copy,
}

impl Direction {
    /// Its name in JSON and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Direction::Download => "download",
            Direction::Upload => "upload",
            Direction::Copy => "copy",
        }
    }
}

/// The type of a transfer (RFC 959 section 3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransferType {
    /// TYPE I: bytes unchanged.
    #[default]
    Binary,
    /// TYPE A: line endings are converted.
    Ascii,
}

/// Where the bytes of an upload are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadMode {
    /// They replace the whole file (STOR).
    Whole,
    /// They are appended (APPE).
    End,
    /// They are written from this offset (REST, STOR).
    Offset(u64),
}

/// A download in progress.
pub trait DownloadStream: Read {
    /// The size that the server announced at the start of the transfer.
    fn announced_size(&self) -> Option<u64>;

    /// Closes it and reads the completion reply.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Aborts it.
    fn abort(self: Box<Self>);
}

/// An upload in progress.
pub trait UploadStream: Write {
    /// Closes the stream cleanly and reads the completion reply.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Aborts it so that the server cannot mistake it for a complete file.
    fn abort(self: Box<Self>);
}

/// What is to be done with a file that was just stored, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub struct AfterUpload {
    /// [`Remote::set_modified`] to this time.
    pub time: Option<NaiveDateTime>,
    /// [`Remote::set_mode`] to these permissions.
    pub mode: Option<u32>,
    /// [`Remote::move_file`].
    pub is_renamed: bool,
}

/// The remote side of a transfer: a session, or in tests one in memory.
///
/// All methods fail if the server refuses or the connection is lost.
pub trait Remote {
    /// Size and time of a file, as far as the server reports them.
    fn file_info(&mut self, path: &RemotePath) -> Result<FileInfo>;

    /// The current size of what RETR would send: a listing may show that of a link itself.
    fn file_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        Ok(self.file_info(path)?.size)
    }

    /// The exact size of a file in the listing of its directory, for servers that do not report it
    /// otherwise; 0 if the directory has no such file.
    fn listed_size(&mut self, _path: &RemotePath) -> Result<Option<u64>> {
        Ok(None)
    }

    /// The absolute path, if the server reported the directory.
    fn absolute_path(&self, path: &RemotePath) -> RemotePath {
        path.clone()
    }

    /// Announces that [`Remote::modified_time`] will be called after the next download, so that the
    /// query can be pipelined with it.
    fn prefetch_modified(&mut self, _path: &RemotePath) -> Result<()> {
        Ok(())
    }

    /// A file's time at the start of its download if it was prefetched, otherwise now.
    fn modified_time(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        Ok(self.file_info(path)?.modified)
    }

    /// The size of a file that was just stored. `next` is what will be done with it then, unless the
    /// size is wrong: it may be sent ahead.
    fn size_after_upload(&mut self, path: &RemotePath, _next: AfterUpload) -> Result<Option<u64>> {
        Ok(self.file_info(path)?.size)
    }

    /// Starts a download at `offset`.
    fn open_download(
        &mut self,
        path: &RemotePath,
        offset: u64,
        kind: TransferType,
    ) -> Result<Box<dyn DownloadStream>>;

    /// Starts an upload.
    fn open_upload(
        &mut self,
        path: &RemotePath,
        place: UploadMode,
        kind: TransferType,
    ) -> Result<Box<dyn UploadStream>>;

    /// Sets a file's time; `false` if the server does not support this.
    fn set_modified(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool>;

    /// Sets a file's permissions. Returns what to tell the user if that failed, once for a server.
    fn set_mode(&mut self, _path: &RemotePath, _mode: u32) -> Result<Option<String>> {
        Ok(None)
    }

    /// A checksum of a file computed by the server; `None` if it does not support this.
    fn checksum(&mut self, path: &RemotePath) -> Result<Option<Checksum>>;

    /// A checksum that this command of the server computes; `None` if it refuses.
    fn checksum_by(
        &mut self,
        _command: ChecksumCommand,
        path: &RemotePath,
    ) -> Result<Option<Checksum>> {
        self.checksum(path)
    }

    /// Sets a file's permissions.
    fn set_permissions(&mut self, _path: &RemotePath, _mode: u32) -> Result<()> {
        Ok(())
    }

    /// Renames a file, replacing an existing one if the server does.
    fn move_file(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()>;

    /// Removes a file.
    fn remove_file(&mut self, path: &RemotePath) -> Result<()>;

    /// Whether the last data connection resumed the TLS session; `None` without TLS.
    fn tls_resumed(&self) -> Option<bool>;

    /// How long a transfer may stall, for messages.
    fn stall_timeout(&self) -> Duration;
}

/// Receives the progress of a transfer.
pub trait Progress {
    /// The size is known.
    fn set_total(&self, total: u64);
    /// The transfer starts, or restarts, at this offset.
    fn start_at(&self, offset: u64);
    /// This many more bytes were transferred.
    fn advance(&self, bytes: u64);
    /// A note for the user.
    fn show_note(&self, text: &str);
    /// How long questions (for a password after a reconnect) have waited for answers, and the
    /// program was stopped.
    fn time_waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// Ignores progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn set_total(&self, _total: u64) {}
    fn start_at(&self, _offset: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn show_note(&self, _text: &str) {}
}

/// A successful transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Bytes transferred.
    pub bytes: u64,
    /// Wall time.
    pub elapsed: Duration,
    /// The offset at which it resumed, if it did.
    pub resumed_from: Option<u64>,
    /// Whether its data connections, if any, resumed the TLS session; `None` without TLS.
    pub tls_resumed: Option<bool>,
    /// A problem, although the file is complete as far as can be determined.
    pub warning: Option<String>,
}

/// Whether all data connections that used TLS resumed the session.
fn all_tls_resumed(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one && other),
        (one, other) => one.or(other),
    }
}

/// What is verified at the end of a transfer (setting `xfer:verify`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Only the completion.
    None,
    /// The sizes.
    #[default]
    Size,
    /// The sizes, and a checksum if the server supports one.
    Hash,
    /// The sizes, and whether a source on a server is still the same file after its transfer.
    Stable,
}

/// Which downloaded files are synced before they get their names (setting `xfer:sync`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncFiles {
    /// Those on disks that report errors late.
    #[default]
    Auto,
    /// All, and their directories.
    Always,
    /// None.
    Never,
}

/// Whether a transfer may resume an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Resume {
    /// It starts at 0.
    #[default]
    No,
    /// An automatic retry of a transfer that made progress: only with our own partial file, and
    /// only if size and time prove that both files are unchanged.
    Retry,
    /// Requested by the user (`-c`): also with a file that another program left incomplete, and
    /// with a partial file of unknown time, after comparing samples of it.
    Asked,
}

impl Resume {
    /// The meaning of `-c`.
    pub fn if_asked(resume: bool) -> Self {
        if resume { Self::Asked } else { Self::No }
    }

    /// The value for a retry; `moved`: whether the last attempt transferred anything.
    pub fn after_loss(self, moved: bool) -> Self {
        if moved { self.max(Self::Retry) } else { self }
    }
}

/// Whether an upload goes to a temporary name and is renamed when complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Atomic {
    /// It does not.
    #[default]
    No,
    /// It does, or fails.
    Yes,
    /// It does if the server lets it: it replaces a file with these permissions, if they are known.
    Replacing(Option<u32>),
}

/// How to transfer (settings `xfer:…` and `net:limit-…`, command options).
#[derive(Debug, Clone)]
pub struct TransferOptions {
    /// Keep modification times.
    pub preserve_times: bool,
    /// What is verified.
    pub verify: Verify,
    /// What is synced.
    pub sync: SyncFiles,
    /// Whether existing data may be resumed.
    pub resume: Resume,
    /// The transfer type.
    pub transfer_type: TransferType,
    /// Permissions that the file is to have.
    pub mode: Option<u32>,
    /// Whether an upload goes to a temporary name and is renamed when complete.
    pub atomic: Atomic,
    /// The rate limits that apply: that of this transfer, and that of all transfers.
    pub limits: [RateLimit; 2],
    /// Where started uploads are recorded; without it no upload is retried from an offset.
    pub upload_journals: Option<Arc<UploadJournals>>,
}

impl TransferOptions {
    /// Bytes per read or write for a file of `size`: one more than its size, so that the end is
    /// seen together with the last byte, at most [`BLOCK`], and smaller under a rate limit.
    fn block_size(&self, size: Option<u64>) -> usize {
        let whole = size.map_or(BLOCK, |size| usize::try_from(size).unwrap_or(BLOCK));
        let block = (whole.saturating_add(1)).clamp(4096, BLOCK);
        self.limits.iter().fold(block, |block, limit| limit.block_size(block))
    }
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            preserve_times: true,
            verify: Verify::Size,
            sync: SyncFiles::Auto,
            resume: Resume::No,
            transfer_type: TransferType::Binary,
            mode: None,
            atomic: Atomic::No,
            limits: [RateLimit::default(), RateLimit::default()],
            upload_journals: None,
        }
    }
}
