//! A data connection with a command under way: bytes, how they ended, and the completion reply.
//!
//! Nothing that comes from here is a success before [`Data::finish`] has returned.

pub(in crate::ftp) mod engine;
mod open;

use std::io::{self, Read, Write};
use std::time::Duration;

use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::exchange::{Shared, lock};
use crate::ftp::control::reply::Reply;
use crate::ftp::error_text::{session_reuse_error, transfer_error};
use crate::tls::socket::cancel_reason;
use crate::tls::{End, Negotiated, Stream};
use engine::Transfer;

/// How long to read on after our close_notify: IIS never answers one.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a cancelled transfer's completion reply may take before the session is given up.
const GRACE: Duration = Duration::from_secs(1);

/// A transfer or listing under way. Dropping it without [`Data::finish`] or [`Data::abort`]
/// gives the session up.
#[derive(Debug)]
pub struct Data {
    transfer: Option<Transfer>,
    exchange: Shared,
    preliminary: Option<Reply>,
}

/// What a finished transfer showed. It has succeeded only if all of it is good.
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
    /// A completion reply that is none, as the failure of `what`.
    pub fn failure(&self, what: &str) -> Error {
        let error = transfer_error(what, &self.reply);
        if self.resumes { error } else { session_reuse_error(error, &self.reply) }
    }
}

impl Data {
    pub(in crate::ftp) fn new(transfer: Transfer, exchange: Shared) -> Self {
        let preliminary = lock(&exchange).preliminary.clone();
        Self { transfer: Some(transfer), exchange, preliminary }
    }

    /// The preliminary reply, which may tell the size.
    pub fn preliminary(&self) -> Option<&Reply> {
        self.preliminary.as_ref()
    }

    /// What the data connection's handshake agreed; `None` in clear text.
    pub fn agreed(&mut self) -> Option<Negotiated> {
        self.stream().and_then(|stream| stream.negotiated().cloned())
    }

    fn resumes(&mut self) -> bool {
        !matches!(self.stream(), Some(Stream::Native(_)))
    }

    fn stream(&mut self) -> Option<&mut Stream> {
        match self.transfer.as_mut()?.get_mut() {
            suppaftp::DataStream::Ssl(wire) => suppaftp::TlsStream::mut_ref(&mut **wire).data(),
            suppaftp::DataStream::Tcp(_) => None,
        }
    }

    /// Ends the transfer and reads the completion reply. After an upload call
    /// [`Data::finish_upload`] instead.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when no reply comes: the session is then dead. A reply that is not 226
    /// or 250 is not an error here; the caller judges it.
    pub fn finish(mut self) -> Result<Finished> {
        let end = self.stream().map_or(End::Cut, |stream| stream.end());
        let resumes = self.resumes();
        if end != End::Clean {
            lock(&self.exchange).at_end = None;
        }
        let asked_ahead = lock(&self.exchange).at_end.is_some();
        let reply = self.complete()?;
        if asked_ahead && reply.class() >= 4 {
            // All came, and then it failed: the passive command may have been too early.
            lock(&self.exchange).ways.disable_pipelining();
        }
        Ok(Finished { end, reply, resumes })
    }

    /// Ends an upload properly (close_notify, then the end of the stream), then as
    /// [`Data::finish`].
    ///
    /// # Errors
    ///
    /// As [`Data::finish`].
    pub fn finish_upload(mut self) -> Result<Finished> {
        // What would follow an upload rests on how it ended.
        lock(&self.exchange).at_end = None;
        let sent = match self.stream() {
            Some(stream) => stream.finish_writing(FAREWELL),
            None => Ok(()),
        };
        let end = if sent.is_ok() { End::Clean } else { End::Cut };
        let resumes = self.resumes();
        let reply = self.complete()?;
        Ok(Finished { end, reply, resumes })
    }

    /// Stops the transfer by closing the data connection. If the server answers within a second,
    /// the session lives on. (ABOR would leave stray replies on several servers.)
    pub fn abort(mut self) {
        if let Some(stream) = self.stream() {
            stream.abandon();
        }
        {
            let mut exchange = lock(&self.exchange);
            exchange.grace = Some(GRACE);
            exchange.at_end = None;
        }
        // Whatever the server answers: it is read, and belongs to this transfer.
        let _ = self.complete();
    }

    fn complete(&mut self) -> Result<Reply> {
        let Some(transfer) = self.transfer.take() else {
            return Err(Error::new(Kind::Connect, "the transfer is over"));
        };
        // suppaftp takes 226 and 250 for success and everything else for failure; the exchange
        // knows the reply in both cases.
        let _ = transfer.finish();
        let mut exchange = lock(&self.exchange);
        if let Some(death) = &exchange.death
            && death.reply().is_none()
        {
            return Err(death.clone());
        }
        exchange.reply.take().ok_or_else(|| {
            exchange
                .death
                .clone()
                .unwrap_or_else(|| Error::new(Kind::Connect, "no completion reply"))
        })
    }
}

impl Read for Data {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream() {
            Some(stream) => stream.read(buffer),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Data {
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

impl Drop for Data {
    fn drop(&mut self) {
        if self.transfer.is_some() {
            let mut exchange = lock(&self.exchange);
            exchange.grace = Some(Duration::ZERO);
            exchange.kill(Error::new(Kind::Connect, "a transfer was given up half-way"));
        }
    }
}

/// A failure of the data connection in words: a stall, a reset, a cut. All are transient.
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
