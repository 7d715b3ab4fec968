//! The stream of one download: fetch, compare the overlap, copy, check the end.
//!
//! It writes to any writer and knows nothing of local files and names.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use super::resume::ResumePoint;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;
use crate::transfer::ascii::FromWire;
use crate::transfer::{
    DownloadStream, FileInfo, Outcome, Progress, Remote, TransferOptions, TransferType, verify,
};

/// Why a download failed.
#[derive(Debug)]
pub enum FetchFailure {
    /// The local data is not the beginning of the remote file: restart at 0.
    NotTheSame(&'static str),
    /// More was sent than expected; the server now reports this size: restart at 0 with it.
    DifferentSize(u64),
    /// Any other failure.
    Failed(Error),
}

impl FetchFailure {
    /// As an error, if it is not retried.
    pub fn into_error(self, path: &RemotePath) -> Error {
        match self {
            FetchFailure::Failed(error) => error,
            FetchFailure::NotTheSame(why) => {
                Error::new(Kind::Incomplete, format!("get {path}: {why}"))
            }
            FetchFailure::DifferentSize(size) => {
                let text = format!("get {path}: it is larger than was listed: {size} bytes");
                Error::new(Kind::Incomplete, text).as_transient()
            }
        }
    }
}

impl From<Error> for FetchFailure {
    fn from(error: Error) -> Self {
        FetchFailure::Failed(error)
    }
}

/// The parameters of one download.
#[derive(Debug, Clone, Copy)]
pub struct FileFetcher<'a> {
    /// The remote file.
    pub path: &'a RemotePath,
    /// What is known about it.
    pub info: FileInfo,
    /// The options.
    pub options: &'a TransferOptions,
    /// Cancels it.
    pub cancel: &'a Cancel,
}

impl FileFetcher<'_> {
    /// Fetches into `sink`, starting at `start`.
    pub fn fetch_into(
        &self,
        remote: &mut dyn Remote,
        start: &ResumePoint,
        sink: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<Outcome, FetchFailure> {
        self.fetch_into_as(remote, self.options.transfer_type, start, sink, progress)
    }

    /// Like [`FileFetcher::fetch_into`], with `kind` as the type on the wire; the data is
    /// converted only if the transfer options say so.
    pub fn fetch_into_as(
        &self,
        remote: &mut dyn Remote,
        kind: TransferType,
        start: &ResumePoint,
        sink: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<Outcome, FetchFailure> {
        let what = format!("get {}", self.path);
        let begun = Instant::now();
        for (offset, bytes) in &start.samples {
            self.compare_sample(remote, *offset, bytes, kind)?;
        }
        let from = start.offset - start.overlap.len() as u64;
        let mut incoming = self.open_at(remote, from, kind)?;
        let binary = kind == TransferType::Binary;
        let announced = incoming.announced_size().and_then(|rest| rest.checked_add(from));
        // A server may have listed a link with the size of the link itself; the size announced for
        // the transfer is more reliable. Which one is right is decided at the end.
        let said = [self.info.size, announced.filter(|_| from == 0 || self.info.size.is_none())];
        let known = said.iter().flatten().max().copied();
        let expected =
            known.filter(|_| binary && self.options.verify != crate::transfer::Verify::None);
        if let Some(total) = known {
            progress.set_total(total);
        }
        progress.start_at(start.offset);
        let came = self.read_block(start.overlap.len(), &mut *incoming, remote.stall_timeout())?;
        // Fewer bytes than the local file has: it is not the same file either.
        if came.is_none_or(|came| came != start.overlap) {
            incoming.abort();
            return Err(FetchFailure::NotTheSame("the local data differs"));
        }
        let limit = expected.map_or(u64::MAX, |expected| expected.saturating_sub(start.offset));
        let copied = match self.options.transfer_type {
            TransferType::Binary => {
                self.copy_to_sink(&mut *incoming, sink, (known, limit), progress)
            }
            TransferType::Ascii => self.copy_to_sink(
                &mut *incoming,
                &mut FromWire::new(sink),
                (known, limit),
                progress,
            ),
        };
        let (count, broken) = match copied {
            Ok(count) => (count, None),
            Err(CopyFailure::Here(error)) => {
                incoming.abort();
                return Err(error.into());
            }
            Err(CopyFailure::TooLong(count)) => {
                incoming.abort();
                // A server that ignores REST, or a file whose content is the same everywhere.
                if start.offset > 0 {
                    return Err(FetchFailure::NotTheSame("the server sent more than requested"));
                }
                return Err(match self.ask_size(remote)? {
                    Some(size) if size >= count => FetchFailure::DifferentSize(size),
                    _ => verify::wrong_size(&what, count, limit).into(),
                });
            }
            Err(CopyFailure::Remote(error, count)) => (count, Some(error)),
        };
        if let Some(error) = broken
            && error.kind() != ErrorKind::UnexpectedEof
        {
            return Err(self.broken_stream_error(&what, &error, incoming, remote).into());
        }
        // A truncated stream is judged by the reply and the size, like any other end.
        let total = start.offset + count;
        let finished = incoming.finish().map_err(|error| unconfirmed_error(&what, total, error))?;
        let other = said.iter().flatten().find(|size| **size != total).copied();
        let complete = matches!(finished.reply.code, 226 | 250);
        let expected = match other {
            // Only if it would fail, or if two sizes were reported: it costs a round trip.
            Some(_) if expected.is_some() && complete && start.offset == 0 => {
                self.ask_size(remote)?.or(other)
            }
            _ => expected,
        };
        let warning = verify::check_download(&what, total, expected, &finished)?;
        Ok(Outcome {
            bytes: count,
            elapsed: begun.elapsed(),
            resumed_from: (start.offset > 0).then_some(start.offset),
            tls_resumed: remote.tls_resumed(),
            warning,
        })
    }

    /// The size that the server reports for this file; `None` if it refuses.
    fn ask_size(&self, remote: &mut dyn Remote) -> Result<Option<u64>> {
        match remote.file_size(self.path) {
            Err(error) if error.kind() == Kind::Refused => Ok(None),
            other => other,
        }
    }

    fn open_at(
        &self,
        remote: &mut dyn Remote,
        from: u64,
        kind: TransferType,
    ) -> Result<Box<dyn DownloadStream>, FetchFailure> {
        match remote.open_download(self.path, from, kind) {
            // The server has no REST: the local data cannot be used.
            Err(error) if from > 0 && refuses_restart(&error) => {
                Err(FetchFailure::NotTheSame("the server cannot resume"))
            }
            other => Ok(other?),
        }
    }

    /// Compares a block from the middle of the local data.
    fn compare_sample(
        &self,
        remote: &mut dyn Remote,
        offset: u64,
        bytes: &[u8],
        kind: TransferType,
    ) -> Result<(), FetchFailure> {
        let came = self.fetch_block(remote, offset, bytes.len(), kind)?;
        let same = came.is_some_and(|came| came == bytes);
        if same { Ok(()) } else { Err(FetchFailure::NotTheSame("the local data differs")) }
    }

    /// Fetches `count` bytes from an offset; `None` if there are fewer.
    pub fn fetch_block(
        &self,
        remote: &mut dyn Remote,
        offset: u64,
        count: usize,
        kind: TransferType,
    ) -> Result<Option<Vec<u8>>, FetchFailure> {
        let mut incoming = self.open_at(remote, offset, kind)?;
        let came = self.read_block(count, &mut *incoming, remote.stall_timeout());
        incoming.abort();
        came
    }

    /// Reads a block; `None` if the stream ends early.
    fn read_block(
        &self,
        count: usize,
        incoming: &mut dyn DownloadStream,
        timeout: Duration,
    ) -> Result<Option<Vec<u8>>, FetchFailure> {
        let mut came = vec![0; count];
        let mut filled = 0;
        while filled < came.len() {
            self.cancel.check()?;
            match incoming.read(&mut came[filled..]) {
                Ok(0) => return Ok(None),
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let what = format!("get {}", self.path);
                    return Err(data_error(&error, timeout).with_context(what).into());
                }
            }
        }
        Ok(Some(came))
    }

    /// A broken stream: unless it stalled, the server's reply may have the reason.
    pub(super) fn broken_stream_error(
        &self,
        what: &str,
        error: &std::io::Error,
        incoming: Box<dyn DownloadStream>,
        remote: &dyn Remote,
    ) -> Error {
        let why = data_error(error, remote.stall_timeout()).with_context(what);
        let cancelled = why.is_interruption();
        if error.kind() == ErrorKind::TimedOut || cancelled {
            incoming.abort();
            return why;
        }
        match incoming.finish() {
            Ok(finished) if finished.reply.class() >= 4 => finished.failure(what),
            _ => why,
        }
    }

    fn copy_to_sink(
        &self,
        incoming: &mut dyn DownloadStream,
        sink: &mut dyn Write,
        (size, limit): (Option<u64>, u64),
        progress: &dyn Progress,
    ) -> Result<u64, CopyFailure> {
        let mut block = vec![0; self.options.block_size(size)];
        let mut count = 0u64;
        loop {
            self.cancel.check().map_err(CopyFailure::Here)?;
            let (filled, ended) = fill_block(incoming, &mut block);
            if filled > 0 {
                sink.write_all(&block[..filled])
                    .map_err(|error| CopyFailure::Here(write_error(&error)))?;
                count += filled as u64;
                progress.advance(filled as u64);
                for limit in &self.options.limits {
                    limit.take_tokens(filled, self.cancel).map_err(CopyFailure::Here)?;
                }
            }
            match ended {
                // An endless stream must not fill the disk.
                None if count > limit => return Err(CopyFailure::TooLong(count)),
                None => {}
                Some(None) => {
                    sink.flush().map_err(|error| CopyFailure::Here(write_error(&error)))?;
                    return Ok(count);
                }
                Some(Some(error)) => {
                    sink.flush().map_err(|error| CopyFailure::Here(write_error(&error)))?;
                    return Err(CopyFailure::Remote(error, count));
                }
            }
        }
    }
}

enum CopyFailure {
    /// Local: the disk, or the user.
    Here(Error),
    /// More bytes than expected, without an end.
    TooLong(u64),
    /// Remote: after this many bytes.
    Remote(std::io::Error, u64),
}

/// Fills a block before it is written: TLS yields 16 KiB at a time. Returns its end, if reached.
pub(super) fn fill_block(
    incoming: &mut dyn DownloadStream,
    block: &mut [u8],
) -> (usize, Option<Option<std::io::Error>>) {
    let mut filled = 0;
    while filled < block.len() {
        match incoming.read(&mut block[filled..]) {
            Ok(0) => return (filled, Some(None)),
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(Some(error))),
        }
    }
    (filled, None)
}

pub(super) fn refuses_restart(error: &Error) -> bool {
    // 200 is not 350: it is unknown whether the server accepted the offset.
    error.has_reply_code(&[200, 500, 501, 502, 504, 554, 451, 350])
}

/// All bytes may have arrived, but the server never confirmed it.
pub(in crate::transfer) fn unconfirmed_error(what: &str, count: u64, error: Error) -> Error {
    if error.is_interruption() {
        return error;
    }
    Error::new(
        Kind::Incomplete,
        format!("{what}: unconfirmed after {count} bytes: {}", error.message()),
    )
    .with_hint("the connection may have been lost in a long transfer: try again")
    .as_transient()
}

pub(super) fn write_error(error: &std::io::Error) -> Error {
    Error::new(Kind::Local, format!("write: {}", crate::error::io_reason(error)))
        .out_of_space_if(crate::error::is_full_disk(error))
        .with_hint("what has come so far is kept; an old file of this name is untouched")
}
