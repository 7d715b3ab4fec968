//! Runs a mirror: workers that list and transfer at the same time.
//!
//! Files are transferred while directories are still being listed. The queue of files is kept
//! short: above a threshold, workers transfer instead of listing, to limit memory.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::confirm_stored::Stored;
use super::listing::CompactListing;
use super::observer::MirrorObserver;
use super::plan::{DirectoryPlan, Extraneous, MirrorAction, MirrorRules, NextDirectory, Reason};
use super::queue::{ActionBatch, MirrorQueue, Task};
use super::transfer_file::{Attempt, MirrorSides};
use super::tree::{ItemKind, join_path};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::threads;
use crate::transfer::TransferOptions;
use crate::transfer::full_disk::FullDisk;
use crate::transfer::retry::{ByteCounter, Retries};

/// How long a worker idles before it opens its connection in advance: if listing takes long,
/// logging in to the same server takes long, too.
const CONNECT_AHEAD_AFTER: Duration = Duration::from_millis(5);

/// How to run a mirror.
#[derive(Debug, Clone)]
pub struct MirrorSettings {
    /// The options of the transfers.
    pub options: TransferOptions,
    /// What is transferred and deleted.
    pub rules: MirrorRules,
    /// The number of workers.
    pub workers: usize,
    /// The retries of each task.
    pub retries: Retries,
    /// Only show the plan.
    pub dry_run: bool,
    /// How many failures end the mirror.
    pub max_errors: Option<u64>,
    /// What is removed from the source when the target has it.
    pub remove_source: RemoveSource,
}

/// What is removed from the source when the target has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoveSource {
    /// Nothing.
    #[default]
    Nothing,
    /// Files.
    Files,
    /// Files, and at the end directories that are empty.
    FilesAndDirectories,
}

/// The result of a mirror.
#[derive(Debug, Default)]
pub struct MirrorSummary {
    /// Files transferred.
    pub transferred: u64,
    /// Bytes transferred.
    pub bytes: u64,
    /// Files already up to date.
    pub unchanged: u64,
    /// How many of them are newer in the target, where that is reported.
    pub newer: u64,
    /// Directories created.
    pub directories: u64,
    /// Links skipped.
    pub links: u64,
    /// Devices, sockets and pipes skipped.
    pub special: u64,
    /// Files and directories deleted.
    pub deleted: u64,
    /// Failures, all already reported.
    pub failures: u64,
    /// What should be deleted, deepest first.
    pub extraneous: Vec<Extraneous>,
    /// Directories in which nothing was deleted, and entries kept because they may be of the source
    /// under other names. All already reported.
    pub kept: u64,
    /// What was stored next to extraneous entries.
    pub stored: Stored,
    /// Entries left alone because their names begin with a dot.
    pub hidden: u64,
    /// Extraneous directories that have something in them that stays.
    pub held: Vec<String>,
    /// Files removed from the source.
    pub removed_sources: u64,
    /// Directories of the source that were visited.
    pub source_directories: Vec<String>,
    /// Why the rest was not tried: the disk or the quota of the target is full.
    pub stopped: Option<Error>,
    /// Files that were to be transferred and are not, with their bytes.
    pub left: (u64, u64),
    /// Directories that were not looked at.
    pub directories_left: u64,
    /// Whether all listings were complete and understood.
    pub clean: bool,
    /// Files and directories found in the target.
    pub in_target: u64,
}

impl MirrorSummary {
    /// Whether there was nothing to do, and everything was seen.
    pub fn is_up_to_date(&self) -> bool {
        self.changes() + self.links + self.special + self.failures + self.kept == 0
    }

    /// How many things the mirror changed.
    pub fn changes(&self) -> u64 {
        self.transferred + self.directories + self.deleted + self.removed_sources
    }
}

pub(super) struct Work {
    pub(super) queue: MirrorQueue,
    busy: usize,
    /// Directories visited, and directories nested too deep to visit.
    pub(super) visited: u64,
    pub(super) too_deep: u64,
    /// Directories created for `no_empty_directories`.
    pub(super) made: HashSet<String>,
    /// How contents are compared, as was said.
    pub(super) said: Vec<String>,
    /// Permissions to be set at the end, by path.
    pub(super) modes: Vec<(Box<str>, u16)>,
    pub(super) summary: MirrorSummary,
    /// The error that stops everything.
    fatal: Option<Error>,
    full: FullDisk,
}

pub(super) struct Runner<'a> {
    pub(super) endpoints: &'a dyn MirrorSides,
    pub(super) settings: &'a MirrorSettings,
    pub(super) observer: &'a dyn MirrorObserver,
    pub(super) cancel: &'a Cancel,
    work: Mutex<Work>,
    changed: Condvar,
}

/// Transfers what the plans require and returns what to delete in `MirrorSummary::extraneous`, for
/// [`delete_extraneous`](super::delete::delete_extraneous). A dry run only informs `observer`.
///
/// # Errors
///
/// A missing source, Ctrl-C, the permanent loss of a server. Failures of single files are counted.
pub fn transfer_all(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
) -> Result<MirrorSummary> {
    let trail = endpoints.source().root_unique().into_iter().collect();
    let root =
        NextDirectory { path: String::new(), in_source: true, in_target: true, trail, mode: None };
    let work = run_queue(endpoints, settings, observer, cancel, MirrorQueue::new(root))?;
    let mut summary = work.summary;
    match work.fatal {
        Some(error) if error.is_out_of_space() => {
            summary.stopped = Some(error);
            summary.directories_left = work.queue.directories_waiting();
        }
        Some(error) => return Err(error),
        None => {}
    }
    cancel.check()?;
    if !settings.dry_run {
        set_modes(endpoints, settings, observer, cancel, work.modes)?;
    }
    // The deepest first, so that directories are empty when they are removed.
    summary
        .extraneous
        .sort_unstable_by(|a, b| b.depth().cmp(&a.depth()).then_with(|| a.path.cmp(&b.path)));
    if settings.dry_run {
        summary.extraneous.iter().try_for_each(|item| observer.show_planned(&item.action()))?;
    }
    Ok(summary)
}

/// Transfers files, whose directories exist. Failures of single files are reported.
///
/// # Errors
///
/// As [`transfer_all`].
pub fn transfer_files(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
    files: impl Iterator<Item = MirrorAction>,
) -> Result<()> {
    let queue = MirrorQueue::of_files(files);
    let work = run_queue(endpoints, settings, observer, cancel, queue)?;
    work.fatal.map_or_else(|| cancel.check(), Err)
}

/// Runs workers until the queue is empty.
fn run_queue(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
    queue: MirrorQueue,
) -> Result<Work> {
    let work = Work {
        queue,
        busy: 0,
        visited: 0,
        too_deep: 0,
        made: HashSet::new(),
        said: Vec::new(),
        modes: Vec::new(),
        summary: MirrorSummary { clean: true, ..MirrorSummary::default() },
        fatal: None,
        full: FullDisk::default(),
    };
    let (work, changed) = (Mutex::new(work), Condvar::new());
    let runner = Runner { endpoints, settings, observer, cancel, work, changed };
    std::thread::scope(|scope| {
        threads::start_workers(scope, "mirror", settings.workers, || || runner.run_worker())
    })?;
    Ok(runner.work.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Sets permissions, those of a directory after those of what is in it. What fails is said.
fn set_modes(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
    mut modes: Vec<(Box<str>, u16)>,
) -> Result<()> {
    modes.sort_unstable_by(|a, b| b.0.cmp(&a.0));
    for (path, mode) in modes {
        let set = with_retry(settings, observer, cancel, || {
            endpoints.target().set_mode(&path, mode, cancel)
        });
        match set {
            Ok(note) => note.into_iter().for_each(|note| observer.show_note(&note)),
            Err(error) if is_fatal(endpoints, &error, cancel) => return Err(error),
            Err(error) => observer.show_note(error.message()),
        }
    }
    Ok(())
}

/// Retries until success, a permanent failure, or the last retry.
pub(super) fn with_retry<T>(
    settings: &MirrorSettings,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let say = |text: &str| observer.show_note(text);
    crate::transfer::retry::with_retry(settings.retries.clone(), cancel, say, |_| attempt())
}

/// Whether all further work will fail, too. A connection may be lost because of one file; the
/// server is unreachable only if no new one can be made.
pub(super) fn is_fatal(endpoints: &dyn MirrorSides, error: &Error, cancel: &Cancel) -> bool {
    match error.kind() {
        _ if endpoints.lost().is_some() => true,
        Kind::Connect => !endpoints.are_reachable(cancel),
        Kind::Interrupted
        | Kind::Terminated
        | Kind::Login
        | Kind::CertChanged
        | Kind::CertUnknown
        | Kind::Usage => true,
        _ => false,
    }
}

impl Runner<'_> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_worker(&self) {
        let mut warm = self.settings.dry_run;
        loop {
            let mut work = self.lock();
            let task = loop {
                if work.fatal.is_some() || self.cancel.requested().is_some() {
                    return;
                }
                if let Some(task) = work.queue.take_task() {
                    break task;
                }
                if work.busy == 0 {
                    self.changed.notify_all();
                    return;
                }
                if warm {
                    work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                let waited = self.changed.wait_timeout(work, CONNECT_AHEAD_AFTER);
                let (waiting, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                work = waiting;
                if timeout.timed_out() {
                    warm = true;
                    drop(work);
                    self.endpoints.connect_ahead();
                    work = self.lock();
                }
            };
            work.busy += 1;
            drop(work);
            let result = match task {
                Task::VisitDirectory(next, depth) => {
                    let result = self.visit_directory(&next, depth);
                    result.and(self.finish_directory(next))
                }
                Task::Transfer(action) => self.execute(&action),
            };
            let mut work = self.lock();
            work.busy -= 1;
            if let Err(error) = result {
                work.fatal.get_or_insert(error);
            }
            drop(work);
            self.changed.notify_all();
        }
    }

    /// Records an incomplete listing or invalid entry: the mirror continues, but deletes nothing.
    pub(super) fn record_unclean(&self, error: &Error) -> Result<()> {
        if is_fatal(self.endpoints, error, self.cancel) {
            return Err(error.clone());
        }
        self.lock().summary.clean = false;
        self.observer.planning_failed(error);
        self.count_failure()
    }

    fn execute(&self, action: &MirrorAction) -> Result<()> {
        match action {
            MirrorAction::Transfer { path, size, reason: Reason::Content, .. } => {
                self.compare_one_file(action, path, *size)
            }
            MirrorAction::Transfer { .. } => self.transfer_one_file(action),
            _ => self.remove_source_file(action.path()),
        }
    }

    /// Counts a failure.
    ///
    /// # Errors
    ///
    /// It was the last one that is allowed.
    pub(super) fn count_failure(&self) -> Result<()> {
        let mut work = self.lock();
        work.summary.failures += 1;
        match self.settings.max_errors {
            Some(most) if work.summary.failures >= most => {
                Err(Error::new(Kind::Incomplete, format!("mirror: stopped after {most} errors"))
                    .with_hint("--max-errors sets how many are allowed"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn enqueue_plan(
        &self,
        plan: DirectoryPlan,
        here: &NextDirectory,
        source: Option<CompactListing>,
        depth: usize,
    ) {
        if let Some(source) = &source {
            let kept = plan.kept.iter().filter_map(|place| usize::try_from(*place).ok());
            for item in kept.filter_map(|place| source.get(place)) {
                self.observer.kept(&join_path(&here.path, item.name), item);
            }
        }
        let batch =
            ActionBatch::new(&here.path, source.unwrap_or_default(), plan.places, plan.steps);
        let (files, bytes) = batch.size();
        let mut work = self.lock();
        work.summary.unchanged += plan.unchanged;
        work.summary.newer += plan.newer;
        work.summary.links += plan.links.len() as u64;
        work.summary.special += plan.special;
        work.summary.in_target += plan.in_target;
        work.summary.hidden += plan.hidden;
        work.modes.extend(plan.modes);
        if plan.holds_kept {
            work.summary.held.push(here.path.clone());
        }
        work.summary.left.0 += files;
        work.summary.left.1 += bytes;
        work.summary.extraneous.extend(plan.extraneous);
        plan.next.into_iter().for_each(|next| work.queue.add_directory(next, depth + 1));
        if self.settings.dry_run {
            work.queue.add_dry_run(batch);
        } else {
            work.queue.add_transfers(batch);
        }
        drop(work);
        if files > 0 && !self.settings.dry_run {
            self.observer.add_to_total(files, bytes);
        }
        self.changed.notify_all();
    }

    /// Marks a directory as visited: a dry run may now show its plan.
    fn finish_directory(&self, next: NextDirectory) -> Result<()> {
        let mut work = self.lock();
        work.queue.mark_visited(next);
        self.show_plans(&mut work)
    }

    /// Shows what a dry run knows of its plan.
    pub(super) fn show_plans(&self, work: &mut Work) -> Result<()> {
        while let Some(batch) = work.queue.next_planned() {
            // Under the lock, so that plans are not interleaved.
            batch.into_iter().try_for_each(|action| self.observer.show_planned(&action))?;
        }
        Ok(())
    }

    pub(super) fn transfer_one_file(&self, action: &MirrorAction) -> Result<()> {
        let MirrorAction::Transfer { path, size, modified, mode, reason } = action else {
            return Ok(());
        };
        let fresh = *reason == Reason::Missing;
        let progress = self.observer.begin_file(path, *size);
        let moved = ByteCounter::new(&*progress);
        let mut options = self.settings.options.clone();
        options.mode = self.settings.rules.copied_mode(*mode).map(u32::from);
        let mut known = Some((*size, *modified));
        let result = with_retry(self.settings, self.observer, self.cancel, || {
            // A retry resumes here, if the file is unchanged.
            options.resume = options.resume.after_loss(moved.has_moved());
            let attempt = Attempt { fresh, known: known.take() };
            self.endpoints.transfer_file(path, attempt, &options, &moved, self.cancel)
        });
        let result = result.map(|outcome| moved.outcome_of_all(outcome));
        let position = moved.position();
        drop(progress);
        match &result {
            Ok(outcome) => {
                let mut work = self.lock();
                work.summary.transferred += 1;
                work.summary.bytes += outcome.bytes;
                work.summary.left.0 = work.summary.left.0.saturating_sub(1);
                work.summary.left.1 = work.summary.left.1.saturating_sub(size.unwrap_or(0));
                work.summary.stored.add_file(path);
                work.full.note_transfer(outcome.bytes);
                drop(work);
                self.observer.action_done(action, Ok(Some(outcome)));
                match self.settings.remove_source {
                    RemoveSource::Nothing => Ok(()),
                    _ => self.remove_source_file(path),
                }
            }
            Err(error) => {
                if error.is_interruption() {
                    self.observer.file_interrupted(path, position);
                }
                self.transfer_failed(action, error)
            }
        }
    }

    /// Reports and counts the failure of a file.
    ///
    /// # Errors
    ///
    /// `error`, if it concerns all others, too.
    pub(super) fn transfer_failed(&self, action: &MirrorAction, error: &Error) -> Result<()> {
        if is_fatal(self.endpoints, error, self.cancel) {
            return Err(error.clone());
        }
        self.observer.action_done(action, Err(error));
        let mut work = self.lock();
        work.full.note_failure(error);
        let full = work.full.is_certain();
        drop(work);
        let counted = self.count_failure();
        if full { Err(error.clone()) } else { counted }
    }

    /// Removes a file of the source that the target has.
    pub(super) fn remove_source_file(&self, path: &str) -> Result<()> {
        let removed = with_retry(self.settings, self.observer, self.cancel, || {
            self.endpoints.source().remove_entry(path, ItemKind::File, self.cancel)
        });
        let action = MirrorAction::RemoveSource { path: path.to_owned() };
        match &removed {
            Ok(()) => self.lock().summary.removed_sources += 1,
            Err(error) if is_fatal(self.endpoints, error, self.cancel) => return removed,
            Err(_) => {}
        }
        self.observer.action_done(&action, removed.as_ref().map(|()| None));
        if removed.is_ok() { Ok(()) } else { self.count_failure() }
    }
}

#[cfg(test)]
mod tests;
