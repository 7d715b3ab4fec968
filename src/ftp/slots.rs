//! How many control connections there are to each site, whoever made them.
//!
//! The shell, its jobs and its pools take a [`Slot`] for each session; a session that goes gives
//! its slot back. Nothing here connects.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cancel::Cancel;
use crate::error::Result;

/// How often a wait for a slot looks at the cancel flag.
const TICK: Duration = Duration::from_millis(50);

/// The counts, by site. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Slots(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<HashMap<String, Count>>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Count {
    used: usize,
    waiting: usize,
}

/// The right to one connection, until it is dropped.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
    site: String,
}

impl Slots {
    /// A slot, if fewer than `limit` (at least one) are taken.
    pub fn try_take(&self, site: &str, limit: usize) -> Option<Slot> {
        let mut counts = self.0.counts();
        let count = counts.entry(site.to_owned()).or_default();
        (count.used < limit.max(1)).then(|| {
            count.used += 1;
            Slot { shared: Arc::clone(&self.0), site: site.to_owned() }
        })
    }

    /// A slot, as soon as there is one. `waits` is called once if it takes time.
    ///
    /// # Errors
    ///
    /// Interrupted or terminated.
    pub fn take(
        &self,
        site: &str,
        limit: usize,
        cancel: &Cancel,
        waits: impl FnOnce(),
    ) -> Result<Slot> {
        if let Some(slot) = self.try_take(site, limit) {
            return Ok(slot);
        }
        waits();
        self.0.counts().entry(site.to_owned()).or_default().waiting += 1;
        let result = loop {
            if let Err(error) = cancel.check() {
                break Err(error);
            }
            if let Some(slot) = self.try_take(site, limit) {
                break Ok(slot);
            }
            let waited = self.0.returned.wait_timeout(self.0.counts(), TICK);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        };
        self.0.counts().entry(site.to_owned()).or_default().waiting -= 1;
        result
    }

    /// Whether somebody waits for a slot of this site.
    pub fn is_wanted(&self, site: &str) -> bool {
        self.0.counts().get(site).is_some_and(|count| count.waiting > 0)
    }
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(count) = self.shared.counts().get_mut(&self.site) {
            count.used -= 1;
        }
        self.shared.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Reason;
    use crate::error::Kind;

    #[test]
    fn there_are_no_more_slots_than_the_limit_of_each_site() {
        let slots = Slots::default();
        let first = slots.try_take("a", 2).unwrap();
        let _second = slots.try_take("a", 2).unwrap();
        assert!(slots.try_take("a", 2).is_none());
        assert!(slots.try_take("b", 2).is_some());
        drop(first);
        assert!(slots.try_take("a", 2).is_some());
        assert!(Slots::default().try_take("a", 0).is_some());
    }

    #[test]
    fn whoever_waits_gets_the_slot_that_comes_back_and_can_be_interrupted() {
        let slots = Slots::default();
        let slot = slots.try_take("a", 1).unwrap();
        let waiter = std::thread::spawn({
            let slots = slots.clone();
            move || slots.take("a", 1, &Cancel::new(), || {}).is_ok()
        });
        while !slots.is_wanted("a") {
            std::thread::yield_now();
        }
        drop(slot);
        assert!(waiter.join().unwrap());
        let _slot = slots.try_take("a", 1).unwrap();
        let cancel = Cancel::new();
        cancel.request(Reason::Interrupted);
        let error = slots.take("a", 1, &cancel, || {}).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
        assert!(!slots.is_wanted("a"));
    }
}
