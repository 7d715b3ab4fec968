//! Several files at a time: each worker leases a session of the pool for one file after another.
//!
//! The workers only transfer; the command's own thread reports, counts and logs, in the order in
//! which files finish. A server that takes fewer sessions gets fewer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use crate::cancel::Cancel;
use crate::commands::Context;
use crate::commands::transfers::progress::{ProgressBar, limit_total};
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
) -> Result<()> {
    let cwd = ctx.client.session()?.cwd().clone();
    // Not every session is in the shell's directory.
    let resolved = jobs.iter().map(|job| job.resolved_in(&cwd)).collect::<Result<Vec<_>>>()?;
    let shown: Vec<_> = jobs.iter().map(|job| (job.progress_label(), job.known_size())).collect();
    let pool = ctx.client.share_sessions()?;
    let tree = ctx.out.tree_progress("total");
    if let Some(job) = jobs.first() {
        limit_total(&tree, &job.options().limits);
    }
    for (_, size) in &shown {
        match size {
            Some(size) => tree.add_to_total(1, *size),
            None => tree.add_unsized(1),
        }
    }
    let work = ParallelTransfer {
        jobs: &resolved,
        shown: &shown,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        pool: &pool,
        tree: &tree,
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
        for (index, result) in results {
            tree.file_done();
            let result = match jobs.get(index) {
                Some(job) => report_file_transfer(ctx, job, result),
                None => Ok(()),
            };
            // After the first fatal one the others say the same.
            if fatal.is_none()
                && let Err(error) = failures.note_result(ctx, result)
            {
                work.stop.store(true, Ordering::Relaxed);
                fatal = Some(error);
            }
        }
        started
    });
    tree.finish();
    ctx.client.stop_sharing(&pool);
    started?;
    ctx.client.cancel.check()?;
    fatal.map_or(Ok(()), Err)
}

struct ParallelTransfer<'a> {
    jobs: &'a [FileTransfer],
    /// The label and the size of each, if known.
    shown: &'a [(String, Option<u64>)],
    next: AtomicUsize,
    stop: AtomicBool,
    pool: &'a Arc<SiteSessions>,
    tree: &'a TreeProgress,
    out: Output,
    retries: Retries,
    cancel: Cancel,
}

impl ParallelTransfer<'_> {
    fn run_worker(&self, results: &mpsc::Sender<(usize, Result<Outcome>)>) {
        while !self.stop.load(Ordering::Relaxed) && self.cancel.requested().is_none() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(job), Some(shown)) = (self.jobs.get(index), self.shown.get(index)) else {
                return;
            };
            if results.send((index, self.transfer_one(job, shown))).is_err() {
                return;
            }
        }
    }

    fn transfer_one(
        &self,
        job: &FileTransfer,
        (label, size): &(String, Option<u64>),
    ) -> Result<Outcome> {
        let watched = ProgressBar::in_tree(self.tree, &self.out, label, *size)
            .with_limits(&job.options().limits);
        let moved = ByteCounter::new(&watched);
        let mut job = job.clone();
        let outcome = retry_transfer(self.retries.clone(), &self.cancel, &watched, |again| {
            if again {
                job.prepare_retry(moved.has_moved());
            }
            job.run_on(&mut *self.pool.lease(&self.cancel)?, &moved, &self.cancel)
        })?;
        Ok(moved.outcome_of_all(outcome))
    }
}
