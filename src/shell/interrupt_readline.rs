//! Wakes the line editor when the program is asked to end (SIGTERM, SIGHUP).
//!
//! The line editor waits for the terminal and hears of nothing else but SIGINT, for which it has a
//! handler of its own while it reads. So that is what it is sent. A terminated program then leaves
//! in order, with the terminal as it was.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use crate::cancel::{Cancel, Reason};
use crate::error::{Error, Kind, Result, io_reason};

/// How often a reader that is to stop is woken.
const AGAIN: Duration = Duration::from_millis(20);

/// How long after a signal it is open whether it ends the program: a SIGHUP may be about the audit
/// log.
const DECISION: Duration = Duration::from_secs(1);

/// Ends the reading of a line when the program is asked to end: the line editor itself hears only
/// what comes from the terminal, and SIGINT.
pub struct ReadlineInterrupt {
    reading: Arc<AtomicBool>,
    signals: Vec<SigId>,
}

impl ReadlineInterrupt {
    /// Watches until [`ReadlineInterrupt::stop`].
    ///
    /// # Errors
    ///
    /// [`Kind::Other`] when the system does not let signals be watched.
    pub fn start(cancel: Cancel) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(Kind::Other, format!("cannot watch signals: {}", io_reason(&error)))
        };
        let (mut signalled, signal) = UnixStream::pair().map_err(failed)?;
        let again = signal.try_clone().map_err(failed)?;
        let signals = vec![
            pipe::register(SIGTERM, signal).map_err(failed)?,
            pipe::register(SIGHUP, again).map_err(failed)?,
        ];
        let reading = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&reading);
        let watcher = move || {
            // The end of the stream is the end of the prompt.
            while signalled.read_exact(&mut [0]).is_ok() {
                let end = Instant::now() + DECISION;
                let terminated = || cancel.requested() == Some(Reason::Terminated);
                while terminated() || Instant::now() < end {
                    // The line editor's own handler gets it, on the thread that reads. Only one
                    // that arrives during the read itself ends that, and only a reader that finds
                    // the program terminated ends as well.
                    if terminated() && flag.load(Ordering::SeqCst) {
                        let _ = kill_process(getpid(), Signal::INT);
                    }
                    std::thread::sleep(AGAIN);
                }
            }
        };
        std::thread::Builder::new().name("wake".into()).spawn(watcher).map_err(failed)?;
        Ok(Self { reading, signals })
    }

    /// Reads with the line editor, and may be woken.
    pub fn while_reading<T>(&self, read: impl FnOnce() -> T) -> T {
        self.reading.store(true, Ordering::SeqCst);
        let line = read();
        self.reading.store(false, Ordering::SeqCst);
        line
    }

    /// No more watching.
    pub fn stop(self) {
        for signal in self.signals {
            unregister(signal);
        }
    }
}
