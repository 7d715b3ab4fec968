//! The transfer rate that is shown: since the start for three seconds, then a moving average.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the rate is averaged.
const WINDOW: Duration = Duration::from_secs(3);

/// The time between two samples.
const SAMPLE: Duration = Duration::from_millis(100);

/// Before this time no remaining time is shown: the rate is still a guess.
const FIRST_ESTIMATE: Duration = Duration::from_secs(1);

/// Positions over time. Times are durations since the start of the transfer.
#[derive(Debug)]
pub(super) struct RateMeter {
    /// From the last one that is at least [`WINDOW`] old, or the start, to the newest.
    samples: VecDeque<(Duration, u64)>,
}

impl Default for RateMeter {
    fn default() -> Self {
        Self { samples: VecDeque::from([(Duration::ZERO, 0)]) }
    }
}

impl RateMeter {
    /// Bytes per second after `moved` bytes at the time `now`, at most `limit`.
    pub(super) fn rate(&mut self, now: Duration, moved: u64, limit: Option<u64>) -> u64 {
        // The position went back: the transfer was restarted.
        if self.samples.back().is_some_and(|(_, last)| *last > moved) {
            self.samples.clear();
        }
        let is_due =
            self.samples.back().is_none_or(|(last, _)| now.saturating_sub(*last) >= SAMPLE);
        if is_due {
            self.samples.push_back((now, moved));
        }
        while self.samples.get(1).is_some_and(|(time, _)| now.saturating_sub(*time) >= WINDOW) {
            self.samples.pop_front();
        }
        let start = self.samples.front().copied().unwrap_or_default();
        let nanos = now.saturating_sub(start.0).max(SAMPLE).as_nanos();
        let bytes = u128::from(moved.saturating_sub(start.1));
        let rate = u64::try_from(bytes * 1_000_000_000 / nanos).unwrap_or(u64::MAX);
        rate.min(limit.unwrap_or(u64::MAX))
    }
}

/// The remaining time at this rate; `None` in the first second and without a rate.
pub(super) fn time_left(now: Duration, rest: u64, rate: u64) -> Option<Duration> {
    (now >= FIRST_ESTIMATE && rate > 0).then(|| Duration::from_secs(rest.div_ceil(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rate at each of these tenths of a second, in units of 1000 bytes.
    fn rates(moved: &[u64], limit: Option<u64>) -> Vec<u64> {
        let mut meter = RateMeter::default();
        let at = |tenth: usize| Duration::from_millis(100 * (tenth as u64 + 1));
        let rate =
            |(tenth, moved): (usize, &u64)| meter.rate(at(tenth), moved * 1000, limit) / 1000;
        moved.iter().enumerate().map(rate).collect()
    }

    #[test]
    fn an_even_transfer_has_one_rate_from_the_first_sample_on() {
        let even: Vec<u64> = (1..=100).map(|tenth| tenth * 5).collect();
        assert!(rates(&even, None).iter().all(|rate| *rate == 50), "{:?}", rates(&even, None));
    }

    #[test]
    fn a_stall_shows_within_three_seconds_and_an_old_burst_does_not_count() {
        let mut moved: Vec<u64> = (1..=50).map(|tenth| tenth * 10).collect();
        moved.extend([500; 40]);
        let rates = rates(&moved, None);
        assert_eq!(rates[49], 100);
        assert!(rates[64] < 60, "{rates:?}");
        assert_eq!(rates[89], 0);
    }

    #[test]
    fn it_is_never_more_than_the_limit() {
        assert_eq!(rates(&[90, 90, 90], Some(300_000)), [300, 300, 300]);
    }

    #[test]
    fn a_restart_is_measured_anew() {
        let mut meter = RateMeter::default();
        meter.rate(Duration::from_secs(4), 9_000_000, None);
        assert_eq!(meter.rate(Duration::from_secs(5), 0, None), 0);
        assert_eq!(meter.rate(Duration::from_secs(6), 1000, None), 1000);
    }

    #[test]
    fn there_is_no_remaining_time_in_the_first_second_or_without_a_rate() {
        let second = Duration::from_secs;
        assert_eq!(time_left(Duration::from_millis(900), 10, 1), None);
        assert_eq!(time_left(second(1), 10, 0), None);
        assert_eq!(time_left(second(1), 10, 3), Some(second(4)));
        assert_eq!(time_left(second(1), u64::MAX, 1), Some(second(u64::MAX)));
    }
}
