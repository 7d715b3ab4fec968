//! The checks of `doctor` on a secured connection, one command and one data connection at a time.
//!
//! The caller determines the order and guarantees that no user name or password is sent before the
//! certificate was judged. Every step has the configured timeout and can be cancelled; nothing is
//! retried or pipelined.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::dial::Dialer;
use super::steps::Secured;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::expect::Command;
use crate::ftp::control::lock;
use crate::ftp::control::reply::Reply;
use crate::ftp::data::data_error;
use crate::ftp::data::handshake::secure_data;
use crate::ftp::error_text::{refusal_error, transfer_error};
use crate::ftp::session::authenticate::{LoginRequest, authenticate};
use crate::tls::socket::{Wait, cancel_reason};
use crate::tls::{End, Negotiated};

/// How many bytes of a listing are kept: enough to recognise its format.
const LISTING_MAX: usize = 1 << 20;

/// Maximum time for a data connection: a blocked port never answers.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout for the reply to QUIT, and for the server's reason for a failed data connection.
const LAST_REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether a data connection offers the control connection's TLS session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It does, like all data connections of ftpsh with OpenSSL.
    Offer,
    /// It does not, like those of clients that cannot.
    Withhold,
}

/// The result of a listing.
#[derive(Debug)]
pub struct ListingResult {
    /// The first mebibyte at most.
    pub bytes: Vec<u8>,
    /// How the data stream ended.
    pub end: End,
    /// What the data connection negotiated.
    pub negotiated: Negotiated,
}

impl Secured {
    /// Sends a command and returns its reply, whatever its code.
    pub fn command(&mut self, verb: &str, argument: &str) -> Result<Reply> {
        lock(&self.control).call(&Command::new(verb, argument)?)
    }

    /// Logs in. Only for a server whose certificate was judged.
    ///
    /// # Errors
    ///
    /// [`Kind::Login`] if the server refuses; [`Kind::Connect`].
    pub fn log_in(&mut self, login: &LoginRequest<'_>) -> Result<Reply> {
        let host = self.config.host.clone();
        let mut send = |verb: &str, argument: &str| self.command(verb, argument);
        authenticate(&mut send, &host, login)
    }

    /// Whether the connection is unusable.
    pub fn is_dead(&self) -> bool {
        lock(&self.control).failure().is_some()
    }

    /// Connects to a port of the control connection's peer (behind a proxy, of the host); returns
    /// the connection and the time that it took.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] after ten seconds at most; a cancel.
    pub fn dial(&self, port: u16) -> Result<(TcpStream, Duration)> {
        let begun = Instant::now();
        let bound = self.config.dialer.timeout.min(DIAL_TIMEOUT);
        if self.config.dialer.proxy.is_some() {
            let dialer = Dialer { timeout: bound, ..self.config.dialer.clone() };
            return Ok((dialer.connect(&self.config.host, port)?, begun.elapsed()));
        }
        let address = SocketAddr::new(self.peer.ip(), port);
        let tcp = self.config.dialer.connect_address(address, bound);
        tcp.map(|tcp| (tcp, begun.elapsed())).map_err(|error| match cancel_reason(&error) {
            Some(reason) => reason.into(),
            None if error.kind() == std::io::ErrorKind::TimedOut => {
                let bound = bound.as_secs_f32();
                Error::new(Kind::Connect, format!("port {port}: no answer within {bound} s"))
            }
            None => Error::new(Kind::Connect, format!("port {port}: {}", io_reason(&error))),
        })
    }

    /// Lists the directory with `verb` over an open data connection.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] with the reply; the error of a failed handshake or a lost connection.
    /// After a failed handshake the server's own reason is awaited and preferred.
    pub fn list(&mut self, verb: &str, tcp: TcpStream, resume: Resume) -> Result<ListingResult> {
        lock(&self.control).begin(&Command::new(verb, "")?)?;
        let opened = secure_data(&self.control, &self.config, tcp, true, |socket| match resume {
            Resume::Offer => self.tls.connect_data(socket),
            Resume::Withhold => self.tls.connect_data_without_resumption(socket),
        });
        if let Some(reply) = opened.reply.filter(|reply| reply.class() != 1) {
            return Err(refusal_error(verb, &reply));
        }
        let timeout = self.config.timeout;
        let failed = |error: std::io::Error| data_error(&error, timeout);
        let mut stream = match opened.stream {
            Ok(stream) => stream,
            Err(error) => return Err(self.late_refusal(verb).unwrap_or(error)),
        };
        // One deadline for everything, so that an endless stream ends.
        stream.socket_mut().set_wait(Wait::within(timeout));
        let mut bytes = Vec::new();
        let mut block = [0; 16 * 1024];
        let broken = loop {
            match stream.read(&mut block) {
                Ok(0) => break None,
                Ok(n) if bytes.len() < LISTING_MAX => bytes.extend_from_slice(&block[..n]),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break None,
                Err(error) => break Some(failed(error)),
            }
        };
        let end = stream.end();
        let negotiated = stream.negotiated().cloned().unwrap_or_default();
        drop(stream);
        if let Some(error) = broken {
            return Err(self.late_refusal(verb).unwrap_or(error));
        }
        let reply = lock(&self.control).receive()?;
        match reply.code {
            226 | 250 => Ok(ListingResult { bytes, end, negotiated }),
            _ => Err(transfer_error(verb, &reply)),
        }
    }

    /// The server's reason for a failed data connection, if it arrives soon.
    fn late_refusal(&mut self, verb: &str) -> Option<Error> {
        let reply = lock(&self.control).receive_within(LAST_REPLY_TIMEOUT).ok()?;
        (reply.class() >= 4).then(|| refusal_error(verb, &reply))
    }

    /// Sends QUIT and waits for the reply, for at most a second.
    pub fn quit(self) {
        if let Ok(quit) = Command::new("QUIT", "") {
            let _ = lock(&self.control).call_within(&quit, LAST_REPLY_TIMEOUT);
        }
    }
}
