//! How often and how soon a transient failure is retried (settings `net:max-retries`,
//! `net:reconnect-interval`): a limited number of times, with exponential back-off and jitter.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{Outcome, Progress};
use crate::cancel::Cancel;
use crate::error::{Error, Result};

const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The retries left for one operation.
#[derive(Debug, Clone)]
pub struct Retries {
    attempts: u32,
    max: u32,
    interval: Duration,
    has_retried: bool,
}

impl Retries {
    /// At most `max` retries, the first after about `interval`.
    pub fn new(max: u32, interval: Duration) -> Self {
        Self { attempts: 0, max, interval, has_retried: false }
    }

    /// Waits before the next attempt, if `error` is transient and a retry is left; `say` receives a
    /// text with the delay and the number of the retry.
    ///
    /// # Errors
    ///
    /// `error` itself if there is no retry; Ctrl-C.
    pub fn wait_or_fail(
        &mut self,
        error: Error,
        cancel: &Cancel,
        say: impl FnOnce(&str),
    ) -> Result<()> {
        if !error.is_transient() || self.attempts >= self.max {
            return Err(error);
        }
        let pause = self.next_backoff();
        self.attempts += 1;
        self.has_retried = true;
        say(&format!(
            "{}; trying again in {:.1} s ({} of {})",
            error.message(),
            pause.as_secs_f32(),
            self.attempts,
            self.max
        ));
        cancel.sleep(pause)
    }

    /// About how long the first pause is.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Whether this is a retry, not the first attempt.
    pub fn has_retried(&self) -> bool {
        self.has_retried
    }

    /// Resets the count after progress was made, so that a long transfer on a bad line is not given
    /// up because of the sum of its losses.
    pub fn restart(&mut self) {
        self.attempts = 0;
    }

    fn next_backoff(&self) -> Duration {
        let doubled = self.interval.saturating_mul(1 << self.attempts.min(16)).min(MAX_BACKOFF);
        // Up to a quarter more or less, so that many clients do not reconnect at once.
        doubled.mul_f64(0.75 + 0.5 * jitter())
    }
}

/// Repeats `attempt` until it succeeds, fails permanently, or no retry is left. `say` reports each
/// pause.
///
/// # Errors
///
/// The last failure; Ctrl-C.
pub fn with_retry<T>(
    mut retries: Retries,
    cancel: &Cancel,
    say: impl Fn(&str),
    mut attempt: impl FnMut(&mut Retries) -> Result<T>,
) -> Result<T> {
    loop {
        match attempt(&mut retries) {
            Ok(done) => return Ok(done),
            Err(error) => retries.wait_or_fail(error, cancel, &say)?,
        }
    }
}

/// Records what all attempts of a transfer have moved. Only if that is anything may a retry resume
/// where the last attempt stopped: before that, the target still has an older file.
pub struct ByteCounter<'a> {
    progress: &'a dyn Progress,
    moved: Cell<bool>,
    /// How far the current attempt has come.
    position: Cell<u64>,
    begun: Instant,
    /// The lowest offset at which an attempt began.
    first_offset: Cell<Option<u64>>,
    /// What had been waited when the current attempt began.
    waited_before: Cell<Duration>,
}

impl<'a> ByteCounter<'a> {
    /// A counter at zero.
    pub fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            moved: Cell::new(false),
            position: Cell::new(0),
            begun: Instant::now(),
            first_offset: Cell::new(None),
            waited_before: Cell::new(progress.time_waited()),
        }
    }

    /// The outcome of the last attempt as that of all of them, if it resumed an earlier one. Its
    /// time is without that of questions and stops.
    pub fn outcome_of_all(&self, last: Outcome) -> Outcome {
        let first = self.first_offset.get().unwrap_or(0);
        match last.resumed_from {
            Some(offset) if offset > first => Outcome {
                bytes: last.bytes + (offset - first),
                elapsed: self.begun.elapsed().saturating_sub(self.progress.time_waited()),
                resumed_from: (first > 0).then_some(first),
                ..last
            },
            _ => {
                let waited = self.progress.time_waited().saturating_sub(self.waited_before.get());
                Outcome { elapsed: last.elapsed.saturating_sub(waited), ..last }
            }
        }
    }

    /// How far the current attempt has come, in bytes.
    pub fn position(&self) -> u64 {
        self.position.get()
    }

    /// Whether any byte has been transferred.
    pub fn has_moved(&self) -> bool {
        self.moved.get()
    }
}

impl Progress for ByteCounter<'_> {
    fn set_total(&self, total: u64) {
        self.progress.set_total(total);
    }

    fn start_at(&self, offset: u64) {
        let first = self.first_offset.get().map_or(offset, |first| first.min(offset));
        self.first_offset.set(Some(first));
        self.position.set(offset);
        self.waited_before.set(self.progress.time_waited());
        self.progress.start_at(offset);
    }

    fn advance(&self, bytes: u64) {
        self.moved.set(true);
        self.position.set(self.position.get() + bytes);
        self.progress.advance(bytes);
    }

    fn show_note(&self, text: &str) {
        self.progress.show_note(text);
    }
}

/// A varying number from 0 to 1: the lowest digits of the clock are sufficient.
fn jitter() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    f64::from(now.map_or(0, |now| now.subsec_nanos()) % 1000) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::transfer::NoProgress;

    #[test]
    fn only_transient_failures_are_tried_again_and_only_so_often() {
        let cancel = Cancel::new();
        let mut retries = Retries::new(2, Duration::from_millis(1));
        let lost = || Error::new(Kind::Connect, "lost").as_transient();
        assert!(retries.wait_or_fail(lost(), &cancel, |_| {}).is_ok());
        let mut said = String::new();
        assert!(retries.wait_or_fail(lost(), &cancel, |text| said = text.to_owned()).is_ok());
        assert!(said.starts_with("lost; trying again in") && said.ends_with("(2 of 2)"), "{said}");
        assert!(retries.wait_or_fail(lost(), &cancel, |_| {}).is_err());
        retries.restart();
        assert!(retries.wait_or_fail(lost(), &cancel, |_| {}).is_ok());
        let wrong = Error::new(Kind::Login, "wrong password");
        assert_eq!(retries.wait_or_fail(wrong, &cancel, |_| {}).unwrap_err().kind(), Kind::Login);
    }

    #[test]
    fn pauses_double_and_have_a_limit() {
        let mut retries = Retries::new(30, Duration::from_secs(1));
        let mut last = Duration::ZERO;
        for made in [0, 2, 4, 20] {
            retries.attempts = made;
            let pause = retries.next_backoff();
            assert!(pause > last, "{made}: {pause:?}");
            last = pause;
        }
        assert!(last <= MAX_BACKOFF.mul_f64(1.25));
    }

    #[test]
    fn an_outcome_counts_what_the_attempts_before_it_moved() {
        let outcome = |bytes, resumed_from| Outcome {
            bytes,
            elapsed: Duration::ZERO,
            resumed_from,
            tls_resumed: None,
            warning: None,
        };
        for (starts, last, whole) in [
            // Lost after 30 of 100 bytes, and resumed there.
            (&[0, 30][..], (70, Some(30)), (100, None)),
            // The same with 20 bytes of an earlier run.
            (&[20, 30], (70, Some(30)), (80, Some(20))),
            // One attempt.
            (&[0], (100, None), (100, None)),
            (&[20], (80, Some(20)), (80, Some(20))),
            // Started over, and resumed after that.
            (&[30, 0], (100, None), (100, None)),
            (&[30, 0, 50], (50, Some(50)), (100, None)),
        ] {
            let counter = ByteCounter::new(&NoProgress);
            starts.iter().for_each(|offset| counter.start_at(*offset));
            let all = counter.outcome_of_all(outcome(last.0, last.1));
            assert_eq!((all.bytes, all.resumed_from), whole, "{starts:?}");
        }
    }

    #[test]
    fn a_cancel_ends_a_pause() {
        let cancel = Cancel::new();
        cancel.request(crate::cancel::Reason::Interrupted);
        let mut retries = Retries::new(1, Duration::from_secs(60));
        let lost = Error::new(Kind::Connect, "lost").as_transient();
        assert_eq!(
            retries.wait_or_fail(lost, &cancel, |_| {}).unwrap_err().kind(),
            Kind::Interrupted
        );
    }
}
