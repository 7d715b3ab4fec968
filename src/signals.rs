//! Signals: Ctrl-C stops the running command, a second one exits; Ctrl-\\ sends a transfer of the
//! prompt to the background; SIGTERM stops everything and
//! exits soon after. So does SIGHUP after the terminal has hung up; otherwise it is from log
//! rotation, and the audit log is reopened.

use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::cancel::{Cancel, Reason};
use crate::error::{Error, Kind, Result, io_reason};

/// How long a terminated program may take to clean up.
const NOTICE: Duration = Duration::from_millis(1500);

/// Handles signals in a thread until the program ends. `reopen` reopens the audit log and returns
/// whether there is one.
///
/// # Errors
/// [`Kind::Other`] if signals cannot be watched.
pub fn watch_signals(cancel: Cancel, reopen: impl Fn() -> bool + Send + 'static) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Other, format!("cannot watch signals: {}", io_reason(&error)))
    };
    let ignored = is_ignored(SIGHUP);
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGXFSZ]).map_err(failed)?;
    // The terminal's state before echo was turned off.
    let terminal = tcgetattr(std::io::stdin()).ok();
    let on_terminal = has_terminal();
    let watcher = move || {
        for signal in signals.forever() {
            match signal {
                // The write that exceeded the limit fails and is reported there.
                SIGXFSZ => {}
                SIGQUIT if cancel.request_background() => {}
                SIGQUIT => {
                    // It ends the program, as without a handler.
                    let _ = signal_hook::low_level::emulate_default_handler(SIGQUIT);
                }
                SIGINT if cancel.requested().is_none() => cancel.request(Reason::Interrupted),
                SIGINT => exit_now(Kind::Interrupted, terminal.as_ref()),
                SIGHUP if (has_terminal() || !on_terminal || ignored) && reopen() => {}
                // `nohup` started it.
                SIGHUP if ignored => {}
                _ if cancel.requested() == Some(Reason::Terminated) => {
                    exit_now(Kind::Terminated, terminal.as_ref());
                }
                _ => {
                    cancel.request(Reason::Terminated);
                    let terminal = terminal.clone();
                    let thread = std::thread::Builder::new().name("leave".into());
                    // If the thread cannot be started, the program exits as soon as it has stopped.
                    let _ = thread.spawn(move || {
                        std::thread::sleep(NOTICE);
                        exit_now(Kind::Terminated, terminal.as_ref());
                    });
                }
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(watcher).map_err(failed)?;
    Ok(())
}

/// Whether this process has a controlling terminal. After a hang-up the terminal is gone before
/// SIGHUP arrives.
fn has_terminal() -> bool {
    open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).is_ok()
}

/// Whether a signal was ignored when this process was started (`nohup`). Known only on Linux, from
/// /proc.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn exit_now(kind: Kind, terminal: Option<&Termios>) {
    if let Some(before) = terminal {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
    }
    signal_hook::low_level::exit(i32::from(kind.exit()));
}
