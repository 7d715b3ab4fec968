//! What `get`, `put`, `cat` and similar commands share: progress, outcomes as lines or JSON,
//! totals, the audit log, and continuing with the next file after a failure.

pub(crate) mod batch;
pub(crate) mod between_servers;
pub(crate) mod interruption;
pub(crate) mod kept_partial;
pub(crate) mod overwrite;
pub(crate) mod parallel;
pub(crate) mod passed_over;
pub(crate) mod progress;
pub(crate) mod replace_question;
pub(crate) mod second_name;
pub(crate) mod segmented;
pub(crate) mod source_removal;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::client::server_url::is_url;
use crate::commands::Context;
use crate::commands::entries::format;
use crate::commands::transfers::batch::{Batch, is_already_complete};
use crate::commands::transfers::progress::ProgressBar;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::local_path;
use crate::output::{Record, TransferRecord, human_bytes, human_duration, human_rate};
use crate::transfer::full_disk::FullDisk;
use crate::transfer::remote::explain_refusal;
use crate::transfer::retry::{ByteCounter, Retries, with_retry};
use crate::transfer::{
    Direction, FileInfo, Outcome, Progress, Remote as _, download as down, upload as up,
};

/// After this many more bytes the count of retries is reset.
const PROGRESS: u64 = 16 * 1024 * 1024;

/// A file to transfer.
#[derive(Debug, Clone)]
pub enum FileTransfer {
    /// From the server.
    Down(down::Download),
    /// To the server.
    Up(up::Upload),
}

impl FileTransfer {
    /// Its direction.
    pub fn direction(&self) -> Direction {
        match self {
            FileTransfer::Down(_) => Direction::Download,
            FileTransfer::Up(_) => Direction::Upload,
        }
    }

    /// Its options.
    pub fn options(&self) -> &crate::transfer::TransferOptions {
        match self {
            FileTransfer::Down(job) => &job.options,
            FileTransfer::Up(job) => &job.options,
        }
    }

    /// The remote path.
    pub fn remote_path(&self) -> &RemotePath {
        match self {
            FileTransfer::Down(job) => &job.remote,
            FileTransfer::Up(job) => &job.remote,
        }
    }

    /// The local path.
    pub fn local_path(&self) -> &Path {
        match self {
            FileTransfer::Down(job) => &job.local,
            FileTransfer::Up(job) => &job.local,
        }
    }

    /// The local path as a word.
    pub fn local_name(&self) -> String {
        local_path::word_from_path(self.local_path())
    }

    /// The label of its progress line: the source path, as it was typed.
    pub fn progress_label(&self, ctx: &Context) -> String {
        match self {
            FileTransfer::Down(job) => job.remote.as_str().to_owned(),
            FileTransfer::Up(job) => ctx.shown_local_path(&job.local),
        }
    }

    /// The size in bytes, if it is known without asking the server.
    pub fn known_size(&self) -> Option<u64> {
        match self {
            FileTransfer::Down(job) => job.info.and_then(|facts| facts.size).or(job.listed_size),
            FileTransfer::Up(job) => {
                let metadata = std::fs::metadata(&job.local).ok();
                metadata.filter(std::fs::Metadata::is_file).map(|metadata| metadata.len())
            }
        }
    }

    /// The same transfer, for a session that is not in the directory `cwd`.
    pub fn resolved_in(&self, cwd: &RemotePath) -> Result<Self> {
        let remote = cwd.resolve(self.remote_path().as_str())?;
        Ok(match self.clone() {
            FileTransfer::Down(job) => FileTransfer::Down(down::Download { remote, ..job }),
            FileTransfer::Up(job) => FileTransfer::Up(up::Upload { remote, ..job }),
        })
    }

    /// Prepares a retry: it resumes if data was `moved` and the files are unchanged.
    pub fn prepare_retry(&mut self, moved: bool) {
        match self {
            FileTransfer::Down(job) => {
                job.options.resume = job.options.resume.after_loss(moved);
                // What a listing said may be what was wrong, or of another file by now.
                job.info = None;
            }
            FileTransfer::Up(job) => job.options.resume = job.options.resume.after_loss(moved),
        }
    }

    /// Transfers it.
    pub fn run_on(
        &self,
        session: &mut Session,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        match self {
            FileTransfer::Down(job) => down::download_to_file(session, job, progress, cancel)
                .map_err(|error| explain_refusal(session, &job.remote, error)),
            FileTransfer::Up(job) => up::upload_from_file(session, job, progress, cancel),
        }
    }
}

/// The failures of a command that continues with the next file after a failure.
#[derive(Debug, Default)]
pub struct Failures {
    first: Option<Kind>,
    full: FullDisk,
    /// The failure that made it certain that there is no room.
    no_room: Option<Error>,
    /// All bytes transferred before the last result.
    bytes: u64,
    /// The command that transfers files, how many it was given, and how many are done.
    files: Option<(String, usize, usize)>,
}

impl Failures {
    /// No failures yet of a command that transfers this many files.
    pub fn of_files(command: &str, count: usize) -> Self {
        Self { files: Some((command.to_owned(), count, 0)), ..Self::default() }
    }

    /// Begins to transfer this many files, all whose results were not noted.
    pub fn begin_files(&mut self, count: usize) {
        if let Some((_, all, done)) = &mut self.files {
            (*all, *done) = (count, 0);
        }
    }

    /// Takes one file's result; a failure is shown at once.
    ///
    /// # Errors
    ///
    /// A failure after which going on makes no sense: interrupted, no connection, wrong usage, a
    /// full disk.
    pub fn note_result(&mut self, ctx: &Context, result: Result<()>) -> Result<()> {
        let Err(error) = result else {
            self.full.note_transfer(ctx.totals.bytes.saturating_sub(self.bytes));
            self.bytes = ctx.totals.bytes;
            self.note_done();
            return Ok(());
        };
        let fatal = matches!(
            error.kind(),
            Kind::Interrupted
                | Kind::Terminated
                | Kind::Usage
                | Kind::Login
                | Kind::CertChanged
                | Kind::CertUnknown
                | Kind::Connect
                | Kind::Tls
        );
        // After the answer `quit`.
        let fatal = fatal || error.was_shown();
        if fatal || crate::output::is_broken_pipe(&error.clone().into()) {
            return Err(error);
        }
        self.full.note_failure(&error);
        self.first.get_or_insert(error.kind());
        ctx.out.error(&error.clone().into());
        if self.full.is_certain() {
            self.no_room = Some(error);
        }
        self.full_disk_error().map_or(Ok(()), Err)
    }

    /// Counts a file that is done.
    pub fn note_done(&mut self) {
        if let Some((_, _, done)) = &mut self.files {
            *done += 1;
        }
    }

    /// The error of a command that ended because disk or quota are full, with what is done by now.
    pub fn full_disk_error(&self) -> Option<Error> {
        let ((command, all, done), last) = self.files.as_ref().zip(self.no_room.as_ref())?;
        let counts = format!("{done} of {all} files done, {} left", all - done);
        Some(full_disk_error(command, self.first?, last, &counts))
    }

    /// The command's result: the first failure's kind.
    pub fn into_result(self) -> anyhow::Result<()> {
        match self.first {
            Some(kind) => Err(Error::already_shown(kind).into()),
            None => Ok(()),
        }
    }
}

/// The error of a command that ends because disk or quota are full; `last` is the failure of the
/// last file that was tried.
pub fn full_disk_error(what: &str, kind: Kind, last: &Error, counts: &str) -> Error {
    let text =
        format!("{what}: stopped: no room for three files in a row: {}; {counts}", last.message());
    let hint = "make room there; the same command then goes on with the rest";
    Error::new(kind, text).with_reply_of(last).with_hint(hint)
}

/// Calls `one` for each of a command's arguments; continues after a failure.
pub fn for_each_argument(
    ctx: &mut Context,
    items: &[String],
    mut one: impl FnMut(&mut Context, &str) -> Result<()>,
) -> anyhow::Result<()> {
    let mut failures = Failures::default();
    for item in items {
        ctx.client.cancel.check()?;
        let result = one(ctx, item);
        failures.note_result(ctx, result)?;
    }
    failures.into_result()
}

/// Transfers one file and reports the outcome. After transient failures it is resumed.
pub fn transfer_file(ctx: &mut Context, job: &FileTransfer, batch: &mut Batch) -> Result<()> {
    let watched = batch
        .progress_bar(&ctx.out, &job.progress_label(ctx), job.known_size())
        .with_limits(&job.options().limits);
    let moved = ByteCounter::new(&watched);
    let mut trying = job.clone();
    let (retries, cancel) = (ctx.client.retries(), ctx.client.cancel.clone());
    let result = retry_transfer(retries, &cancel, &watched, |again| {
        if again {
            trying.prepare_retry(moved.has_moved());
            ctx.client.prepare_retry();
        }
        trying.run_on(ctx.client.session()?, &moved, &cancel)
    });
    let result = result.map(|outcome| moved.outcome_of_all(outcome));
    let position = watched.position();
    drop(watched);
    report_file_transfer(ctx, job, result, position, batch)
}

/// Reports a transfer that came to `position`, and invalidates the cached listing after an upload.
pub fn report_file_transfer(
    ctx: &mut Context,
    job: &FileTransfer,
    result: Result<Outcome>,
    position: u64,
    batch: &mut Batch,
) -> Result<()> {
    if job.direction() == Direction::Upload {
        ctx.client.invalidate_listing(job.remote_path());
    }
    batch.note_result(ctx, job, &result, position);
    let (remote, local) = (job.remote_path().as_str(), job.local_name());
    let outcome = record_transfer(ctx, job.direction(), remote, &local, result)?;
    if batch.shows_each(&ctx.out) {
        let local = ctx.shown_local_path(job.local_path());
        show_done_line(ctx, job.direction(), remote, &local, &outcome);
    }
    Ok(())
}

/// Repeats `attempt`, which receives whether it is a retry; the count of retries is reset after
/// every `PROGRESS` bytes.
pub fn retry_transfer<T>(
    retries: Retries,
    cancel: &Cancel,
    bar: &ProgressBar,
    mut attempt: impl FnMut(bool) -> Result<T>,
) -> Result<T> {
    let mut furthest = 0;
    with_retry(
        retries,
        cancel,
        |text| bar.show_note(text),
        |retries| {
            attempt(retries.has_retried()).inspect_err(|_| {
                // A long transfer on a bad line is not given up for the sum of its losses.
                if bar.position() >= furthest + PROGRESS {
                    furthest = bar.position();
                    retries.restart();
                }
            })
        },
    )
}

/// Fetches one file into the command's data output, with the same checks at its end.
pub fn download_to_output(ctx: &mut Context, remote: &RemotePath) -> Result<()> {
    let how = ctx.client.transfer_options(Direction::Download);
    let out = ctx.out.clone();
    let cancel = ctx.client.cancel.clone();
    let mut sink = DataSink { out, began: false, failed: None };
    let mut retries = ctx.client.retries();
    let job = down::Download::new(remote.clone(), "-".into(), how);
    // It is compared with what the server says after the transfer.
    let stable = job.options.verify == crate::transfer::Verify::Stable;
    let known = ctx.client.cached_file_info(remote).filter(|_| !stable);
    let watcher = crate::transfer::NoProgress;
    let result = loop {
        let facts: FileInfo = match known {
            Some(facts) => facts,
            None => ctx.client.ask_server(|session| {
                session.file_info(remote).map_err(|error| explain_refusal(session, remote, error))
            })?,
        };
        let result = down::download_to_writer(
            ctx.client.session()?,
            &job,
            facts,
            &mut sink,
            &watcher,
            &cancel,
        );
        match (result, sink.failed.take()) {
            // The reader has gone, or there is no room.
            (Err(_), Some(error)) => break Err(error),
            // What was printed cannot be taken back.
            (Err(error), None) if !sink.began => {
                retries.wait_or_fail(error, &cancel, |text| ctx.out.notice(text))?;
                ctx.client.prepare_retry();
            }
            (result, _) => break result,
        }
    };
    ctx.audit().log_transfer(Direction::Download, remote.as_str(), "-", result.as_ref().map(Some));
    result.map(|outcome| warn_of_outcome(ctx, &outcome))
}

/// The data output as a writer; keeps the typed error that `Write` cannot return.
struct DataSink {
    out: crate::output::Output,
    /// Whether anything was printed.
    began: bool,
    failed: Option<Error>,
}

impl Write for DataSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.began = true;
        match self.out.data(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.failed = Some(error);
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn warn_of_outcome(ctx: &Context, outcome: &Outcome) {
    if let Some(warning) = &outcome.warning {
        ctx.out.warn(warning);
    }
}

/// Counts, audits and shows an outcome. For a copy, `remote` and `local` are both URLs.
pub fn report_transfer(
    ctx: &mut Context,
    direction: Direction,
    remote: &str,
    local: &str,
    result: Result<Outcome>,
) -> Result<()> {
    let outcome = record_transfer(ctx, direction, remote, local, result)?;
    show_done_line(ctx, direction, remote, local, &outcome);
    Ok(())
}

/// Counts, audits and (with `--json`) prints an outcome, and returns it.
fn record_transfer(
    ctx: &mut Context,
    direction: Direction,
    remote: &str,
    local: &str,
    result: Result<Outcome>,
) -> Result<Outcome> {
    ctx.audit().log_transfer(direction, remote, local, result.as_ref().map(Some));
    if ctx.out.is_json() {
        let (remote, local) = absolute_names(ctx, remote, local);
        let mut done = transfer_record(direction, &remote, &local, result.as_ref().ok());
        if let Err(error) = &result {
            done.status = error.kind().name().to_owned();
        }
        ctx.out.record(&Record::Transfer(done))?;
    }
    let outcome = result?;
    ctx.totals.files += 1;
    ctx.totals.bytes += outcome.bytes;
    warn_of_outcome(ctx, &outcome);
    Ok(outcome)
}

/// The names of a transfer in JSON: whole paths. URLs and `-` stay.
fn absolute_names(ctx: &Context, remote: &str, local: &str) -> (String, String) {
    let whole_remote = match RemotePath::new(remote) {
        Ok(path) if !is_url(remote) => format::absolute_name(ctx, &path).as_str().to_owned(),
        _ => remote.to_owned(),
    };
    let whole_local = match ctx.local_directory() {
        Ok(directory) if local != "-" && !is_url(local) => {
            local_path::word_from_path(&directory.join(local_path::path_from_word(local)))
        }
        _ => local.to_owned(),
    };
    (whole_remote, whole_local)
}

fn show_done_line(
    ctx: &Context,
    direction: Direction,
    remote: &str,
    local: &str,
    outcome: &Outcome,
) {
    if !ctx.out.is_json() {
        let (from, to) =
            if direction == Direction::Upload { (local, remote) } else { (remote, local) };
        ctx.out.notice(&done_line(from, to, outcome));
    }
}

/// What was transferred: `a -> b: 200.0 MiB (38.9 MiB were there) in 13s (12.4 MiB/s)`. One name is
/// shown if both are the same, and a rate from a second on.
fn done_line(from: &str, to: &str, outcome: &Outcome) -> String {
    let mut line = crate::output::escape(from).into_owned();
    if to != from {
        line = format!("{line} -> {}", crate::output::escape(to));
    }
    let there = outcome.resumed_from.unwrap_or(0);
    if is_already_complete(outcome) {
        return format!("{line}: already complete");
    }
    line = format!("{line}: {}", human_bytes(there.saturating_add(outcome.bytes)));
    if there > 0 {
        line = format!("{line} ({} were there)", human_bytes(there));
    }
    line = format!("{line} in {}", human_duration(outcome.elapsed));
    if outcome.elapsed >= Duration::from_secs(1) {
        line = format!("{line} ({})", human_rate(outcome.bytes, outcome.elapsed));
    }
    line
}

/// The record of a transfer; without an outcome nothing was moved.
pub fn transfer_record(
    direction: Direction,
    remote: &str,
    local: &str,
    outcome: Option<&Outcome>,
) -> TransferRecord {
    TransferRecord {
        direction: direction.word(),
        remote: remote.to_owned(),
        local: local.to_owned(),
        bytes: outcome.map_or(0, |outcome| outcome.bytes),
        seconds: outcome.map_or(0.0, |outcome| outcome.elapsed.as_secs_f64()),
        resumed_from: outcome.and_then(|outcome| outcome.resumed_from),
        status: "ok".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_done_line_repeats_no_name_and_guesses_no_rate() {
        let mib = 1 << 20;
        for (from, to, bytes, resumed_from, millis, expected) in [
            ("a", "a", 3, None, 40, "a: 3 B in 0.0s"),
            ("d/a", "a", 4 * mib, None, 2000, "d/a -> a: 4.0 MiB in 2.0s (2.0 MiB/s)"),
            (
                "a",
                "a",
                4 * mib,
                Some(mib),
                2000,
                "a: 5.0 MiB (1.0 MiB were there) in 2.0s (2.0 MiB/s)",
            ),
            ("a", "a", 0, Some(mib), 300, "a: already complete"),
            ("a", "a", 0, None, 300, "a: 0 B in 0.3s"),
            ("a\x1b", "b", 1, None, 0, "a\\x1b -> b: 1 B in 0.0s"),
        ] {
            let elapsed = Duration::from_millis(millis);
            let outcome =
                Outcome { bytes, elapsed, resumed_from, tls_resumed: None, warning: None };
            assert_eq!(done_line(from, to, &outcome), expected);
        }
    }
}
