//! The table of jobs: numbers, titles, states, results. It starts nothing and prints records only.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{POLL, RunTotals};
use crate::cancel::{Cancel, Reason};

use crate::error::Kind;
use crate::output::{self, JobMeter, Output, Record};

/// All jobs of the program. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Jobs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    ended: Condvar,
    /// Whether a job has ended since the last check.
    changed: AtomicBool,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<u64, JobRow>,
    last: u64,
    /// How many have ended.
    ended: u64,
}

#[derive(Debug)]
struct JobRow {
    title: String,
    cancel: Cancel,
    meter: JobMeter,
    begun: Instant,
    killed: bool,
    end: Option<JobEnd>,
}

#[derive(Debug)]
struct JobEnd {
    /// Counts the jobs that ended, this one included.
    order: u64,
    result: Result<(), Kind>,
    totals: RunTotals,
    took: Duration,
    /// Whether it has said so.
    announced: bool,
}

/// What a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It runs.
    Running,
    /// It has done all of it.
    Done,
    /// Something of it failed.
    Failed,
    /// It was stopped before its end.
    Killed,
}

impl JobState {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Killed => "killed",
        }
    }
}

/// A job as others see it.
#[derive(Debug, Clone)]
pub struct BackgroundJob {
    /// Its number.
    pub id: u64,
    /// Its command line, without secrets.
    pub title: String,
    /// What it is doing.
    pub state: JobState,
    /// The cause of its failure.
    pub failure: Option<Kind>,
    /// Bytes that its transfers have moved.
    pub bytes: u64,
    /// Its current transfer, in words.
    pub now: Option<String>,
    /// How long it has run.
    pub time: Duration,
}

/// What is left of a job.
#[derive(Debug)]
pub struct Ended {
    /// Its command line, without secrets.
    pub title: String,
    /// How it ended.
    pub result: Result<(), Kind>,
    /// What it did.
    pub totals: RunTotals,
    /// Whether `kill` ended it.
    pub killed: bool,
}

impl BackgroundJob {
    /// Its record.
    pub fn job_record(&self) -> Record<'static> {
        let exit = match self.state {
            JobState::Running => None,
            _ => Some(self.failure.map_or(0, Kind::exit)),
        };
        Record::Job(output::JobRecord {
            id: self.id,
            command: self.title.clone(),
            state: self.state.as_str().to_owned(),
            exit,
            bytes: self.bytes,
        })
    }
}

impl JobRow {
    fn snapshot(&self, id: u64) -> BackgroundJob {
        let failure = self.end.as_ref().and_then(|end| end.result.err());
        let stopped = matches!(failure, Some(Kind::Interrupted | Kind::Terminated));
        let state = match &self.end {
            None => JobState::Running,
            Some(_) if failure.is_none() => JobState::Done,
            Some(_) if self.killed || stopped => JobState::Killed,
            Some(_) => JobState::Failed,
        };
        BackgroundJob {
            id,
            title: self.title.clone(),
            state,
            failure,
            bytes: self.meter.bytes(),
            now: self.meter.current_transfer(),
            time: self.end.as_ref().map_or_else(|| self.begun.elapsed(), |end| end.took),
        }
    }

    fn is_announced(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.announced)
    }
}

impl Jobs {
    /// Whether a job is running, or has ended and has not been collected.
    pub fn contains_job(&self, id: u64) -> bool {
        self.lock_table().rows.contains_key(&id)
    }

    /// The running jobs and those not yet collected, by number.
    pub fn list_jobs(&self) -> Vec<BackgroundJob> {
        self.lock_table().rows.iter().map(|(id, row)| row.snapshot(*id)).collect()
    }

    /// One of them.
    pub fn find_job(&self, id: u64) -> Option<BackgroundJob> {
        self.lock_table().rows.get(&id).map(|row| row.snapshot(id))
    }

    /// The numbers of those that have not ended.
    pub fn running_jobs(&self) -> Vec<u64> {
        let table = self.lock_table();
        table.rows.iter().filter(|(_, row)| !row.is_announced()).map(|(id, _)| *id).collect()
    }

    /// Asks jobs to stop, as `kill` does. Those that have ended stay as they are.
    pub fn kill_jobs(&self, ids: &[u64]) {
        let mut table = self.lock_table();
        for (_, row) in table.rows.iter_mut().filter(|(id, _)| ids.contains(id)) {
            row.killed |= row.end.is_none();
        }
        drop(table);
        self.cancel_jobs(ids, Reason::Interrupted);
    }

    /// Before a prompt: shows what jobs had to say while the last line was typed, and lets them
    /// wait while the next one is.
    pub fn flush_reports(&self, out: &Output) {
        out.defer_job_output();
    }

    /// Whether a job has ended since this was asked last: what it changed is not known.
    pub fn take_job_ended(&self) -> bool {
        self.0.changed.swap(false, std::sync::atomic::Ordering::Relaxed)
    }

    /// Forgets a job that has ended.
    pub fn take_ended(&self, id: u64) -> Option<Ended> {
        let mut table = self.lock_table();
        if !table.rows.get(&id)?.is_announced() {
            return None;
        }
        let row = table.rows.remove(&id)?;
        let end = row.end?;
        Some(Ended { title: row.title, result: end.result, totals: end.totals, killed: row.killed })
    }

    /// Waits for at most so long for jobs to end.
    pub fn wait_at_most(&self, ids: &[u64], time: Duration) {
        let deadline = Instant::now() + time;
        while !self.have_ended(ids) && Instant::now() < deadline {
            self.wait_for_change(POLL);
        }
    }

    /// Requests that jobs stop, for this reason.
    pub fn cancel_jobs(&self, ids: &[u64], reason: Reason) {
        let table = self.lock_table();
        ids.iter().filter_map(|id| table.rows.get(id)).for_each(|row| row.cancel.request(reason));
    }

    /// Adds a job and returns its number.
    pub fn add_job(&self, title: &str, cancel: &Cancel, meter: &JobMeter) -> u64 {
        let mut table = self.lock_table();
        table.last += 1;
        let id = table.last;
        let row = JobRow {
            title: title.to_owned(),
            cancel: cancel.clone(),
            meter: meter.clone(),
            begun: Instant::now(),
            killed: false,
            end: None,
        };
        table.rows.insert(id, row);
        id
    }

    /// Notes how a job ended.
    pub fn record_end(&self, id: u64, result: Result<(), Kind>, totals: RunTotals) {
        let mut table = self.lock_table();
        table.ended += 1;
        let order = table.ended;
        if let Some(row) = table.rows.get_mut(&id) {
            let took = row.begun.elapsed();
            row.end = Some(JobEnd { order, result, totals, took, announced: false });
        }
    }

    /// The job has written all of its output: those who wait for it continue.
    pub fn announce_end(&self, id: u64) {
        if let Some(end) = self.lock_table().rows.get_mut(&id).and_then(|row| row.end.as_mut()) {
            end.announced = true;
        }
        self.0.changed.store(true, std::sync::atomic::Ordering::Relaxed);
        self.0.ended.notify_all();
    }

    /// Writes a job's record.
    pub fn write_record(&self, id: u64, out: &Output) {
        if let Some(job) = self.find_job(id)
            && out.is_json()
        {
            // A reader that has gone is noticed by those who have data.
            let _ = out.record(&job.job_record()).and_then(|()| out.flush());
        }
    }

    /// Whether all of these jobs have ended.
    pub fn have_ended(&self, ids: &[u64]) -> bool {
        let table = self.lock_table();
        ids.iter().all(|id| table.rows.get(id).is_none_or(JobRow::is_announced))
    }

    /// Those that have ended, in that order.
    pub fn ended_jobs(&self) -> Vec<u64> {
        let table = self.lock_table();
        let order =
            |row: &JobRow| row.end.as_ref().filter(|end| end.announced).map(|end| end.order);
        let mut ended: Vec<_> =
            table.rows.iter().filter_map(|(id, row)| Some((order(row)?, *id))).collect();
        ended.sort_unstable();
        ended.into_iter().map(|(_, id)| id).collect()
    }

    /// Waits for a job to end, or for so long.
    pub fn wait_for_change(&self, time: Duration) {
        let waited = self.0.ended.wait_timeout(self.lock_table(), time);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock_table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
