//! The control connection: commands out, whole replies in, and which reply belongs to which command.
//!
//! `Control` owns the TLS stream, the reply reader, the queue of replies that are still to come, the
//! trace and the deadlines. The session calls it directly; the commands of the data engine end in
//! the same `Control::call` through the adapter in `data/engine`. Commands whose replies cannot
//! be taken for each other's may be pipelined: `Control::queue` sends one together with the next
//! call, and its reply is buffered by order. A surprise (a reply too many, one with a code that its
//! command cannot have, a 421) ends the connection: a reply is never credited to another command.

pub mod cleartext;
pub(in crate::ftp) mod expect;
pub mod reply;
pub(crate) mod reply_reader;
mod reply_values;
pub(in crate::ftp) mod telnet;
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
use expect::{Command, Fit, Pending, PreliminaryCounter};
use reply::Reply;
use reply_reader::{ReplyReader, lost_connection};
use telnet::escape_iac;
use trace::ProtocolTrace;

/// How long the reply to a pipelined command may take at a login, so that a server that drops
/// pipelined commands is detected early.
const PIPELINED_LOGIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for PASS, which may be checked on another machine.
const PIPELINED_PASS_TIMEOUT: Duration = Duration::from_secs(15);

/// How many bytes of replies are kept to recognise the server software: more than any FEAT has.
const TRANSCRIPT_MAX: usize = 64 * 1024;

/// What the connection is used for.
#[derive(Debug)]
enum Link {
    Ready,
    /// A data command was accepted; its completion reply is still to come. `at_end` is sent when
    /// the data has ended, before that reply is read.
    Transfer {
        at_end: Option<Command>,
    },
    /// Of no use any more, and why.
    Dead(Error),
}

/// When a queued command is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Position {
    /// Right before the next command; only for commands whose refusal does no harm.
    Before,
    /// Right before the next data command, for [`Control::take_prefetched`].
    BeforeTransfer,
    /// Right behind the next command. A later call for it returns the buffered reply; if another
    /// command is called first, the reply is discarded.
    After,
}

/// A control connection behind TLS. See the module's text.
#[derive(Debug)]
pub(in crate::ftp) struct Control {
    stream: Stream,
    reader: ReplyReader,
    trace: ProtocolTrace,
    link: Link,
    /// Commands to be pipelined with the next one.
    queued: Vec<(Position, Command)>,
    /// Commands that were sent early, the oldest first; their replies come in this order.
    pending: VecDeque<Pending>,
    /// A prefetched passive port that was read before it was called for.
    port: Option<(Pending, Reply)>,
    pub(in crate::ftp) quirks: ServerQuirks,
    /// The command whose reply is the next one, or was the last one.
    current: Option<Pending>,
    /// Replies to the commands of [`Position::Before`] and [`Position::BeforeTransfer`].
    prefetched: Vec<(Command, Reply)>,
    timeout: Duration,
    /// Overrides the timeout; these waits ignore cancellation.
    reply_deadline: Option<Instant>,
    /// A login is under way: replies to pipelined commands have less time.
    pub(in crate::ftp) login_deadlines: bool,
    /// How the server's bytes are decoded; UTF-8 until its features are known.
    pub(in crate::ftp) charset: Charset,
    last_used: Instant,
    /// What the server said through TLS, until it was recognised.
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

    /// When the last reply came.
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

    /// Ends the connection for the caller's reason. The first reason stays.
    pub(in crate::ftp) fn poison(&mut self, why: Error) {
        if self.failure().is_none() {
            self.link = Link::Dead(why);
        }
    }

    /// As [`Control::poison`]; the error that ended the connection.
    fn fail<T>(&mut self, why: Error) -> Result<T> {
        self.poison(why.clone());
        Err(self.failure().cloned().unwrap_or(why))
    }

    fn check_usable(&self) -> Result<()> {
        self.failure().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// What the server said so far, taken once.
    pub(in crate::ftp) fn take_transcript(&mut self) -> String {
        self.transcript.take().unwrap_or_default()
    }

    /// Whether there is unread input: a 421, the end of the connection, or a stray reply. The next
    /// command finds out which.
    pub(in crate::ftp) fn has_unread_input(&self) -> bool {
        if !self.pending.is_empty() {
            return false;
        }
        // The socket does not block.
        let peeked = || self.stream.socket().tcp().peek(&mut [0; 1]);
        !self.reader.is_empty()
            || !peeked().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads the greeting of an implicit server; with explicit TLS it came before.
    pub(in crate::ftp) fn read_greeting(&mut self) -> Result<Reply> {
        self.stream.socket_mut().set_wait(Wait::within(self.timeout));
        let mut skipped = PreliminaryCounter::default();
        loop {
            let reply = self.reader.read_reply(&mut self.stream);
            let reply = reply.map_err(|broken| broken.into_error(self.timeout))?;
            self.note_reply(&reply);
            // 120 announces a wait; the greeting follows.
            if reply.class() != 1 {
                return Ok(reply);
            }
            skipped.count(&reply)?;
        }
    }

    /// Sends a command and returns its reply, whatever it says. For a data command that is the
    /// preliminary reply; [`Control::receive`] then returns the completion reply.
    ///
    /// A success with an unusual code is confirmed by a PWD where the command changes names: its
    /// reply is the next one, unless this one was a reply too many.
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

    /// As [`Control::call`], for at most `bound`, and not ended by a cancel.
    pub(in crate::ftp) fn call_within(
        &mut self,
        command: &Command,
        bound: Duration,
    ) -> Result<Reply> {
        self.within(bound, |control| control.call(command))
    }

    /// As [`Control::receive`], for at most `bound`, and not ended by a cancel.
    pub(in crate::ftp) fn receive_within(&mut self, bound: Duration) -> Result<Reply> {
        self.within(bound, Self::receive)
    }

    fn within<T>(&mut self, bound: Duration, act: impl FnOnce(&mut Self) -> T) -> T {
        self.set_reply_deadline(Some(bound));
        let result = act(self);
        self.set_reply_deadline(None);
        result
    }

    /// Bounds the replies that follow, whatever the timeout and a cancel say.
    pub(in crate::ftp) fn set_reply_deadline(&mut self, bound: Option<Duration>) {
        self.reply_deadline = bound.map(|bound| Instant::now() + bound);
    }

    /// Queues a command that is pipelined with a later one. On a server without pipelining one that
    /// would go first is called at once, and one that would go behind is left out.
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

    /// The reply to a command that went out before the last data command.
    pub(in crate::ftp) fn take_prefetched(&mut self, command: &Command) -> Option<Reply> {
        let index = self.prefetched.iter().position(|(sent, _)| sent == command)?;
        Some(self.prefetched.swap_remove(index).1)
    }

    /// Whether a passive port was prefetched and not used.
    pub(in crate::ftp) fn has_port(&self) -> bool {
        self.port.is_some() || self.pending.iter().any(Pending::is_passive)
    }

    /// Prefetches the next passive port when the data of the transfer under way has ended: some
    /// servers send the completion reply only after our close_notify. `None` revokes it.
    pub(in crate::ftp) fn prefetch_at_end(&mut self, command: Option<Command>) {
        if let Link::Transfer { at_end } = &mut self.link {
            *at_end = command;
        }
    }

    /// Whether [`Control::prefetch_at_end`] will send something.
    pub(in crate::ftp) fn is_prefetching_at_end(&self) -> bool {
        matches!(self.link, Link::Transfer { at_end: Some(_) })
    }

    /// Reads the replies that are still to come. A passive port among them is kept for the next
    /// data command; the others are discarded.
    pub(in crate::ftp) fn drain(&mut self) -> Result<()> {
        self.prefetched.clear();
        self.read_pending()
    }

    /// The next reply to the current command: for a data command the completion reply, once its
    /// preliminary reply was returned.
    ///
    /// # Errors
    ///
    /// The connection's failure. A 421 is returned as a reply, and the connection has failed.
    pub(in crate::ftp) fn receive(&mut self) -> Result<Reply> {
        self.check_usable()?;
        self.send_at_end();
        let reply = self.read_reply()?;
        if self.failure().is_none() {
            self.link = match reply.class() {
                1 => Link::Transfer { at_end: None },
                _ => Link::Ready,
            };
        }
        Ok(reply)
    }

    /// Reads and discards what comes until the server closes the connection.
    pub(in crate::ftp) fn wait_for_close(&mut self, until: Instant) {
        let tcp = self.stream.socket().tcp();
        let mut scrap = [0; 512];
        let _ = tcp.set_nonblocking(false);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A timeout of zero would mean none.
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
        self.check_usable()?;
        while let Some(pending) = self.pending.pop_front() {
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

    /// Makes `command` the current one: it was sent early, its passive port is at hand (returned), or
    /// it is sent now together with what is queued.
    fn send(&mut self, command: &Command) -> Result<Option<Reply>> {
        if matches!(self.link, Link::Transfer { .. }) {
            // Its completion reply (226, or 250 as for DELE) would be taken for the reply to this.
            let verb = command.verb();
            let text = format!("{verb} during a transfer; the connection was given up");
            return self.fail(Error::new(Kind::Other, text));
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
            // A duplicate reply to one of them must not be taken for a reply to this one.
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

    /// The reply to a passive command that was read before, if `command` is the same one.
    fn take_port(&mut self, command: &Command) -> Option<Reply> {
        let (pending, reply) = self.port.take()?;
        if pending.matches(command) {
            self.current = Some(pending);
            return Some(reply);
        }
        // Another way to make data connections, or a port that is too old.
        if !expect::needs_port(&command.verb()) {
            self.port = Some((pending, reply));
        }
        None
    }

    /// Fails if anything has arrived since the last reply: the connection is out of step.
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
            Err(error) if error.kind() == io::ErrorKind::TimedOut => expect::surplus_reply(),
            // What is left of a connection that was reset says nothing; an alert does.
            Err(error) => match lost_connection(&error, Duration::ZERO) {
                alert if alert.kind() == Kind::Tls => alert,
                _ => closed_connection(),
            },
        };
        self.fail(why)
    }

    /// Something came that no command asked for: a farewell (421) says why, and anything else is
    /// a reply too many.
    fn unexpected_input(&mut self) -> Error {
        match self.reader.read_reply(&mut self.stream) {
            Ok(reply) if reply.code == 421 => expect::farewell_error(&reply),
            _ => expect::surplus_reply(),
        }
    }

    /// Sends commands in one flight, each in a TLS record of its own, so that a server that takes what
    /// one read brings for one command sees them one by one; and reads the replies to those before.
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
        written.or_else(|error| self.fail(lost_connection(&error, self.timeout)))?;
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

    /// The data has ended: what is prefetched at its end need not wait for the completion reply.
    fn send_at_end(&mut self) {
        let Link::Transfer { at_end } = &mut self.link else { return };
        if let Some(command) = at_end.take() {
            self.stream.socket_mut().set_wait(Wait::within(self.timeout));
            // A connection that is lost shows when the reply is read, if it is not there already.
            let _ = self.write_early(vec![command]).and_then(|()| self.stream.flush());
        }
    }

    /// How long the reply to the current command may take.
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
        // Also when the next port was prefetched at the end of the data.
        let pipelined = pipelined || !self.pending.is_empty();
        let begins_data =
            expect::is_data_verb(&verb) && !matches!(self.link, Link::Transfer { .. });
        let mut skipped = PreliminaryCounter::default();
        loop {
            let mut reply = self.reader.read_reply(&mut self.stream).map_err(|broken| {
                if pipelined && broken.is_timeout() {
                    // It may have dropped a command that came together with another.
                    self.quirks.disable_pipelining();
                }
                broken.into_error(timeout)
            })?;
            reply.charset = self.charset;
            self.note_reply(&reply);
            // A second 1yz, or one to a command without data, announces nothing new.
            if reply.class() == 1 && !begins_data {
                skipped.count(&reply)?;
                continue;
            }
            let fit = expect::reply_fit(&verb, reply.code);
            if fit == Fit::Foreign || (pipelined && fit == Fit::Unusual) {
                // A data command follows a passive one so closely that what is too many to that
                // may come behind it.
                if pipelined || begins_data {
                    self.quirks.disable_pipelining();
                }
                return Err(expect::foreign_reply(&verb, &reply));
            }
            if reply.code == 421 {
                self.poison(expect::farewell_error(&reply));
            }
            self.last_used = Instant::now();
            return Ok(reply);
        }
    }
}

fn closed_connection() -> Error {
    Error::new(Kind::Connect, "the server closed the control connection").as_transient()
}
