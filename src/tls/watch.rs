//! Watching the control connection while a data connection waits.
//!
//! What happens to a transfer is told on the control connection: a refusal, or its completion. A
//! peer that has told it may neither go on with its handshake nor close the data connection, so
//! such a reply ends the wait on the data connection, where nothing more can be expected there.

use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long data may still arrive after the reply that reports a failed download.
const LATE_DATA: Duration = Duration::from_secs(1);

/// What has been heard on the watched connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing yet.
    Nothing,
    /// The preliminary reply.
    Begun,
    /// The completion reply: a success.
    Completed,
    /// The completion reply, or one in place of the preliminary reply: a failure.
    Failed,
    /// The connection was lost.
    Lost,
}

/// What a data connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// To be connected and secured.
    Handshake,
    /// To send or receive data.
    Data,
    /// For the peer's end, after all data was sent.
    Closing,
}

/// The watched connection.
pub trait Watch: std::fmt::Debug + Send {
    /// Its socket, to be polled.
    fn tcp(&self) -> &TcpStream;

    /// Reads what has arrived, without waiting; what was heard since the transfer began.
    fn hear(&mut self) -> Heard;
}

/// A watched connection, and what was heard there.
#[derive(Debug)]
pub(super) struct Watched {
    connection: Box<dyn Watch>,
    stage: Stage,
    heard: Heard,
    since: Instant,
}

impl Watched {
    pub(super) fn new(connection: Box<dyn Watch>) -> Self {
        let since = Instant::now();
        let mut watched =
            Self { connection, stage: Stage::Handshake, heard: Heard::Nothing, since };
        watched.set_stage(Stage::Handshake);
        watched
    }

    /// Begins a stage. A reply that was read together with an earlier one does not make the socket
    /// readable, so replies are read here too, and not only after a poll.
    pub(super) fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.hear();
    }

    /// The socket to poll, until nothing more is to be expected there.
    pub(super) fn tcp(&self) -> Option<&TcpStream> {
        matches!(self.heard, Heard::Nothing | Heard::Begun).then(|| self.connection.tcp())
    }

    /// Reads what has arrived; whether the transfer has begun just now.
    pub(super) fn hear(&mut self) -> bool {
        let before = std::mem::replace(&mut self.heard, self.connection.hear());
        self.since = Instant::now();
        before == Heard::Nothing && self.heard == Heard::Begun
    }

    /// Whether a wait of this stage is over. A lost connection does not end the data: all of it may
    /// still arrive, and its end is judged like any other.
    pub(super) fn ends_wait(&self, sending: bool) -> bool {
        match (self.stage, self.heard) {
            (_, Heard::Nothing | Heard::Begun) => false,
            (Stage::Handshake, heard) => heard != Heard::Completed,
            (Stage::Data, heard) => {
                heard == Heard::Failed && (sending || self.since.elapsed() >= LATE_DATA)
            }
            (Stage::Closing, _) => true,
        }
    }
}
