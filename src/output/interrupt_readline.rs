//! Interrupts the line editor when the program is asked to exit (SIGTERM, SIGHUP).
//!
//! While it reads, the line editor reacts only to the terminal and to SIGINT, for which it has its
//! own handler, so it is sent SIGINT. The program then exits in order, with the terminal restored.

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

/// Interval at which a reader that is to stop is signalled.
const AGAIN: Duration = Duration::from_millis(20);

/// How long after a signal it is undecided whether the program exits: SIGHUP may only reopen the
/// audit log.
const DECISION: Duration = Duration::from_secs(1);

/// Ends the reading of a line when the program is asked to exit.
pub struct ReadlineInterrupt {
    reading: Arc<AtomicBool>,
    signals: Vec<SigId>,
}

impl ReadlineInterrupt {
    /// Watches until [`ReadlineInterrupt::stop`].
    ///
    /// # Errors
    /// [`Kind::Other`] if signals cannot be watched.
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
            // End of the stream: the prompt has ended.
            while signalled.read_exact(&mut [0]).is_ok() {
                let end = Instant::now() + DECISION;
                let terminated = || cancel.requested() == Some(Reason::Terminated);
                while terminated() || Instant::now() < end {
                    // Handled by the line editor's own handler, on the reading thread. Only a
                    // signal that arrives during the read interrupts it, and the reader exits only
                    // if the program was terminated.
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

    /// Runs the line editor so that it can be interrupted.
    pub fn while_reading<T>(&self, read: impl FnOnce() -> T) -> T {
        self.reading.store(true, Ordering::SeqCst);
        let line = read();
        self.reading.store(false, Ordering::SeqCst);
        line
    }

    /// Stops watching.
    pub fn stop(self) {
        for signal in self.signals {
            unregister(signal);
        }
    }
}
