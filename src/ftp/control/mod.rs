//! The control connection: sends commands, reads whole replies and matches the two.
//!
//! `Control` owns the TLS stream, the reply reader, the queue of outstanding replies, the trace and
//! the deadlines. The session calls it directly; the commands of the data engine end in the same
//! `Control::call` through the adapter in `data/engine`. Commands whose replies cannot be confused
//! may be pipelined: `Control::queue` sends one together with the next call and buffers its reply.
//! An unexpected reply (an extra one, an impossible code, a 421) ends the connection: a reply is
//! never credited to another command.

pub(crate) mod cleartext;
pub(in crate::ftp) mod expect;
pub mod reply;
pub(crate) mod reply_reader;
mod reply_values;
pub(in crate::ftp) mod telnet;
#[cfg(test)]
pub(in crate::ftp) mod testing;
#[cfg(test)]
mod tests;
pub mod trace;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::session::quirks::ServerQuirks;
use crate::tls::Stream;
use crate::tls::socket::Wait;
use crate::tls::watch::Heard;
use expect::{Command, Fit, Pending, PreliminaryCounter};
use reply::Reply;
use reply_reader::{ReplyReader, lost_connection};
use telnet::escape_iac;
use trace::ProtocolTrace;

/// Timeout for the reply to a pipelined login command, so that a server that drops pipelined
/// commands is detected early.
const PIPELINED_LOGIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for PASS, which the server may verify on another machine.
const PIPELINED_PASS_TIMEOUT: Duration = Duration::from_secs(15);

/// How many bytes of replies are kept to recognise the server software: more than any FEAT reply.
const TRANSCRIPT_MAX: usize = 64 * 1024;

/// The state of the connection.
#[derive(Debug)]
enum Link {
    Ready,
    /// A data command was accepted; its completion reply is outstanding. `at_end` is sent at the
    /// end of the data, before that reply is read.
    Transfer {
        at_end: Option<Command>,
    },
    /// As `Transfer`, but this side has closed the data connection before its end.
    Aborted,
    /// Unusable, and why.
    Dead(Error),
}

/// When a queued command is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Position {
    /// Right before the next command; only for commands whose refusal is harmless.
    Before,
    /// Right before the next data command, for [`Control::take_prefetched`].
    BeforeTransfer,
    /// Right after the next command. A later call for it returns the buffered reply; if another
    /// command is called first, the reply is discarded.
    After,
}

/// A control connection over TLS; see the module documentation.
#[derive(Debug)]
pub(in crate::ftp) struct Control {
    stream: Stream,
    reader: ReplyReader,
    trace: ProtocolTrace,
    link: Link,
    /// Commands to be pipelined with the next one.
    queued: Vec<(Position, Command)>,
    /// Commands that were sent early, oldest first; their replies arrive in this order.
    pending: VecDeque<Pending>,
    /// A prefetched passive port whose reply was read before it was called for.
    port: Option<(Pending, Reply)>,
    pub(in crate::ftp) quirks: ServerQuirks,
    /// The command of the next reply, or of the last one read.
    current: Option<Pending>,
    /// Replies to the commands of [`Position::Before`] and [`Position::BeforeTransfer`].
    prefetched: Vec<(Command, Reply)>,
    timeout: Duration,
    /// Overrides the timeout; these waits ignore cancellation.
    reply_deadline: Option<Instant>,
    /// A login is in progress: replies to pipelined commands have shorter timeouts.
    pub(in crate::ftp) login_deadlines: bool,
    /// How the server's bytes are decoded; UTF-8 until its features are known.
    pub(in crate::ftp) charset: Charset,
    last_used: Instant,
    /// The text of replies received through TLS, until the server software is recognised.
    transcript: Option<String>,
}

/// A session's handle and the data engine's handle of one connection.
pub(in crate::ftp) type SharedControl = Arc<Mutex<Control>>;

pub(in crate::ftp) fn lock(control: &SharedControl) -> MutexGuard<'_, Control> {
    control.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    pub(in crate::ftp) fn new(
        stream: Stream,
        timeout: Duration,
        trace: ProtocolTrace,
        quirks: ServerQuirks,
    ) -> Self {
        Self {
            stream,
            reader: ReplyReader::default(),
            trace,
            link: Link::Ready,
            queued: Vec::new(),
            pending: VecDeque::new(),
            port: None,
            quirks,
            current: None,
            prefetched: Vec::new(),
            timeout,
            reply_deadline: None,
            login_deadlines: true,
            charset: Charset::default(),
            last_used: Instant::now(),
            transcript: Some(String::new()),
        }
    }

    pub(in crate::ftp) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// When the last reply arrived.
    pub(in crate::ftp) fn last_used(&self) -> Instant {
        self.last_used
    }

    /// The error that ended the connection, if it has ended.
    pub(in crate::ftp) fn failure(&self) -> Option<&Error> {
        match &self.link {
            Link::Dead(error) => Some(error),
            _ => None,
        }
    }

    /// Ends the connection with the caller's reason. The first reason is kept.
    pub(in crate::ftp) fn poison(&mut self, why: Error) {
        if self.failure().is_none() {
            self.link = Link::Dead(why);
        }
    }

    /// As [`Control::poison`]; returns the error that ended the connection.
    fn fail<T>(&mut self, why: Error) -> Result<T> {
        self.poison(why.clone());
        Err(self.failure().cloned().unwrap_or(why))
    }

    fn check_usable(&self) -> Result<()> {
        self.failure().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The text of replies so far; taken once.
    pub(in crate::ftp) fn take_transcript(&mut self) -> String {
        self.transcript.take().unwrap_or_default()
    }

    /// Whether there is unread input: a 421, the end of the connection, or a stray reply. The next
    /// command finds out which it is.
    pub(in crate::ftp) fn has_unread_input(&self) -> bool {
        if !self.pending.is_empty() {
            return false;
        }
        // The socket is non-blocking.
        let peeked = || self.stream.socket().tcp().peek(&mut [0; 1]);
        !self.reader.is_empty()
            || !peeked().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads the greeting of an implicit server; with explicit TLS it was read before.
    pub(in crate::ftp) fn read_greeting(&mut self) -> Result<Reply> {
        self.stream.socket_mut().set_wait(Wait::within(self.timeout));
        let mut skipped = PreliminaryCounter::default();
        loop {
            let reply = self.reader.read_reply(&mut self.stream);
            let reply = reply.map_err(|broken| broken.into_error(self.timeout))?;
            self.note_reply(&reply);
            // 120 announces a delay; the greeting follows.
            if reply.class() != 1 {
                return Ok(reply);
            }
            skipped.count(&reply)?;
        }
    }

    /// Sends a command and returns its reply, whatever its code. For a data command that is the
    /// preliminary reply; [`Control::receive`] then returns the completion reply.
    ///
    /// An unusual success code of a command that changes names is confirmed with PWD: the next
    /// reply must be the reply to PWD, unless this one was an extra reply.
    pub(in crate::ftp) fn call(&mut self, command: &Command) -> Result<Reply> {
        self.check_usable()?;
        let reply = self.exchange(command)?;
        let verb = command.verb();
        if expect::needs_confirmation(&verb) && expect::reply_fit(&verb, reply.code) == Fit::Unusual
        {
            let directory = self.exchange(&Command::new("PWD", "")?)?;
            if directory.code != 257 {
                return self.fail(expect::foreign_reply(&verb, &reply));
            }
        }
        Ok(reply)
    }

    /// Sends a data command without waiting: two calls of [`Control::receive`] return its
    /// preliminary and its completion reply.
    pub(in crate::ftp) fn begin(&mut self, command: &Command) -> Result<()> {
        self.check_usable()?;
        self.send(command).map(drop)
    }

    /// As [`Control::call`], for at most `bound`; ignores cancellation.
    pub(in crate::ftp) fn call_within(
        &mut self,
        command: &Command,
        bound: Duration,
    ) -> Result<Reply> {
        self.within(bound, |control| control.call(command))
    }

    /// The completion reply to a data command, or the refusal in its place.
    pub(in crate::ftp) fn receive_final(&mut self) -> Result<Reply> {
        let reply = self.receive()?;
        if reply.class() == 1 { self.receive() } else { Ok(reply) }
    }

    /// As [`Control::receive`], for at most `bound`; ignores cancellation.
    pub(in crate::ftp) fn receive_within(&mut self, bound: Duration) -> Result<Reply> {
        self.within(bound, Self::receive)
    }

    fn within<T>(&mut self, bound: Duration, act: impl FnOnce(&mut Self) -> T) -> T {
        self.set_reply_deadline(Some(bound));
        let result = act(self);
        self.set_reply_deadline(None);
        result
    }

    /// Overrides the timeout of the next replies and ignores cancellation while waiting for them.
    pub(in crate::ftp) fn set_reply_deadline(&mut self, bound: Option<Duration>) {
        self.reply_deadline = bound.map(|bound| Instant::now() + bound);
    }

    /// Queues a command to be pipelined with a later one. On a server without pipelining, a command
    /// for before the next one is called at once, and one for after it is dropped.
    pub(in crate::ftp) fn queue(&mut self, position: Position, command: Command) -> Result<()> {
        self.check_usable()?;
        let serial = self.quirks.is_serial();
        if position == Position::BeforeTransfer {
            self.prefetched.clear();
            self.queued.retain(|(queued, _)| *queued != position);
        }
        match position {
            Position::After if serial || self.is_pending(&command) => {}
            Position::Before if serial => drop(self.call(&command)?),
            Position::BeforeTransfer if serial => {
                let reply = self.call(&command)?;
                self.prefetched.push((command, reply));
            }
            _ => self.queued.push((position, command)),
        }
        Ok(())
    }

    /// Drops the queued commands of this position.
    pub(in crate::ftp) fn unqueue(&mut self, position: Position) {
        self.queued.retain(|(queued, _)| *queued != position);
    }

    /// The reply to a command that was sent right before the last data command.
    pub(in crate::ftp) fn take_prefetched(&mut self, command: &Command) -> Option<Reply> {
        let index = self.prefetched.iter().position(|(sent, _)| sent == command)?;
        Some(self.prefetched.swap_remove(index).1)
    }

    /// The reply to a prefetched passive command that was not used yet; it is read, if it is the next
    /// one to come.
    pub(in crate::ftp) fn next_port(&mut self) -> Result<Option<&Reply>> {
        self.read_pending_while(Pending::is_passive)?;
        Ok(self.port.as_ref().map(|(_, reply)| reply))
    }

    /// Whether an unused prefetched passive port is left.
    pub(in crate::ftp) fn has_port(&self) -> bool {
        self.port.is_some() || self.pending.iter().any(Pending::is_passive)
    }

    /// Prefetches the next passive port at the end of the data of the current transfer: some
    /// servers send the completion reply only after our close_notify. `None` cancels it.
    pub(in crate::ftp) fn prefetch_at_end(&mut self, command: Option<Command>) {
        if let Link::Transfer { at_end } = &mut self.link {
            *at_end = command;
        }
    }

    /// The data connection was closed before its end; the completion reply is still to come.
    pub(in crate::ftp) fn abort_transfer(&mut self) {
        if self.is_in_transfer() {
            self.link = Link::Aborted;
        }
    }

    fn is_in_transfer(&self) -> bool {
        matches!(self.link, Link::Transfer { .. } | Link::Aborted)
    }

    /// Whether [`Control::prefetch_at_end`] will send something.
    pub(in crate::ftp) fn is_prefetching_at_end(&self) -> bool {
        matches!(self.link, Link::Transfer { at_end: Some(_) })
    }

    /// Reads the outstanding replies. A passive port among them is kept for the next data command;
    /// the others are discarded.
    pub(in crate::ftp) fn drain(&mut self) -> Result<()> {
        self.prefetched.clear();
        self.read_pending()
    }

    /// Reads the next reply to the current command: for a data command the completion reply, after
    /// its preliminary reply was returned.
    ///
    /// # Errors
    ///
    /// The error that ended the connection. A 421 is returned as a reply and ends the connection.
    pub(in crate::ftp) fn receive(&mut self) -> Result<Reply> {
        self.check_usable()?;
        self.send_at_end();
        let reply = self.read_reply()?;
        if self.failure().is_none() {
            self.link = match reply.class() {
                1 if !matches!(self.link, Link::Aborted) => Link::Transfer { at_end: None },
                _ => Link::Ready,
            };
        }
        Ok(reply)
    }

    /// Reads the replies to a data command that have arrived, without waiting, and keeps them for
    /// [`Control::receive`].
    pub(in crate::ftp) fn hear(&mut self) -> Heard {
        if self.failure().is_some() {
            return Heard::Lost;
        }
        self.stream.socket_mut().set_wait(Wait::NonBlocking);
        self.reader.set_escapes_iac(self.quirks.telnet_rules().doubles);
        let lost = match self.reader.read_ahead(&mut self.stream) {
            Ok(reply) => {
                return match reply.map(Reply::class) {
                    None => Heard::Nothing,
                    Some(1) => Heard::Begun,
                    Some(2 | 3) => Heard::Completed,
                    Some(_) => Heard::Failed,
                };
            }
            Err(broken) => broken.into_error(self.timeout),
        };
        self.poison(lost);
        Heard::Lost
    }

    /// Ends the connection because no reply arrived within the timeout.
    pub(in crate::ftp) fn time_out(&mut self) {
        self.poison(lost_connection(&io::ErrorKind::TimedOut.into(), self.timeout));
    }

    /// Reads and discards input until the server closes the connection.
    pub(in crate::ftp) fn wait_for_close(&mut self, until: Instant) {
        let tcp = self.stream.socket().tcp();
        let mut scrap = [0; 512];
        let _ = tcp.set_nonblocking(false);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A timeout of zero would mean no timeout.
            if left.is_zero() || tcp.set_read_timeout(Some(left)).is_err() {
                return;
            }
            let mut reader = tcp;
            if !matches!(reader.read(&mut scrap), Ok(n) if n > 0) {
                return;
            }
        }
    }

    fn exchange(&mut self, command: &Command) -> Result<Reply> {
        let reply = match self.send(command)? {
            Some(buffered) => buffered,
            None => self.receive()?,
        };
        self.check_usable()?;
        Ok(reply)
    }

    fn read_pending(&mut self) -> Result<()> {
        self.read_pending_while(|_| true)
    }

    /// Reads outstanding replies as long as `is_read`. A passive port among them is kept.
    fn read_pending_while(&mut self, is_read: impl Fn(&Pending) -> bool) -> Result<()> {
        self.check_usable()?;
        while let Some(pending) = self.pending.pop_front_if(|pending| is_read(pending)) {
            let is_passive = pending.is_passive();
            self.current = Some(pending);
            let reply = self.read_reply()?;
            self.check_usable()?;
            if is_passive && reply.is_positive_completion() {
                self.port = self.current.take().map(|pending| (pending, reply));
            }
        }
        Ok(())
    }

    fn is_pending(&self, command: &Command) -> bool {
        self.pending.iter().any(|pending| pending.command == *command)
    }

    /// Makes `command` the current one. If it was sent early and its passive port was already read,
    /// returns that reply; otherwise sends it now, together with the queued commands.
    fn send(&mut self, command: &Command) -> Result<Option<Reply>> {
        if self.is_in_transfer() {
            // Its completion reply (226, or 250 as for DELE) would pass for the reply to this.
            let verb = command.verb();
            let text = format!("{verb} during a transfer; the connection was given up");
            return self.fail(Error::new(Kind::Other, text));
        }
        if self.is_pending(command) {
            // A port that was asked for in between is for later.
            self.read_pending_while(|before| before.is_passive() && before.command != *command)?;
        }
        if self.pending.front().is_some_and(|pending| pending.matches(command)) {
            self.current = self.pending.pop_front();
            return Ok(None);
        }
        self.read_pending()?;
        if let Some(reply) = self.take_port(command) {
            return Ok(Some(reply));
        }
        self.check_in_step()?;
        let verb = command.verb();
        let is_data = expect::is_data_verb(&verb);
        let mut first = self.take_queued(Position::Before);
        let before_transfer =
            if is_data { self.take_queued(Position::BeforeTransfer) } else { Vec::new() };
        let after = self.take_queued(Position::After);
        if !first.is_empty() && !expect::is_safe_after_others(&verb) {
            // A duplicate reply to one of them must not be taken for a reply to this command.
            self.send_flight(std::mem::take(&mut first), None, Vec::new())?;
            self.check_in_step()?;
        }
        first.extend(before_transfer);
        self.send_flight(first, Some(command), after)?;
        Ok(None)
    }

    fn take_queued(&mut self, position: Position) -> Vec<Command> {
        self.queued.extract_if(.., |(queued, _)| *queued == position).map(|(_, c)| c).collect()
    }

    /// The buffered reply to a passive command, if `command` is the same one.
    fn take_port(&mut self, command: &Command) -> Option<Reply> {
        let (pending, reply) = self.port.take()?;
        if pending.matches(command) {
            self.current = Some(pending);
            return Some(reply);
        }
        // Another data connection mode, or the port is too old.
        if !expect::needs_port(&command.verb()) {
            self.port = Some((pending, reply));
        }
        None
    }

    /// Fails if there is input before the next command: the connection is out of step.
    fn check_in_step(&mut self) -> Result<()> {
        let mut byte = [0; 1];
        self.stream.socket_mut().set_wait(Wait::NonBlocking);
        let why = match self.stream.read(&mut byte) {
            Ok(0) => closed_connection(),
            Ok(_) => {
                self.reader.push_byte(byte[0]);
                self.unexpected_input()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.reader.is_empty() {
                    return Ok(());
                }
                self.unexpected_input()
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => expect::unexpected_reply(),
            // A reset connection reports nothing more; an alert does.
            Err(error) => match lost_connection(&error, Duration::ZERO) {
                alert if alert.kind() == Kind::Tls => alert,
                _ => closed_connection(),
            },
        };
        self.fail(why)
    }

    /// The TLS alert that the server sent, if one arrives while nothing else is expected: with TLS
    /// 1.3 the refusal of a client certificate, or of none, comes after the handshake.
    fn read_alert(&mut self, wait: Wait) -> Option<Error> {
        self.stream.socket_mut().set_wait(wait);
        let mut byte = [0; 1];
        match self.stream.read(&mut byte) {
            Ok(0) => None,
            Ok(_) => {
                self.reader.push_byte(byte[0]);
                None
            }
            Err(error) => {
                let alert = lost_connection(&error, Duration::ZERO);
                (alert.kind() == Kind::Tls).then_some(alert)
            }
        }
    }

    /// Waits for a TLS alert, which ends the connection: see [`Control::read_alert`].
    pub(in crate::ftp) fn await_alert(&mut self, wait: Duration) -> Option<Error> {
        if self.failure().is_none()
            && let Some(alert) = self.read_alert(Wait::within(wait))
        {
            self.poison(alert);
        }
        self.failure().filter(|failure| failure.kind() == Kind::Tls).cloned()
    }

    /// The error for unexpected input: a 421 with its reason, or an extra reply.
    fn unexpected_input(&mut self) -> Error {
        match self.reader.read_reply(&mut self.stream) {
            Ok(reply) if reply.code == 421 => expect::farewell_error(&reply),
            _ => expect::unexpected_reply(),
        }
    }

    /// Sends commands in one flight, each in a TLS record of its own, for servers that take the
    /// result of one read for one command; then reads the replies to `before`.
    fn send_flight(
        &mut self,
        before: Vec<Command>,
        command: Option<&Command>,
        after: Vec<Command>,
    ) -> Result<()> {
        let count = before.len();
        let pipelined = count > 0 || !after.is_empty();
        self.stream.socket_mut().set_wait(Wait::within(self.timeout));
        let written = self.write_flight(before, command, after);
        if let Err(error) = written {
            let why = lost_connection(&error, self.timeout);
            let why = self.read_alert(Wait::NonBlocking).unwrap_or(why);
            return self.fail(why);
        }
        for _ in 0..count {
            self.current = self.pending.pop_front().map(|sent| Pending { early: false, ..sent });
            let reply = self.read_reply()?;
            if let Some(current) = &self.current {
                self.prefetched.push((current.command.clone(), reply));
            }
        }
        self.current = command.map(|command| Pending::new(command.clone(), pipelined, false));
        Ok(())
    }

    fn write_flight(
        &mut self,
        before: Vec<Command>,
        command: Option<&Command>,
        after: Vec<Command>,
    ) -> io::Result<()> {
        self.write_early(before)?;
        if let Some(command) = command {
            self.write_line(command)?;
        }
        self.write_early(after)?;
        self.stream.flush()
    }

    fn write_early(&mut self, commands: Vec<Command>) -> io::Result<()> {
        for command in commands {
            self.write_line(&command)?;
            self.pending.push_back(Pending::new(command, true, true));
        }
        Ok(())
    }

    fn write_line(&mut self, command: &Command) -> io::Result<()> {
        self.trace.command_sent(&self.charset.decode(command.as_bytes()));
        let mut line = match self.quirks.telnet_rules().undoes {
            true => escape_iac(command.as_bytes()),
            false => command.as_bytes().to_vec(),
        };
        line.extend_from_slice(b"\r\n");
        self.stream.write_all(&line)
    }

    /// At the end of the data: sends the prefetches without waiting for the completion reply.
    fn send_at_end(&mut self) {
        let Link::Transfer { at_end } = &mut self.link else { return };
        if let Some(command) = at_end.take() {
            self.stream.socket_mut().set_wait(Wait::within(self.timeout));
            // A lost connection is reported when the reply is read, if not before.
            let _ = self.write_early(vec![command]).and_then(|()| self.stream.flush());
        }
    }

    /// The timeout for the reply to the current command.
    fn reply_timeout(&self) -> Duration {
        if let Some(deadline) = self.reply_deadline {
            return deadline.saturating_duration_since(Instant::now());
        }
        match &self.current {
            Some(current) if current.early && self.login_deadlines => {
                self.timeout.min(match current.verb.as_str() {
                    "PASS" => PIPELINED_PASS_TIMEOUT,
                    _ => PIPELINED_LOGIN_TIMEOUT,
                })
            }
            _ => self.timeout,
        }
    }

    fn note_reply(&mut self, reply: &Reply) {
        self.trace.reply_received(reply);
        let transcript = self.transcript.as_mut();
        if let Some(words) = transcript.filter(|words| words.len() < TRANSCRIPT_MAX) {
            words.push_str(&reply.to_string());
            words.push('\n');
        }
    }

    /// Reads the reply to the current command; a failure ends the connection.
    fn read_reply(&mut self) -> Result<Reply> {
        self.read_fitting_reply().or_else(|error| self.fail(error))
    }

    fn read_fitting_reply(&mut self) -> Result<Reply> {
        let timeout = self.reply_timeout();
        self.stream.socket_mut().set_wait(match self.reply_deadline {
            Some(deadline) => Wait::DeadlineUncancellable(deadline),
            None => Wait::within(timeout),
        });
        self.reader.set_escapes_iac(self.quirks.telnet_rules().doubles);
        let (verb, pipelined) = match &self.current {
            Some(current) => (current.verb.clone(), current.pipelined),
            None => (String::new(), false),
        };
        // Also if the next port was prefetched at the end of the data.
        let pipelined = pipelined || !self.pending.is_empty();
        let begins_data = expect::is_data_verb(&verb) && !self.is_in_transfer();
        let is_aborted = matches!(self.link, Link::Aborted);
        let mut skipped = PreliminaryCounter::default();
        loop {
            let mut reply = self.reader.read_reply(&mut self.stream).map_err(|broken| {
                if pipelined && broken.is_timeout() {
                    // The server may have dropped a command that arrived together with another.
                    self.quirks.disable_pipelining();
                }
                broken.into_error(timeout)
            })?;
            reply.charset = self.charset;
            self.note_reply(&reply);
            // A second 1yz, or one to a command without data, carries no information.
            if reply.class() == 1
                && !begins_data
                && !(is_aborted && expect::completes_aborted_download(&reply))
            {
                skipped.count(&reply)?;
                continue;
            }
            let fit = expect::reply_fit(&verb, reply.code);
            if fit == Fit::Foreign || (pipelined && fit == Fit::Unusual) {
                // A data command is sent so soon after a passive one that an extra reply to the
                // latter may arrive after it.
                if pipelined || begins_data {
                    self.quirks.disable_pipelining();
                }
                return Err(expect::foreign_reply(&verb, &reply));
            }
            if reply.code == 421 {
                self.poison(match verb.as_str() {
                    "USER" | "PASS" | "ACCT" => expect::login_farewell_error(&reply),
                    _ => expect::farewell_error(&reply),
                });
            }
            self.last_used = Instant::now();
            return Ok(reply);
        }
    }
}

fn closed_connection() -> Error {
    Error::new(Kind::Connect, "the server closed the control connection").as_transient()
}
