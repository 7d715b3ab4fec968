//! What goes to and fro on a control connection, shared between the stream below suppaftp and the
//! session above it.
//!
//! The session says here what it is about to ask, the stream what came of it. Nothing here reads
//! or writes anything.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::reply::Reply;
use super::trace::ProtocolTrace;
use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::session::quirks::ServerQuirks;

/// How long a passive port is good for: servers do not keep it open for ever.
const FRESH: Duration = Duration::from_secs(10);

/// How many preliminary replies (1yz) are passed over before the reply that is waited for.
const PRELIMINARY_MAX: usize = 64;

/// How many bytes of what a server says are kept to know its program by: more than any FEAT has.
const WORDS_MAX: usize = 64 * 1024;

/// A command that was sent before its turn.
#[derive(Debug)]
pub(in crate::ftp) struct Early {
    /// The whole line, with its end.
    pub line: Vec<u8>,
    /// When it was sent.
    pub sent: Instant,
}

impl Early {
    /// Whether it is `line`, and its reply will still be true.
    pub(in crate::ftp) fn stands_for(&self, line: &[u8]) -> bool {
        self.line == line && (!self.is_passive() || self.sent.elapsed() < FRESH)
    }

    /// Whether it asks for a passive port.
    pub(in crate::ftp) fn is_passive(&self) -> bool {
        self.line.starts_with(b"EPSV") || self.line.starts_with(b"PASV")
    }
}

/// What the last command brought, shared between the stream below suppaftp and the session
/// above it.
#[derive(Debug)]
pub(in crate::ftp) struct Exchange {
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
    /// Nothing is sent next: the replies to what was sent before its turn are read instead.
    pub settle: bool,
    /// Commands that go out together with the next one, behind it: their replies are then on
    /// the way before they are asked for, and a round trip is saved on each.
    pub along: Vec<String>,
    /// Commands that go out together with the next one, before it.
    pub first: Vec<String>,
    /// Commands that go out together with the next data command, before it.
    pub before_data: Vec<String>,
    /// The replies that [`Exchange::first`] and [`Exchange::before_data`] brought.
    pub told: Vec<(String, Reply)>,
    /// A login is under way: replies to commands that were sent before their turn do not have the
    /// whole time, so that a server that has lost them is found out soon.
    pub hurried: bool,
    /// The passive command that goes out when the data of the download or listing under way has
    /// come to its end, before the completion reply is read.
    pub at_end: Option<&'static str>,
    /// Commands that were sent before their turn, the oldest first. Their replies are still to
    /// come, in this order.
    pub early: VecDeque<Early>,
    /// A passive port that another command came before: it is good for the next data command.
    pub port: Option<(Early, Reply)>,
    /// Whether something came with the last reply that no command asked for.
    pub has_unread: bool,
    /// When the connection was last used.
    pub used: Instant,
    /// What the server's bytes mean; UTF-8 until its features are known.
    pub charset: Charset,
    /// Slowed down when the server does not keep up with commands that come together.
    pub ways: ServerQuirks,
    /// Who wants to see the dialogue.
    pub dialogue: ProtocolTrace,
    /// What the server said so far through TLS, until it is known by its words.
    pub words: Option<String>,
}

pub(in crate::ftp) type Shared = Arc<Mutex<Exchange>>;

pub(in crate::ftp) fn lock(shared: &Shared) -> MutexGuard<'_, Exchange> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the preliminary replies that are passed over while another one is waited for.
#[derive(Debug, Default)]
pub(in crate::ftp) struct PreliminaryCounter(usize);

impl PreliminaryCounter {
    /// One more.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when there were too many.
    pub(in crate::ftp) fn count(&mut self, reply: &Reply) -> Result<()> {
        self.0 += 1;
        if self.0 <= PRELIMINARY_MAX {
            return Ok(());
        }
        let text = format!("more than {PRELIMINARY_MAX} preliminary replies in a row");
        Err(Error::new(Kind::Connect, text).with_reply(reply.code, reply.to_string()))
    }
}

impl Exchange {
    pub(in crate::ftp) fn shared(timeout: Duration, dialogue: ProtocolTrace) -> Shared {
        Arc::new(Mutex::new(Self {
            verb: String::new(),
            reply: None,
            preliminary: None,
            death: None,
            data_failure: None,
            timeout,
            grace: None,
            listen: false,
            settle: false,
            along: Vec::new(),
            first: Vec::new(),
            before_data: Vec::new(),
            told: Vec::new(),
            hurried: true,
            at_end: None,
            early: VecDeque::new(),
            port: None,
            has_unread: false,
            used: Instant::now(),
            charset: Charset::default(),
            ways: ServerQuirks::default(),
            dialogue,
            words: Some(String::new()),
        }))
    }

    /// Takes note of a reply that came through TLS.
    pub(in crate::ftp) fn received(&mut self, reply: &Reply) {
        self.dialogue.reply_received(reply);
        if let Some(words) = self.words.as_mut().filter(|words| words.len() < WORDS_MAX) {
            words.push_str(&reply.to_string());
            words.push('\n');
        }
    }

    /// Whether a passive port was asked for that is still to be used.
    pub(in crate::ftp) fn has_port(&self) -> bool {
        self.port.is_some() || self.early.iter().any(Early::is_passive)
    }

    /// Whether a command was sent before its turn, and its reply is still to come.
    pub(in crate::ftp) fn is_early(&self, command: &str) -> bool {
        self.early.iter().any(|early| early.line.strip_suffix(b"\r\n") == Some(command.as_bytes()))
    }

    /// Declares the connection dead. The first reason stays.
    pub(in crate::ftp) fn kill(&mut self, why: Error) {
        if self.death.is_none() {
            self.death = Some(why);
        }
    }
}
