//! Transfer progress: bars on a terminal, a plain line every few seconds otherwise.
//!
//! Byte counts arrive from several threads; progress goes to standard error. A file has one line; a
//! tree has a line for its total above those of its workers. The result of a transfer is not shown
//! here: its bar is removed, and the caller reports the outcome. `layout` has the columns of a line,
//! `rate` the rate that it shows.

mod layout;
mod rate;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::background::JobMeter;
use super::escape::escape;
use super::format::{human_bytes, human_rate};
use super::{Output, Stopwatch, lock};
pub(super) use layout::Look;
use layout::{LineText, percent_of, remaining_text};
use rate::{RateMeter, time_left};

/// Interval of plain lines, also the minimum duration of a transfer that gets one.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// In a terminal of fewer columns the total line has no room for the word `files`.
const NARROW: usize = 60;

/// An unknown total.
const UNKNOWN: u64 = u64::MAX;

/// Progress of one file, or the total of a tree. Cheap to clone; clones share their state.
#[derive(Debug, Clone)]
pub struct TransferProgress(Arc<Line>);

#[derive(Debug)]
pub(super) struct Line {
    label: String,
    total: AtomicU64,
    done: AtomicU64,
    /// The resume offset: bytes before it do not count for the rate.
    offset: AtomicU64,
    /// Whether an attempt has begun: later ones resume what this one has moved.
    has_begun: AtomicBool,
    files: AtomicU64,
    files_total: AtomicU64,
    /// Files of a tree whose size is not known.
    unsized_files: AtomicU64,
    /// The rate limit in bytes per second; 0 without one.
    limit: AtomicU64,
    meter: Mutex<RateMeter>,
    watch: Stopwatch,
    /// Milliseconds after `begun` at which progress was last formatted.
    reported: AtomicU64,
    show: Show,
    /// The tree's total, for a worker's line.
    above: Option<TransferProgress>,
    /// Whether this is a tree's total.
    is_tree: bool,
}

#[derive(Debug)]
enum Show {
    Bar(Output),
    Plain(Output),
    Nothing,
}

/// Progress of a tree: a total, and a line per worker.
#[derive(Debug, Clone)]
pub struct TreeProgress {
    total: TransferProgress,
    output: Output,
}

impl TransferProgress {
    /// Shows progress on an output: as a bar, as lines, or not at all.
    pub(super) fn shown_on(
        output: &Output,
        label: &str,
        total: Option<u64>,
        above: Option<Self>,
        is_tree: bool,
    ) -> Self {
        let (job, above) = match (&output.job, above) {
            (Some(meter), None) => (Some(meter), Some(meter.total())),
            (_, above) => (None, above),
        };
        let show = if output.has_progress_lines() {
            Show::Bar(output.clone())
        } else if output.is_quiet() || above.is_some() {
            // Without bars, a worker's files count only for the total.
            Show::Nothing
        } else {
            Show::Plain(output.clone())
        };
        let (label, watch) = (escape(label).into_owned(), output.start_watch());
        let line = Arc::new(Line::new(label, total, show, above, is_tree, watch));
        if let Some(meter) = job {
            meter.set_current(&line);
        }
        if let Show::Bar(output) = &line.show {
            output.shared.bars.add_line(Arc::downgrade(&line), &output.shared);
        }
        Self(line)
    }

    /// Progress that is only counted.
    pub(super) fn silent() -> Self {
        let watch = Stopwatch::default();
        Self(Arc::new(Line::new(String::new(), None, Show::Nothing, None, false, watch)))
    }

    pub(super) fn of(line: Arc<Line>) -> Self {
        Self(line)
    }

    /// Bytes transferred, without those before a resume offset.
    pub(super) fn moved(&self) -> u64 {
        let offset = self.0.offset.load(Ordering::Relaxed);
        self.0.done.load(Ordering::Relaxed).saturating_sub(offset)
    }

    /// Adds transferred bytes. Cheap enough to call for every buffer.
    pub fn advance(&self, bytes: u64) {
        let line = &self.0;
        line.done.fetch_add(bytes, Ordering::Relaxed);
        if let Show::Plain(output) = &line.show {
            self.report(output, line.watch.elapsed());
        }
        if let Some(above) = &line.above {
            above.advance(bytes);
        }
    }

    /// Bytes that already exist: the transfer resumes at this offset. They do not count for the
    /// rate, here and in the total; those that an attempt before this one has moved do.
    pub fn start_at(&self, offset: u64) {
        let before = self.0.offset.load(Ordering::Relaxed);
        let is_first = !self.0.has_begun.swap(true, Ordering::Relaxed);
        let first = if is_first { offset } else { offset.min(before) };
        self.0.offset.store(first, Ordering::Relaxed);
        if let Some(above) = &self.0.above {
            shift_counter(&above.0.offset, before, first);
        }
        self.set_position(offset);
    }

    /// Sets the rate limit in bytes per second; 0 is unlimited. A higher rate is never shown.
    pub fn set_rate_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Sets the position, including bytes before a resume offset: for a transfer that goes back or
    /// restarts. The total is adjusted.
    pub fn set_position(&self, bytes: u64) {
        let before = self.0.done.swap(bytes, Ordering::Relaxed);
        if let Some(above) = &self.0.above {
            shift_counter(&above.0.done, before, bytes);
            above.advance(0);
        }
    }

    /// Sets the size once it is known.
    pub fn set_total(&self, bytes: u64) {
        self.0.total.store(bytes, Ordering::Relaxed);
    }

    /// The current position and the time since the start.
    pub fn bytes_and_time(&self) -> (u64, Duration) {
        (self.0.done.load(Ordering::Relaxed), self.0.watch.elapsed())
    }

    /// The progress as text: `name: 12.3 MiB of 1.0 GiB (1%), 2.3 MiB/s`.
    pub fn message(&self) -> String {
        let (done, time) = self.bytes_and_time();
        self.message_at(done, time)
    }

    /// The percentage and the remaining time as texts, as far as they are known: `34%`, `0:04`.
    pub fn percent_and_left(&self) -> (Option<String>, Option<String>) {
        let done = self.0.done.load(Ordering::Relaxed);
        let percent = self.0.known_total().map(|total| format!("{}%", percent_of(done, total)));
        (percent, self.0.rate_and_left(done).1.map(remaining_text))
    }

    /// Ends the transfer: removes its bar and returns the duration. Later calls show nothing.
    pub fn finish(&self) -> Duration {
        self.0.clear();
        self.0.watch.elapsed()
    }

    fn message_at(&self, done: u64, time: Duration) -> String {
        let line = &self.0;
        let rate = human_rate(done.saturating_sub(line.offset.load(Ordering::Relaxed)), time);
        let bytes = match line.known_total() {
            None => human_bytes(done),
            Some(total) => {
                let percent = percent_of(done, total);
                format!("{} of {} ({percent}%)", human_bytes(done), human_bytes(total))
            }
        };
        if !line.is_tree {
            return format!("{}: {bytes}, {rate}", line.label);
        }
        format!("{}: {}, {bytes}, {rate}", line.label, line.files_text())
    }

    /// Writes a plain line if one is due.
    fn report(&self, output: &Output, time: Duration) {
        if self.is_status_due(time, PLAIN_EVERY) {
            output.status_line(&self.message_at(self.0.done.load(Ordering::Relaxed), time));
        }
    }

    /// Whether a status line is due; true for only one of several concurrent callers.
    fn is_status_due(&self, time: Duration, every: Duration) -> bool {
        let now = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let last = self.0.reported.load(Ordering::Relaxed);
        u128::from(now.saturating_sub(last)) >= every.as_millis()
            && self
                .0
                .reported
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl TreeProgress {
    pub(super) fn new(total: TransferProgress, output: Output) -> Self {
        Self { total, output }
    }

    /// Adds files and bytes to the total to transfer.
    pub fn add_to_total(&self, files: u64, bytes: u64) {
        let line = &self.total.0;
        line.files_total.fetch_add(files, Ordering::Relaxed);
        let known = line.total.load(Ordering::Relaxed);
        self.total.set_total(if known == UNKNOWN { bytes } else { known.saturating_add(bytes) });
    }

    /// Adds files of unknown size to the total: until their sizes are known, the total has neither a
    /// percentage nor a remaining time.
    pub fn add_unsized(&self, files: u64) {
        self.total.0.files_total.fetch_add(files, Ordering::Relaxed);
        self.total.0.unsized_files.fetch_add(files, Ordering::Relaxed);
    }

    /// Removes a file that is not transferred from the total.
    pub fn remove_from_total(&self, size: Option<u64>) {
        let line = &self.total.0;
        let reduce = |counter: &AtomicU64, by: u64| {
            let _ =
                counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(by));
        };
        reduce(&line.files_total, 1);
        match size {
            Some(size) => reduce(&line.total, size),
            None => reduce(&line.unsized_files, 1),
        }
    }

    /// Files done, and all files.
    pub fn file_counts(&self) -> (u64, u64) {
        let line = &self.total.0;
        (line.files.load(Ordering::Relaxed), line.files_total.load(Ordering::Relaxed))
    }

    /// The size of a file of unknown size has become known.
    pub fn add_size(&self, bytes: u64) {
        self.add_to_total(0, bytes);
        let counter = &self.total.0.unsized_files;
        let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    }

    /// Counts a file as done, whatever its result.
    pub fn file_done(&self) {
        self.total.0.files.fetch_add(1, Ordering::Relaxed);
        self.total.advance(0);
    }

    /// A worker's line for one file, below the total; its bytes also count for the total.
    pub fn worker_line(&self, label: &str, total: Option<u64>) -> TransferProgress {
        TransferProgress::shown_on(&self.output, label, total, Some(self.total.clone()), false)
    }

    /// The total's progress.
    pub fn total(&self) -> &TransferProgress {
        &self.total
    }

    /// Ends the tree: removes its line.
    pub fn finish(&self) -> Duration {
        self.total.finish()
    }
}

impl Line {
    fn new(
        label: String,
        total: Option<u64>,
        show: Show,
        above: Option<TransferProgress>,
        is_tree: bool,
        watch: Stopwatch,
    ) -> Self {
        Self {
            label,
            total: AtomicU64::new(total.unwrap_or(UNKNOWN)),
            done: AtomicU64::new(0),
            offset: AtomicU64::new(0),
            has_begun: AtomicBool::new(false),
            files: AtomicU64::new(0),
            files_total: AtomicU64::new(0),
            unsized_files: AtomicU64::new(0),
            limit: AtomicU64::new(0),
            meter: Mutex::default(),
            watch,
            reported: AtomicU64::new(0),
            show,
            above,
            is_tree,
        }
    }

    /// The total in bytes, unless a part of it is unknown.
    fn known_total(&self) -> Option<u64> {
        let total = self.total.load(Ordering::Relaxed);
        (total != UNKNOWN && self.unsized_files.load(Ordering::Relaxed) == 0).then_some(total)
    }

    /// `3 of 8 files`.
    fn files_text(&self) -> String {
        let (files, all) = (&self.files, &self.files_total);
        format!("{} of {} files", files.load(Ordering::Relaxed), all.load(Ordering::Relaxed))
    }

    /// Bytes per second now, and the time left at that rate.
    fn rate_and_left(&self, done: u64) -> (u64, Option<Duration>) {
        let now = self.watch.elapsed();
        let moved = done.saturating_sub(self.offset.load(Ordering::Relaxed));
        let limit = Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0);
        let rate = lock(&self.meter).rate(now, moved, limit);
        let rest = self.known_total().map(|total| total.saturating_sub(done));
        (rate, rest.and_then(|rest| time_left(now, rest, rate)))
    }

    /// The line as it is now.
    pub(super) fn text(&self, look: Look) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let (rate, left) = self.rate_and_left(done);
        let total = self.known_total();
        let files;
        let name = if self.is_tree {
            files = self.files_text();
            // `3 of 8 files` is wider than the column in a narrow terminal.
            if look.width < NARROW { files.trim_end_matches(" files") } else { &files }
        } else {
            &self.label
        };
        LineText { name, done, total, rate, left }.render(look)
    }

    /// Whether it is shown: one of a job only while the job is in the foreground.
    pub(super) fn is_visible(&self) -> bool {
        match &self.show {
            Show::Bar(output) => output.job.as_ref().is_none_or(JobMeter::is_in_foreground),
            _ => false,
        }
    }

    fn clear(&self) {
        if let Show::Bar(output) = &self.show {
            output.shared.bars.remove_line(self, &output.shared);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Applies the change from `before` to `now` to another counter.
fn shift_counter(counter: &AtomicU64, before: u64, now: u64) {
    if now >= before {
        counter.fetch_add(now - before, Ordering::Relaxed);
    } else {
        counter.fetch_sub(before - now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
