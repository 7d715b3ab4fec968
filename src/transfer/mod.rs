//! Transfers: one file down or up, whole or not at all.
//!
//! What comes in is a remote side behind the [`Remote`] trait, a job, and a [`Progress`] that
//! nobody here knows more about. What goes out is an [`Outcome`], or an error that says which
//! part of a good end was missing. It never writes under a final name before everything has been
//! checked, and never prints.

pub mod ascii;
pub mod atomic;
pub mod checksum;
pub mod download;
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
use checksum::Checksum;
use rate_limit::RateLimit;
use upload::journal::UploadJournals;

/// Bytes moved per read or write: large enough that system calls do not show in a profile.
pub const BLOCK: usize = 256 * 1024;

/// What is known of a remote file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileInfo {
    /// Bytes, in binary type.
    pub size: Option<u64>,
    /// Last modified, UTC.
    pub modified: Option<NaiveDateTime>,
}

/// Which way files go.
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
    /// Its word in JSON and in the audit log.
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
    /// TYPE I: the bytes as they are.
    #[default]
    Binary,
    /// TYPE A: line ends are those of each side.
    Ascii,
}

/// Where an upload's bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadMode {
    /// They are the whole file (STOR).
    Whole,
    /// They follow what is there (APPE).
    End,
    /// They begin at this offset (REST, STOR).
    Offset(u64),
}

/// A download under way.
pub trait DownloadStream: Read {
    /// The size that the server announced when it began to send.
    fn announced_size(&self) -> Option<u64>;

    /// Ends it and reads the completion reply.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Stops it.
    fn abort(self: Box<Self>);
}

/// An upload under way.
pub trait UploadStream: Write {
    /// Ends the stream properly and reads the completion reply.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Stops it so that the server cannot take it for a whole file.
    fn abort(self: Box<Self>);
}

/// The remote side, as transfers need it. A session is one; tests have one in memory.
///
/// All methods fail with a refusal, or with the loss of the connection.
pub trait Remote {
    /// Size and time of a file, as far as the server tells.
    fn file_info(&mut self, path: &RemotePath) -> Result<FileInfo>;

    /// The size of what RETR would send, asked for now: a listing may have told a link's own.
    fn file_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        Ok(self.file_info(path)?.size)
    }

    /// The path from the root, where the server told the directory.
    fn absolute_path(&self, path: &RemotePath) -> RemotePath {
        path.clone()
    }

    /// Says that [`Remote::modified_time`] will be asked when the file that is fetched next has come:
    /// its time can be asked for in the same round trip.
    fn prefetch_modified(&mut self, _path: &RemotePath) -> Result<()> {
        Ok(())
    }

    /// The time of a file as it was when its fetch began, if that was foreseen; else now.
    fn modified_time(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        Ok(self.file_info(path)?.modified)
    }

    /// The size of a file that was just stored; `time` is what [`Remote::set_modified`] will be
    /// told next, if it will be.
    fn size_after_upload(
        &mut self,
        path: &RemotePath,
        _time: Option<NaiveDateTime>,
    ) -> Result<Option<u64>> {
        Ok(self.file_info(path)?.size)
    }

    /// Begins to fetch a file from `offset` on.
    fn open_download(
        &mut self,
        path: &RemotePath,
        offset: u64,
        kind: TransferType,
    ) -> Result<Box<dyn DownloadStream>>;

    /// Begins to store a file.
    fn open_upload(
        &mut self,
        path: &RemotePath,
        place: UploadMode,
        kind: TransferType,
    ) -> Result<Box<dyn UploadStream>>;

    /// Sets a file's time; `false` when the server takes no time.
    fn set_modified(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool>;

    /// A checksum of a file made by the server; `None` when it makes none.
    fn checksum(&mut self, path: &RemotePath) -> Result<Option<Checksum>>;

    /// Renames a file, over an existing one where the server does.
    fn move_file(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()>;

    /// Removes a file.
    fn remove_file(&mut self, path: &RemotePath) -> Result<()>;

    /// Whether the last data connection resumed the TLS session; `None` without TLS.
    fn tls_resumed(&self) -> Option<bool>;

    /// How long a transfer may stall, for messages.
    fn stall_timeout(&self) -> Duration;
}

/// Is told how a transfer goes.
pub trait Progress {
    /// The size became known.
    fn set_total(&self, total: u64);
    /// The transfer begins, or begins again, at this offset.
    fn start_at(&self, offset: u64);
    /// So many bytes more have moved.
    fn advance(&self, bytes: u64);
    /// Something that the user should know.
    fn show_note(&self, text: &str);
}

/// A transfer that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn set_total(&self, _total: u64) {}
    fn start_at(&self, _offset: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn show_note(&self, _text: &str) {}
}

/// A transfer that has succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Bytes moved in this transfer.
    pub bytes: u64,
    /// Wall time.
    pub elapsed: Duration,
    /// Where it began, if it was resumed.
    pub resumed_from: Option<u64>,
    /// Whether its data connections resumed the TLS session: `None` where it had none, or no TLS.
    pub tls_resumed: Option<bool>,
    /// What was not as it should be, though the file is whole as far as can be told.
    pub warning: Option<String>,
}

/// Whether all data connections resumed the TLS session, those that were without TLS left out.
fn all_tls_resumed(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one && other),
        (one, other) => one.or(other),
    }
}

/// What is compared at the end of a transfer (setting `xfer:verify`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Nothing but how it ended.
    None,
    /// The sizes.
    #[default]
    Size,
    /// The sizes, and a checksum where the server makes one.
    Hash,
}

/// Whether a transfer may resume what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Resume {
    /// It begins at 0.
    #[default]
    No,
    /// An automatic retry of a transfer that has moved something: only a partial file of ours, and
    /// only if size and time prove that both files are still those that were begun.
    Retry,
    /// The user asked for it (`-c`): also a file that another program cut short, and a partial file
    /// of which no time is known, after samples of it were compared.
    Asked,
}

impl Resume {
    /// What `-c` means.
    pub fn if_asked(resume: bool) -> Self {
        if resume { Self::Asked } else { Self::No }
    }

    /// The same for a retry, after an attempt that `moved` something or did not.
    pub fn after_loss(self, moved: bool) -> Self {
        if moved { self.max(Self::Retry) } else { self }
    }
}

/// How to transfer (settings `xfer:…` and `net:limit-…`, options of the commands).
#[derive(Debug, Clone)]
pub struct TransferOptions {
    /// Keep modification times.
    pub preserve_times: bool,
    /// What is compared.
    pub verify: Verify,
    /// Whether what is there may be resumed.
    pub resume: Resume,
    /// The type.
    pub transfer_type: TransferType,
    /// Upload to a temporary name, then rename.
    pub atomic: bool,
    /// The limits that the bytes are drawn from: this transfer's, and that of all together.
    pub limits: [RateLimit; 2],
    /// Where uploads that were begun are written down; without it none is retried from an offset.
    pub upload_journals: Option<Arc<UploadJournals>>,
}

impl TransferOptions {
    /// How many bytes to move at a time for a file of `size`: one more than it has, so that its
    /// end shows with the last of them, at most [`BLOCK`], and evenly under a limit.
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
            resume: Resume::No,
            transfer_type: TransferType::Binary,
            atomic: false,
            limits: [RateLimit::default(), RateLimit::default()],
            upload_journals: None,
        }
    }
}
