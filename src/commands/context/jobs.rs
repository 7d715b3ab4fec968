//! Background jobs of a context: starting them, waiting for them, and the end of the program.
//!
//! A job has a context of its own: a copy of the settings, aliases and directories of the one that
//! started it, its own connection to the same site, its own cancel flag. It never asks. Its totals
//! are added when it is waited for, or at the end of the program.

use std::thread;

use super::Context;
use crate::cancel::Reason;
use crate::error::{Error, Kind, Result, io_reason, kind_of};
use crate::jobs::{EndGuard, GRACE, POLL};
use crate::output::JobMeter;

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
        let ending = EndGuard::new(&self.jobs, id, self.client.console.background(&meter));
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

    /// Runs a transfer. At the prompt Ctrl-\\ interrupts it so that it can go on as a job; whether it
    /// did is returned, too.
    pub fn while_it_can_continue<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        if !self.client.at_prompt || self.job.is_some() || self.out.is_redirected() {
            return (work(self), false);
        }
        let cancel = self.client.cancel.clone();
        let (done, to_background) = cancel.while_it_can_continue(|| work(self));
        if to_background {
            cancel.reset();
        }
        (done, to_background)
    }

    /// Goes on with the parts of an interrupted command in a job.
    ///
    /// # Errors
    ///
    /// [`Kind::Interrupted`], shown already: what follows the command on its line is not run.
    pub fn continue_as_job<T: Send + 'static>(
        &mut self,
        title: &str,
        parts: Vec<T>,
        run: impl Fn(T, &mut Context) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let title = self.redacted_title(title);
        // The sizes of the files that are left.
        let listings = std::mem::take(&mut self.client.listings);
        let body: JobFn = Box::new(move |ctx| {
            ctx.client.listings = listings;
            let mut status = Ok(());
            // What the words mean has been found out.
            ctx.words_from_wildcard = true;
            for part in parts {
                ctx.totals.commands += 1;
                if let Err(error) = run(part, ctx) {
                    let kind = kind_of(&error);
                    if !matches!(kind, Kind::Interrupted | Kind::Terminated) {
                        ctx.out.error(&error);
                    }
                    ctx.totals.failed += 1;
                    status = status.and(Err(kind));
                }
            }
            status
        });
        let id = self.start_job(&format!("{title} &"), body)?;
        self.out
            .notice(&format!("in the background now: `fg {id}` brings it back, `jobs` lists it"));
        Err(Error::already_shown(Kind::Interrupted).into())
    }

    /// A copy for a job, with a connection of its own that is made when it is needed.
    pub(super) fn for_job(&self) -> Result<Context> {
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
        ctx.queues = self.queues.clone();
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
            self.jobs.wait_for_change(POLL);
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

    /// The results of jobs that have ended: the first failure, if any.
    pub fn collect_jobs(&mut self, ids: &[u64]) -> Result<()> {
        // Each of them is collected, even if earlier ones failed.
        let results: Vec<_> = ids.iter().map(|id| self.collect_job(*id)).collect();
        results.into_iter().find(Result::is_err).unwrap_or(Ok(()))
    }

    /// Before the prompt is left: where jobs run, asks whether to wait for them, to kill them, or
    /// to stay after all (`false`).
    pub fn confirm_exit(&mut self) -> Result<bool> {
        let running = self.jobs.running_jobs();
        let asks = self.client.at_prompt && self.job.is_none() && self.out.is_interactive();
        if running.is_empty() || !asks {
            return Ok(true);
        }
        let are =
            if running.len() == 1 { "1 job is" } else { &format!("{} jobs are", running.len()) };
        let question = format!("{are} running: wait, kill, or stay (w/k/S)? ");
        let answer = self
            .out
            .ask(&question, &self.client.cancel)?
            .map(|answer| answer.trim().to_lowercase());
        Ok(match answer.as_deref() {
            Some("k" | "kill") => {
                self.jobs.kill_jobs(&running);
                true
            }
            // There is no terminal any more.
            Some("w" | "wait") | None => true,
            Some(_) => false,
        })
    }

    /// At the end of the program: waits for all jobs, and counts what they did. A Ctrl-C while it
    /// waits stops them.
    pub fn finish_jobs(&mut self) {
        loop {
            let running = self.jobs.running_jobs();
            if running.is_empty() {
                break;
            }
            if let Err(error) = self.wait_for_jobs(&running) {
                // Also those that were started meanwhile.
                let running = self.jobs.running_jobs();
                let reason = self.client.cancel.requested().unwrap_or(Reason::Interrupted);
                self.jobs.cancel_jobs(&running, reason);
                self.jobs.wait_at_most(&running, GRACE);
                self.count_failure(error.kind());
                break;
            }
        }
        for id in self.jobs.ended_jobs() {
            let Some(job) = self.jobs.take_ended(id) else { continue };
            let mut totals = job.totals;
            if job.killed {
                (totals.failed, totals.first_failure) = (0, None);
            } else if let Err(kind) = job.result
                && totals.first_failure.is_none()
            {
                (totals.failed, totals.first_failure) = (totals.failed + 1, Some(kind));
            }
            if self.client.at_prompt {
                totals.first_failure = None;
            }
            self.totals.add(&totals);
        }
        self.report_stopped_queues();
    }

    fn report_stopped_queues(&mut self) {
        let left = self.queues.count_waiting();
        if left == 0 {
            return;
        }
        let commands = if left == 1 { "1 command was" } else { &format!("{left} commands were") };
        let error =
            Error::new(Kind::Other, format!("queue: {commands} not run: the queue was stopped"));
        self.out.error(&error.into());
        self.count_failure(Kind::Other);
    }

    fn count_failure(&mut self, kind: Kind) {
        self.totals.failed += 1;
        if !self.client.at_prompt {
            self.totals.first_failure.get_or_insert(kind);
        }
    }

    /// Closes the connection if a job waits for a permit: while waiting for jobs it is not needed.
    fn yield_connection(&mut self) {
        let site = self.client.connection.site.as_ref().map(crate::target::Site::trust_key);
        if self.client.connection.session().is_some()
            && site.is_some_and(|site| self.client.sessions.is_wanted(&site))
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
    ending.set_outcome(status, ctx.totals);
    // The last of its data comes before its last word.
    drop(ctx);
}
