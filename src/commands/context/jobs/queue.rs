//! Queues: commands that wait for their turn, one queue a site, each run by one job.
//!
//! A command keeps the settings and directories that were in force when it was queued. Its queue's
//! job lasts as long as there is something to do; the next command begins a new one.

use std::collections::VecDeque;

use super::{Context, JobFn};
use crate::error::{Error, Kind, Result, kind_of};

/// What waits to be done for one site.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    /// What is being done, without secrets.
    current: Option<String>,
    /// The job that does it, and those before it.
    jobs: Vec<u64>,
    /// Whether the last one still takes commands.
    working: bool,
    stopped: bool,
}

#[derive(Debug)]
struct Queued {
    text: String,
    title: String,
    ctx: Box<Context>,
}

/// A queue as others see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueView {
    /// The command that runs.
    pub current: Option<String>,
    /// The commands that wait, the next one first.
    pub commands: Vec<String>,
    /// Whether none of them is begun.
    pub stopped: bool,
    /// The jobs that have run them and that nobody has asked after yet; the last one may still.
    pub jobs: Vec<u64>,
}

impl Context {
    /// Queues commands for the current site.
    ///
    /// # Errors
    ///
    /// Those of starting a job.
    pub fn enqueue(&mut self, text: &str) -> Result<()> {
        let ctx = Box::new(self.for_job()?);
        let title = self.redacted_title(text);
        let queued = Queued { text: text.to_owned(), title, ctx };
        self.jobs
            .lock_table()
            .queues
            .entry(self.queue_key())
            .or_default()
            .waiting
            .push_back(queued);
        self.start_queue_job()
    }

    /// The current site's queue.
    pub fn queue_view(&self) -> QueueView {
        let table = self.jobs.lock_table();
        let Some(queue) = table.queues.get(&self.queue_key()) else { return QueueView::default() };
        QueueView {
            current: queue.current.clone(),
            commands: queue.waiting.iter().map(|queued| queued.title.clone()).collect(),
            stopped: queue.stopped,
            jobs: queue.jobs.iter().copied().filter(|id| table.contains_job(*id)).collect(),
        }
    }

    /// Begins no more commands of the current site's queue.
    pub fn stop_queue(&mut self) {
        self.jobs.lock_table().queues.entry(self.queue_key()).or_default().stopped = true;
    }

    /// Goes on with the current site's queue.
    ///
    /// # Errors
    ///
    /// Those of starting a job.
    pub fn start_queue(&mut self) -> Result<()> {
        self.jobs.lock_table().queues.entry(self.queue_key()).or_default().stopped = false;
        self.start_queue_job()
    }

    /// Takes a waiting command out of the current site's queue: 1 is the next one.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] if there is none.
    pub fn drop_queued(&mut self, place: usize) -> Result<String> {
        let mut table = self.jobs.lock_table();
        let queue = table.queues.entry(self.queue_key()).or_default();
        let queued = place.checked_sub(1).and_then(|index| queue.waiting.remove(index));
        queued.map(|queued| queued.title).ok_or_else(|| {
            Error::usage(format!("queue: there is no command {place}"))
                .with_hint("`queue` lists what waits")
        })
    }

    /// A command line as it may be shown.
    pub(super) fn redacted_title(&self, text: &str) -> String {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (self.redact)(&line)
            .unwrap_or_else(|| format!("{} …", line.split(' ').next().unwrap_or_default()))
    }

    /// Starts the queue's job where there is need of one.
    fn start_queue_job(&mut self) -> Result<()> {
        let key = self.queue_key();
        let mut table = self.jobs.lock_table();
        let queue = table.queues.entry(key.clone()).or_default();
        if queue.working || queue.stopped || queue.waiting.is_empty() {
            return Ok(());
        }
        queue.working = true;
        drop(table);
        let title = match &self.client.connection.site {
            Some(site) => format!("queue {}", site.trust_key()),
            None => "queue".to_owned(),
        };
        let body: JobFn = Box::new({
            let key = key.clone();
            move |ctx| run_queue(ctx, &key)
        });
        let started = self.start_job(&title, body);
        let mut table = self.jobs.lock_table();
        let gone: Vec<_> = table.queues.get(&key).map_or(Vec::new(), |queue| {
            queue.jobs.iter().copied().filter(|id| !table.contains_job(*id)).collect()
        });
        let queue = table.queues.entry(key).or_default();
        queue.jobs.retain(|id| !gone.contains(id));
        match started {
            Ok(id) => queue.jobs.push(id),
            Err(_) => queue.working = false,
        }
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
    while let Some(queued) = next_queued(ctx, key) {
        let mut command = queued.ctx;
        command.client.cancel = ctx.client.cancel.clone();
        let redirected = command.out.is_redirected();
        command.client.console = ctx.client.console.clone();
        command.out = match ctx.out.meter() {
            Some(meter) if redirected => command.out.background(meter),
            _ => ctx.out.clone(),
        };
        command.job = ctx.job;
        command.client.connection.adopt_session_of(&mut ctx.client.connection);
        let result = (command.interpreter)(&mut command, &queued.text, "queue");
        ctx.totals.add(&command.totals);
        let failed = result.err().map(|error| kind_of(&error));
        if let Some(kind) = failed.filter(|_| ctx.totals.first_failure.is_none()) {
            ctx.totals.first_failure = Some(kind);
        }
        ctx.client.connection = command.client.connection;
    }
    Ok(())
}

/// The next command; `None` ends the job.
fn next_queued(ctx: &Context, key: &str) -> Option<Queued> {
    let mut table = ctx.jobs.lock_table();
    let queue = table.queues.get_mut(key)?;
    // Whoever kills the job wants to look at what waits before it is begun.
    queue.stopped |= ctx.client.cancel.requested().is_some() && !queue.waiting.is_empty();
    let queued = if queue.stopped { None } else { queue.waiting.pop_front() };
    queue.current = queued.as_ref().map(|queued| queued.title.clone());
    queue.working = queued.is_some();
    queued
}

impl super::Jobs {
    /// How many commands wait in queues that were stopped.
    pub(super) fn count_stopped(&self) -> usize {
        self.lock_table().queues.values().map(|queue| queue.waiting.len()).sum()
    }
}
