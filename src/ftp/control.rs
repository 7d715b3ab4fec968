//! The control connection: whole replies read by us, one at a time, and handed to suppaftp in a
//! form that it cannot misread.
//!
//! suppaftp reads replies with rules of its own (any `ddd ` line ends a multi-line reply, text
//! must be UTF-8, surplus replies answer the next command). [`Control`] is the stream that it
//! reads from and writes to: each write is one command, each read yields one canonical line made
//! from one whole reply, and what the server really said lies in the [`Exchange`] beside it.
//! Whatever goes wrong here kills the connection; a reply is never credited to another command.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::charset::Charset;
use super::dialogue::Dialogue;
use super::explain::tls_words;
use super::path::decode_name;
use super::reply::{self, Reply, ReplyParser};
use crate::error::{Error, Kind, Result, io_reason};
use crate::tls::Stream;
use crate::tls::socket::{Patience, cancelled};

/// What the last command brought, shared between the stream below suppaftp and the session
/// above it.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The verb sent last, upper case.
    pub verb: String,
    /// The last whole reply.
    pub reply: Option<Reply>,
    /// The preliminary reply (1yz) of the data command under way.
    pub preliminary: Option<Reply>,
    /// Why the connection is of no use any more.
    pub death: Option<Error>,
    /// Why the last data connection did not come about.
    pub data_failure: Option<Error>,
    /// How long a whole reply may take.
    pub timeout: Duration,
    /// A shorter time for the next reply, which a cancel does not end.
    pub grace: Option<Duration>,
    /// The next command is not sent: its reply is one that is still to come.
    pub listen: bool,
    /// When the connection was last used.
    pub used: Instant,
    /// What the server's bytes mean; UTF-8 until its features are known.
    pub charset: Charset,
    /// Who wants to see the dialogue.
    pub dialogue: Dialogue,
}

pub(super) type Shared = Arc<Mutex<Exchange>>;

pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Exchange> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Exchange {
    pub(super) fn shared(timeout: Duration, dialogue: Dialogue) -> Shared {
        Arc::new(Mutex::new(Self {
            verb: String::new(),
            reply: None,
            preliminary: None,
            death: None,
            data_failure: None,
            timeout,
            grace: None,
            listen: false,
            used: Instant::now(),
            charset: Charset::default(),
            dialogue,
        }))
    }

    /// Declares the connection dead. The first reason stays.
    pub(super) fn kill(&mut self, why: Error) {
        if self.death.is_none() {
            self.death = Some(why);
        }
    }
}

/// Bytes of the control connection that are not yet a whole line, and the reply they belong to.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    start: usize,
    parser: ReplyParser,
}

impl Lines {
    /// Reads from `source` until one reply is whole.
    ///
    /// # Errors
    ///
    /// [`Broken`] when there will be none; nothing more may be read then.
    pub fn reply(&mut self, source: &mut impl Read) -> Result<Reply, Broken> {
        loop {
            while let Some(length) = self.unread().iter().position(|byte| *byte == b'\n') {
                let line = &self.buffer[self.start..self.start + length];
                let parsed = self.parser.push(line.strip_suffix(b"\r").unwrap_or(line));
                self.start += length + 1;
                if let Some(reply) = parsed.map_err(Broken::Protocol)? {
                    return Ok(reply);
                }
            }
            if self.unread().len() > reply::LINE_MAX {
                let parsed = self.parser.push(&self.buffer[self.start..]);
                return Err(Broken::Protocol(parsed.err().unwrap_or_else(|| {
                    Error::new(Kind::Connect, "the server's reply is not a line of text")
                })));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let mut chunk = [0; 4096];
            match source.read(&mut chunk).map_err(Broken::Io)? {
                0 => return Err(Broken::Io(io::ErrorKind::UnexpectedEof.into())),
                n => self.buffer.extend_from_slice(&chunk[..n]),
            }
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether anything has come that no command asked for.
    pub fn is_empty(&self) -> bool {
        self.unread().is_empty() && !self.parser.is_open()
    }
}

/// Why no reply came.
#[derive(Debug)]
pub enum Broken {
    /// The connection failed, or ended.
    Io(io::Error),
    /// What came is no reply.
    Protocol(Error),
}

impl Broken {
    pub(super) fn into_error(self, timeout: Duration) -> Error {
        match self {
            Broken::Protocol(error) => error,
            Broken::Io(error) => lost(&error, timeout),
        }
    }
}

/// A broken control connection in words.
pub(super) fn lost(error: &io::Error, timeout: Duration) -> Error {
    if let Some(reason) = cancelled(error) {
        return reason.into();
    }
    let why = match error.kind() {
        io::ErrorKind::TimedOut => {
            format!("no reply from the server within {} s", timeout.as_secs_f32())
        }
        io::ErrorKind::UnexpectedEof => "the server closed the control connection".to_owned(),
        _ => format!("the control connection was lost: {}", io_reason(error)),
    };
    // TLS 1.3 tells what it thinks of a client certificate only after the handshake. Trying again
    // would change nothing about it.
    match tls_words(&error.to_string()) {
        Some((cause, next)) if next.contains("tls:cert-file") => {
            Error::new(Kind::Tls, format!("{cause} ({})", io_reason(error))).with_hint(next)
        }
        _ => Error::new(Kind::Connect, why).transient(),
    }
}

/// The control connection's stream, as suppaftp sees it.
#[derive(Debug)]
pub(super) struct Control {
    stream: Stream,
    lines: Lines,
    /// The canonical form of a reply, as far as suppaftp has not read it.
    canonical: Vec<u8>,
    exchange: Shared,
    clear_data: bool,
}

impl Control {
    pub(super) fn new(stream: Stream, exchange: Shared, clear_data: bool) -> Self {
        Self { stream, lines: Lines::default(), canonical: Vec::new(), exchange, clear_data }
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Reads the greeting of an implicit server; with explicit TLS it came before.
    pub(super) fn greeting(&mut self) -> Result<Reply> {
        self.arm();
        let timeout = lock(&self.exchange).timeout;
        loop {
            let reply =
                self.lines.reply(&mut self.stream).map_err(|broken| broken.into_error(timeout))?;
            lock(&self.exchange).dialogue.received(&reply);
            // 120 announces a wait; the greeting follows.
            if reply.class() != 1 {
                return Ok(reply);
            }
        }
    }

    fn arm(&mut self) {
        let (timeout, grace) = {
            let exchange = lock(&self.exchange);
            (exchange.timeout, exchange.grace)
        };
        let now = Instant::now();
        self.stream.socket_mut().set_patience(match grace {
            Some(grace) => Patience::Firm(now + grace),
            None => Patience::within(timeout),
        });
    }

    /// Fails if anything has arrived since the last reply: the connection is out of step.
    fn check_in_step(&mut self) -> io::Result<()> {
        let mut byte = [0; 1];
        self.stream.socket_mut().set_patience(Patience::None);
        let why = match self.stream.read(&mut byte) {
            Ok(0) => closed(),
            Ok(_) => {
                self.lines.buffer.push(byte[0]);
                self.out_of_step()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.lines.is_empty() {
                    return Ok(());
                }
                self.out_of_step()
            }
            // What is left of a connection that was reset says nothing; an alert does.
            Err(error) => match lost(&error, Duration::ZERO) {
                alert if alert.kind() == Kind::Tls => alert,
                _ => closed(),
            },
        };
        lock(&self.exchange).kill(why);
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// Something came that no command asked for: a farewell (421) says why, and anything else is
    /// a reply too many.
    fn out_of_step(&mut self) -> Error {
        match self.lines.reply(&mut self.stream) {
            Ok(reply) if reply.code == 421 => farewell(&reply),
            _ => Error::new(
                Kind::Connect,
                "the server sent a reply that no command asked for; \
                 the connection is out of step and was given up",
            )
            .transient(),
        }
    }

    fn next_reply(&mut self) -> Result<Reply> {
        self.arm();
        let (timeout, is_data, begun, charset) = {
            let mut exchange = lock(&self.exchange);
            let timeout = exchange.grace.take().unwrap_or(exchange.timeout);
            let (is_data, begun) = (is_data_verb(&exchange.verb), exchange.preliminary.is_some());
            (timeout, is_data, begun, exchange.charset)
        };
        loop {
            let mut reply =
                self.lines.reply(&mut self.stream).map_err(|broken| broken.into_error(timeout))?;
            reply.charset = charset;
            lock(&self.exchange).dialogue.received(&reply);
            // A second 1yz, or one to a command without data, announces nothing new.
            if reply.class() != 1 || (is_data && !begun) {
                return Ok(reply);
            }
        }
    }
}

fn closed() -> Error {
    Error::new(Kind::Connect, "the server closed the control connection").transient()
}

/// The 421 with which a server ends a connection, in words.
pub(super) fn farewell(reply: &Reply) -> Error {
    Error::new(
        Kind::Connect,
        format!("the server closed the connection: \"{}\"", reply.last_text()),
    )
    .with_reply(reply.to_string())
    .transient()
}

fn is_data_verb(verb: &str) -> bool {
    matches!(verb, "RETR" | "STOR" | "APPE" | "STOU" | "LIST" | "NLST" | "MLSD")
}

/// The one line that stands for `reply` towards suppaftp: its code and, for passive replies,
/// their value as we read it. A passive reply that makes no sense becomes a refusal. Where
/// suppaftp waits for one code, every other one of its class stands for it.
fn canonical(reply: &Reply, verb: &str) -> Vec<u8> {
    let line = match reply.code {
        229 => match reply::epsv_port(reply) {
            Ok(port) => format!("229 ok (|||{port}|)"),
            Err(_) => "500 unusable".to_owned(),
        },
        227 => match reply::pasv_address(reply) {
            Ok((address, port)) => {
                let [a, b, c, d] = address.octets();
                format!("227 ok ({a},{b},{c},{d},{},{})", port >> 8, port & 255)
            }
            Err(_) => "500 unusable".to_owned(),
        },
        100..200 if is_data_verb(verb) => "150 ok".to_owned(),
        200..300 if matches!(verb, "PBSZ" | "PROT") => "200 ok".to_owned(),
        code => format!("{code} ok"),
    };
    let mut line = line.into_bytes();
    line.extend_from_slice(b"\r\n");
    line
}

impl Read for Control {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.canonical.is_empty() {
            match self.next_reply() {
                Ok(reply) => {
                    let mut exchange = lock(&self.exchange);
                    exchange.used = Instant::now();
                    self.canonical = canonical(&reply, &exchange.verb);
                    if reply.class() == 1 {
                        exchange.preliminary = Some(reply.clone());
                    }
                    if reply.code == 421 {
                        exchange.kill(farewell(&reply));
                    }
                    exchange.reply = Some(reply);
                }
                Err(error) => {
                    lock(&self.exchange).kill(error);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
        let n = buffer.len().min(self.canonical.len());
        buffer[..n].copy_from_slice(&self.canonical[..n]);
        self.canonical.drain(..n);
        Ok(n)
    }
}

impl Write for Control {
    /// Sends one whole command line; suppaftp writes each with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut lock(&self.exchange).listen) {
            return Ok(line.len());
        }
        {
            // What the command before brought is no answer to this one, sent or not.
            let mut exchange = lock(&self.exchange);
            exchange.reply = None;
            exchange.preliminary = None;
        }
        self.check_in_step()?;
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // suppaftp knows no other level of protection than private.
        let sent: &[u8] = if self.clear_data && text == b"PROT P" { b"PROT C\r\n" } else { line };
        let timeout = {
            let mut exchange = lock(&self.exchange);
            let verb = text.split(|byte| *byte == b' ').next().unwrap_or_default();
            exchange.verb = decode_name(verb).to_ascii_uppercase();
            let shown = exchange.charset.decode(sent.strip_suffix(b"\r\n").unwrap_or(sent));
            exchange.dialogue.sent(&shown);
            exchange.timeout
        };
        self.stream.socket_mut().set_patience(Patience::within(timeout));
        self.stream.write_all(sent).and_then(|()| self.stream.flush()).map_err(|error| {
            lock(&self.exchange).kill(lost(&error, timeout));
            io::Error::from(io::ErrorKind::ConnectionAborted)
        })?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
