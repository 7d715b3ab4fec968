//! Background jobs: the table that all contexts of a program share, and the queues.
//!
//! A job is a thread with a number, a title, a cancel flag and a meter. What it runs is the
//! caller's affair; its result is kept here until it is collected.

pub mod queue;
pub mod selection;
mod table;

use std::time::Duration;

use crate::error::Kind;
use crate::output::Output;

pub use table::{BackgroundJob, JobState, Jobs};

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
    /// Adds what was done elsewhere.
    pub fn add(&mut self, other: &RunTotals) {
        self.commands += other.commands;
        self.failed += other.failed;
        self.files += other.files;
        self.bytes += other.bytes;
        self.first_failure = self.first_failure.or(other.first_failure);
    }
}

/// Notes that a job is over, however it ended: a thread that panicked has failed.
#[derive(Debug)]
pub struct EndGuard {
    jobs: Jobs,
    id: u64,
    out: Output,
    outcome: (Result<(), Kind>, RunTotals),
}

impl EndGuard {
    /// For a job that says its last words to `out`.
    pub fn new(jobs: &Jobs, id: u64, out: Output) -> Self {
        let outcome = (Err(Kind::Other), RunTotals::default());
        Self { jobs: jobs.clone(), id, out, outcome }
    }

    /// How the job ended, unless it panics after all.
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
