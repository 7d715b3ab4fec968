//! What one session of a site finds out about the server's ways, for all that are made after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use suppaftp::Mode;

/// The ways of a server; clones share them.
///
/// Some servers answer commands that come together out of order (libunftp answers SIZE after an
/// EPSV behind it), or lose all but the first. Such a connection is given up; with the next one
/// each command waits for the reply to the last.
#[derive(Debug, Clone, Default)]
pub struct Ways(Arc<Found>);

#[derive(Debug, Default)]
struct Found {
    slow: AtomicBool,
    passive: AtomicU8,
}

const EPSV: u8 = 1;
const PASV: u8 = 2;

impl Ways {
    /// One command at a time from the beginning (setting `ftp:sync-mode`).
    pub fn slow() -> Self {
        let ways = Self::default();
        ways.slow_down();
        ways
    }

    /// From now on one command at a time.
    pub fn slow_down(&self) {
        self.0.slow.store(true, Ordering::Relaxed);
    }

    /// Whether each command waits for the reply to the last.
    pub fn is_slow(&self) -> bool {
        self.0.slow.load(Ordering::Relaxed)
    }

    /// A data connection was made this way.
    pub(super) fn prove(&self, mode: Mode) {
        let passive = match mode {
            Mode::ExtendedPassive => EPSV,
            Mode::Passive => PASV,
            Mode::Active => return,
        };
        self.0.passive.store(passive, Ordering::Relaxed);
    }

    /// How data connections have been made, if it was a passive one.
    pub(super) fn proven(&self) -> Option<Mode> {
        match self.0.passive.load(Ordering::Relaxed) {
            EPSV => Some(Mode::ExtendedPassive),
            PASV => Some(Mode::Passive),
            _ => None,
        }
    }
}
