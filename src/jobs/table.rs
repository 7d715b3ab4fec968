//! The table of jobs: numbers, titles, states, results. It starts nothing and prints only records.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{POLL, RunTotals};
use crate::cancel::{Cancel, Reason};

use crate::error::Kind;
use crate::output::{self, JobMeter, Output, Record};

/// All jobs of the program. Clones share them.
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
    /// The number of jobs that have ended.
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
    /// The position in the order of ends.
    order: u64,
    result: Result<(), Kind>,
    totals: RunTotals,
    took: Duration,
    announced: bool,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It runs.
    Running,
    /// It succeeded.
    Done,
    /// It failed, at least partly.
    Failed,
    /// It was stopped early.
    Killed,
}

impl JobState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Killed => "killed",
        }
    }
}

/// A snapshot of a job.
#[derive(Debug, Clone)]
pub struct BackgroundJob {
    /// Its number.
    pub id: u64,
    /// Its command line, without secrets.
    pub title: String,
    /// Its state.
    pub state: JobState,
    /// The cause of its failure.
    pub failure: Option<Kind>,
    /// Bytes transferred.
    pub bytes: u64,
    /// Its current transfer, as text.
    pub now: Option<String>,
    /// The percentage of its current transfer.
    pub percent: Option<String>,
    /// The remaining time of its current transfer.
    pub left: Option<String>,
    /// How long it has run.
    pub time: Duration,
}

/// The result of a job that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its command line, without secrets.
    pub title: String,
    /// How it ended.
    pub result: Result<(), Kind>,
    /// Its counts.
    pub totals: RunTotals,
    /// Whether `kill` ended it.
    pub killed: bool,
}

impl BackgroundJob {
    /// Its JSON record.
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
        let current = self.meter.current_transfer();
        let (percent, left) = current.as_ref().map(|it| it.percent_and_left()).unwrap_or_default();
        BackgroundJob {
            id,
            percent,
            left,
            title: self.title.clone(),
            state,
            failure,
            bytes: self.meter.bytes(),
            now: current.map(|transfer| transfer.message()),
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

    /// The job with this number.
    pub fn find_job(&self, id: u64) -> Option<BackgroundJob> {
        self.lock_table().rows.get(&id).map(|row| row.snapshot(id))
    }

    /// The numbers of the running jobs.
    pub fn running_jobs(&self) -> Vec<u64> {
        let table = self.lock_table();
        table.rows.iter().filter(|(_, row)| !row.is_announced()).map(|(id, _)| *id).collect()
    }

    /// Changes the title of a job. It must not contain a secret.
    pub fn set_title(&self, id: u64, title: String) {
        if let Some(row) = self.lock_table().rows.get_mut(&id) {
            row.title = title;
        }
    }

    /// Shows or hides the progress lines of jobs.
    pub fn set_in_foreground(&self, ids: &[u64], in_foreground: bool, out: &Output) {
        let table = self.lock_table();
        let meters: Vec<_> =
            ids.iter().filter_map(|id| table.rows.get(id)).map(|row| row.meter.clone()).collect();
        drop(table);
        for meter in meters {
            meter.set_in_foreground(in_foreground, out);
        }
    }

    /// Asks jobs to stop, as `kill` does. Jobs that have ended are unaffected.
    pub fn kill_jobs(&self, ids: &[u64]) {
        let mut table = self.lock_table();
        for (_, row) in table.rows.iter_mut().filter(|(id, _)| ids.contains(id)) {
            row.killed |= row.end.is_none();
        }
        drop(table);
        self.cancel_jobs(ids, Reason::Interrupted);
    }

    /// Before a prompt: shows the output of jobs that was held back, and holds back further output
    /// while the next line is typed.
    pub fn flush_reports(&self, out: &Output) {
        out.defer_job_output();
    }

    /// Whether a job has ended since the last call: it may have changed anything.
    pub fn take_job_ended(&self) -> bool {
        self.0.changed.swap(false, std::sync::atomic::Ordering::Relaxed)
    }

    /// Removes a job that has ended from the table.
    pub fn take_ended(&self, id: u64) -> Option<Ended> {
        let mut table = self.lock_table();
        if !table.rows.get(&id)?.is_announced() {
            return None;
        }
        let row = table.rows.remove(&id)?;
        let end = row.end?;
        Some(Ended { title: row.title, result: end.result, totals: end.totals, killed: row.killed })
    }

    /// Waits for jobs to end, at most for `time`.
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

    /// Records how a job ended.
    pub fn record_end(&self, id: u64, result: Result<(), Kind>, totals: RunTotals) {
        let mut table = self.lock_table();
        table.ended += 1;
        let order = table.ended;
        if let Some(row) = table.rows.get_mut(&id) {
            let took = row.begun.elapsed();
            row.end = Some(JobEnd { order, result, totals, took, announced: false });
        }
    }

    /// Wakes those who wait for the job; all of its output has been written.
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
            // A closed output is reported by writers of data.
            let _ = out.record(&job.job_record()).and_then(|()| out.flush());
        }
    }

    /// Whether all of these jobs have ended.
    pub fn have_ended(&self, ids: &[u64]) -> bool {
        let table = self.lock_table();
        ids.iter().all(|id| table.rows.get(id).is_none_or(JobRow::is_announced))
    }

    /// The jobs that have ended, in order of their ends.
    pub fn ended_jobs(&self) -> Vec<u64> {
        let table = self.lock_table();
        let order =
            |row: &JobRow| row.end.as_ref().filter(|end| end.announced).map(|end| end.order);
        let mut ended: Vec<_> =
            table.rows.iter().filter_map(|(id, row)| Some((order(row)?, *id))).collect();
        ended.sort_unstable();
        ended.into_iter().map(|(_, id)| id).collect()
    }

    /// Waits for a job to end, at most for `time`.
    pub fn wait_for_change(&self, time: Duration) {
        let waited = self.0.ended.wait_timeout(self.lock_table(), time);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock_table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
