//! How long to wait, and what a deadline is measured from.
//!
//! A deadline also applies if the peer never makes a read wait: it is checked before each read and
//! not only while one blocks. TLS's own messages (tickets, key updates, renegotiation requests) are
//! not progress of a transfer; only payload is.

use std::time::{Duration, Instant};

/// Time limit for non-blocking reads: buffered input is read much sooner, but TLS records without
/// payload may be endless.
const NON_BLOCKING_LIMIT: Duration = Duration::from_millis(500);

/// The maximum size of a TLS record, in bytes (RFC 5246 section 6.2.3, which allows more than RFC
/// 8446): the number of bytes that may arrive before any payload.
const RECORD_MAX: usize = 5 + (1 << 14) + 2048;

/// The maximum time for one record while its bytes keep arriving, in stall timeouts.
const SLOW_RECORD: u32 = 4;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub enum Wait {
    /// For everything until then, regardless of progress (a whole reply, a handshake).
    Deadline(Instant),
    /// As long as payload moves at least this often (a transfer): what [`super::Stream`] returns,
    /// not TLS records without payload. The bytes of one record count as well, so that a slow line
    /// is not a stall.
    IdleTimeout(Duration),
    /// A deadline that ignores cancellation, for the last exchange after a cancel.
    DeadlineUncancellable(Instant),
    /// Not at all: `WouldBlock` if there is nothing to read.
    NonBlocking,
}

impl Wait {
    /// A wait that ends `duration` from now.
    pub fn within(duration: Duration) -> Self {
        let now = Instant::now();
        // A duration that exceeds the clock's range means no deadline.
        now.checked_add(duration).map_or(Self::IdleTimeout(duration), Self::Deadline)
    }

    /// Whether the wait can be cancelled.
    pub(super) fn is_cancellable(self) -> bool {
        matches!(self, Wait::Deadline(_) | Wait::IdleTimeout(_))
    }
}

/// A socket's wait and its progress.
#[derive(Debug)]
pub(super) struct WaitTimer {
    wait: Wait,
    /// No progress during this wait yet. Available input may be read once, even if the process was
    /// suspended past its deadline.
    fresh: bool,
    /// When the wait was set, or payload last moved.
    last_payload: Instant,
    /// When bytes last arrived that may belong to a record with payload.
    last_bytes: Instant,
    /// Bytes received since payload last moved.
    bytes_without_payload: usize,
    /// Payload has moved since the deadline was last computed.
    moved: bool,
    /// What is written is payload, not TLS's own response to what was read.
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

    /// Starts a wait with a deadline again, for as long as it was set for.
    pub(super) fn restart(&mut self) {
        if let Wait::Deadline(instant) = self.wait
            && let Some(later) = instant.checked_add(self.last_payload.elapsed())
        {
            self.set(Wait::Deadline(later));
        }
    }

    pub(super) fn wait(&self) -> Wait {
        self.wait
    }

    /// Sets whether payload is sent or received next.
    pub(super) fn set_sending(&mut self, sending: bool) {
        self.sending = sending;
    }

    /// Records that payload was passed on.
    pub(super) fn payload_moved(&mut self) {
        self.moved = true;
    }

    /// Records that the peer has accepted bytes.
    pub(super) fn bytes_sent(&mut self) {
        self.fresh = false;
        self.moved |= self.sending;
    }

    /// Records that bytes were received.
    pub(super) fn bytes_received(&mut self, count: usize) {
        self.fresh = false;
        if self.bytes_without_payload < RECORD_MAX {
            self.last_bytes = Instant::now();
        }
        self.bytes_without_payload = self.bytes_without_payload.saturating_add(count);
    }

    /// When to stop waiting; `None` for never.
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

    /// Whether the time is up.
    pub(super) fn is_expired(&mut self) -> bool {
        !self.fresh && self.deadline().is_some_and(|limit| Instant::now() >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// A timer on which `passed` has elapsed.
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
