//! How far transfers are: bars on a terminal, a plain line every few seconds elsewhere.
//!
//! Counts of bytes come in, from several threads; what is shown goes to standard error. A file has
//! one line; a tree has a line for its total above those of its workers. Nothing here says how a
//! transfer ended: when it is over its bar goes, and the caller writes the outcome.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;
use super::escape::{escape, fit};
use super::format::{human_bytes, human_duration, human_rate};

/// How often a plain line is written, and how long a transfer lasts before it has the first.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// How often a tree's total is drawn although nothing moves.
const TICK: Duration = Duration::from_millis(500);

/// How often a tree's total is put into words: making them is dearer than counting.
const WORDS_EVERY: Duration = Duration::from_millis(100);

/// "Not known", for a total.
const UNKNOWN: u64 = u64::MAX;

/// One file's progress, or the total of a tree. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub struct TransferProgress(Arc<Line>);

#[derive(Debug)]
pub(super) struct Line {
    label: String,
    total: AtomicU64,
    done: AtomicU64,
    /// Where a resumed transfer began: those bytes do not count for the rate.
    offset: AtomicU64,
    files: AtomicU64,
    files_total: AtomicU64,
    begun: Instant,
    /// Milliseconds after `begun` at which the progress was last put into words.
    reported: AtomicU64,
    show: Show,
    /// The total above this worker.
    above: Option<TransferProgress>,
    /// The first part of a tree's total.
    is_tree: bool,
}

#[derive(Debug)]
enum Show {
    Bar(ProgressBar, Output),
    Plain(Output),
    Nothing,
}

/// A tree's progress: a total, and a line for each worker.
#[derive(Debug, Clone)]
pub struct TreeProgress {
    total: TransferProgress,
    output: Output,
}

impl TransferProgress {
    /// Shows it on an output: as a bar, in lines, or not at all.
    pub(super) fn shown_on(
        output: &Output,
        label: &str,
        total: Option<u64>,
        above: Option<Self>,
        is_tree: bool,
    ) -> Self {
        if let (Some(meter), None) = (&output.job, &above) {
            return meter.progress_line(label, total, is_tree);
        }
        let label = escape(label).into_owned();
        let show = if output.shows_bars() {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            bar.set_style(style(total.is_some(), is_tree));
            bar.set_prefix(fit(&label, (output.width() / 3).max(8)).into_owned());
            let bar = output.shared.bars.add_bar(bar);
            if is_tree {
                bar.set_message(label.clone());
                // It starts a thread, and panics where it gets none.
                if std::thread::Builder::new().spawn(|| {}).is_ok() {
                    bar.enable_steady_tick(TICK);
                }
            }
            Show::Bar(bar, output.clone())
        } else if output.is_quiet() || above.is_some() {
            // Without bars, a worker's files only count for the total.
            Show::Nothing
        } else {
            Show::Plain(output.clone())
        };
        Self::new(label, total, show, above, is_tree)
    }

    fn new(
        label: String,
        total: Option<u64>,
        show: Show,
        above: Option<Self>,
        is_tree: bool,
    ) -> Self {
        Self(Arc::new(Line {
            label,
            total: AtomicU64::new(total.unwrap_or(UNKNOWN)),
            done: AtomicU64::new(0),
            offset: AtomicU64::new(0),
            files: AtomicU64::new(0),
            files_total: AtomicU64::new(0),
            begun: Instant::now(),
            reported: AtomicU64::new(0),
            show,
            above,
            is_tree,
        }))
    }

    /// One that only counts, for itself and for the one above.
    pub(super) fn silent(
        label: &str,
        total: Option<u64>,
        above: Option<Self>,
        is_tree: bool,
    ) -> Self {
        Self::new(escape(label).into_owned(), total, Show::Nothing, above, is_tree)
    }

    /// The same one, which lasts no longer for that.
    pub(super) fn weak(&self) -> Weak<Line> {
        Arc::downgrade(&self.0)
    }

    pub(super) fn of(line: Arc<Line>) -> Self {
        Self(line)
    }

    /// The bytes moved, without those before a resumed start.
    pub(super) fn moved(&self) -> u64 {
        let offset = self.0.offset.load(Ordering::Relaxed);
        self.0.done.load(Ordering::Relaxed).saturating_sub(offset)
    }

    /// So many more bytes were moved. Cheap: for every buffer.
    pub fn advance(&self, bytes: u64) {
        let line = &self.0;
        let done = line.done.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        match &line.show {
            Show::Bar(bar, _) if line.is_tree => {
                bar.set_position(done);
                if self.is_status_due(line.begun.elapsed(), WORDS_EVERY) {
                    bar.set_message(self.message());
                }
            }
            Show::Bar(bar, _) => bar.inc(bytes),
            Show::Plain(output) => self.report(output, line.begun.elapsed()),
            Show::Nothing => {}
        }
        if let Some(above) = &line.above {
            above.advance(bytes);
        }
    }

    /// So many bytes are there already: the transfer goes on from this offset. They do not count for
    /// the rate, here and in the total above.
    pub fn start_at(&self, offset: u64) {
        let before = self.0.offset.swap(offset, Ordering::Relaxed);
        if let Some(above) = &self.0.above {
            shift_counter(&above.0.offset, before, offset);
        }
        self.set_position(offset);
        if let Show::Bar(bar, _) = &self.0.show {
            bar.reset_eta();
        }
    }

    /// The bytes that are there now, those before a resumed start included: for a transfer that falls
    /// back or begins again. The total above follows.
    pub fn set_position(&self, bytes: u64) {
        let before = self.0.done.swap(bytes, Ordering::Relaxed);
        if let Show::Bar(bar, _) = &self.0.show {
            bar.set_position(bytes);
        }
        if let Some(above) = &self.0.above {
            shift_counter(&above.0.done, before, bytes);
            above.advance(0);
        }
    }

    /// The whole size became known.
    pub fn set_total(&self, bytes: u64) {
        self.0.total.store(bytes, Ordering::Relaxed);
        if let Show::Bar(bar, _) = &self.0.show {
            bar.set_length(bytes);
            bar.set_style(style(true, self.0.is_tree));
        }
    }

    /// The bytes that are there, and the time since the beginning.
    pub fn bytes_and_time(&self) -> (u64, Duration) {
        (self.0.done.load(Ordering::Relaxed), self.0.begun.elapsed())
    }

    /// How far it is, in words: `name: 12.3 MiB of 1.0 GiB (1%), 2.3 MiB/s`.
    pub fn message(&self) -> String {
        let (done, time) = self.bytes_and_time();
        self.message_at(done, time)
    }

    /// The transfer is over: its bar goes, and its time is given back. Later calls change nothing on
    /// the screen.
    pub fn finish(&self) -> Duration {
        self.0.clear();
        self.0.begun.elapsed()
    }

    fn message_at(&self, done: u64, time: Duration) -> String {
        let line = &self.0;
        let total = line.total.load(Ordering::Relaxed);
        let rate = human_rate(done.saturating_sub(line.offset.load(Ordering::Relaxed)), time);
        let bytes = match total {
            UNKNOWN => human_bytes(done),
            total => {
                let percent = (done as u128 * 100).checked_div(total as u128).unwrap_or(100);
                format!("{} of {} ({}%)", human_bytes(done), human_bytes(total), percent.min(100))
            }
        };
        if !line.is_tree {
            return format!("{}: {bytes}, {rate}", line.label);
        }
        let files = line.files.load(Ordering::Relaxed);
        let all = line.files_total.load(Ordering::Relaxed);
        format!("{}: {files} of {all} files, {bytes}, {rate}", line.label)
    }

    /// Writes a plain line if the last one is long enough ago.
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

    /// So many files and bytes more are to be moved.
    pub fn add_to_total(&self, files: u64, bytes: u64) {
        let line = &self.total.0;
        line.files_total.fetch_add(files, Ordering::Relaxed);
        let known = line.total.load(Ordering::Relaxed);
        self.total.set_total(if known == UNKNOWN { bytes } else { known.saturating_add(bytes) });
    }

    /// One file more is over, and its bytes are counted, however it ended.
    pub fn file_done(&self) {
        self.total.0.files.fetch_add(1, Ordering::Relaxed);
        self.total.advance(0);
    }

    /// A worker's line for one file, below the total, whose bytes count for the total as well.
    pub fn worker_line(&self, label: &str, total: Option<u64>) -> TransferProgress {
        TransferProgress::shown_on(&self.output, label, total, Some(self.total.clone()), false)
    }

    /// The total: `so_far`, `message`.
    pub fn total(&self) -> &TransferProgress {
        &self.total
    }

    /// The tree is over: its line goes.
    pub fn finish(&self) -> Duration {
        self.total.finish()
    }
}

impl Line {
    fn clear(&self) {
        if let Show::Bar(bar, output) = &self.show
            && !bar.is_finished()
        {
            output.shared.bars.remove_bar(bar);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Adds to a counter what another one went from `before` to `now`.
fn shift_counter(counter: &AtomicU64, before: u64, now: u64) {
    if now >= before {
        counter.fetch_add(now - before, Ordering::Relaxed);
    } else {
        counter.fetch_sub(before - now, Ordering::Relaxed);
    }
}

/// The looks: a file of a known size, one of an unknown size, a tree's total.
const TEMPLATES: [&str; 3] = [
    "{prefix} [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {left}",
    "{prefix} {binary_bytes} {binary_bytes_per_sec} {elapsed}",
    "{wide_msg} {left}",
];

/// The look of a bar.
fn style(has_total: bool, is_tree: bool) -> ProgressStyle {
    static STYLES: OnceLock<[ProgressStyle; 3]> = OnceLock::new();
    let styles = STYLES.get_or_init(|| {
        let make = |template| {
            // The templates are fixed, and a test parses each of them.
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> ")
                .with_key(
                    "left",
                    |state: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
                        // Without a total, or before there is a rate, nobody can tell.
                        if state.len().is_some() && !state.eta().is_zero() {
                            let _ = w.write_str(&human_duration(state.eta()));
                        }
                    },
                )
        };
        TEMPLATES.map(make)
    });
    let [known, unknown, tree] = styles;
    if is_tree {
        tree.clone()
    } else if has_total {
        known.clone()
    } else {
        unknown.clone()
    }
}

#[cfg(test)]
mod tests;
