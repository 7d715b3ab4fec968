//! The control connection: whole replies read by us, one at a time, and handed to suppaftp in a
//! form that it cannot misread.
//!
//! suppaftp reads replies with rules of its own (any `ddd ` line ends a multi-line reply, text
//! must be UTF-8, surplus replies answer the next command). [`Control`] is the stream that it
//! reads from and writes to: each write is one command, each read yields one canonical line made
//! from one whole reply, and what the server really said lies in the exchange beside it.
//! Whatever goes wrong here kills the connection; a reply is never credited to another command.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::canonical::{answers, canonical, is_data_verb, needs_port};
use super::exchange::{Early, Shared, lock};
use super::lines::{Lines, lost};
use super::path::{decode_name, encode_name};
use super::reply::Reply;
use super::telnet::{doubled, undoubled};
use crate::error::{Error, Kind, Result};
use crate::tls::Stream;
use crate::tls::socket::Patience;

/// The control connection's stream, as suppaftp sees it.
#[derive(Debug)]
pub(super) struct Control {
    stream: Stream,
    lines: Lines,
    /// The canonical form of a reply, as far as suppaftp has not read it.
    canonical: Vec<u8>,
    exchange: Shared,
    clear_data: bool,
    /// Several commands are under way at once: each reply must be one that its command can have.
    strict: bool,
}

impl Control {
    pub(super) fn new(stream: Stream, exchange: Shared, clear_data: bool) -> Self {
        let (lines, canonical) = (Lines::default(), Vec::new());
        Self { stream, lines, canonical, exchange, clear_data, strict: false }
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
            lock(&self.exchange).received(&reply);
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
                self.lines.push(byte[0]);
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
            _ => surplus(),
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
        let doubles = lock(&self.exchange).ways.telnet().doubles;
        self.lines.set_doubles(doubles);
        loop {
            let mut reply = self.lines.reply(&mut self.stream).map_err(|broken| {
                if self.strict && broken.is_silence() {
                    // It may have lost a command that came together with another.
                    lock(&self.exchange).ways.slow_down();
                }
                broken.into_error(timeout)
            })?;
            reply.charset = charset;
            lock(&self.exchange).received(&reply);
            // A second 1yz, or one to a command without data, announces nothing new.
            if reply.class() != 1 || (is_data && !begun) {
                if self.strict && !answers(&lock(&self.exchange).verb, reply.code) {
                    lock(&self.exchange).ways.slow_down();
                    return Err(surplus());
                }
                if reply.code == 421 {
                    lock(&self.exchange).kill(farewell(&reply));
                }
                return Ok(reply);
            }
        }
    }

    /// Takes note of the command whose reply is the next one.
    fn turn_of(&self, line: &[u8]) {
        let verb = line.split(|byte| b" \r".contains(byte)).next().unwrap_or_default();
        lock(&self.exchange).verb = decode_name(verb).to_ascii_uppercase();
    }

    /// Whether `line` was sent already, and its reply is the next one. If another command comes in
    /// its place, the replies to all that was sent before its turn are read first, and dropped.
    fn was_sent(&mut self, line: &[u8]) -> io::Result<bool> {
        let mut early = std::mem::take(&mut lock(&self.exchange).early);
        if early.front().is_some_and(|early| early.stands_for(line)) {
            early.pop_front();
            lock(&self.exchange).early = early;
            return Ok(true);
        }
        for early in early {
            self.turn_of(&early.line);
            match self.next_reply() {
                Ok(reply) if early.is_passive() && reply.is_positive_completion() => {
                    lock(&self.exchange).port = Some((early, reply));
                }
                Ok(_) => {}
                Err(error) => {
                    lock(&self.exchange).kill(error);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
        Ok(false)
    }

    /// Whether `line` asks for a passive port, and one is at hand: its reply is then handed over.
    fn has_port_for(&mut self, line: &[u8]) -> bool {
        let mut exchange = lock(&self.exchange);
        match exchange.port.take() {
            Some((early, reply)) if early.stands_for(line) => {
                self.canonical = canonical(&reply, "");
                exchange.reply = Some(reply);
                true
            }
            // Another way to make data connections, or a port that is too old.
            Some(_) if needs_port(&exchange.verb) => false,
            port => {
                exchange.port = port;
                false
            }
        }
    }

    /// Reads the replies to what went out before a data command.
    fn hear_before_data(&mut self, before: Vec<String>) -> io::Result<()> {
        for command in before {
            self.turn_of(command.as_bytes());
            lock(&self.exchange).early.pop_front();
            match self.next_reply() {
                Ok(reply) => lock(&self.exchange).told.push((command, reply)),
                Err(error) => {
                    lock(&self.exchange).kill(error);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
        Ok(())
    }

    /// Sends commands before their turn. Each is a TLS record of its own, so that a server that
    /// takes what one read brings for one command sees them one by one.
    fn send_early(&mut self, commands: Vec<String>) -> io::Result<()> {
        for command in commands {
            let line = line_of(&command);
            {
                let mut exchange = lock(&self.exchange);
                let shown = exchange.charset.decode(&encode_name(&command));
                exchange.dialogue.sent(&shown);
                exchange.early.push_back(Early { line: line.clone(), sent: Instant::now() });
            }
            self.strict = true;
            self.write_line(&line)?;
        }
        Ok(())
    }

    /// Sends a command with those that go out together with it.
    fn send(&mut self, before: &[String], line: &[u8], along: Vec<String>) -> io::Result<()> {
        self.send_early(before.to_vec())?;
        {
            let exchange = lock(&self.exchange);
            let line = undoubled(line.strip_suffix(b"\r\n").unwrap_or(line));
            let shown = exchange.charset.decode(&line);
            exchange.dialogue.sent(&shown);
        }
        self.write_line(line)?;
        self.send_early(along)?;
        self.stream.flush()
    }

    /// Writes a line in which 0xFF is doubled, as the server takes it.
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if lock(&self.exchange).ways.telnet().undoes {
            return self.stream.write_all(line);
        }
        self.stream.write_all(&undoubled(line))
    }

    /// The data has come to its end: what is to be asked next need not wait for the completion
    /// reply, which some servers send only when they have seen our close_notify.
    fn send_at_end(&mut self) {
        let (command, timeout) = {
            let mut exchange = lock(&self.exchange);
            if exchange.preliminary.is_none() {
                return;
            }
            (exchange.at_end.take(), exchange.timeout)
        };
        if let Some(command) = command {
            self.stream.socket_mut().set_patience(Patience::within(timeout));
            // A connection that is lost shows when the reply is read, if it is not there already.
            let _ = self.send_early(vec![command.to_owned()]).and_then(|()| self.stream.flush());
        }
    }
}

/// A command as suppaftp writes it: 0xFF is doubled.
fn line_of(command: &str) -> Vec<u8> {
    let mut line = doubled(&encode_name(command));
    line.extend_from_slice(b"\r\n");
    line
}

fn surplus() -> Error {
    Error::new(
        Kind::Connect,
        "the server sent a reply that no command asked for; \
         the connection is out of step and was given up",
    )
    .transient()
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
        {
            // What the command before brought is no answer to this one, sent or not.
            let mut exchange = lock(&self.exchange);
            exchange.reply = None;
            exchange.preliminary = None;
        }
        // suppaftp knows no other level of protection than private.
        let sent: &[u8] =
            if self.clear_data && line == b"PROT P\r\n" { b"PROT C\r\n" } else { line };
        let was_sent = self.was_sent(sent)?;
        self.turn_of(sent);
        if was_sent || self.has_port_for(sent) {
            return Ok(line.len());
        }
        self.check_in_step()?;
        let text = sent.strip_suffix(b"\r\n").unwrap_or(sent);
        if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.strict = false;
        let (before, along, timeout) = {
            let mut exchange = lock(&self.exchange);
            let is_data = is_data_verb(&exchange.verb);
            let before =
                if is_data { std::mem::take(&mut exchange.before_data) } else { Vec::new() };
            (before, std::mem::take(&mut exchange.along), exchange.timeout)
        };
        self.stream.socket_mut().set_patience(Patience::within(timeout));
        self.send(&before, sent, along).map_err(|error| {
            lock(&self.exchange).kill(lost(&error, timeout));
            io::Error::from(io::ErrorKind::ConnectionAborted)
        })?;
        if !before.is_empty() {
            self.hear_before_data(before)?;
            self.turn_of(sent);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
