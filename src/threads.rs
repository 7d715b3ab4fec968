//! Starts threads that the system may refuse (`RLIMIT_NPROC`, a container's process limit): an
//! error if the thread is indispensable, less parallelism if other workers can do its share.

use std::thread::{Builder, Scope};

use crate::error::{Error, Kind, Result, io_reason};

/// Starts a scoped thread.
pub fn start_scoped<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + Send + 'scope,
) -> Result<()> {
    let started = Builder::new().name(name.to_owned()).spawn_scoped(scope, work);
    started.map(drop).map_err(|error| thread_error(name, &error))
}

/// Starts up to `count` threads that share their work: fewer if the system refuses more. `work`
/// creates the function of one thread.
pub fn start_workers<'scope, W: FnOnce() + Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    count: usize,
    mut work: impl FnMut() -> W,
) -> Result<()> {
    for number in 0..count.max(1) {
        match start_scoped(scope, name, work()) {
            Ok(()) => {}
            Err(error) if number == 0 => return Err(error),
            // The others do its share.
            Err(_) => break,
        }
    }
    Ok(())
}

/// The error if a thread could not be started.
pub fn thread_error(name: &str, error: &std::io::Error) -> Error {
    let text = format!("{name}: cannot start a thread: {}", io_reason(error));
    Error::new(Kind::Other, text).with_hint("see `ulimit -u`, or the limits of the container")
}
