//! How long to wait, and what a deadline is measured from.
//!
//! A deadline also holds for a peer that never lets a read wait: it is checked before each read
//! and not only while one blocks. What TLS sends for itself (tickets, key updates, requests to
//! renegotiate) is no progress of a transfer; only payload is.

use std::time::{Duration, Instant};

/// How long reads that do not wait may go on: what has come already is read much sooner, but TLS
/// records without payload need not have an end.
const NON_BLOCKING_LIMIT: Duration = Duration::from_millis(500);

/// The most bytes that one TLS record takes on the wire (RFC 5246 section 6.2.3, which allows more
/// than RFC 8446): so much may come before there is any payload.
const RECORD_MAX: usize = 5 + (1 << 14) + 2048;

/// How many times the stall timeout one record may take while its bytes keep coming.
const SLOW_RECORD: u32 = 4;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub enum Wait {
    /// For everything until then, however much moves (a whole reply, a handshake).
    Deadline(Instant),
    /// As long as payload moves at least this often (a transfer): what [`super::Stream`] hands
    /// over, not the TLS records that carry none. The bytes of one record count as well, so that
    /// a slow line is no stall.
    IdleTimeout(Duration),
    /// Deadline then, deaf to a cancel: for the last word after one.
    DeadlineUncancellable(Instant),
    /// Not at all: `WouldBlock` when nothing is there.
    NonBlocking,
}

impl Wait {
    /// Wait that ends `duration` from now.
    pub fn within(duration: Duration) -> Self {
        let now = Instant::now();
        // A duration beyond what the clock can hold means "as long as it takes".
        now.checked_add(duration).map_or(Self::IdleTimeout(duration), Self::Deadline)
    }

    /// Whether a cancel ends the wait.
    pub(super) fn is_cancellable(self) -> bool {
        matches!(self, Wait::Deadline(_) | Wait::IdleTimeout(_))
    }
}

/// A socket's wait, and how much of it is used up.
#[derive(Debug)]
pub(super) struct WaitTimer {
    wait: Wait,
    /// Nothing has moved during this wait yet. What is there may be read once, also when a
    /// process that was stopped for a while has missed its deadline.
    fresh: bool,
    /// When the wait was set, or payload last moved.
    last_payload: Instant,
    /// When bytes last came that may belong to a record with payload.
    last_bytes: Instant,
    /// Bytes that have come since payload last moved.
    bytes_without_payload: usize,
    /// Payload has moved since the time was last asked for.
    moved: bool,
    /// What is written is payload, and not TLS's own answer to what was read.
    sending: bool,
}

impl WaitTimer {
    pub(super) fn new(wait: Wait) -> Self {
        let now = Instant::now();
        Self {
            wait,
            fresh: true,
            last_payload: now,
            last_bytes: now,
            bytes_without_payload: 0,
            moved: false,
            sending: true,
        }
    }

    pub(super) fn set(&mut self, wait: Wait) {
        *self = Self { sending: self.sending, ..Self::new(wait) };
    }

    pub(super) fn wait(&self) -> Wait {
        self.wait
    }

    /// Whether what follows sends payload, or reads some.
    pub(super) fn set_sending(&mut self, sending: bool) {
        self.sending = sending;
    }

    /// Payload was handed over.
    pub(super) fn payload_moved(&mut self) {
        self.moved = true;
    }

    /// The peer has taken bytes.
    pub(super) fn bytes_sent(&mut self) {
        self.fresh = false;
        self.moved |= self.sending;
    }

    /// Bytes have come.
    pub(super) fn bytes_received(&mut self, count: usize) {
        self.fresh = false;
        if self.bytes_without_payload < RECORD_MAX {
            self.last_bytes = Instant::now();
        }
        self.bytes_without_payload = self.bytes_without_payload.saturating_add(count);
    }

    /// Deadline when to wait; `None` is without end.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        match self.wait {
            Wait::Deadline(instant) | Wait::DeadlineUncancellable(instant) => Some(instant),
            Wait::NonBlocking => self.last_payload.checked_add(NON_BLOCKING_LIMIT),
            Wait::IdleTimeout(duration) => {
                if self.moved {
                    self.set(self.wait);
                }
                let bytes = self.last_bytes.checked_add(duration)?;
                let record = self.last_payload.checked_add(duration.checked_mul(SLOW_RECORD)?)?;
                Some(bytes.min(record))
            }
        }
    }

    /// Whether the time is over.
    pub(super) fn is_expired(&mut self) -> bool {
        !self.fresh && self.deadline().is_some_and(|limit| Instant::now() >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// A clock on which so much time has passed.
    fn later(mut clock: WaitTimer, passed: Duration) -> WaitTimer {
        let earlier = |instant: Instant| instant.checked_sub(passed).unwrap();
        (clock.last_payload, clock.last_bytes) =
            (earlier(clock.last_payload), earlier(clock.last_bytes));
        clock
    }

    #[test]
    fn bytes_without_payload_are_progress_for_one_record_only() {
        let stall = || WaitTimer::new(Wait::IdleTimeout(LONG));
        let mut slow = stall();
        for _ in 0..3 {
            slow = later(slow, LONG * 9 / 10);
            slow.bytes_received(100);
            assert!(!slow.is_expired(), "a record that comes slowly");
        }
        slow = later(slow, LONG * 9 / 10);
        slow.bytes_received(100);
        slow = later(slow, LONG * 9 / 10);
        assert!(slow.is_expired(), "a record that takes for ever");
        let mut flood = later(stall(), LONG / 2);
        flood.bytes_received(RECORD_MAX);
        flood = later(flood, LONG * 6 / 10);
        flood.bytes_received(RECORD_MAX);
        assert!(!flood.is_expired());
        flood = later(flood, LONG * 6 / 10);
        assert!(flood.is_expired(), "records without payload");
        flood.payload_moved();
        assert!(!flood.is_expired(), "payload");
    }

    #[test]
    fn what_tls_sends_for_itself_is_no_progress() {
        let mut clock = WaitTimer::new(Wait::IdleTimeout(LONG));
        clock.bytes_received(1);
        clock.set_sending(false);
        clock = later(clock, LONG * 2);
        clock.bytes_sent();
        assert!(clock.is_expired());
        clock.set_sending(true);
        clock.bytes_sent();
        assert!(!clock.is_expired());
    }

    #[test]
    fn what_is_there_is_read_once_after_a_missed_deadline() {
        let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        for patience in [Wait::Deadline(past), Wait::DeadlineUncancellable(past)] {
            let mut clock = WaitTimer::new(patience);
            assert!(!clock.is_expired());
            clock.bytes_received(1);
            assert!(clock.is_expired());
        }
    }
}
