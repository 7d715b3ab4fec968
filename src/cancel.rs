//! Cancellation by Ctrl-C and SIGTERM, checked by every wait in the program.
//!
//! A [`Cancel`] is a shared flag. Blocking reads and writes check it several times a second
//! (`tls::socket`), copy loops between blocks. It carries no data and never blocks, so a signal
//! handler may set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// Interval at which a sleep checks the flag.
const TICK: Duration = Duration::from_millis(50);

/// Why to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Ctrl-C: stop the command, keep the prompt.
    Interrupted,
    /// SIGTERM or SIGHUP: stop the command and exit.
    Terminated,
}

/// A shared flag that requests a stop. Cheap to clone and to check.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    own: Arc<AtomicUsize>,
    /// The flag of the whole program, in the flag of a job.
    above: Option<Arc<AtomicUsize>>,
    /// Whether the running command can go on in the background, and whether it is asked to.
    background: Arc<AtomicUsize>,
    /// A stopped command does its last work.
    finishing: Arc<AtomicBool>,
}

impl Cancel {
    const INTERRUPTED: usize = 1;
    const TERMINATED: usize = 2;

    const AT_PROMPT: usize = 1;
    const CAN_CONTINUE: usize = 2;
    const TO_BACKGROUND: usize = 3;

    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag for a job: inherits a termination, but not an interruption.
    pub fn for_job(&self) -> Self {
        let above = self.above.as_ref().unwrap_or(&self.own);
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Requests a stop. A termination is never downgraded to an interruption.
    pub fn request(&self, reason: Reason) {
        let value = match reason {
            Reason::Interrupted => Self::INTERRUPTED,
            Reason::Terminated => Self::TERMINATED,
        };
        self.own.fetch_max(value, Ordering::SeqCst);
        self.finishing.store(false, Ordering::SeqCst);
    }

    /// Does the last work of a stopped command: that it was stopped does not count meanwhile, until
    /// a stop is requested once more.
    pub fn while_it_finishes<T>(&self, work: impl FnOnce() -> T) -> T {
        self.finishing.store(true, Ordering::SeqCst);
        let done = work();
        self.finishing.store(false, Ordering::SeqCst);
        done
    }

    /// Runs a command of the prompt that Ctrl-\\ stops, to go on with it in the background. Returns
    /// whether it did.
    pub fn while_it_can_continue<T>(&self, work: impl FnOnce() -> T) -> (T, bool) {
        self.background.store(Self::CAN_CONTINUE, Ordering::SeqCst);
        let done = work();
        let state = self.background.swap(Self::AT_PROMPT, Ordering::SeqCst);
        (done, state == Self::TO_BACKGROUND)
    }

    /// Ctrl-\\: stops a command that can go on in the background. `false` outside of the prompt,
    /// where the signal has its usual effect.
    pub fn request_background(&self) -> bool {
        let (from, to) = (Self::CAN_CONTINUE, Self::TO_BACKGROUND);
        match self.background.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => self.request(Reason::Interrupted),
            Err(state) => return state != 0,
        }
        true
    }

    /// Whether the running command was stopped to go on in the background.
    pub fn is_to_background(&self) -> bool {
        self.background.load(Ordering::SeqCst) == Self::TO_BACKGROUND
    }

    /// The requested stop, if any.
    pub fn requested(&self) -> Option<Reason> {
        if self.finishing.load(Ordering::Relaxed) {
            return None;
        }
        if self.above.as_ref().is_some_and(|a| a.load(Ordering::Relaxed) == Self::TERMINATED) {
            return Some(Reason::Terminated);
        }
        match self.own.load(Ordering::Relaxed) {
            0 => None,
            Self::INTERRUPTED => Some(Reason::Interrupted),
            _ => Some(Reason::Terminated),
        }
    }

    /// Clears a Ctrl-C that was handled. A termination stays.
    pub fn reset(&self) {
        let _ = self.own.compare_exchange(Self::INTERRUPTED, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Fails with [`Kind::Interrupted`] or [`Kind::Terminated`] if a stop was requested.
    pub fn check(&self) -> Result<(), Error> {
        self.requested().map_or(Ok(()), |reason| Err(reason.into()))
    }

    /// Waits for `duration`; fails like [`Cancel::check`] if a stop is requested.
    pub fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            self.check()?;
            let left = duration.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(TICK));
        }
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
            Reason::Terminated => Error::new(Kind::Terminated, "terminated"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_a_sleep() {
        let cancel = Cancel::new();
        assert!(cancel.sleep(Duration::ZERO).is_ok());
        cancel.request(Reason::Interrupted);
        let error = cancel.sleep(Duration::from_secs(3600)).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
    }

    #[test]
    fn only_a_command_that_can_go_on_in_the_background_is_sent_there() {
        let cancel = Cancel::new();
        assert!(!cancel.request_background(), "not at the prompt");
        assert_eq!(cancel.while_it_can_continue(|| cancel.requested()), (None, false));
        assert!(cancel.request_background() && cancel.requested().is_none());
        let sent = cancel.while_it_can_continue(|| {
            let is_sent = cancel.request_background() && cancel.clone().request_background();
            is_sent && cancel.is_to_background()
        });
        assert_eq!(sent, (true, true));
        assert_eq!(cancel.requested(), Some(Reason::Interrupted));
    }

    #[test]
    fn a_job_is_stopped_on_its_own_or_with_the_program() {
        let program = Cancel::new();
        let (job, other) = (program.for_job(), program.for_job().for_job());
        program.request(Reason::Interrupted);
        assert_eq!(job.requested(), None);
        job.request(Reason::Interrupted);
        assert_eq!((job.requested(), other.requested()), (Some(Reason::Interrupted), None));
        program.request(Reason::Terminated);
        assert_eq!(job.requested(), Some(Reason::Terminated));
        assert_eq!(other.requested(), Some(Reason::Terminated));
    }

    #[test]
    fn a_stopped_command_may_finish_until_it_is_stopped_again() {
        for reason in [Reason::Interrupted, Reason::Terminated] {
            let program = Cancel::new();
            let job = program.for_job();
            program.request(reason);
            job.request(reason);
            for cancel in [&program, &job] {
                cancel.while_it_finishes(|| {
                    assert!(cancel.requested().is_none());
                    cancel.request(Reason::Interrupted);
                    assert_eq!(cancel.requested(), Some(reason));
                });
                assert_eq!(cancel.while_it_finishes(|| cancel.requested()), None);
                assert_eq!(cancel.requested(), Some(reason));
            }
        }
    }

    #[test]
    fn an_interruption_is_forgotten_and_a_termination_is_not() {
        let cancel = Cancel::new();
        assert!(cancel.check().is_ok());
        cancel.request(Reason::Interrupted);
        assert_eq!(cancel.check().map_err(|e| e.kind()), Err(Kind::Interrupted));
        cancel.reset();
        assert!(cancel.check().is_ok());
        cancel.request(Reason::Terminated);
        cancel.request(Reason::Interrupted);
        cancel.reset();
        assert_eq!(cancel.requested(), Some(Reason::Terminated));
    }
}
