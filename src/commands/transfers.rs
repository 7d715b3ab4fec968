//! What `get`, `put`, `cat` and their kin share: progress on the screen, outcomes as lines or
//! JSON, counts, the audit log, and going on with the next file after one has failed.

use std::io::Write;

use serde_json::{Map, Value};

use super::{Context, local};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::output::{
    Output, Record, Transfer, TransferProgress, Way, human_bytes, human_duration, human_rate,
};
use crate::transfer::retry::Moved;
use crate::transfer::{Facts, Outcome, Progress, Remote as _, download as down, upload as up};

/// A transfer that the user watches.
pub struct Watched {
    progress: TransferProgress,
    out: Output,
}

impl Watched {
    /// A bar (or what stands for one) with this label.
    pub fn new(out: &Output, label: &str, total: Option<u64>) -> Self {
        Self { progress: out.progress(label, total), out: out.clone() }
    }
}

impl Progress for Watched {
    fn expect(&self, total: u64) {
        self.progress.set_total(total);
    }

    fn start_at(&self, offset: u64) {
        self.progress.start_at(offset);
    }

    fn advance(&self, bytes: u64) {
        self.progress.advance(bytes);
    }

    fn note(&self, text: &str) {
        self.out.notice(&crate::output::escape(text));
    }
}

/// Failures of a command that goes on with the next file after one.
#[derive(Debug, Default)]
pub struct Failures(Option<Kind>);

impl Failures {
    /// Takes one file's result; a failure is shown at once.
    ///
    /// # Errors
    ///
    /// A failure after which going on makes no sense: interrupted, no connection, wrong usage.
    pub fn note(&mut self, ctx: &Context, result: Result<()>) -> Result<()> {
        let Err(error) = result else { return Ok(()) };
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
        if fatal || crate::output::is_broken_pipe(&error.clone().into()) {
            return Err(error);
        }
        self.0.get_or_insert(error.kind());
        ctx.out.error(&error.into());
        Ok(())
    }

    /// The command's result: the first failure's kind.
    ///
    /// # Errors
    ///
    /// If anything failed; it has been shown.
    pub fn into_result(self) -> anyhow::Result<()> {
        match self.0 {
            Some(kind) => Err(Error::shown(kind).into()),
            None => Ok(()),
        }
    }
}

/// Does the same with each of a command's arguments, and goes on after a failure.
///
/// # Errors
///
/// As [`Failures::note`] and [`Failures::into_result`].
pub fn each(
    ctx: &mut Context,
    items: &[String],
    mut one: impl FnMut(&mut Context, &str) -> Result<()>,
) -> anyhow::Result<()> {
    let mut failures = Failures::default();
    for item in items {
        ctx.cancel.check()?;
        let result = one(ctx, item);
        failures.note(ctx, result)?;
    }
    failures.into_result()
}

/// Fetches one file and tells how it went. Transient failures are tried again, from where the
/// file stopped.
///
/// # Errors
///
/// Those of the transfer.
pub fn download(ctx: &mut Context, job: &down::Job) -> Result<()> {
    let size = job.facts.and_then(|facts| facts.size);
    let watched = Watched::new(&ctx.out, job.remote.as_str(), size);
    let moved = Moved::new(&watched);
    let mut job = job.clone();
    let result = with_retries(ctx, &watched, |ctx, cancel, again| {
        if again {
            job.how.resume |= moved.any();
            // What a listing said may be what was wrong.
            job.facts = None;
        }
        down::to_file(ctx.session()?, &job, &moved, cancel)
    });
    drop(watched);
    told(ctx, Way::Download, &job.remote, &local::word(&job.local), result)
}

/// Stores one file and tells how it went. Transient failures are tried again.
///
/// # Errors
///
/// Those of the transfer.
pub fn upload(ctx: &mut Context, job: &up::Job) -> Result<()> {
    let watched = Watched::new(&ctx.out, &local::word(&job.local), None);
    let moved = Moved::new(&watched);
    let mut job = job.clone();
    let result = with_retries(ctx, &watched, |ctx, cancel, _| {
        job.how.resume |= moved.any();
        up::from_file(ctx.session()?, &job, &moved, cancel)
    });
    drop(watched);
    ctx.forget(&job.remote);
    told(ctx, Way::Upload, &job.remote, &local::word(&job.local), result)
}

/// Tries until it succeeds, fails for good, or the retries are used up. `attempt` is told
/// whether it is another one.
fn with_retries<T>(
    ctx: &mut Context,
    watched: &Watched,
    mut attempt: impl FnMut(&mut Context, &Cancel, bool) -> Result<T>,
) -> Result<T> {
    let cancel = ctx.cancel.clone();
    let mut retries = ctx.retries();
    let mut again = false;
    loop {
        match attempt(ctx, &cancel, again) {
            Ok(done) => return Ok(done),
            Err(error) => retries.wait(error, &cancel, |text| watched.note(text))?,
        }
        if ctx.connection.live().is_none() {
            // Why it was lost has just been said.
            ctx.connection.close();
        }
        again = true;
    }
}

/// Fetches one file into the command's data output, with the same checks at its end.
///
/// # Errors
///
/// Those of the transfer; a reader that has gone.
pub fn to_output(ctx: &mut Context, remote: &RemotePath) -> Result<()> {
    let how = ctx.how(Way::Download);
    let out = ctx.out.clone();
    let cancel = ctx.cancel.clone();
    let mut sink = DataSink { out, failed: None };
    let job = down::Job { remote: remote.clone(), local: "-".into(), facts: None, how };
    let known = ctx.known_facts(remote);
    let session = ctx.session()?;
    let facts: Facts = match known {
        Some(facts) => facts,
        None => session.facts(remote)?,
    };
    let watcher = crate::transfer::Unwatched;
    let result = down::to_writer(session, &job, facts, &mut sink, &watcher, &cancel);
    match (result, sink.failed) {
        (Err(_), Some(error)) => Err(error),
        (result, _) => result.map(|outcome| warn(ctx, &outcome)),
    }
}

/// The data output as a writer; keeps the reason that a `Write` cannot carry.
struct DataSink {
    out: crate::output::Output,
    failed: Option<Error>,
}

impl Write for DataSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
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

fn warn(ctx: &Context, outcome: &Outcome) {
    if let Some(warning) = &outcome.warning {
        ctx.out.warn(warning);
    }
}

/// Counts, audits and shows an outcome.
fn told(
    ctx: &mut Context,
    way: Way,
    remote: &RemotePath,
    local: &str,
    result: Result<Outcome>,
) -> Result<()> {
    let direction = if way == Way::Download { "download" } else { "upload" };
    let bytes = result.as_ref().map_or(0, |outcome| outcome.bytes);
    audit(ctx, direction, remote, local, bytes, result.as_ref().err());
    if ctx.out.is_json() {
        let mut done = record(way, remote.as_str(), local, result.as_ref().ok());
        if let Err(error) = &result {
            done.status = error.kind().name().to_owned();
        }
        ctx.out.record(&Record::Transfer(done))?;
    }
    let outcome = result?;
    ctx.tally.files += 1;
    ctx.tally.bytes += outcome.bytes;
    warn(ctx, &outcome);
    if !ctx.out.is_json() {
        let (from, to) =
            if way == Way::Download { (remote.as_str(), local) } else { (local, remote.as_str()) };
        ctx.out.notice(&format!(
            "{} -> {}: {} in {} ({})",
            crate::output::escape(from),
            crate::output::escape(to),
            human_bytes(outcome.bytes),
            human_duration(outcome.elapsed),
            human_rate(outcome.bytes, outcome.elapsed),
        ));
    }
    Ok(())
}

/// The record of a transfer; without an outcome nothing was moved.
pub fn record(way: Way, remote: &str, local: &str, outcome: Option<&Outcome>) -> Transfer {
    Transfer {
        direction: way,
        remote: remote.to_owned(),
        local: local.to_owned(),
        bytes: outcome.map_or(0, |outcome| outcome.bytes),
        seconds: outcome.map_or(0.0, |outcome| outcome.elapsed.as_secs_f64()),
        resumed_from: outcome.and_then(|outcome| outcome.resumed_from),
        status: "ok".to_owned(),
    }
}

fn audit(
    ctx: &Context,
    direction: &str,
    remote: &RemotePath,
    local: &str,
    bytes: u64,
    error: Option<&Error>,
) {
    let mut fields = Map::new();
    if let Some(site) = &ctx.connection.site {
        fields.insert("host".into(), site.host.clone().into());
        fields.insert("port".into(), site.port.into());
    }
    fields.insert("direction".into(), direction.into());
    fields.insert("remote".into(), remote.as_str().into());
    fields.insert("local".into(), local.into());
    fields.insert("bytes".into(), bytes.into());
    let error = error.map(|error| Value::from(error.message()));
    fields.insert("error".into(), error.unwrap_or(Value::Null));
    ctx.out.audit("transfer", &fields);
}
