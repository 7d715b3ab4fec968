//! Deletes, last of all, what [`transfer_all`](super::executor::transfer_all) found extraneous.
//!
//! On a server several run in parallel: first everything that is not a directory, then the
//! directories, level by level, the deepest first.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::confirm_stored::above;
use super::executor::{MirrorSettings, MirrorSummary, is_fatal, with_retry};
use super::observer::MirrorObserver;
use super::plan::{Extraneous, MirrorAction};
use super::transfer_file::MirrorSides;
use super::tree::ItemKind;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
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
            })
            .map_err(|error| without_hint_at_more(item.kind, error)),
        };
        match &removed {
            Ok(()) => locked(&summary).deleted += 1,
            Err(error) if is_fatal(endpoints, error, cancel) => return Err(error.clone()),
            Err(error) if is_left(endpoints, item.kind, error) => return Ok(()),
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

/// Whether it is a directory that is not empty and may stay.
fn is_left(endpoints: &dyn MirrorSides, kind: ItemKind, error: &Error) -> bool {
    kind == ItemKind::Directory
        && error.kind() == Kind::Refused
        && endpoints.leaves_filled_directories()
}

/// A directory that cannot be removed has something in it that no listing showed: nothing to be
/// removed with it unseen.
fn without_hint_at_more(kind: ItemKind, error: Error) -> Error {
    if kind == ItemKind::Directory && error.kind() == Kind::Refused {
        return error.with_hint("it may hold what the listing does not show; see `ls -a`");
    }
    error
}

/// Takes out of `MirrorSummary::extraneous` the directories that have something in them that stays,
/// and returns the outermost of these.
pub fn keep_holders(summary: &mut MirrorSummary) -> Vec<String> {
    let held = std::mem::take(&mut summary.held);
    let stays: HashSet<&str> =
        held.iter().flat_map(|path| std::iter::once(&**path).chain(above(path))).collect();
    let (holders, others): (Vec<_>, Vec<_>) = std::mem::take(&mut summary.extraneous)
        .into_iter()
        .partition(|item| stays.contains(&*item.path));
    summary.extraneous = others;
    let all: HashSet<&str> = holders.iter().map(|item| &*item.path).collect();
    let outermost = holders.iter().filter(|item| !above(&item.path).any(|path| all.contains(path)));
    let mut outermost: Vec<String> = outermost.map(|item| item.path.to_string()).collect();
    outermost.sort_unstable();
    outermost
}

/// Removes the source's directories that are empty now, the deepest first; the root only if
/// `with_root`. Returns how many are not empty.
pub fn remove_source_directories(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    summary: &mut MirrorSummary,
    with_root: bool,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
) -> Result<u64> {
    let mut directories = std::mem::take(&mut summary.source_directories);
    directories.retain(|path| with_root || !path.is_empty());
    directories.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = 0;
    for path in directories {
        let removed = with_retry(settings, observer, cancel, || {
            endpoints.source().remove_entry(&path, ItemKind::Directory, cancel)
        });
        match removed {
            Ok(()) => {
                summary.removed_sources += 1;
                observer.action_done(&MirrorAction::RemoveSource { path }, Ok(None));
            }
            Err(error) if is_fatal(endpoints, &error, cancel) => return Err(error),
            // It has something in it that was not transferred.
            Err(_) => left += 1,
        }
    }
    Ok(left)
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
pub(in crate::transfer) fn for_each_parallel<T: Sync>(
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
