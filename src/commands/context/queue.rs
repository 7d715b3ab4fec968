//! The queue of the current site.
//!
//! A command keeps the settings and directories that were in force when it was queued. Its queue's
//! job lasts as long as there is something to do; the next command begins a new one.

use super::{Context, JobFn, script_name};
use crate::error::{Error, Kind, Result, kind_of};
use crate::jobs::JobState;
use crate::jobs::queue::QueueView;
use crate::output::ScriptLocation;

/// A command that waits in a queue.
#[derive(Debug)]
pub struct QueuedCommand {
    text: String,
    ctx: Box<Context>,
    /// Where it stood in a script.
    location: Option<ScriptLocation>,
}

impl Context {
    /// Queues commands for the current site.
    pub fn enqueue(&mut self, text: &str) -> Result<()> {
        let location = self.out.location();
        let work =
            QueuedCommand { text: text.to_owned(), ctx: Box::new(self.for_job()?), location };
        let title = self.redacted_title(text);
        if self.client.at_prompt {
            self.out.notice(&format!("queued: {title}"));
        }
        self.queues.push_work(&self.queue_key(), title, work);
        self.start_queue_job()
    }

    /// The current site's queue.
    pub fn queue_view(&self) -> QueueView {
        self.queues.queue_view(&self.queue_key(), &self.jobs)
    }

    /// Begins no more commands of the current site's queue.
    pub fn stop_queue(&mut self) {
        self.queues.set_stopped(&self.queue_key(), true);
    }

    /// Starts the current site's queue again.
    pub fn start_queue(&mut self) -> Result<()> {
        self.queues.set_stopped(&self.queue_key(), false);
        self.start_queue_job()
    }

    /// Takes a waiting command out of the current site's queue: 1 is the next one.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] if it does not exist.
    pub fn drop_queued(&mut self, position: usize) -> Result<String> {
        self.queues.remove_work(&self.queue_key(), position).ok_or_else(|| {
            Error::usage(format!("queue: no command {position}"))
                .with_hint("`queue` lists what waits")
        })
    }

    /// A command line as it may be shown.
    pub fn redacted_title(&self, text: &str) -> String {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (self.redact)(&line)
            .unwrap_or_else(|| format!("{} …", line.split(' ').next().unwrap_or_default()))
    }

    /// Starts the queue's job if one is needed.
    fn start_queue_job(&mut self) -> Result<()> {
        let key = self.queue_key();
        if !self.queues.claim_worker(&key) {
            return Ok(());
        }
        let title = match &self.client.connection.site {
            Some(site) => format!("queue {}", site.trust_key()),
            None => "queue".to_owned(),
        };
        let body: JobFn = Box::new({
            let key = key.clone();
            move |ctx| run_queue(ctx, &key)
        });
        let started = self.start_job(&title, body);
        self.queues.note_worker(&key, started.as_ref().ok().copied(), &self.jobs);
        started.map(drop)
    }

    fn queue_key(&self) -> String {
        let connection = &self.client.connection;
        let Some(site) = &connection.site else { return String::new() };
        let user = connection.login.as_ref().map(|login| login.user.as_str());
        format!("{}@{}", user.or(site.user.as_deref()).unwrap_or_default(), site.trust_key())
    }
}

/// The queue's job. A command that fails does not keep the others from their turn.
fn run_queue(ctx: &mut Context, key: &str) -> Result<(), Kind> {
    let cancelled = |ctx: &Context| ctx.client.cancel.requested().is_some();
    let job = ctx.job.unwrap_or_default();
    let own_title = ctx.jobs.find_job(job).map(|job| job.title).unwrap_or_default();
    while let Some(queued) = ctx.queues.next_work(key, cancelled(ctx)) {
        let mut command = queued.ctx;
        command.client.cancel = ctx.client.cancel.clone();
        let redirected = command.out.is_redirected();
        command.client.console = ctx.client.console.clone();
        command.out = match ctx.out.meter() {
            Some(meter) if redirected => command.out.background(meter),
            _ => ctx.out.clone(),
        };
        command.out.set_location(queued.location);
        command.job = ctx.job;
        command.client.connection.adopt_session_of(&mut ctx.client.connection);
        let title = ctx.redacted_title(&queued.text);
        ctx.jobs.set_title(job, format!("queue: {title}"));
        let result =
            (command.interpreter)(&mut command, &queued.text, script_name("queue", &queued.text));
        let state = match &result {
            Ok(()) => JobState::Done,
            Err(_) if cancelled(ctx) => JobState::Killed,
            Err(_) => JobState::Failed,
        };
        ctx.out.notice(&format!("[{job}] {}: {title}", state.as_str()));
        ctx.jobs.set_title(job, own_title.clone());
        ctx.totals.add(&command.totals);
        let failed = result.err().map(|error| kind_of(&error));
        if let Some(kind) = failed.filter(|_| ctx.totals.first_failure.is_none()) {
            ctx.totals.first_failure = Some(kind);
        }
        ctx.client.connection = command.client.connection;
    }
    Ok(())
}
