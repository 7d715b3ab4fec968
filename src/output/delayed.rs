//! A notice that is shown only if something takes long, such as connecting.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Output, lock};

/// A notice that will be shown on the terminal, unless this is dropped before.
pub struct DelayedNotice {
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl DelayedNotice {
    /// Shows `text` after `delay`; neither in a job nor while a question is asked.
    pub fn start(out: &Output, delay: Duration, text: String) -> Self {
        if !out.has_progress_lines() || out.job.is_some() {
            return Self { waiting: None };
        }
        let (dropped, waits) = channel::<()>();
        let out = out.clone();
        let show = move || {
            let is_late = waits.recv_timeout(delay) == Err(RecvTimeoutError::Timeout);
            if is_late && !lock(&out.shared.prompt).typing {
                out.notice(&text);
            }
        };
        // If no thread can be started, there is no notice.
        let thread = std::thread::Builder::new().name("notice".into()).spawn(show).ok();
        Self { waiting: thread.map(|thread| (dropped, thread)) }
    }
}

impl Drop for DelayedNotice {
    /// The notice is not shown afterwards.
    fn drop(&mut self) {
        if let Some((dropped, thread)) = self.waiting.take() {
            drop(dropped);
            // A panic there has been reported.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::OutputOptions;
    use super::*;

    #[test]
    fn it_is_shown_after_the_delay_and_never_after_the_end() {
        let out = Output::memory_terminal(OutputOptions::default(), 80);
        drop(DelayedNotice::start(&out, Duration::from_secs(600), "never".into()));
        let late = DelayedNotice::start(&out, Duration::ZERO, "connecting".into());
        while !out.stderr_text().contains("connecting\n") {
            std::thread::yield_now();
        }
        drop(late);
        let quiet = OutputOptions { quiet: true, ..OutputOptions::default() };
        let silent = Output::memory_terminal(quiet, 80);
        assert!(DelayedNotice::start(&silent, Duration::ZERO, "x".into()).waiting.is_none());
        assert!(
            DelayedNotice::start(&Output::memory(), Duration::ZERO, "x".into()).waiting.is_none()
        );
        assert_eq!(out.stderr_text(), "connecting\n");
    }
}
