//! The control connection: whole replies read by us, one at a time, and handed to suppaftp in a
//! form that it cannot misread.
//!
//! suppaftp reads replies with rules of its own (any `ddd ` line ends a multi-line reply, text
//! must be UTF-8, surplus replies answer the next command). [`Control`] is the stream that it
//! reads from and writes to: each write is one command, each read yields one canonical line made
//! from one whole reply, and what the server really said lies in the exchange beside it.
//! Whatever goes wrong here kills the connection; a reply is never credited to another command.

pub mod cleartext;
mod early;
pub(in crate::ftp) mod exchange;
pub(in crate::ftp) mod expect;
pub mod reply;
pub(crate) mod reply_reader;
mod reply_values;
pub(in crate::ftp) mod telnet;
pub mod trace;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::ftp::path::decode_name;
use crate::tls::Stream;
use crate::tls::socket::Wait;
use exchange::{Exchange, PreliminaryCounter, Shared, lock};
use expect::{Fit, canonical, is_data_verb, is_safe_after_others, reply_fit};
use reply::Reply;
use reply_reader::{ReplyReader, lost_connection};

/// How long a reply may take at a login when the one before it has come, and the command was sent
/// together with the others: a server that has lost it is then asked again, one by one.
const HURRY: Duration = Duration::from_secs(5);

/// The same for the judgement of a password, which may have to come from elsewhere.
const PASSWORD: Duration = Duration::from_secs(15);

/// The control connection's stream, as suppaftp sees it.
#[derive(Debug)]
pub(in crate::ftp) struct Control {
    pub(in crate::ftp) stream: Stream,
    lines: ReplyReader,
    /// The canonical form of a reply, as far as suppaftp has not read it.
    pub(in crate::ftp) canonical: Vec<u8>,
    pub(in crate::ftp) exchange: Shared,
    clear_data: bool,
    /// Several commands are under way at once: each reply must be one that its command can have.
    pub(in crate::ftp) strict: bool,
    /// The reply that is waited for is one to a command that was sent before its turn.
    ahead: bool,
}

impl Control {
    pub(in crate::ftp) fn new(stream: Stream, exchange: Shared, clear_data: bool) -> Self {
        let (lines, canonical) = (ReplyReader::default(), Vec::new());
        Self { stream, lines, canonical, exchange, clear_data, strict: false, ahead: false }
    }

    pub(in crate::ftp) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Reads the greeting of an implicit server; with explicit TLS it came before.
    pub(in crate::ftp) fn greeting(&mut self) -> Result<Reply> {
        self.arm();
        let timeout = lock(&self.exchange).timeout;
        let mut passed = PreliminaryCounter::default();
        loop {
            let reply = self
                .lines
                .read_reply(&mut self.stream)
                .map_err(|broken| broken.into_error(timeout))?;
            lock(&self.exchange).received(&reply);
            // 120 announces a wait; the greeting follows.
            if reply.class() != 1 {
                return Ok(reply);
            }
            passed.count(&reply)?;
        }
    }

    fn arm(&mut self) {
        let (timeout, grace) = {
            let exchange = lock(&self.exchange);
            (self.patience(&exchange), exchange.grace)
        };
        let now = Instant::now();
        self.stream.socket_mut().set_wait(match grace {
            Some(grace) => Wait::DeadlineUncancellable(now + grace),
            None => Wait::within(timeout),
        });
    }

    /// Fails if anything has arrived since the last reply: the connection is out of step.
    fn check_in_step(&mut self) -> io::Result<()> {
        let mut byte = [0; 1];
        self.stream.socket_mut().set_wait(Wait::NonBlocking);
        let why = match self.stream.read(&mut byte) {
            Ok(0) => closed(),
            Ok(_) => {
                self.lines.push_byte(byte[0]);
                self.out_of_step()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.lines.is_empty() {
                    return Ok(());
                }
                self.out_of_step()
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => surplus(),
            // What is left of a connection that was reset says nothing; an alert does.
            Err(error) => match lost_connection(&error, Duration::ZERO) {
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
        match self.lines.read_reply(&mut self.stream) {
            Ok(reply) if reply.code == 421 => farewell(&reply),
            _ => surplus(),
        }
    }

    /// How long the next reply may take.
    fn patience(&self, exchange: &Exchange) -> Duration {
        match exchange.verb.as_str() {
            _ if !(self.ahead && exchange.hurried) => exchange.timeout,
            "PASS" => exchange.timeout.min(PASSWORD),
            _ => exchange.timeout.min(HURRY),
        }
    }

    pub(in crate::ftp) fn next_reply(&mut self) -> Result<Reply> {
        self.arm();
        let (timeout, is_data, begun, charset) = {
            let mut exchange = lock(&self.exchange);
            let timeout = exchange.grace.take().unwrap_or_else(|| self.patience(&exchange));
            let (is_data, begun) = (is_data_verb(&exchange.verb), exchange.preliminary.is_some());
            (timeout, is_data, begun, exchange.charset)
        };
        let doubles = lock(&self.exchange).ways.telnet_rules().doubles;
        self.lines.set_escapes_iac(doubles);
        let mut passed = PreliminaryCounter::default();
        loop {
            let mut reply = self.lines.read_reply(&mut self.stream).map_err(|broken| {
                if self.strict && broken.is_timeout() {
                    // It may have lost a command that came together with another.
                    lock(&self.exchange).ways.disable_pipelining();
                }
                broken.into_error(timeout)
            })?;
            reply.charset = charset;
            {
                let mut exchange = lock(&self.exchange);
                exchange.received(&reply);
                exchange.has_unread = !self.lines.is_empty();
            }
            // A second 1yz, or one to a command without data, announces nothing new.
            if reply.class() != 1 || (is_data && !begun) {
                let exchange = lock(&self.exchange);
                let fit = reply_fit(&exchange.verb, reply.code);
                if fit == Fit::Foreign || (self.strict && fit == Fit::Unusual) {
                    // A data command may follow a passive one so closely that what is too many to
                    // that comes after it.
                    if self.strict || (is_data && !begun) {
                        exchange.ways.disable_pipelining();
                    }
                    return Err(foreign(&exchange.verb, &reply));
                }
                drop(exchange);
                if reply.code == 421 {
                    lock(&self.exchange).kill(farewell(&reply));
                }
                return Ok(reply);
            }
            passed.count(&reply)?;
        }
    }

    /// Takes note of the command whose reply is the next one.
    pub(in crate::ftp) fn turn_of(&self, line: &[u8]) {
        let verb = line.split(|byte| b" \r".contains(byte)).next().unwrap_or_default();
        lock(&self.exchange).verb = decode_name(verb).to_ascii_uppercase();
    }
}

/// A reply that no command asked for.
fn surplus() -> Error {
    Error::new(
        Kind::Connect,
        "the server sent a reply that no command asked for; \
         the connection is out of step and was given up",
    )
    .as_transient()
}

/// A reply that cannot be one to the command under way.
pub(in crate::ftp) fn foreign(verb: &str, reply: &Reply) -> Error {
    let text = format!(
        "{} \"{}\" is no reply to {verb}; the connection is out of step and was given up",
        reply.code,
        reply.last_text()
    );
    Error::new(Kind::Connect, text).as_transient()
}

fn closed() -> Error {
    Error::new(Kind::Connect, "the server closed the control connection").as_transient()
}

/// The 421 with which a server ends a connection, in words.
pub(in crate::ftp) fn farewell(reply: &Reply) -> Error {
    Error::new(
        Kind::Connect,
        format!("the server closed the connection: \"{}\"", reply.last_text()),
    )
    .with_reply(reply.code, reply.to_string())
    .as_transient()
}

impl Read for Control {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.canonical.is_empty() {
            self.send_at_end();
            match self.next_reply() {
                Ok(reply) => {
                    let mut exchange = lock(&self.exchange);
                    exchange.used = Instant::now();
                    self.canonical = canonical(&reply, &exchange.verb);
                    if reply.class() == 1 {
                        exchange.preliminary = Some(reply.clone());
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
            let early = lock(&self.exchange).early.pop_front();
            if let Some(early) = early {
                self.turn_of(&early.line);
            }
            return Ok(line.len());
        }
        if std::mem::take(&mut lock(&self.exchange).settle) {
            self.was_sent(b"")?;
            self.canonical = b"200 ok\r\n".to_vec();
            return Ok(line.len());
        }
        {
            // What the command before brought is no answer to this one, sent or not.
            let mut exchange = lock(&self.exchange);
            exchange.reply = None;
            exchange.preliminary = None;
        }
        // suppaftp knows no other level of protection than private.
        let sent: &[u8] =
            if self.clear_data && line == b"PROT P\r\n" { b"PROT C\r\n" } else { line };
        self.ahead = true;
        let was_sent = self.was_sent(sent)?;
        self.turn_of(sent);
        if was_sent || self.has_port_for(sent) {
            return Ok(line.len());
        }
        self.ahead = false;
        self.check_in_step()?;
        let text = sent.strip_suffix(b"\r\n").unwrap_or(sent);
        if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.strict = false;
        let (first, before, along) = {
            let mut exchange = lock(&self.exchange);
            let before = if is_data_verb(&exchange.verb) {
                std::mem::take(&mut exchange.before_data)
            } else {
                Vec::new()
            };
            let first = std::mem::take(&mut exchange.first);
            (first, before, std::mem::take(&mut exchange.along))
        };
        if is_safe_after_others(&lock(&self.exchange).verb) {
            self.send(&[first, before].concat(), sent, along)?;
        } else {
            // No reply too many to one of them shall pass for a reply to this one.
            if !first.is_empty() {
                self.send(&first, b"", Vec::new())?;
                self.turn_of(sent);
                self.check_in_step()?;
                self.strict = false;
            }
            self.send(&before, sent, along)?;
        }
        self.turn_of(sent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
