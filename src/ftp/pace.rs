//! Whether commands may be sent ahead to a site, and that it was found out that they may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The pace of a site's dialogue; clones share it, so that what one session finds out holds for
/// all that are made after it.
///
/// Some servers answer commands that come together out of order (libunftp answers SIZE after an
/// EPSV behind it), or lose all but the first. Such a connection is given up; with the next one
/// each command waits for the reply to the last.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<AtomicBool>);

impl Pace {
    /// One command at a time from the beginning (setting `ftp:sync-mode`).
    pub fn slow() -> Self {
        let pace = Self::default();
        pace.slow_down();
        pace
    }

    /// From now on one command at a time.
    pub fn slow_down(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether each command waits for the reply to the last.
    pub fn is_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
