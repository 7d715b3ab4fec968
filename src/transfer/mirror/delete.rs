//! The deletions of a mirror, last of all: what [`carry`](super::executor::carry) found surplus.
//!
//! On a server several are done at a time: first everything that is no directory, then the
//! directories, those of one depth together, the deepest first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::executor::{Settings, Summary, ends_all, tried};
use super::observer::Watch;
use super::plan::Surplus;
use super::transfer_file::Sides;
use super::tree::ItemKind;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::threads;

/// Deletes what is surplus, `Summary::surplus`. The caller has made sure that it may.
///
/// # Errors
///
/// Ctrl-C, the loss of the server for good. Failures of single files are counted.
pub fn delete(
    sides: &Sides,
    settings: &Settings,
    summary: &mut Summary,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<()> {
    let surplus = std::mem::take(&mut summary.surplus);
    let (directories, files): (Vec<_>, Vec<_>) =
        surplus.into_iter().partition(|item| item.kind == ItemKind::Directory);
    let workers = match sides {
        Sides::Down(..) => 1,
        Sides::Up(..) | Sides::Across(..) => settings.workers,
    };
    let gone = links(sides, &directories, workers, cancel)?;
    let summary = Mutex::new(summary);
    let one = |item: &Surplus| {
        let (path, action) = (&*item.path, item.action());
        let link = gone.iter().find(|link| is_at_or_below(path, link));
        if link.is_some_and(|link| link != path) {
            return Ok(());
        }
        let removed = match link {
            Some(_) => Ok(()),
            None => {
                tried(settings, watch, cancel, || sides.target().remove(path, item.kind, cancel))
            }
        };
        match &removed {
            Ok(()) => locked(&summary).deleted += 1,
            Err(error) if ends_all(sides, error, cancel) => return Err(error.clone()),
            Err(_) => locked(&summary).failures += 1,
        }
        watch.done(&action, removed.as_ref().map(|()| None));
        Ok(())
    };
    together(&files, workers, cancel, one)?;
    // They come in the order of their depths, the deepest first.
    directories
        .chunk_by(|a, b| a.depth() == b.depth())
        .try_for_each(|level| together(level, workers, cancel, one))
}

/// Removes surplus directories that turn out to be links, outermost first, so that nothing of
/// what they lead to is deleted.
fn links(
    sides: &Sides,
    directories: &[Surplus],
    workers: usize,
    cancel: &Cancel,
) -> Result<Vec<String>> {
    let gone: Mutex<Vec<String>> = Mutex::default();
    for level in directories.chunk_by(|a, b| a.depth() == b.depth()).rev() {
        let known = locked(&gone).clone();
        together(level, workers, cancel, |item| {
            let path = &*item.path;
            let known = known.iter().any(|link| is_at_or_below(path, link));
            if !known && sides.target().remove_if_link(path, cancel)? {
                locked(&gone).push(path.to_owned());
            }
            Ok(())
        })?;
    }
    Ok(gone.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// So many deletions are worth a connection.
const WORTH: usize = 8;

/// Does something with each of them, at most so many at a time, until one fails for good.
pub(super) fn together<T: Sync>(
    items: &[T],
    workers: usize,
    cancel: &Cancel,
    each: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let (next, fatal) = (AtomicUsize::new(0), Mutex::new(None::<Error>));
    let work = || {
        while locked(&fatal).is_none() && cancel.requested().is_none() {
            let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            if let Err(error) = each(item) {
                locked(&fatal).get_or_insert(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers.min(items.len().div_ceil(WORTH)) {
            // This thread does what no other one can be had for.
            if threads::start(scope, "mirror", work).is_err() {
                break;
            }
        }
        work();
    });
    let fatal = fatal.into_inner().unwrap_or_else(PoisonError::into_inner);
    fatal.map_or_else(|| cancel.check(), Err)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
