//! The control connection, second part: commands that go out before their turn, together with
//! others, and their replies when the turn comes.
//!
//! Which commands those may be is decided above, in `ahead`; here they are written, and no reply is
//! handed over for another command than the one that it answers.

use std::io::{self, Write};
use std::time::Instant;

use super::Control;
use super::exchange::{Early, lock};
use super::expect::{canonical, needs_port};
use super::reply_reader::lost_connection;
use super::telnet::{escape_iac, unescape_iac};
use crate::ftp::path::encode_name;
use crate::tls::Wait;

impl Control {
    /// Whether `line` was sent already, and its reply is the next one. If another command comes in
    /// its place, the replies to all that was sent before its turn are read first, and dropped.
    pub(in crate::ftp) fn was_sent(&mut self, line: &[u8]) -> io::Result<bool> {
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
    pub(in crate::ftp) fn has_port_for(&mut self, line: &[u8]) -> bool {
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

    /// Reads the replies to what went out before a command.
    fn hear_before(&mut self, before: &[String]) -> io::Result<()> {
        for command in before {
            self.turn_of(command.as_bytes());
            lock(&self.exchange).early.pop_front();
            match self.next_reply() {
                Ok(reply) => lock(&self.exchange).told.push((command.clone(), reply)),
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
                exchange.dialogue.command_sent(&shown);
                exchange.early.push_back(Early { line: line.clone(), sent: Instant::now() });
            }
            self.strict = true;
            self.write_line(&line)?;
        }
        Ok(())
    }

    /// Writes a line in which 0xFF is doubled, as the server takes it.
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if lock(&self.exchange).ways.telnet_rules().undoes {
            return self.stream.write_all(line);
        }
        self.stream.write_all(&unescape_iac(line))
    }

    /// Sends a command, if there is one, with those that go out together with it, and reads the
    /// replies to those before it.
    pub(in crate::ftp) fn send(
        &mut self,
        before: &[String],
        line: &[u8],
        along: Vec<String>,
    ) -> io::Result<()> {
        let timeout = lock(&self.exchange).timeout;
        self.stream.socket_mut().set_wait(Wait::within(timeout));
        self.write_together(before, line, along).map_err(|error| {
            lock(&self.exchange).kill(lost_connection(&error, timeout));
            io::Error::from(io::ErrorKind::ConnectionAborted)
        })?;
        self.hear_before(before)
    }

    fn write_together(
        &mut self,
        before: &[String],
        line: &[u8],
        along: Vec<String>,
    ) -> io::Result<()> {
        self.send_early(before.to_vec())?;
        if let Some(command) = line.strip_suffix(b"\r\n") {
            let exchange = lock(&self.exchange);
            let shown = exchange.charset.decode(&unescape_iac(command));
            exchange.dialogue.command_sent(&shown);
        }
        self.write_line(line)?;
        self.send_early(along)?;
        self.stream.flush()
    }

    /// The data has come to its end: what is to be asked next need not wait for the completion
    /// reply, which some servers send only when they have seen our close_notify.
    pub(in crate::ftp) fn send_at_end(&mut self) {
        let (command, timeout) = {
            let mut exchange = lock(&self.exchange);
            if exchange.preliminary.is_none() {
                return;
            }
            (exchange.at_end.take(), exchange.timeout)
        };
        if let Some(command) = command {
            self.stream.socket_mut().set_wait(Wait::within(timeout));
            // A connection that is lost shows when the reply is read, if it is not there already.
            let _ = self.send_early(vec![command.to_owned()]).and_then(|()| self.stream.flush());
        }
    }
}

/// A command as suppaftp writes it: 0xFF is doubled.
fn line_of(command: &str) -> Vec<u8> {
    let mut line = escape_iac(&encode_name(command));
    line.extend_from_slice(b"\r\n");
    line
}
