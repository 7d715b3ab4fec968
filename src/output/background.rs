//! Output of background jobs: whole lines of data, messages that do not disturb the line being
//! typed, and transfer progress as text instead of bars.
//!
//! A job's output comes from [`Output::background`]. While a line is being typed at the prompt
//! ([`Output::defer_job_output`]), what jobs print on the terminal goes through the line editor's
//! printer or waits for [`Output::flush_job_output`]. A job never asks questions.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::progress::{Line, TransferProgress};
use super::{Output, lock};
use crate::error::Result;

/// Prints text above the line being typed; `false` if it could not.
pub type Printer = Box<dyn FnMut(String) -> bool + Send>;

/// The longest line that is kept whole, in bytes; also the most output buffered during a prompt.
pub(super) const LONGEST: usize = 1024 * 1024;

/// The progress of a job's transfers. Cheap to clone; clones share their state.
#[derive(Debug, Clone)]
pub struct JobMeter(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    total: TransferProgress,
    now: Mutex<Weak<Line>>,
    /// Whether `fg` waits for the job: its progress lines are shown.
    in_foreground: AtomicBool,
}

impl JobMeter {
    /// A meter at zero.
    pub fn new() -> Self {
        Self(Arc::new(Counts {
            total: TransferProgress::silent(),
            now: Mutex::new(Weak::new()),
            in_foreground: AtomicBool::new(false),
        }))
    }

    /// Bytes transferred, without those before a resume offset.
    pub fn bytes(&self) -> u64 {
        self.0.total.moved()
    }

    /// The last transfer, if still running.
    pub fn current_transfer(&self) -> Option<TransferProgress> {
        lock(&self.0.now).upgrade().map(TransferProgress::of)
    }

    /// What everything that the job transfers counts for.
    pub(super) fn total(&self) -> TransferProgress {
        self.0.total.clone()
    }

    /// Takes in the transfer that begins.
    pub(super) fn set_current(&self, line: &Arc<Line>) {
        *lock(&self.0.now) = Arc::downgrade(line);
    }

    pub(super) fn is_in_foreground(&self) -> bool {
        self.0.in_foreground.load(Ordering::Relaxed)
    }

    /// Shows or hides the progress lines of the job.
    pub fn set_in_foreground(&self, in_foreground: bool, output: &Output) {
        self.0.in_foreground.store(in_foreground, Ordering::Relaxed);
        output.shared.bars.refresh(&output.shared);
    }
}

impl Default for JobMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// Output held back while a line is being typed.
#[derive(Default)]
pub(super) struct Prompt {
    pub(super) typing: bool,
    pub(super) printer: Option<Printer>,
    pub(super) held: Vec<(StandardStream, String)>,
}

#[derive(Clone, Copy)]
pub(super) enum StandardStream {
    Out,
    Err,
}

/// Forwards whole lines.
pub(super) struct LineForwarder {
    pub(super) to: Output,
    /// An unfinished line.
    pub(super) rest: Vec<u8>,
}

impl LineForwarder {
    fn forward(&self, bytes: &[u8]) -> Result<()> {
        if self.to.is_terminal_out()
            && self.to.show_beside_prompt(StandardStream::Out, &String::from_utf8_lossy(bytes))
        {
            return Ok(());
        }
        self.to.with_sink(|sink| sink.push_formatted(bytes))?;
        self.to.flush()
    }
}

impl Write for LineForwarder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match self.rest.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => at + 1,
            None if self.rest.len() > LONGEST => self.rest.len(),
            None => return Ok(bytes.len()),
        };
        let rest = self.rest.split_off(whole);
        let lines = std::mem::replace(&mut self.rest, rest);
        match self.forward(&lines) {
            Ok(()) => Ok(bytes.len()),
            Err(error) if super::is_broken_pipe(&error.clone().into()) => {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            Err(error) => Err(std::io::Error::other(error.to_string())),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for LineForwarder {
    /// Forwards the rest of a text without a final line end, and ends its line on a terminal.
    fn drop(&mut self) {
        if self.rest.is_empty() {
            return;
        }
        let mut rest = std::mem::take(&mut self.rest);
        if self.to.is_terminal_out() {
            rest.push(b'\n');
        }
        // The job is over, and earlier write errors were already reported to it.
        let _ = self.forward(&rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutputOptions;

    #[test]
    fn data_of_jobs_leaves_in_whole_lines() {
        let out = Output::memory();
        let (one, two) = (out.background(&JobMeter::new()), out.background(&JobMeter::new()));
        one.data(b"one ").unwrap();
        one.flush().unwrap();
        two.data(b"two\nmore ").unwrap();
        two.flush().unwrap();
        assert_eq!(out.stdout_text(), "two\n");
        one.line("and a half").unwrap();
        one.flush().unwrap();
        assert_eq!(out.stdout_text(), "two\none and a half\n");
        drop(two);
        assert_eq!(out.stdout_text(), "two\none and a half\nmore ");
    }

    #[test]
    fn what_jobs_say_while_a_line_is_typed_waits_for_its_end() {
        let out = Output::memory_terminal(OutputOptions::default(), 80);
        let job = out.background(&JobMeter::new());
        job.notice("before");
        out.defer_job_output();
        job.notice("[1] done");
        job.line("data").unwrap();
        job.flush().unwrap();
        assert_eq!((out.stderr_text().as_str(), out.stdout_text().as_str()), ("before\n", ""));
        out.notice("the prompt itself speaks");
        out.flush_job_output();
        assert_eq!(out.stderr_text(), "before\nthe prompt itself speaks\n[1] done\n");
        assert_eq!(out.stdout_text(), "data\n");
        job.notice("after");
        assert!(out.stderr_text().ends_with("after\n"));
    }

    #[test]
    fn a_printer_shows_it_at_once() {
        let out = Output::memory_terminal(OutputOptions::default(), 80);
        let printed = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&printed);
        out.set_printer(Some(Box::new(move |text| {
            lock(&seen).push_str(&text);
            true
        })));
        let job = out.background(&JobMeter::new());
        job.notice("directly");
        out.defer_job_output();
        job.notice("above");
        assert_eq!(*lock(&printed), "above\n");
        out.set_printer(Some(Box::new(|_| false)));
        job.notice("later");
        out.flush_job_output();
        assert_eq!(out.stderr_text(), "directly\nlater\n");
    }

    #[test]
    fn into_a_file_nothing_waits() {
        let out = Output::memory();
        out.defer_job_output();
        let job = out.background(&JobMeter::new());
        job.line("data").unwrap();
        job.flush().unwrap();
        job.notice("done");
        assert_eq!((out.stdout_text().as_str(), out.stderr_text().as_str()), ("data\n", "done\n"));
    }

    #[test]
    fn a_meter_counts_what_its_transfers_move_and_names_the_last_one() {
        let meter = JobMeter::new();
        let job = Output::memory().background(&meter);
        let first = job.progress("first", Some(10));
        first.start_at(4);
        first.advance(6);
        let now = || meter.current_transfer().map(|transfer| transfer.message());
        assert!(now().unwrap().starts_with("first: "), "{:?}", now());
        assert_eq!(meter.current_transfer().unwrap().percent_and_left().0.as_deref(), Some("100%"));
        drop(first);
        assert_eq!((meter.bytes(), now()), (6, None));
        let tree = job.tree_progress("tree");
        tree.worker_line("a", None).advance(5);
        assert_eq!(meter.bytes(), 11);
        assert!(now().unwrap().starts_with("tree: "));
    }

    #[test]
    fn nobody_is_asked_by_a_job() {
        let out = Output::memory_answering(OutputOptions::default(), &["yes"]);
        assert!(out.is_interactive());
        assert!(!out.background(&JobMeter::new()).is_interactive());
    }
}
