//! How long to wait, and what a deadline is measured from.
//!
//! A deadline holds also for a peer that never lets a read wait: it is looked at before each read
//! and not only while one blocks. What TLS sends for itself (tickets, key updates, requests to
//! renegotiate) is no progress of a transfer; only payload is.

use std::time::{Duration, Instant};

/// How long reads that do not wait may go on: what has come already is read much sooner, but TLS
/// records without payload need not have an end.
const GLIMPSE: Duration = Duration::from_millis(500);

/// The most bytes that one TLS record takes on the wire (RFC 5246 section 6.2.3, which allows more
/// than RFC 8446): so much may come before there is any payload.
const RECORD_MAX: usize = 5 + (1 << 14) + 2048;

/// How many times the stall timeout one record may take while its bytes keep coming.
const SLOW_RECORD: u32 = 4;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    /// For everything until then, however much moves (a whole reply, a handshake).
    Until(Instant),
    /// As long as payload moves at least this often (a transfer): what [`super::Stream`] hands
    /// over, not the TLS records that carry none. The bytes of one record count as well, so that
    /// a slow line is no stall.
    Stall(Duration),
    /// Until then, deaf to a cancel: for the last word after one.
    Firm(Instant),
    /// Not at all: `WouldBlock` when nothing is there.
    None,
}

impl Patience {
    /// Patience that ends `duration` from now.
    pub fn within(duration: Duration) -> Self {
        let now = Instant::now();
        // A duration beyond what the clock can hold means "as long as it takes".
        now.checked_add(duration).map_or(Self::Stall(duration), Self::Until)
    }

    /// Whether a cancel ends it.
    pub(super) fn heeds_cancel(self) -> bool {
        matches!(self, Patience::Until(_) | Patience::Stall(_))
    }
}

/// A socket's patience, and how much of it is used up.
#[derive(Debug)]
pub(super) struct WaitTimer {
    patience: Patience,
    /// Nothing has moved with this patience yet. What is there may be read once, also when a
    /// process that was stopped for a while has missed its deadline.
    fresh: bool,
    /// When the patience was set, or payload last moved.
    payload: Instant,
    /// When bytes last came that may belong to a record with payload.
    bytes: Instant,
    /// Bytes that have come since payload last moved.
    without: usize,
    /// Payload has moved since the time was last asked for.
    moved: bool,
    /// What is written is payload, and not TLS's own answer to what was read.
    sending: bool,
}

impl WaitTimer {
    pub(super) fn new(patience: Patience) -> Self {
        let now = Instant::now();
        Self {
            patience,
            fresh: true,
            payload: now,
            bytes: now,
            without: 0,
            moved: false,
            sending: true,
        }
    }

    pub(super) fn set(&mut self, patience: Patience) {
        *self = Self { sending: self.sending, ..Self::new(patience) };
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Says what the following is for: to send payload, or to read some.
    pub(super) fn set_sending(&mut self, sending: bool) {
        self.sending = sending;
    }

    /// Payload was handed over.
    pub(super) fn moved(&mut self) {
        self.moved = true;
    }

    /// The peer has taken bytes.
    pub(super) fn sent(&mut self) {
        self.fresh = false;
        self.moved |= self.sending;
    }

    /// Bytes have come.
    pub(super) fn received(&mut self, count: usize) {
        self.fresh = false;
        if self.without < RECORD_MAX {
            self.bytes = Instant::now();
        }
        self.without = self.without.saturating_add(count);
    }

    /// Until when to wait; `None` is without end.
    pub(super) fn limit(&mut self) -> Option<Instant> {
        match self.patience {
            Patience::Until(instant) | Patience::Firm(instant) => Some(instant),
            Patience::None => self.payload.checked_add(GLIMPSE),
            Patience::Stall(duration) => {
                if self.moved {
                    self.set(self.patience);
                }
                let bytes = self.bytes.checked_add(duration)?;
                let record = self.payload.checked_add(duration.checked_mul(SLOW_RECORD)?)?;
                Some(bytes.min(record))
            }
        }
    }

    /// Whether the time is over.
    pub(super) fn is_over(&mut self) -> bool {
        !self.fresh && self.limit().is_some_and(|limit| Instant::now() >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// A clock on which so much time has passed.
    fn later(mut clock: WaitTimer, passed: Duration) -> WaitTimer {
        let earlier = |instant: Instant| instant.checked_sub(passed).unwrap();
        (clock.payload, clock.bytes) = (earlier(clock.payload), earlier(clock.bytes));
        clock
    }

    #[test]
    fn bytes_without_payload_are_progress_for_one_record_only() {
        let stall = || WaitTimer::new(Patience::Stall(LONG));
        let mut slow = stall();
        for _ in 0..3 {
            slow = later(slow, LONG * 9 / 10);
            slow.received(100);
            assert!(!slow.is_over(), "a record that comes slowly");
        }
        slow = later(slow, LONG * 9 / 10);
        slow.received(100);
        slow = later(slow, LONG * 9 / 10);
        assert!(slow.is_over(), "a record that takes for ever");
        let mut flood = later(stall(), LONG / 2);
        flood.received(RECORD_MAX);
        flood = later(flood, LONG * 6 / 10);
        flood.received(RECORD_MAX);
        assert!(!flood.is_over());
        flood = later(flood, LONG * 6 / 10);
        assert!(flood.is_over(), "records without payload");
        flood.moved();
        assert!(!flood.is_over(), "payload");
    }

    #[test]
    fn what_tls_sends_for_itself_is_no_progress() {
        let mut clock = WaitTimer::new(Patience::Stall(LONG));
        clock.received(1);
        clock.set_sending(false);
        clock = later(clock, LONG * 2);
        clock.sent();
        assert!(clock.is_over());
        clock.set_sending(true);
        clock.sent();
        assert!(!clock.is_over());
    }

    #[test]
    fn what_is_there_is_read_once_after_a_missed_deadline() {
        let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        for patience in [Patience::Until(past), Patience::Firm(past)] {
            let mut clock = WaitTimer::new(patience);
            assert!(!clock.is_over());
            clock.received(1);
            assert!(clock.is_over());
        }
    }
}
