//! Signals: Ctrl-C asks the running command to stop, a second one leaves; SIGTERM and SIGHUP ask
//! everything to stop and leave soon after.

use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::cancel::{Cancel, Reason};
use crate::error::{Error, Kind, Result, io_reason};

/// How long a terminated program may take to put its affairs in order.
const NOTICE: Duration = Duration::from_millis(1500);

/// Watches for signals on a thread of its own until the program ends.
///
/// # Errors
///
/// [`Kind::Other`] when the system does not let signals be watched.
pub fn watch(cancel: Cancel) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Other, format!("cannot watch signals: {}", io_reason(&error)))
    };
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGXFSZ]).map_err(failed)?;
    // As it was before anybody turned its echo off.
    let terminal = tcgetattr(std::io::stdin()).ok();
    let watcher = move || {
        for signal in signals.forever() {
            match signal {
                // The write that went over the limit fails, and says so; that is enough.
                SIGXFSZ => {}
                SIGINT if cancel.requested().is_none() => cancel.request(Reason::Interrupted),
                SIGINT => leave(Kind::Interrupted, terminal.as_ref()),
                _ if cancel.requested() == Some(Reason::Terminated) => {
                    leave(Kind::Terminated, terminal.as_ref());
                }
                _ => {
                    cancel.request(Reason::Terminated);
                    let terminal = terminal.clone();
                    std::thread::spawn(move || {
                        std::thread::sleep(NOTICE);
                        leave(Kind::Terminated, terminal.as_ref());
                    });
                }
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(watcher).map_err(failed)?;
    Ok(())
}

fn leave(kind: Kind, terminal: Option<&Termios>) {
    if let Some(before) = terminal {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
    }
    signal_hook::low_level::exit(i32::from(kind.exit()));
}
