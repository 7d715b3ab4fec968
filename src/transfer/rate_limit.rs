//! Rate limits (settings `net:limit-rate`, `net:limit-total-rate`): token buckets, shared by
//! several transfers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::error::Result;

/// A limit in bytes per second. Clones share it; without a rate it never waits.
#[derive(Debug, Clone, Default)]
pub struct RateLimit(Option<Arc<Mutex<TokenBucket>>>);

#[derive(Debug)]
struct TokenBucket {
    rate: f64,
    /// Most bytes that idle time may allow.
    burst: f64,
    /// Bytes that may be transferred now; negative after an overdraft.
    tokens: f64,
    refilled: Instant,
}

impl RateLimit {
    /// A limit of `rate` bytes per second; 0 is unlimited.
    pub fn new(rate: u64) -> Self {
        Self((rate > 0).then(|| {
            let rate = rate as f64;
            let (burst, refilled) = (rate / 10.0, Instant::now());
            Arc::new(Mutex::new(TokenBucket { rate, burst, tokens: 0.0, refilled }))
        }))
    }

    /// The same with a burst of this many bytes after idle time; 0 is that of a tenth of a second.
    #[must_use]
    pub fn with_burst(self, bytes: u64) -> Self {
        if let Some(bucket) = self.0.as_ref().filter(|_| bytes > 0) {
            bucket.lock().unwrap_or_else(PoisonError::into_inner).burst = bytes as f64;
        }
        self
    }

    /// The rate in bytes per second, if limited.
    pub fn rate(&self) -> Option<u64> {
        let bucket = self.0.as_ref()?;
        Some(bucket.lock().unwrap_or_else(PoisonError::into_inner).rate as u64)
    }

    /// Bytes to transfer at a time for an even rate: those of a tenth of a second, at most `block`.
    pub fn block_size(&self, block: usize) -> usize {
        match &self.0 {
            Some(bucket) => {
                let rate = bucket.lock().unwrap_or_else(PoisonError::into_inner).rate;
                block.min(((rate / 10.0) as usize).max(1))
            }
            None => block,
        }
    }

    /// Consumes `bytes` tokens, and waits as long as the rate requires.
    pub fn take_tokens(&self, bytes: usize, cancel: &Cancel) -> Result<()> {
        let Some(bucket) = &self.0 else { return Ok(()) };
        let debt = {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let gained = now.duration_since(bucket.refilled).as_secs_f64() * bucket.rate;
            bucket.tokens = (bucket.tokens + gained).min(bucket.burst) - bytes as f64;
            bucket.refilled = now;
            Duration::from_secs_f64((-bucket.tokens / bucket.rate).max(0.0))
        };
        cancel.sleep(debt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_keeps_to_the_rate_however_many_share_it() {
        let limit = RateLimit::new(1_000_000);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let limit = limit.clone();
                scope.spawn(move || {
                    for _ in 0..10 {
                        limit.take_tokens(10_000, &Cancel::new()).unwrap();
                    }
                });
            }
        });
        let taken = start.elapsed().as_secs_f64();
        assert!((0.28..0.8).contains(&taken), "400 kB at 1 MB/s took {taken} s");
    }

    #[test]
    fn no_limit_never_waits() {
        let start = Instant::now();
        RateLimit::new(0).take_tokens(usize::MAX, &Cancel::new()).unwrap();
        assert!(start.elapsed() < Duration::from_millis(100));
    }
}
