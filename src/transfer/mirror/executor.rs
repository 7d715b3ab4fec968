//! Running a mirror: workers that list and carry at the same time.
//!
//! Files are carried while directories are still being listed. The queue of files is kept short:
//! above a mark workers carry rather than list, so that memory does not grow with the tree.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::confirm_stored::Stored;
use super::listing::Listing;
use super::observer::Watch;
use super::plan::{Action, Next, Plan, Reason, Rules, Surplus};
use super::queue::{Batch, Queue, Task};
use super::transfer_file::{Attempt, Sides};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::threads;
use crate::transfer::TransferOptions;
use crate::transfer::retry::{ByteCounter, Retries};

/// After so long without work a worker connects ahead of it: a server that takes longer to list a
/// directory is one that takes long to log in to.
const WARM_AFTER: Duration = Duration::from_millis(5);

/// How to run a mirror.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How files are carried.
    pub options: TransferOptions,
    /// What decides.
    pub rules: Rules,
    /// How many workers.
    pub workers: usize,
    /// Retries of each piece of work.
    pub retries: Retries,
    /// Only plan.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Summary {
    /// Files carried.
    pub carried: u64,
    /// Bytes carried.
    pub bytes: u64,
    /// Files that were as they should be.
    pub unchanged: u64,
    /// Directories created.
    pub directories: u64,
    /// Links passed over.
    pub links: u64,
    /// Files and directories deleted.
    pub deleted: u64,
    /// Failures, all told already.
    pub failures: u64,
    /// What is to be deleted, deepest first.
    pub surplus: Vec<Surplus>,
    /// Directories in which nothing was deleted, and things left alone, because they may be of the
    /// source under other names. All told already.
    pub kept: u64,
    /// What was stored beside what is surplus.
    pub stored: Stored,
    /// Whether every listing was whole and understood.
    pub clean: bool,
    /// Files and directories that the target had.
    pub in_target: u64,
}

pub(super) struct Work {
    queue: Queue,
    busy: usize,
    /// How many directories have been looked into, and how many were nested too deep for that.
    pub(super) looked_into: u64,
    pub(super) too_deep: u64,
    pub(super) summary: Summary,
    /// Why everything stops.
    fatal: Option<Error>,
}

pub(super) struct Runner<'a> {
    pub(super) sides: &'a Sides,
    pub(super) settings: &'a Settings,
    pub(super) watch: &'a dyn Watch,
    pub(super) cancel: &'a Cancel,
    work: Mutex<Work>,
    changed: Condvar,
}

/// Carries what is to be carried, and returns what is to be deleted in `Summary::surplus`.
/// [`delete`](super::delete::delete) does that. A dry run only tells `watch`.
///
/// # Errors
///
/// A source that is not there, Ctrl-C, the loss of the server for good. Failures of single files
/// are counted instead.
pub fn carry(
    sides: &Sides,
    settings: &Settings,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<Summary> {
    let trail = sides.source().root_unique().into_iter().collect();
    let root = Next { path: String::new(), in_source: true, in_target: true, trail };
    let work = Work {
        queue: Queue::new(root),
        busy: 0,
        looked_into: 0,
        too_deep: 0,
        summary: Summary { clean: true, ..Summary::default() },
        fatal: None,
    };
    let runner =
        Runner { sides, settings, watch, cancel, work: Mutex::new(work), changed: Condvar::new() };
    std::thread::scope(|scope| {
        threads::start_workers(scope, "mirror", settings.workers, || || runner.work())
    })?;
    let work = runner.work.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = work.fatal {
        return Err(error);
    }
    cancel.check()?;
    let mut summary = work.summary;
    // What is deepest goes first, so that directories are empty when their turn comes.
    summary
        .surplus
        .sort_unstable_by(|a, b| b.depth().cmp(&a.depth()).then_with(|| a.path.cmp(&b.path)));
    if settings.dry_run {
        summary.surplus.iter().try_for_each(|item| watch.planned(&item.action()))?;
    }
    Ok(summary)
}

/// Tries until it succeeds, fails for good, or the retries are used up.
pub(super) fn tried<T>(
    settings: &Settings,
    watch: &dyn Watch,
    cancel: &Cancel,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let mut retries = settings.retries.clone();
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) => retries.wait_or_fail(error, cancel, |text| watch.note(text))?,
        }
    }
}

/// Whether nothing else will work either after this. A connection may be lost because of one
/// file; only where no new one can be made is the server gone.
pub(super) fn ends_all(sides: &Sides, error: &Error, cancel: &Cancel) -> bool {
    match error.kind() {
        Kind::Connect => !sides.are_reachable(cancel),
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

    fn work(&self) {
        let mut warm = self.settings.dry_run;
        loop {
            let mut work = self.lock();
            let task = loop {
                if work.fatal.is_some() || self.cancel.requested().is_some() {
                    return;
                }
                if let Some(task) = work.queue.take() {
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
                let waited = self.changed.wait_timeout(work, WARM_AFTER);
                let (waiting, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                work = waiting;
                if timeout.timed_out() {
                    warm = true;
                    drop(work);
                    self.sides.warm();
                    work = self.lock();
                }
            };
            work.busy += 1;
            drop(work);
            let result = match task {
                Task::Look(next, depth) => {
                    let result = self.look_into(&next, depth);
                    result.and(self.looked_into(next))
                }
                Task::Carry(action) => self.carry_one(&action),
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

    /// A listing or an entry that nothing may rest on. The mirror goes on elsewhere, but will
    /// not delete anything.
    pub(super) fn unclean(&self, error: &Error) -> Result<()> {
        if ends_all(self.sides, error, self.cancel) {
            return Err(error.clone());
        }
        let mut work = self.lock();
        work.summary.clean = false;
        work.summary.failures += 1;
        drop(work);
        self.watch.failed(error);
        Ok(())
    }

    pub(super) fn take_in(&self, plan: Plan, here: &Next, source: Option<Listing>, depth: usize) {
        let batch = Batch::new(&here.path, source.unwrap_or_default(), plan.places, plan.steps);
        let (files, bytes) = batch.size();
        let mut work = self.lock();
        work.summary.unchanged += plan.unchanged;
        work.summary.links += plan.links.len() as u64;
        work.summary.in_target += plan.in_target;
        work.summary.surplus.extend(plan.surplus);
        plan.next.into_iter().for_each(|next| work.queue.look_into(next, depth + 1));
        if self.settings.dry_run {
            work.queue.plan(batch);
        } else {
            work.queue.carry(batch);
        }
        drop(work);
        if files > 0 && !self.settings.dry_run {
            self.watch.grow(files, bytes);
        }
        self.changed.notify_all();
    }

    /// A directory has been looked into: what a dry run knows of it may be told.
    fn looked_into(&self, next: Next) -> Result<()> {
        let mut work = self.lock();
        work.queue.looked_into(next);
        while let Some(batch) = work.queue.next_planned() {
            // Under the lock: one plan after the other.
            batch.into_iter().try_for_each(|action| self.watch.planned(&action))?;
        }
        Ok(())
    }

    fn carry_one(&self, action: &Action) -> Result<()> {
        let Action::Carry { path, size, modified, reason } = action else { return Ok(()) };
        let fresh = *reason == Reason::Missing;
        let progress = self.watch.begin(path, *size);
        let moved = ByteCounter::new(&*progress);
        let mut options = self.settings.options.clone();
        let mut known = Some((*size, *modified));
        let result = tried(self.settings, self.watch, self.cancel, || {
            // A retry begins where this attempt stopped, if it is still the same file.
            options.resume = options.resume.after_loss(moved.has_moved());
            let attempt = Attempt { fresh, known: known.take() };
            self.sides.carry(path, attempt, &options, &moved, self.cancel)
        });
        drop(progress);
        match &result {
            Ok(outcome) => {
                let mut work = self.lock();
                work.summary.carried += 1;
                work.summary.bytes += outcome.bytes;
                work.summary.stored.file(path);
                drop(work);
                self.watch.done(action, Ok(Some(outcome)));
                Ok(())
            }
            Err(error) if ends_all(self.sides, error, self.cancel) => Err(error.clone()),
            Err(error) => {
                self.lock().summary.failures += 1;
                self.watch.done(action, Err(error));
                Ok(())
            }
        }
    }
}
