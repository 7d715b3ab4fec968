//! Durations that leave out the time in which questions waited for their answers, or the program
//! was stopped (Ctrl-Z).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is shorter may be a busy machine.
const SHORTEST_STOP: Duration = Duration::from_millis(500);

/// The time that questions of an output have waited or the program was stopped, in milliseconds.
/// Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitedTime(Arc<AtomicU64>);

impl WaitedTime {
    /// Counts the time of a question.
    pub(super) fn measure<T>(&self, ask: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = ask();
        self.add(begun.elapsed());
        answer
    }

    /// Sleeps for a moment. A sleep that is much too long was a stop of the program, and counts.
    pub(super) fn sleep(&self, moment: Duration) {
        let begun = Instant::now();
        std::thread::sleep(moment);
        let stopped = begun.elapsed().saturating_sub(moment);
        if stopped >= SHORTEST_STOP {
            self.add(stopped);
        }
    }

    fn add(&self, time: Duration) {
        let waited = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(waited, Ordering::Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn start_watch(&self) -> Stopwatch {
        Stopwatch { begun: Instant::now(), waited: self.clone(), before: self.total() }
    }
}

/// Measures how long work takes, without the questions that it asks and stops of the program.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    begun: Instant,
    waited: WaitedTime,
    /// What had been waited when it was started.
    before: Duration,
}

impl Stopwatch {
    /// The time since the start, without that of questions and stops.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed().saturating_sub(self.waited())
    }

    /// The time that questions have waited since the start, and that of stops.
    pub fn waited(&self) -> Duration {
        self.waited.total().saturating_sub(self.before)
    }
}

impl Default for Stopwatch {
    fn default() -> Self {
        WaitedTime::default().start_watch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_question_does_not_count() {
        let waited = WaitedTime::default();
        let watch = waited.start_watch();
        let pause = Duration::from_millis(300);
        waited.measure(|| std::thread::sleep(pause));
        assert!(watch.waited() >= pause);
        assert!(watch.elapsed() < pause, "{:?}", watch.elapsed());
        assert_eq!(waited.start_watch().waited(), Duration::ZERO);
    }
}
