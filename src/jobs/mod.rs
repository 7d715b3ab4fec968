//! Background jobs: the table shared by all contexts of a program, and the queues.
//!
//! A job is a thread with a number, a title, a cancel flag and a meter. The caller decides what it
//! runs; its result is kept here until it is collected.

pub mod queue;
pub mod selection;
mod table;

use std::time::Duration;

use crate::error::Kind;
use crate::output::Output;

pub use table::{JobState, Jobs};

/// How often a wait for a job checks the cancel flag.
pub const POLL: Duration = Duration::from_millis(50);

/// How long to wait for a job to stop.
pub const GRACE: Duration = Duration::from_secs(2);

/// Counts for the summary and the exit status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Commands run.
    pub commands: u64,
    /// Commands failed.
    pub failed: u64,
    /// Files transferred.
    pub files: u64,
    /// Bytes transferred.
    pub bytes: u64,
    /// The first failure's cause.
    pub first_failure: Option<Kind>,
}

impl RunTotals {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: &RunTotals) {
        self.commands += other.commands;
        self.failed += other.failed;
        self.files += other.files;
        self.bytes += other.bytes;
        self.first_failure = self.first_failure.or(other.first_failure);
    }
}

/// Records the end of a job, even after a panic, which counts as a failure.
#[derive(Debug)]
pub struct EndGuard {
    jobs: Jobs,
    id: u64,
    out: Output,
    outcome: (Result<(), Kind>, RunTotals),
}

impl EndGuard {
    /// The guard of a job that reports its end to `out`.
    pub fn new(jobs: &Jobs, id: u64, out: Output) -> Self {
        let outcome = (Err(Kind::Other), RunTotals::default());
        Self { jobs: jobs.clone(), id, out, outcome }
    }

    /// Sets the result of the job, unless it panics later.
    pub fn set_outcome(&mut self, result: Result<(), Kind>, totals: RunTotals) {
        self.outcome = (result, totals);
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        let (result, totals) = self.outcome;
        self.jobs.record_end(self.id, result, totals);
        if let Some(job) = self.jobs.find_job(self.id) {
            self.out.notice(&format!("[{}] {}: {}", self.id, job.state.as_str(), job.title));
        }
        self.jobs.write_record(self.id, &self.out);
        self.jobs.announce_end(self.id);
    }
}
