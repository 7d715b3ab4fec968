//! A data connection with a command in progress: its bytes, how they ended, and the completion
//! reply.
//!
//! Nothing counts as a success before [`DataConnection::finish`] has returned.

mod control_watch;
pub(in crate::ftp) mod engine;
pub(in crate::ftp) mod handshake;
pub mod open;

use std::io::{self, Read, Write};
use std::time::Duration;

use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{SharedControl, lock};
use crate::ftp::error_text::{session_reuse_error, transfer_error};
use crate::tls::socket::cancel_reason;
use crate::tls::{End, Negotiated, Stream};
use engine::Transfer;

/// How long to keep reading after our close_notify: IIS never answers one.
const FAREWELL: Duration = Duration::from_secs(2);

/// Timeout for a cancelled transfer's completion reply, after which the session is abandoned.
const GRACE: Duration = Duration::from_secs(1);

/// A transfer or listing in progress. Dropping it without [`DataConnection::finish`] or
/// [`DataConnection::abort`] abandons the session.
#[derive(Debug)]
pub struct DataConnection {
    transfer: Option<Transfer>,
    control: SharedControl,
    preliminary: Option<Reply>,
    /// The server closed the connection before its handshake and sent this completion reply: a
    /// success. So do servers that begin the handshake with the first byte, where there is none.
    unsecured: Option<Reply>,
}

/// The result of a finished transfer. It succeeded only if all of its parts did.
#[derive(Debug)]
pub struct Finished {
    /// How the data stream ended.
    pub end: End,
    /// The completion reply.
    pub reply: Reply,
    /// Whether the data connection could resume the control connection's TLS session.
    pub resumes: bool,
}

impl Finished {
    /// The error for a completion reply that reports a failure of `what`.
    pub fn failure(&self, what: &str) -> Error {
        let error = transfer_error(what, &self.reply);
        if self.resumes { error } else { session_reuse_error(error, &self.reply) }
    }
}

impl DataConnection {
    pub(in crate::ftp) fn new(
        transfer: Transfer,
        preliminary: Option<Reply>,
        control: SharedControl,
    ) -> Self {
        Self { transfer: Some(transfer), control, preliminary, unsecured: None }
    }

    /// A download that carries no data: the server closed it before its handshake, and reports
    /// success.
    pub(super) fn unsecured(completion: Reply, control: SharedControl) -> Self {
        Self { transfer: None, control, preliminary: None, unsecured: Some(completion) }
    }

    /// Whether the server closed the connection before its handshake.
    pub(in crate::ftp) fn is_unsecured(&self) -> bool {
        self.unsecured.is_some()
    }

    /// The preliminary reply, which may contain the size.
    pub fn preliminary(&self) -> Option<&Reply> {
        self.preliminary.as_ref()
    }

    /// What the data connection's handshake negotiated; `None` in clear text.
    pub fn negotiated(&mut self) -> Option<Negotiated> {
        self.stream().and_then(|stream| stream.negotiated().cloned())
    }

    fn resumes(&mut self) -> bool {
        !matches!(self.stream(), Some(Stream::Native(_)))
    }

    fn stream(&mut self) -> Option<&mut Stream> {
        self.transfer.as_mut()?.stream()
    }

    /// Ends the transfer and reads the completion reply. After an upload call
    /// [`DataConnection::finish_upload`] instead.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] if no reply arrives: the session is then dead. A reply other than 226 or
    /// 250 is not an error here; the caller judges it.
    pub fn finish(mut self) -> Result<Finished> {
        let end = match self.stream() {
            Some(stream) => stream.end(),
            None => End::Unsecured,
        };
        let resumes = self.resumes();
        if end != End::Clean {
            lock(&self.control).prefetch_at_end(None);
        }
        let prefetches_port = lock(&self.control).is_prefetching_at_end();
        let reply = self.complete()?;
        if prefetches_port && reply.class() >= 4 {
            // All data arrived before the failure: the passive command may have been too early.
            lock(&self.control).quirks.disable_pipelining();
        }
        Ok(Finished { end, reply, resumes })
    }

    /// Ends an upload properly (close_notify, then the end of the stream), then does the same as
    /// [`DataConnection::finish`].
    pub fn finish_upload(mut self) -> Result<Finished> {
        // What follows an upload depends on its result.
        lock(&self.control).prefetch_at_end(None);
        let sent = match self.stream() {
            Some(stream) => stream.finish_writing(FAREWELL),
            None => Ok(()),
        };
        let end = if sent.is_ok() { End::Clean } else { End::Cut };
        let resumes = self.resumes();
        let reply = self.complete()?;
        Ok(Finished { end, reply, resumes })
    }

    /// Stops the transfer by closing the data connection. If the server replies within a second,
    /// the session survives. (ABOR would leave stray replies on several servers.)
    pub fn abort(mut self) {
        if let Some(stream) = self.stream() {
            stream.abandon();
        }
        {
            let mut control = lock(&self.control);
            control.abort_transfer();
            control.set_reply_deadline(Some(GRACE));
        }
        // Whatever the reply, it is read and belongs to this transfer.
        let _ = self.complete();
        lock(&self.control).set_reply_deadline(None);
    }

    fn complete(&mut self) -> Result<Reply> {
        if let Some(reply) = self.unsecured.take() {
            return Ok(reply);
        }
        let Some(transfer) = self.transfer.take() else {
            return Err(Error::new(Kind::Connect, "the transfer is over"));
        };
        let reply = transfer.finish();
        let failure = lock(&self.control).failure().cloned();
        match (reply, failure) {
            // A 421 in place of a completion reply is returned as one, with its reason.
            (Some(reply), Some(failure)) if failure.reply().is_some() => Ok(reply),
            (_, Some(failure)) => Err(failure),
            (Some(reply), None) => Ok(reply),
            (None, None) => Err(Error::new(Kind::Connect, "no completion reply")),
        }
    }
}

impl Read for DataConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream() {
            Some(stream) => stream.read(buffer),
            // As any stream that ended without close_notify.
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Write for DataConnection {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self.stream() {
            Some(stream) => stream.write(buffer),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream().map_or(Ok(()), Write::flush)
    }
}

impl Drop for DataConnection {
    fn drop(&mut self) {
        if self.transfer.is_some() {
            lock(&self.control)
                .poison(Error::new(Kind::Connect, "a transfer was given up half-way"));
        }
    }
}

/// The error for a failed data connection: a stall, a reset, a cut. All are transient.
pub fn data_error(error: &io::Error, timeout: Duration) -> Error {
    if let Some(reason) = cancel_reason(error) {
        return reason.into();
    }
    let error = match error.kind() {
        io::ErrorKind::TimedOut => Error::new(
            Kind::Connect,
            format!("the data connection stalled for {} s", timeout.as_secs_f32()),
        ),
        io::ErrorKind::UnexpectedEof => Error::new(
            Kind::Incomplete,
            "the data connection was cut: it ended without TLS's close_notify",
        ),
        _ => Error::new(
            Kind::Incomplete,
            format!("the data connection was lost: {}", io_reason(error)),
        ),
    };
    error.as_transient()
}
