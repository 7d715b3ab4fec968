//! Durations that leave out the time in which questions waited for their answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time that questions of an output have waited, in milliseconds. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitedTime(Arc<AtomicU64>);

impl WaitedTime {
    /// Counts the time of a question.
    pub(super) fn measure<T>(&self, ask: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = ask();
        let waited = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(waited, Ordering::Relaxed);
        answer
    }

    fn total(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn start_watch(&self) -> Stopwatch {
        Stopwatch { begun: Instant::now(), waited: self.clone(), before: self.total() }
    }
}

/// Measures how long work takes, without the questions that it asks.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    begun: Instant,
    waited: WaitedTime,
    /// What had been waited when it was started.
    before: Duration,
}

impl Stopwatch {
    /// The time since the start, without that of questions.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed().saturating_sub(self.waited())
    }

    /// The time that questions have waited since the start.
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
