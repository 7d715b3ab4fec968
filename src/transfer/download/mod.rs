//! One file down: from a [`Remote`] into a partial file, and from there to its name.

pub mod journal;
pub mod partial;
pub mod resume;
pub mod segments;
pub mod stream;

use std::io::Write;
use std::path::PathBuf;

use chrono::NaiveDateTime;

use super::{Facts, How, Outcome, Progress, Remote, Resume, Type, Verify};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{HeldDir, Spot};
use crate::ftp::path::RemotePath;
use journal::Journal;
use partial::{Partial, Target, examine, is_of_system, open_device, open_through_link};
use resume::{Plan, Start, UNVERIFIED, plan};
use stream::{Download, Failure};

/// A file to fetch.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to fetch.
    pub remote: RemotePath,
    /// Where to put it.
    pub local: PathBuf,
    /// The directory of `local`, where it is held open: then nobody walks the way to it again.
    pub held: Option<HeldDir>,
    /// Nothing was there when this was planned; what is there now is not replaced.
    pub fresh: bool,
    /// Size and time, where a listing has told them already.
    pub facts: Option<Facts>,
    /// The time is not among the facts, and the server is asked for it together with the file.
    pub ask_time: bool,
    /// The time in a listing that tells it roughly: it stands in where the server does not tell, and
    /// is no proof that a file is the one that was begun.
    pub listed: Option<NaiveDateTime>,
    /// How.
    pub how: How,
}

impl Job {
    /// A file of which nothing else is known.
    pub fn new(remote: RemotePath, local: PathBuf, how: How) -> Self {
        let (facts, listed) = (None, None);
        Self { remote, local, held: None, fresh: false, facts, ask_time: false, listed, how }
    }

    /// Where to put it, with its directory held open.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`].
    pub fn spot(&self) -> Result<Spot> {
        match (&self.held, self.local.file_name()) {
            (Some(held), Some(name)) => Ok(held.spot(name)),
            _ => Spot::at(&self.local),
        }
    }
}

/// Fetches a file to its local name, which holds the old file, nothing, or the whole new one,
/// whatever happens. What came of a failed download stays in the partial file.
///
/// # Errors
///
/// [`Kind::Local`] for the local side, [`Kind::Incomplete`] for a transfer that did not end well,
/// the remote side's otherwise.
pub fn to_file(
    remote: &mut dyn Remote,
    job: &Job,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let spot = job.spot()?;
    let target = match examine(&spot)? {
        // A tree's own links are replaced, whatever they lead to.
        Target::Link if job.held.is_some() && !is_of_system(&spot) => Target::Replaceable,
        other => other,
    };
    if job.fresh && target != Target::Absent {
        return Err(spot.is_taken());
    }
    let mut facts = match job.facts {
        Some(facts) => facts,
        None => remote.facts(&job.remote)?,
    };
    if matches!(target, Target::Device | Target::Link) {
        if job.held.is_some() {
            let text = format!("{}: is a device; a mirror writes to none", job.local.display());
            return Err(Error::new(Kind::Local, text));
        }
        let mut device = match target {
            Target::Link => open_through_link(&spot)?,
            _ => open_device(&spot)?,
        };
        return to_writer(remote, job, facts, &mut device, progress, cancel);
    }
    let mut partial = Partial::open(&spot)?;
    // Another ftpsh may have completed it before this one had the lock.
    if job.fresh && !matches!(spot.stat(), Ok(None)) {
        if partial.length().is_ok_and(|length| length == 0) {
            partial.discard();
        }
        return Err(spot.is_taken());
    }
    if job.ask_time {
        remote.foresee_modified(&job.remote)?;
    }
    match fill(remote, job, &mut facts, &mut partial, progress, cancel) {
        Ok(Filled::Unchanged(outcome)) => {
            partial.discard();
            Ok(outcome)
        }
        Ok(Filled::Partial(outcome)) => {
            verify_hash(remote, job, &partial)?;
            let time = if job.ask_time { told_time(remote, job)? } else { facts.modified };
            let time = time.or(job.listed);
            partial.complete(time.filter(|_| job.how.preserve_times), job.fresh)?;
            Ok(outcome)
        }
        Err(error) => {
            // An empty partial file helps nobody.
            if partial.length().is_ok_and(|length| length == 0) {
                partial.discard();
            }
            Err(error)
        }
    }
}

/// The exact time of a file that has come; `None` where the server does not tell.
fn told_time(remote: &mut dyn Remote, job: &Job) -> Result<Option<NaiveDateTime>> {
    match remote.modified(&job.remote) {
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        other => other,
    }
}

enum Filled {
    /// The partial file holds the whole file.
    Partial(Outcome),
    /// The file under the final name is whole already.
    Unchanged(Outcome),
}

fn fill(
    remote: &mut dyn Remote,
    job: &Job,
    facts: &mut Facts,
    partial: &mut Partial,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Filled> {
    let resume = if job.how.kind == Type::Ascii { Resume::No } else { job.how.resume };
    let mut what =
        if resume == Resume::No { Plan::Afresh(None) } else { plan(partial, *facts, resume)? };
    if job.facts.is_some() && !matches!(what, Plan::Afresh(_)) {
        // It may have been replaced since it was listed.
        *facts = remote.facts(&job.remote)?;
        what = plan(partial, *facts, resume)?;
    }
    let (plan, facts) = (what, *facts);
    let download = Download { path: &job.remote, facts, how: &job.how, cancel };
    if let Plan::Partial(start) | Plan::Compare(start) | Plan::Adopt(start) = &plan
        && start.is_unverified()
    {
        progress.note(&format!("{}: {UNVERIFIED}", job.remote));
    }
    let attempt = match plan {
        Plan::Afresh(None) => None,
        Plan::Afresh(Some(why)) => Some(Err(Failure::NotTheSame(why))),
        Plan::Partial(start) => {
            Journal::begin(facts, partial.spot());
            partial.append()?;
            Some(download.run(remote, &start, partial, progress).map(Filled::Partial))
        }
        Plan::Compare(start) => {
            let compared = download.run(remote, &start, &mut std::io::sink(), progress);
            Some(compared.map(Filled::Unchanged))
        }
        Plan::Adopt(start) => {
            Journal::begin(facts, partial.spot());
            Some(adopt(&download, remote, &start, partial, progress))
        }
        Plan::Segments(parts) => {
            let resumed = segments::go_on(remote, &download, &parts, partial, progress);
            Some(resumed.map(Filled::Partial))
        }
    };
    match attempt {
        None => {}
        Some(Ok(filled)) => return Ok(filled),
        Some(Err(Failure::Failed(error))) => return Err(error.at_local(&job.local)),
        Some(Err(Failure::NotTheSame(why))) => {
            progress.note(&format!("{}: {why}: starting again", job.remote));
        }
        // Only of a transfer from the beginning.
        Some(Err(Failure::OtherSize(_))) => {}
    }
    match afresh(&download, remote, partial, progress) {
        // It was listed with the length of a link: once more, with its own.
        Err(Failure::OtherSize(size)) => {
            let facts = Facts { size: Some(size), ..facts };
            afresh(&Download { facts, ..download }, remote, partial, progress)
        }
        other => other,
    }
    .map(Filled::Partial)
    .map_err(|failure| failure.into_error(&job.remote).at_local(&job.local))
}

/// Fetches a file from its beginning.
fn afresh(
    download: &Download<'_>,
    remote: &mut dyn Remote,
    partial: &mut Partial,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let facts = download.facts;
    partial.empty()?;
    // Only where it is in doubt: on ext4 writing into room that was set aside took half as long
    // again (measured with 1 GiB).
    if let Some(size) = facts.size.filter(|size| partial.may_not_hold(*size)) {
        partial.reserve(size)?;
    }
    // Not before it is empty: what was in it is of another file.
    Journal::remove(partial.spot());
    Journal::begin(facts, partial.spot());
    download.run(remote, &Start::default(), partial, progress)
}

/// A file that another program left unfinished: its end is compared before it is touched.
fn adopt(
    download: &Download<'_>,
    remote: &mut dyn Remote,
    start: &Start,
    partial: &mut Partial,
    progress: &dyn Progress,
) -> Result<Filled, Failure> {
    struct Adopting<'a>(&'a mut Partial, bool, Facts);
    impl Write for Adopting<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // The first bytes come only after the overlap was the same.
            if !std::mem::replace(&mut self.1, true) {
                Journal::of(self.2).write(self.0.spot());
                self.0.adopt()?;
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.0.flush()
        }
    }
    let mut adopting = Adopting(partial, false, download.facts);
    download.run(remote, start, &mut adopting, progress).map(Filled::Partial)
}

pub(super) fn verify_hash(remote: &mut dyn Remote, job: &Job, partial: &Partial) -> Result<()> {
    if job.how.verify != Verify::Hash || job.how.kind != Type::Binary {
        return Ok(());
    }
    let Some(there) = remote.checksum(&job.remote)? else { return Ok(()) };
    let here = partial.checksum(there.algorithm)?;
    if here == there {
        return Ok(());
    }
    // What differs is of no use for going on.
    partial.spoil();
    Err(Error::new(
        Kind::Incomplete,
        format!(
            "get {}: the {:?} checksums differ: {} here, {} on the server",
            job.remote, there.algorithm, here.digits, there.digits
        ),
    ))
}

/// Fetches a file into any writer, with the same checks at its end.
///
/// # Errors
///
/// As [`to_file`].
pub fn to_writer(
    remote: &mut dyn Remote,
    job: &Job,
    facts: Facts,
    sink: &mut dyn Write,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let download = Download { path: &job.remote, facts, how: &job.how, cancel };
    let fetched = download.run(remote, &Start::default(), sink, progress);
    fetched.map_err(|failure| failure.into_error(&job.remote).at_local(&job.local))
}

#[cfg(test)]
mod tests;
