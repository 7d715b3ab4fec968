//! The end of the program, and of the prompt, while jobs run.

use super::{Context, GRACE};
use crate::cancel::Reason;
use crate::error::{Error, Kind, Result};

impl Context {
    /// Before the prompt is left: where jobs run, asks whether to wait for them, to kill them, or
    /// to stay after all (`false`).
    ///
    /// # Errors
    ///
    /// Ctrl-C at the question.
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
            // Nobody is there any more.
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
        let left = self.jobs.count_stopped();
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
}
