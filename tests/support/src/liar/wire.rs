//! The record of what a scripted server saw, in order, and ways to ask it.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Something that happened. `session` counts control connections from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A control connection was opened.
    Connected {
        /// Which.
        session: usize,
    },
    /// A TLS handshake on a control connection was done.
    Secured {
        /// Which.
        session: usize,
        /// Whether it resumed an earlier session.
        resumed: bool,
    },
    /// A command line came, without its CRLF (or whatever was there at the end of the stream).
    Line {
        /// On which control connection.
        session: usize,
        /// Whether TLS was up.
        tls: bool,
        /// The bytes.
        line: Vec<u8>,
    },
    /// A data connection was opened.
    DataConnected {
        /// For which control connection.
        session: usize,
    },
    /// A TLS handshake on a data connection was done.
    DataSecured {
        /// For which control connection.
        session: usize,
        /// Whether it resumed the control connection's session.
        resumed: bool,
    },
    /// `Data::Stall`: this is how far it went.
    DataPaused {
        /// For which control connection.
        session: usize,
        /// Bytes of body that were sent or received.
        bytes: usize,
    },
    /// The client ended its side of a data connection.
    DataEnded {
        /// For which control connection.
        session: usize,
        /// Bytes of body that were sent or received.
        bytes: usize,
        /// Whether the client sent close_notify.
        clean: bool,
    },
    /// A control connection is over.
    Ended {
        /// Which.
        session: usize,
    },
}

/// All events so far.
#[derive(Default)]
pub struct Wire {
    events: Mutex<Vec<Event>>,
    more: Condvar,
}

impl Wire {
    pub(super) fn add(&self, event: Event) {
        self.events.lock().unwrap().push(event);
        self.more.notify_all();
    }

    /// A copy of all events so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// All command lines so far, as text.
    pub fn commands(&self) -> Vec<String> {
        self.raw_lines().iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// All command lines so far, as bytes.
    pub fn raw_lines(&self) -> Vec<Vec<u8>> {
        let line = |event| match event {
            Event::Line { line, .. } => Some(line),
            _ => None,
        };
        self.events().into_iter().filter_map(line).collect()
    }

    /// The command lines of one verb, as text.
    pub fn lines(&self, verb: &str) -> Vec<String> {
        let is = |line: &String| line.split(' ').next().unwrap_or("").eq_ignore_ascii_case(verb);
        self.commands().into_iter().filter(is).collect()
    }

    /// Was this verb sent?
    pub fn has(&self, verb: &str) -> bool {
        !self.lines(verb).is_empty()
    }

    /// The command lines that came before TLS was up.
    pub fn clear_lines(&self) -> Vec<String> {
        let line = |event| match event {
            Event::Line { tls: false, line, .. } => {
                Some(String::from_utf8_lossy(&line).into_owned())
            }
            _ => None,
        };
        self.events().into_iter().filter_map(line).collect()
    }

    /// How many control connections were opened.
    pub fn connections(&self) -> usize {
        self.count(|event| matches!(event, Event::Connected { .. }))
    }

    /// How many control connections are open now.
    pub fn open_sessions(&self) -> usize {
        self.connections() - self.count(|event| matches!(event, Event::Ended { .. }))
    }

    /// How many events are like this.
    pub fn count(&self, like: impl Fn(&Event) -> bool) -> usize {
        self.events().iter().filter(|event| like(event)).count()
    }

    /// For each data connection with TLS: did it resume the control connection's session?
    pub fn resumed(&self) -> Vec<bool> {
        let resumed = |event| match event {
            Event::DataSecured { resumed, .. } => Some(resumed),
            _ => None,
        };
        self.events().into_iter().filter_map(resumed).collect()
    }

    /// The bytes of body of all data connections that have ended or paused, in order.
    pub fn bodies(&self) -> Vec<usize> {
        let bytes = |event| match event {
            Event::DataEnded { bytes, .. } | Event::DataPaused { bytes, .. } => Some(bytes),
            _ => None,
        };
        self.events().into_iter().filter_map(bytes).collect()
    }

    /// Waits until no control connection is open: all that an interrupted client sent is there.
    #[track_caller]
    pub fn wait_idle(&self) {
        let ended = |event: &&Event| matches!(event, Event::Ended { .. });
        let begun = |event: &&Event| matches!(event, Event::Connected { .. });
        self.wait_until(|e| e.iter().filter(ended).count() == e.iter().filter(begun).count());
    }

    /// Waits until the events are like this.
    ///
    /// # Panics
    /// When they are not within ten seconds: with all events.
    #[track_caller]
    pub fn wait_until(&self, like: impl Fn(&[Event]) -> bool) {
        let events = self.events.lock().unwrap();
        let limit = Duration::from_secs(10);
        let (events, wait) =
            self.more.wait_timeout_while(events, limit, |events| !like(events)).unwrap();
        let shown = format!("{events:#?}");
        drop(events);
        assert!(!wait.timed_out(), "not seen within {limit:?}: {shown}");
    }

    /// Waits until a verb was sent so many times.
    #[track_caller]
    pub fn wait_for(&self, verb: &str, times: usize) {
        let verb = verb.as_bytes();
        let is = |event: &&Event| match event {
            Event::Line { line, .. } => {
                line.split(|b| *b == b' ').next().unwrap_or(b"").eq_ignore_ascii_case(verb)
            }
            _ => false,
        };
        self.wait_until(|events| events.iter().filter(is).count() >= times);
    }
}
