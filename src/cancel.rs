//! The request to stop: Ctrl-C and SIGTERM, seen by every wait in the program.
//!
//! A [`Cancel`] is a flag that many hold. Blocking reads and writes look at it several times a
//! second (`tls::socket`), copy loops look at it between blocks. It carries no data and never
//! blocks, so a signal handler may set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// How long a sleep lasts before it looks at the flag.
const TICK: Duration = Duration::from_millis(50);

/// Why to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Ctrl-C: stop the command, keep the prompt.
    Interrupted,
    /// SIGTERM or SIGHUP: stop the command and leave.
    Terminated,
}

/// A shared flag that asks for a stop. Cheap to clone and to look at.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    own: Arc<AtomicUsize>,
    /// The flag of the whole program, for a job's.
    above: Option<Arc<AtomicUsize>>,
}

impl Cancel {
    const INTERRUPTED: usize = 1;
    const TERMINATED: usize = 2;

    /// A flag that nobody has set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag for a job: an interruption of this one does not reach it, a termination does.
    pub fn for_job(&self) -> Self {
        let above = self.above.as_ref().unwrap_or(&self.own);
        Self { own: Arc::default(), above: Some(Arc::clone(above)) }
    }

    /// Asks for a stop. A termination is never turned back into an interruption.
    pub fn request(&self, reason: Reason) {
        let value = match reason {
            Reason::Interrupted => Self::INTERRUPTED,
            Reason::Terminated => Self::TERMINATED,
        };
        self.own.fetch_max(value, Ordering::SeqCst);
    }

    /// What was asked for, if anything.
    pub fn requested(&self) -> Option<Reason> {
        if self.above.as_ref().is_some_and(|a| a.load(Ordering::Relaxed) == Self::TERMINATED) {
            return Some(Reason::Terminated);
        }
        match self.own.load(Ordering::Relaxed) {
            0 => None,
            Self::INTERRUPTED => Some(Reason::Interrupted),
            _ => Some(Reason::Terminated),
        }
    }

    /// Forgets a Ctrl-C that has been obeyed. A termination stays.
    pub fn reset(&self) {
        let _ = self.own.compare_exchange(Self::INTERRUPTED, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Fails if a stop was asked for.
    ///
    /// # Errors
    ///
    /// [`Kind::Interrupted`] or [`Kind::Terminated`].
    pub fn check(&self) -> Result<(), Error> {
        self.requested().map_or(Ok(()), |reason| Err(reason.into()))
    }

    /// Waits for `duration`, unless a stop is asked for.
    ///
    /// # Errors
    ///
    /// As [`Cancel::check`].
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
