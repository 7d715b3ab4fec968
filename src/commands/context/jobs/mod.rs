//! Background jobs: the table that all contexts of a program share, and the thread of each job.
//!
//! A job has a context of its own: a copy of the settings, aliases and directories of the one that
//! started it, its own connection to the same site, its own cancel flag. It never asks. What it
//! did is counted when somebody waits for it, or at the end of the program.

mod leave;
mod queue;
mod table;

use std::thread;
use std::time::Duration;

use super::{Context, RunTotals};
use crate::cancel::Reason;
use crate::error::{Error, Kind, Result, io_reason};
use crate::output::{JobMeter, Output};

pub use queue::QueueView;
pub use table::{BackgroundJob, JobState, Jobs};

/// How often a wait for a job looks at the cancel flag.
const TICK: Duration = Duration::from_millis(50);

/// How long a job may take to stop before nobody waits for it any more.
const GRACE: Duration = Duration::from_secs(2);

/// What a job does.
pub type JobFn = Box<dyn FnOnce(&mut Context) -> Result<(), Kind> + Send>;

impl Context {
    /// Starts a job and returns its number. `title` must not hold a secret.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] where the local directory has been removed; no more threads.
    pub fn start_job(&mut self, title: &str, body: JobFn) -> Result<u64> {
        let mut ctx = self.for_job()?;
        let meter = JobMeter::new();
        let id = self.jobs.add_job(title, &ctx.client.cancel, &meter);
        ctx.enter_job(id, &meter);
        let ending = EndGuard {
            jobs: self.jobs.clone(),
            id,
            out: self.client.console.background(&meter),
            outcome: (Err(Kind::Other), RunTotals::default()),
        };
        if self.client.at_prompt {
            self.out.notice(&format!("[{id}] {title}"));
        }
        self.jobs.write_record(id, &self.client.console);
        if let Some(site) = &self.client.connection.site
            && self.client.connection_limit(site) == 1
        {
            // The one connection is the job's now; we wait for it when we need it again.
            self.client.connection.close();
        }
        let thread = thread::Builder::new().name(format!("job {id}"));
        let spawned = thread.spawn(move || run_job(ctx, body, ending));
        spawned.map(|_| id).map_err(|error| {
            Error::new(Kind::Other, format!("{title}: no job: {}", io_reason(&error)))
        })
    }

    /// A copy for a job, with a connection of its own that is made when it is needed.
    fn for_job(&self) -> Result<Context> {
        let mut ctx = Context::new(self.out.clone(), self.client.fork_for_job(), self.interpreter);
        ctx.aliases = self.aliases.clone();
        ctx.running_aliases = self.running_aliases.clone();
        ctx.script_depth = self.script_depth;
        ctx.local_dir = Some(self.local_directory()?);
        ctx.previous_local = self.previous_local.clone();
        // As at the prompt, where a failed command does not end what follows it.
        ctx.keep_going = self.keep_going || self.client.at_prompt;
        ctx.hidden_variables = self.hidden_variables.clone();
        ctx.redact = self.redact;
        ctx.jobs = self.jobs.clone();
        ctx.job = self.job;
        Ok(ctx)
    }

    /// From here on this context is that of a job.
    fn enter_job(&mut self, id: u64, meter: &JobMeter) {
        let redirected = self.out.is_redirected();
        self.client.console = self.client.console.background(meter);
        self.out =
            if redirected { self.out.background(meter) } else { self.client.console.clone() };
        self.job = Some(id);
    }

    /// Waits for jobs to end.
    ///
    /// # Errors
    ///
    /// Interrupted or terminated; the jobs go on.
    pub fn wait_for_jobs(&mut self, ids: &[u64]) -> Result<()> {
        loop {
            if self.jobs.have_ended(ids) {
                return Ok(());
            }
            self.client.cancel.check()?;
            self.yield_connection();
            self.jobs.wait_for_change(TICK);
        }
    }

    /// As [`Context::wait_for_jobs`], but a Ctrl-C is for the jobs.
    ///
    /// # Errors
    ///
    /// Interrupted or terminated; the jobs are, too.
    pub fn wait_with_jobs(&mut self, ids: &[u64]) -> Result<()> {
        self.wait_for_jobs(ids).inspect_err(|_| {
            let reason = self.client.cancel.requested().unwrap_or(Reason::Interrupted);
            self.jobs.cancel_jobs(ids, reason);
            self.jobs.wait_at_most(ids, GRACE);
        })
    }

    /// Forgets a job that has ended. What it did counts, its failures do not: they are the result.
    ///
    /// # Errors
    ///
    /// The cause of the job's failure, which it has shown; that it was killed.
    pub fn collect_job(&mut self, id: u64) -> Result<()> {
        let Some(job) = self.jobs.take_ended(id) else { return Ok(()) };
        self.totals.commands += job.totals.commands;
        self.totals.files += job.totals.files;
        self.totals.bytes += job.totals.bytes;
        match job.result {
            Ok(()) => Ok(()),
            Err(_) if job.killed => {
                Err(Error::new(Kind::Other, format!("job {id} was killed: {}", job.title)))
            }
            Err(kind) => Err(Error::already_shown(kind)),
        }
    }

    /// Closes the connection if a job waits for one: whoever waits for jobs does not need it.
    fn yield_connection(&mut self) {
        let site = self.client.connection.site.as_ref().map(crate::target::Site::trust_key);
        if self.client.connection.session().is_some()
            && site.is_some_and(|site| self.jobs.sessions().is_wanted(&site))
        {
            self.client.connection.close();
        }
    }
}

/// A job's thread, from its first command to its last word.
fn run_job(mut ctx: Context, body: JobFn, mut ending: EndGuard) {
    let status = body(&mut ctx);
    ctx.client.connection.close();
    let flushed = ctx.out.flush();
    let status = match (ctx.totals.first_failure, status, flushed, ctx.exit_requested) {
        (Some(kind), ..) => Err(kind),
        (None, Err(kind), ..) => Err(kind),
        // `exit 3` in a job ends the job.
        (.., Some(Some(code))) if code != 0 => Err(Kind::Other),
        _ => Ok(()),
    };
    ending.outcome = (status, ctx.totals);
    // The last of its data comes before its last word.
    drop(ctx);
}

/// Notes that a job is over, however it ended: a thread that panicked has failed.
struct EndGuard {
    jobs: Jobs,
    id: u64,
    out: Output,
    outcome: (Result<(), Kind>, RunTotals),
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
