//! Transfers: one file down or up, whole or not at all.
//!
//! What comes in is a remote side behind the [`Remote`] trait, a job, and a [`Progress`] that
//! nobody here knows more about. What goes out is an [`Outcome`], or an error that says which
//! part of a good end was missing. It never writes under a final name before everything has been
//! checked, and never prints.

pub mod download;
pub mod journal;
pub mod limit;
pub mod partial;
pub mod remote;
pub mod retry;
pub mod upload;
pub mod verify;

#[cfg(test)]
pub(crate) mod fake;

use std::io::{Read, Write};
use std::time::Duration;

use chrono::NaiveDateTime;

use crate::error::Result;
use crate::ftp::data::Finished;
use crate::ftp::path::RemotePath;

/// Bytes moved per read or write: large enough that system calls do not show in a profile.
pub const BLOCK: usize = 256 * 1024;

/// What is known of a remote file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Bytes, in binary type.
    pub size: Option<u64>,
    /// Last modified, UTC.
    pub modified: Option<NaiveDateTime>,
}

/// A download under way.
pub trait Incoming: Read {
    /// The size that the server announced when it began to send.
    fn announced(&self) -> Option<u64>;

    /// Ends it and reads the completion reply.
    ///
    /// # Errors
    ///
    /// When no reply comes.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Stops it.
    fn abort(self: Box<Self>);
}

/// An upload under way.
pub trait Outgoing: Write {
    /// Ends the stream properly and reads the completion reply.
    ///
    /// # Errors
    ///
    /// When no reply comes.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Stops it so that the server cannot take it for a whole file.
    fn abort(self: Box<Self>);
}

/// The remote side, as transfers need it. A session is one; tests have one in memory.
pub trait Remote {
    /// Size and time of a file, as far as the server tells.
    ///
    /// # Errors
    ///
    /// When the file is not there, or the connection is lost.
    fn facts(&mut self, path: &RemotePath) -> Result<Facts>;

    /// Begins to fetch a file from `offset` on.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    fn fetch(&mut self, path: &RemotePath, offset: u64) -> Result<Box<dyn Incoming>>;

    /// Begins to store a file from `offset` on.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    fn store(&mut self, path: &RemotePath, offset: u64) -> Result<Box<dyn Outgoing>>;

    /// Sets a file's time; `false` when the server takes no time.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    fn set_modified(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool>;

    /// How long a transfer may stall, for messages.
    fn timeout(&self) -> Duration;
}

/// Is told how a transfer goes.
pub trait Progress {
    /// The size became known.
    fn expect(&self, total: u64);
    /// So many bytes more have moved.
    fn advance(&self, bytes: u64);
}

/// A transfer that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn expect(&self, _total: u64) {}
    fn advance(&self, _bytes: u64) {}
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
    /// What was not as it should be, though the file is whole as far as can be told.
    pub warning: Option<String>,
}

/// How to transfer (settings `xfer:…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// Keep modification times.
    pub preserve_times: bool,
    /// Compare sizes.
    pub verify_size: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { preserve_times: true, verify_size: true }
    }
}
