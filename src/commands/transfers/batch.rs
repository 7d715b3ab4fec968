//! The files of one command: a total line above those being transferred, one closing line for all
//! of them, and what an interruption leaves behind.
//!
//! Without progress lines (no terminal, `--quiet`) each file has a done line and there is no closing
//! one.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::commands::Context;
use crate::commands::transfers::FileTransfer;
use crate::commands::transfers::interruption::KeptFiles;
use crate::commands::transfers::progress::{ProgressBar, limit_total};
use crate::error::Result;
use crate::output::{Output, Stopwatch, TreeProgress, human_bytes, human_duration, human_rate};
use crate::transfer::Outcome;
use crate::transfer::rate_limit::RateLimit;

/// With more files than this, single done lines are shown only with `-v`.
const MOST_DONE_LINES: usize = 20;

/// The files of one command.
#[derive(Debug)]
pub struct Batch {
    files: usize,
    /// The sizes that the total line counts.
    sizes: Vec<Option<u64>>,
    /// The total line.
    tree: Option<TreeProgress>,
    watch: Stopwatch,
    /// Whether one line is shown for all of the files, and none for each of many.
    summarises: bool,
    done: u64,
    already_complete: u64,
    bytes: u64,
    skipped: u64,
    failed: u64,
    kept: KeptFiles,
    /// The place of each file that was begun, by its local path.
    places: HashMap<PathBuf, usize>,
    /// The places of files that are done with.
    ended: HashSet<usize>,
}

impl Batch {
    /// A command's only file.
    pub fn single(out: &Output) -> Self {
        Self {
            files: 1,
            sizes: Vec::new(),
            tree: None,
            watch: out.start_watch(),
            summarises: false,
            done: 0,
            already_complete: 0,
            bytes: 0,
            skipped: 0,
            failed: 0,
            kept: KeptFiles::default(),
            places: HashMap::new(),
            ended: HashSet::new(),
        }
    }

    /// Several files, of these sizes where they are known. The total is shown on a terminal, or if
    /// the files are transferred at the same time.
    pub fn several(
        out: &Output,
        sizes: Vec<Option<u64>>,
        limits: &[RateLimit; 2],
        in_parallel: bool,
    ) -> Self {
        let files = sizes.len();
        let mut batch = Self { files, ..Self::single(out) };
        batch.summarises = files > 1 && out.has_progress_lines() && !out.is_json();
        if files > 1 && (in_parallel || out.has_progress_lines()) {
            let tree = out.tree_progress("total");
            limit_total(&tree, limits);
            for size in &sizes {
                match size {
                    Some(size) => tree.add_to_total(1, *size),
                    None => tree.add_unsized(1),
                }
            }
            batch.tree = Some(tree);
        }
        batch.sizes = sizes;
        batch
    }

    /// The progress line of one of the files. A known size counts for the total already.
    pub fn progress_bar(&self, out: &Output, label: &str, size: Option<u64>) -> ProgressBar {
        match &self.tree {
            Some(tree) => ProgressBar::in_tree(tree, out, label, size),
            None => ProgressBar::new(out, label, size),
        }
    }

    /// The total.
    pub fn total(&self) -> Option<&TreeProgress> {
        self.tree.as_ref()
    }

    /// Whether each file has a done line.
    pub fn shows_each(&self, out: &Output) -> bool {
        !self.summarises || self.files <= MOST_DONE_LINES || out.verbosity() > 0
    }

    /// The file in this place is about to be transferred: its size is what the total counts.
    pub fn settle_size(&mut self, place: usize, job: &mut FileTransfer) {
        self.places.insert(job.local_path().to_owned(), place);
        let counted = self.sizes.get(place).copied().flatten();
        match (counted, job) {
            (Some(_), FileTransfer::Down(job)) => job.listed_size = job.listed_size.or(counted),
            (None, job) => {
                if let (Some(tree), Some(size)) = (&self.tree, job.known_size()) {
                    tree.add_size(size);
                }
            }
            _ => {}
        }
    }

    /// The file in this place is left alone, that is no failure.
    pub fn skip_file(&mut self, place: usize) {
        self.skipped += 1;
        self.ended.insert(place);
        if let Some(tree) = &self.tree {
            tree.remove_from_total(self.sizes.get(place).copied().flatten());
        }
    }

    /// A file failed before it could be transferred.
    pub fn note_failure(&mut self, place: usize) {
        self.failed += 1;
        self.ended.insert(place);
        if let Some(tree) = &self.tree {
            tree.file_done();
        }
    }

    /// Takes in how a transfer went; `position` is how far it came.
    pub fn note_result(
        &mut self,
        ctx: &Context,
        job: &FileTransfer,
        result: &Result<Outcome>,
        position: u64,
    ) {
        match result {
            Ok(outcome) => {
                self.done += 1;
                self.bytes += outcome.bytes;
                self.already_complete += u64::from(is_already_complete(outcome));
            }
            Err(error) if error.is_interruption() => {
                match job {
                    FileTransfer::Down(down) => {
                        let name = ctx.shown_local_path(&down.local);
                        self.kept.add_download(&down.local, name, position);
                    }
                    FileTransfer::Up(up) => {
                        self.kept.add_upload(&up.remote, &up.options, position);
                    }
                }
                return;
            }
            Err(_) => self.failed += 1,
        }
        self.ended.extend(self.places.get(job.local_path()));
        if let Some(tree) = &self.tree {
            tree.file_done();
        }
    }

    /// Goes on with the rest of `files` in a job. `part` makes a command of some of them; those that
    /// were begun are resumed.
    ///
    /// # Errors
    ///
    /// [`Kind::Interrupted`](crate::error::Kind::Interrupted), shown already.
    pub fn continue_in_background<T: Send + 'static>(
        mut self,
        ctx: &mut Context,
        command: &str,
        files: &[String],
        part: impl Fn(Vec<String>, bool) -> T,
        run: impl Fn(T, &mut Context) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        self.end_progress();
        let (begun, others) = self.files_left(files);
        let title = title_of(command, begun.iter().chain(&others));
        let parts = [(begun, true), (others, false)].into_iter();
        let parts = parts.filter(|(files, _)| !files.is_empty());
        let parts = parts.map(|(files, is_begun)| part(files, is_begun)).collect();
        ctx.continue_as_job(&title, parts, run)
    }

    /// What is left to do of the command's files: those that were begun, and the others.
    fn files_left(&self, files: &[String]) -> (Vec<String>, Vec<String>) {
        let begun: HashSet<_> = self.places.values().collect();
        let (mut to_resume, mut others) = (Vec::new(), Vec::new());
        for (place, file) in files.iter().enumerate().filter(|(n, _)| !self.ended.contains(n)) {
            let left = if begun.contains(&place) { &mut to_resume } else { &mut others };
            left.push(file.clone());
        }
        (to_resume, others)
    }

    /// Ends the total line.
    pub fn end_progress(&mut self) {
        self.tree = None;
    }

    /// Shows the closing line, or adds to an interruption what was done and what is kept.
    ///
    /// # Errors
    ///
    /// That of `result`.
    pub fn close(mut self, out: &Output, result: Result<()>, verb: &str) -> Result<()> {
        self.end_progress();
        match result {
            Ok(()) => {
                if self.summarises {
                    out.notice(&self.closing_line(self.watch.elapsed()));
                }
                Ok(())
            }
            Err(error) => {
                let done = (self.files > 1).then_some((self.done, self.files as u64));
                Err(self.kept.explain(error, done, verb))
            }
        }
    }

    /// `8 files, 51.5 MiB in 13s, 4.0 MiB/s; 1 skipped`.
    fn closing_line(&self, time: Duration) -> String {
        let files = if self.done == 1 { "1 file" } else { &format!("{} files", self.done) };
        let bytes = human_bytes(self.bytes);
        let mut line = format!("{files}, {bytes} in {}", human_duration(time));
        if time >= Duration::from_secs(1) && self.bytes > 0 {
            line = format!("{line}, {}", human_rate(self.bytes, time));
        }
        for (count, what) in [
            (self.already_complete, "already complete"),
            (self.skipped, "skipped"),
            (self.failed, "failed"),
        ] {
            if count > 0 {
                line = format!("{line}; {count} {what}");
            }
        }
        line
    }
}

/// Whether there was nothing to do for a file.
pub fn is_already_complete(outcome: &Outcome) -> bool {
    outcome.bytes == 0 && outcome.resumed_from.unwrap_or(0) > 0
}

/// A command as a job shows it: `get IMG_4.jpg, 4 more`.
fn title_of<'a>(command: &str, mut files: impl Iterator<Item = &'a String>) -> String {
    let first = files.next().map_or("", String::as_str);
    match files.count() {
        0 => format!("{command} {first}"),
        more => format!("{command} {first}, {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(done: u64) -> Batch {
        Batch { files: 8, done, ..Batch::single(&Output::memory()) }
    }

    #[test]
    fn the_closing_line_has_a_rate_from_a_second_on_and_what_was_not_transferred() {
        let mib = 1 << 20;
        let mut eight = Batch { bytes: 52 * mib, ..batch(8) };
        let second = Duration::from_secs;
        assert_eq!(eight.closing_line(second(13)), "8 files, 52.0 MiB in 13s, 4.0 MiB/s");
        (eight.skipped, eight.failed) = (1, 2);
        let short = eight.closing_line(Duration::from_millis(200));
        assert_eq!(short, "8 files, 52.0 MiB in 0.2s; 1 skipped; 2 failed");
        assert_eq!(batch(1).closing_line(second(2)), "1 file, 0 B in 2.0s");
    }
}
