//! One large file over several connections: its parts are fetched side by side into one partial
//! file, each at its place.
//!
//! What comes in is a source of connections and a job; what goes out is an outcome, or the answer
//! that one connection has to do. A run that stops at any moment leaves a partial file and a
//! journal with which this or a plain download goes on.

mod fetch;
mod parts;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub use parts::{Parts, worth};

use super::journal::Journal;
use super::partial::{Partial, Target, examine, partial_spot};
use super::resume::{NO_TIME, Plan, plan};
use super::stream::{Download, Failure};
use super::{Job, verify_hash};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::Spot;
use crate::ftp::path::RemotePath;
use crate::ftp::pool::Pool;
use crate::threads;
use crate::transfer::retry::Retries;
use crate::transfer::{Facts, Outcome, Progress, Remote, Resume, Type};
use fetch::Fetch;

/// Where connections come from, for several threads at a time.
pub trait Remotes: Sync {
    /// Does something with a connection that nobody else uses meanwhile.
    ///
    /// # Errors
    ///
    /// When there is no connection; what `work` fails with.
    fn with(
        &self,
        cancel: &Cancel,
        work: &mut dyn FnMut(&mut dyn Remote) -> Result<()>,
    ) -> Result<()>;
}

impl Remotes for std::sync::Arc<Pool> {
    fn with(
        &self,
        cancel: &Cancel,
        work: &mut dyn FnMut(&mut dyn Remote) -> Result<()>,
    ) -> Result<()> {
        work(&mut *self.lease(cancel)?)
    }
}

/// How a file is fetched over several connections.
pub struct Several<'a> {
    /// Where they come from.
    pub remotes: &'a dyn Remotes,
    /// How many at most.
    pub count: usize,
    /// The retries that each part has.
    pub retries: Retries,
    /// Who is told.
    pub progress: &'a (dyn Progress + Sync),
    /// Watches.
    pub cancel: &'a Cancel,
}

impl Several<'_> {
    /// Fetches a file to its local name, as [`to_file`](super::to_file) does.
    /// `None`: it has to be fetched over one connection, because it is small, or the server does
    /// not tell its size or cannot begin at an offset.
    ///
    /// # Errors
    ///
    /// As [`to_file`](super::to_file).
    pub fn to_file(&self, job: &Job) -> Result<Option<Outcome>> {
        let spot = job.spot()?;
        let target = examine(&spot)?;
        if job.how.kind == Type::Ascii || matches!(target, Target::Device | Target::Link) {
            return Ok(None);
        }
        if job.fresh && target != Target::Absent {
            return Err(spot.is_taken());
        }
        let mut facts = self.facts(&job.remote)?;
        let Some(mut size) = facts.size else {
            let text = format!("{}: of unknown size, so over one connection", job.remote);
            self.progress.note(&text);
            return Ok(None);
        };
        let begun = job.how.resume != Resume::No && is_begun(&job.local);
        if worth(size, self.count) < 2 && !begun {
            return Ok(None);
        }
        let mut partial = Partial::open(&spot)?;
        let begun = Instant::now();
        let Some(mut parts) = self.begin(job, facts, size, &mut partial)? else {
            return Ok(None);
        };
        loop {
            let here = parts.done();
            match self.run(job, facts, &parts, &partial) {
                Ok((warning, tls_resumed)) => {
                    self.check_end(job, facts, &partial)?;
                    partial
                        .complete(facts.modified.filter(|_| job.how.preserve_times), job.fresh)?;
                    let resumed_from = (here > 0).then_some(here);
                    let elapsed = begun.elapsed();
                    return Ok(Some(Outcome {
                        bytes: size - here,
                        elapsed,
                        resumed_from,
                        tls_resumed,
                        warning,
                    }));
                }
                Err(Failure::Failed(error)) => {
                    if parts.done() == 0 {
                        partial.discard();
                    } else {
                        parts.keep(&partial);
                    }
                    return Err(error.at_local(&job.local));
                }
                Err(Failure::NotTheSame(why)) if here > 0 => {
                    self.progress.note(&format!("{}: {why}: starting again", job.remote));
                    // It may be another file by now.
                    facts = self.facts(&job.remote)?;
                    let Some(now) = facts.size else { return Ok(None) };
                    size = now;
                    match self.afresh(facts, size, &mut partial)? {
                        Some(fresh) => parts = fresh,
                        None => return Ok(None),
                    }
                }
                Err(Failure::NotTheSame(why)) => {
                    let text =
                        format!("{}: {why}: starting again, over one connection", job.remote);
                    self.progress.note(&text);
                    partial.discard();
                    return Ok(None);
                }
                // Parts are of a size that was asked for.
                Err(failure @ Failure::OtherSize(_)) => {
                    return Err(failure.into_error(&job.remote));
                }
            }
        }
    }

    fn facts(&self, path: &RemotePath) -> Result<Facts> {
        let mut retries = self.retries.clone();
        loop {
            let mut facts = Facts::default();
            let asked = self.remotes.with(self.cancel, &mut |remote| {
                facts = remote.facts(path)?;
                Ok(())
            });
            match asked {
                Ok(()) => return Ok(facts),
                Err(error) => retries.wait(error, self.cancel, |text| self.progress.note(text))?,
            }
        }
    }

    /// The parts: those of an earlier run, or new ones.
    fn begin(
        &self,
        job: &Job,
        facts: Facts,
        size: u64,
        partial: &mut Partial,
    ) -> Result<Option<Parts>> {
        if job.how.resume == Resume::No {
            return self.afresh(facts, size, partial);
        }
        let parts = match plan(partial, facts, job.how.resume)? {
            Plan::Segments(parts) => parts,
            Plan::Partial(start) => Parts::split(facts, size, start.offset, self.count),
            Plan::Afresh(why) => {
                if let Some(why) = why {
                    self.progress.note(&format!("{}: {why}: starting again", job.remote));
                }
                return self.afresh(facts, size, partial);
            }
            Plan::Adopt(_) | Plan::Compare(_) => return Ok(None),
        };
        Ok(parts.keep(partial).then_some(parts))
    }

    /// New parts of an empty partial file; none where no journal can be written.
    fn afresh(&self, facts: Facts, size: u64, partial: &mut Partial) -> Result<Option<Parts>> {
        partial.empty()?;
        let parts = Parts::split(facts, size, 0, self.count);
        if !parts.keep(partial) {
            return Ok(None);
        }
        partial.reserve(size)?;
        Ok(Some(parts))
    }

    fn run(
        &self,
        job: &Job,
        facts: Facts,
        parts: &Parts,
        partial: &Partial,
    ) -> Result<(Option<String>, Option<bool>), Failure> {
        let download = Download { path: &job.remote, facts, how: &job.how, cancel: self.cancel };
        self.progress.expect(parts.size());
        self.progress.start_at(parts.done());
        let fetch = Fetch::new(&download, parts, partial, self.progress);
        let queue: VecDeque<usize> = parts.unfinished().collect();
        let workers = self.count.min(queue.len());
        let queue = Mutex::new(queue);
        let ended = Mutex::new((None, None));
        std::thread::scope(|scope| {
            threads::start_workers(scope, "segments", workers, || {
                || {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    while !fetch.stop.load(Ordering::Relaxed)
                        && let Some(index) = next()
                    {
                        let result = self.part(&fetch, index);
                        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                        match result {
                            Ok(warning) => ended.0 = ended.0.take().or(warning),
                            Err(failure) => {
                                // What fails after the first one does so because that one did.
                                fetch.stop.store(true, Ordering::Relaxed);
                                ended.1 = ended.1.take().or(Some(failure));
                            }
                        }
                    }
                }
            })
        })?;
        let (warning, failure) = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failure {
            return Err(failure);
        }
        fetch.check_seams()?;
        Ok((warning, fetch.tls_resumed()))
    }

    /// One part, tried again after transient failures.
    fn part(
        &self,
        fetch: &Fetch<'_, dyn Progress + Sync + '_>,
        index: usize,
    ) -> Result<Option<String>, Failure> {
        let mut retries = self.retries.clone();
        loop {
            let mut result = Ok(None);
            let leased = self.remotes.with(self.cancel, &mut |remote| {
                result = fetch.part(remote, index);
                Ok(())
            });
            let error = match leased.map_err(Failure::Failed).and(result) {
                Ok(warning) => return Ok(warning),
                Err(Failure::Failed(error)) => error,
                Err(other) => return Err(other),
            };
            if fetch.stop.load(Ordering::Relaxed) {
                return Err(error.into());
            }
            retries.wait(error, self.cancel, |text| self.progress.note(text))?;
            // What the other parts are of may have been replaced since.
            match self.facts(fetch.download.path)? {
                facts if facts != fetch.download.facts => {
                    return Err(Failure::NotTheSame("the remote file has changed"));
                }
                facts if facts.modified.is_none() => return Err(Failure::NotTheSame(NO_TIME)),
                _ => {}
            }
        }
    }

    /// The remote file must still be what it was, and its checksum that of what is here.
    fn check_end(&self, job: &Job, facts: Facts, partial: &Partial) -> Result<()> {
        if self.facts(&job.remote)? != facts {
            let text = format!("get {}: the file changed while it was fetched", job.remote);
            return Err(Error::new(Kind::Incomplete, text)
                .with_hint("fetch it again when nothing writes to it"));
        }
        self.remotes.with(self.cancel, &mut |remote| verify_hash(remote, job, partial))
    }
}

/// Whether a file was begun over several connections and is not whole.
pub fn is_begun(local: &Path) -> bool {
    let partial = Spot::at(local).and_then(|target| partial_spot(&target));
    let journal = partial.ok().and_then(|partial| Journal::read(&partial));
    journal.is_some_and(|journal| !journal.segments.is_empty())
}

/// Goes on over one connection with a file that was begun over several.
///
/// # Errors
///
/// [`Failure`].
pub fn go_on(
    remote: &mut dyn Remote,
    download: &Download<'_>,
    parts: &Parts,
    partial: &Partial,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let here = parts.done();
    progress.expect(parts.size());
    progress.start_at(here);
    let fetch = Fetch::new(download, parts, partial, progress);
    let mut warning = None;
    let fetched = parts.unfinished().try_for_each(|index| {
        warning = fetch.part(remote, index)?;
        Ok(())
    });
    if let Err(failure) = fetched {
        if matches!(failure, Failure::Failed(_)) {
            parts.keep(partial);
        }
        return Err(failure);
    }
    fetch.check_seams()?;
    Ok(Outcome {
        bytes: parts.size() - here,
        elapsed: begun.elapsed(),
        resumed_from: (here > 0).then_some(here),
        tls_resumed: fetch.tls_resumed(),
        warning,
    })
}

#[cfg(test)]
mod tests;
