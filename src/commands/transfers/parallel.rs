//! Several files at a time: each worker leases a session of the pool for one file after another.
//!
//! The workers only transfer; the command's own thread reports, counts and logs, in the order in
//! which files finish. A server that takes fewer sessions gets fewer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use crate::cancel::Cancel;
use crate::commands::Context;
use crate::commands::transfers::batch::Batch;
use crate::commands::transfers::progress::ProgressBar;
use crate::commands::transfers::{Failures, FileTransfer, report_file_transfer, retry_transfer};
use crate::error::Result;
use crate::ftp::session_pool::SiteSessions;
use crate::output::{Output, TreeProgress};
use crate::threads;
use crate::transfer::Outcome;
use crate::transfer::retry::{ByteCounter, Retries};

/// Transfers all of `jobs`, up to `most` at the same time. Failures of single files are noted.
pub fn transfer_parallel(
    ctx: &mut Context,
    jobs: &[FileTransfer],
    most: usize,
    failures: &mut Failures,
    batch: &mut Batch,
) -> Result<()> {
    failures.begin_files(jobs.len());
    let cwd = ctx.client.session()?.cwd().clone();
    // Not every session is in the shell's directory.
    let resolved = jobs.iter().map(|job| job.resolved_in(&cwd)).collect::<Result<Vec<_>>>()?;
    let shown: Vec<_> =
        jobs.iter().map(|job| (job.progress_label(ctx), job.known_size())).collect();
    let pool = ctx.client.share_sessions()?;
    let work = ParallelTransfer {
        jobs: &resolved,
        shown: &shown,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        pool: &pool,
        tree: batch.total().cloned(),
        out: ctx.out.clone(),
        retries: ctx.client.retries(),
        cancel: ctx.client.cancel.clone(),
    };
    let mut fatal = None;
    let started = std::thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        let workers = most.min(jobs.len()).min(pool.limit());
        let started = threads::start_workers(scope, "transfers", workers, || {
            let (sender, work) = (sender.clone(), &work);
            move || work.run_worker(&sender)
        });
        drop(sender);
        for (index, result, position) in results {
            let result = match jobs.get(index) {
                Some(job) => report_file_transfer(ctx, job, result, position, batch),
                None => Ok(()),
            };
            match (&fatal, result) {
                (None, result) => {
                    if let Err(error) = failures.note_result(ctx, result) {
                        work.stop.store(true, Ordering::Relaxed);
                        fatal = Some(error);
                    }
                }
                (Some(_), Ok(())) => failures.note_done(),
                // After the first fatal one the others say the same.
                (Some(_), Err(_)) => {}
            }
        }
        started
    });
    batch.end_progress();
    ctx.client.stop_sharing(&pool);
    started?;
    ctx.client.cancel.check()?;
    fatal.map_or(Ok(()), |error| Err(failures.full_disk_error().unwrap_or(error)))
}

struct ParallelTransfer<'a> {
    jobs: &'a [FileTransfer],
    /// The label and the size of each, if known.
    shown: &'a [(String, Option<u64>)],
    next: AtomicUsize,
    stop: AtomicBool,
    pool: &'a Arc<SiteSessions>,
    tree: Option<TreeProgress>,
    out: Output,
    retries: Retries,
    cancel: Cancel,
}

impl ParallelTransfer<'_> {
    fn run_worker(&self, results: &mpsc::Sender<(usize, Result<Outcome>, u64)>) {
        while !self.stop.load(Ordering::Relaxed) && self.cancel.requested().is_none() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(job), Some(shown)) = (self.jobs.get(index), self.shown.get(index)) else {
                return;
            };
            let (result, position) = self.transfer_one(job, shown);
            if results.send((index, result, position)).is_err() {
                return;
            }
        }
    }

    /// Transfers a file; also returns how far it came.
    fn transfer_one(
        &self,
        job: &FileTransfer,
        (label, size): &(String, Option<u64>),
    ) -> (Result<Outcome>, u64) {
        let watched = match &self.tree {
            Some(tree) => ProgressBar::in_tree(tree, &self.out, label, *size),
            None => ProgressBar::new(&self.out, label, *size),
        };
        let watched = watched.with_limits(&job.options().limits);
        let moved = ByteCounter::new(&watched);
        let mut job = job.clone();
        let result = retry_transfer(self.retries.clone(), &self.cancel, &watched, |again| {
            if again {
                job.prepare_retry(moved.has_moved());
            }
            job.run_on(&mut *self.pool.lease(&self.cancel)?, &moved, &self.cancel)
        });
        (result.map(|outcome| moved.outcome_of_all(outcome)), watched.position())
    }
}
