//! Queues of waiting work, one per site, each processed by one job at a time.
//!
//! The caller decides what the work is, and how a job is started for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Jobs;

/// The queues of a program, by key. Clones share them.
#[derive(Debug)]
pub struct Queues<W>(Arc<Mutex<BTreeMap<String, Queue<W>>>>);

#[derive(Debug)]
struct Queue<W> {
    waiting: VecDeque<Queued<W>>,
    /// The title of the current work.
    current: Option<String>,
    /// The job that runs it, and earlier ones.
    jobs: Vec<u64>,
    /// Whether the last job still accepts work.
    has_worker: bool,
    stopped: bool,
}

#[derive(Debug)]
struct Queued<W> {
    /// Must not contain secrets.
    title: String,
    work: W,
}

/// A snapshot of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueView {
    /// The running command.
    pub current: Option<String>,
    /// The waiting commands, the next one first.
    pub commands: Vec<String>,
    /// Whether it is stopped, so that no command is started.
    pub stopped: bool,
    /// The jobs that ran them and are not yet collected; the last one may still be running.
    pub jobs: Vec<u64>,
}

impl<W> Default for Queues<W> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<W> Clone for Queues<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            current: None,
            jobs: Vec::new(),
            has_worker: false,
            stopped: false,
        }
    }
}

impl<W> Queues<W> {
    /// Appends work to a queue. `title` must not contain a secret.
    pub fn push_work(&self, key: &str, title: String, work: W) {
        self.with_queue(key, |queue| queue.waiting.push_back(Queued { title, work }));
    }

    /// A snapshot of a queue.
    pub fn queue_view(&self, key: &str, jobs: &Jobs) -> QueueView {
        self.with_queue(key, |queue| QueueView {
            current: queue.current.clone(),
            commands: queue.waiting.iter().map(|queued| queued.title.clone()).collect(),
            stopped: queue.stopped,
            jobs: queue.jobs.iter().copied().filter(|id| jobs.contains_job(*id)).collect(),
        })
    }

    /// Stops a queue, so that no more of its work is started, or resumes it.
    pub fn set_stopped(&self, key: &str, stopped: bool) {
        self.with_queue(key, |queue| queue.stopped = stopped);
    }

    /// Removes waiting work and returns its title; position 1 is the next.
    pub fn remove_work(&self, key: &str, position: usize) -> Option<String> {
        let index = position.checked_sub(1)?;
        self.with_queue(key, |queue| queue.waiting.remove(index)).map(|queued| queued.title)
    }

    /// Whether a job must be started for a queue. If so, [`Queues::note_worker`] must follow.
    pub fn claim_worker(&self, key: &str) -> bool {
        self.with_queue(key, |queue| {
            let needed = !queue.has_worker && !queue.stopped && !queue.waiting.is_empty();
            queue.has_worker |= needed;
            needed
        })
    }

    /// Records the job that was started for a queue; `None` if that failed.
    pub fn note_worker(&self, key: &str, started: Option<u64>, jobs: &Jobs) {
        self.with_queue(key, |queue| {
            queue.jobs.retain(|id| jobs.contains_job(*id));
            match started {
                Some(id) => queue.jobs.push(id),
                None => queue.has_worker = false,
            }
        });
    }

    /// The next work for the job of a queue; `None` ends the job. If the job was `cancelled`, the
    /// queue is stopped, so that a user who kills the job can review what is waiting.
    pub fn next_work(&self, key: &str, cancelled: bool) -> Option<W> {
        self.with_queue(key, |queue| {
            queue.stopped |= cancelled && !queue.waiting.is_empty();
            let queued = if queue.stopped { None } else { queue.waiting.pop_front() };
            queue.current = queued.as_ref().map(|queued| queued.title.clone());
            queue.has_worker = queued.is_some();
            queued.map(|queued| queued.work)
        })
    }

    /// The number of waiting items in all queues.
    pub fn count_waiting(&self) -> usize {
        self.lock_queues().values().map(|queue| queue.waiting.len()).sum()
    }

    fn with_queue<T>(&self, key: &str, work: impl FnOnce(&mut Queue<W>) -> T) -> T {
        work(self.lock_queues().entry(key.to_owned()).or_default())
    }

    fn lock_queues(&self) -> MutexGuard<'_, BTreeMap<String, Queue<W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
