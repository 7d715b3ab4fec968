//! Deletes, last of all, what [`transfer_all`](super::executor::transfer_all) found extraneous.
//!
//! On a server several run in parallel: first everything that is not a directory, then the
//! directories, level by level, the deepest first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::executor::{MirrorSettings, MirrorSummary, is_fatal, with_retry};
use super::observer::MirrorObserver;
use super::plan::Extraneous;
use super::transfer_file::MirrorSides;
use super::tree::ItemKind;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::threads;

/// Deletes `MirrorSummary::extraneous`. The caller has checked that this is allowed.
pub fn delete_extraneous(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    summary: &mut MirrorSummary,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
) -> Result<()> {
    let extraneous = std::mem::take(&mut summary.extraneous);
    let (directories, files): (Vec<_>, Vec<_>) =
        extraneous.into_iter().partition(|item| item.kind == ItemKind::Directory);
    let workers = if endpoints.target_is_remote() { settings.workers } else { 1 };
    let gone = remove_links(endpoints, &directories, workers, cancel)?;
    let summary = Mutex::new(summary);
    let one = |item: &Extraneous| {
        let (path, action) = (&*item.path, item.action());
        let link = gone.iter().find(|link| is_within(path, link));
        if link.is_some_and(|link| link != path) {
            return Ok(());
        }
        let removed = match link {
            Some(_) => Ok(()),
            None => with_retry(settings, observer, cancel, || {
                endpoints.target().remove_entry(path, item.kind, cancel)
            }),
        };
        match &removed {
            Ok(()) => locked(&summary).deleted += 1,
            Err(error) if is_fatal(endpoints, error, cancel) => return Err(error.clone()),
            Err(_) => locked(&summary).failures += 1,
        }
        observer.action_done(&action, removed.as_ref().map(|()| None));
        Ok(())
    };
    for_each_parallel(&files, workers, cancel, one)?;
    // They are sorted by depth, the deepest first.
    directories
        .chunk_by(|a, b| a.depth() == b.depth())
        .try_for_each(|level| for_each_parallel(level, workers, cancel, one))
}

/// Removes extraneous directories that are links, outermost first, so that their targets are kept.
fn remove_links(
    endpoints: &dyn MirrorSides,
    directories: &[Extraneous],
    workers: usize,
    cancel: &Cancel,
) -> Result<Vec<String>> {
    let gone: Mutex<Vec<String>> = Mutex::default();
    for level in directories.chunk_by(|a, b| a.depth() == b.depth()).rev() {
        let known = locked(&gone).clone();
        for_each_parallel(level, workers, cancel, |item| {
            let path = &*item.path;
            let known = known.iter().any(|link| is_within(path, link));
            if !known && endpoints.target().remove_if_link(path, cancel)? {
                locked(&gone).push(path.to_owned());
            }
            Ok(())
        })?;
    }
    Ok(gone.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The number of deletions that justifies one connection.
const WORTH: usize = 8;

/// Processes items in parallel, with at most `workers` threads, until one fails permanently.
pub(super) fn for_each_parallel<T: Sync>(
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
            // If no thread can be started, this one does the work.
            if threads::start_scoped(scope, "mirror", work).is_err() {
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

fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
