//! Downloads one large file over several connections: its segments are fetched in parallel into one
//! partial file, each at its offset.
//!
//! The input is a source of connections and a job; the result is an outcome, or `None` if one
//! connection must be used. A run that stops at any moment leaves a partial file and a journal that
//! this or a plain download can resume.

mod fetch;
mod parts;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub use parts::{SegmentMap, segment_count};

use super::journal::PartialJournal;
use super::partial::{PartialFile, Target, examine_target, partial_entry};
use super::resume::{NO_TIME, ResumePlan, plan_resume};
use super::stream::{FetchFailure, FileFetcher};
use super::{Download, verify_hash};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::fs::dir_handle::EntryAt;
use crate::ftp::path::RemotePath;
use crate::ftp::session_pool::SiteSessions;
use crate::threads;
use crate::transfer::retry::{Retries, with_retry};
use crate::transfer::{FileInfo, Outcome, Progress, Remote, Resume, TransferType, Verify, verify};
use fetch::SegmentFetcher;

/// A source of connections for several threads.
pub trait RemoteSource: Sync {
    /// Calls a function with a connection that nobody else uses meanwhile.
    fn with_remote(
        &self,
        cancel: &Cancel,
        work: &mut dyn FnMut(&mut dyn Remote) -> Result<()>,
    ) -> Result<()>;
}

impl RemoteSource for std::sync::Arc<SiteSessions> {
    fn with_remote(
        &self,
        cancel: &Cancel,
        work: &mut dyn FnMut(&mut dyn Remote) -> Result<()>,
    ) -> Result<()> {
        work(&mut *self.lease(cancel)?)
    }
}

/// A download over several connections.
pub struct SegmentedDownload<'a> {
    /// The source of connections.
    pub remotes: &'a dyn RemoteSource,
    /// The maximum number of connections.
    pub count: usize,
    /// The retries of each segment.
    pub retries: Retries,
    /// Receives progress.
    pub progress: &'a (dyn Progress + Sync),
    /// Cancels it.
    pub cancel: &'a Cancel,
}

impl SegmentedDownload<'_> {
    /// Downloads a file, like [`download_to_file`](super::download_to_file). `None`: one connection
    /// must be used, because the file is small, its size unknown, or REST not supported.
    pub fn download_to_file(&self, job: &Download) -> Result<Option<Outcome>> {
        let entry = job.local_entry()?;
        let target = examine_target(&entry)?;
        if job.options.transfer_type == TransferType::Ascii
            || matches!(target, Target::Device | Target::Link)
        {
            return Ok(None);
        }
        if target != Target::Absent && job.existing.keeps(&entry) {
            return Err(entry.already_exists_error());
        }
        let mut info = self.file_info(&job.remote)?;
        let Some(mut size) = info.size else {
            let text = format!("{}: of unknown size, so over one connection", job.remote);
            self.progress.show_note(&text);
            return Ok(None);
        };
        let begun = job.options.resume != Resume::No && has_segment_journal(&job.local);
        if segment_count(size, self.count) < 2 && !begun {
            return Ok(None);
        }
        let mut partial = PartialFile::open(&entry)?;
        partial.set_final_mode(job.options.mode);
        let begun = Instant::now();
        let Some(mut parts) = self.begin_segments(job, info, size, &mut partial)? else {
            return Ok(None);
        };
        loop {
            let here = parts.bytes_done();
            let fetched = match self.fetch_all_segments(job, info, &parts, &partial) {
                Ok((warning, tls_resumed)) => self
                    .check_unchanged(job, info, &partial)?
                    .map(|other| (warning.or(other), tls_resumed)),
                Err(failure) => Err(failure),
            };
            match fetched {
                Ok((warning, tls_resumed)) => {
                    let time = info.modified.filter(|_| job.options.preserve_times);
                    partial.rename_to_target(time, job.existing, job.options.sync)?;
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
                Err(FetchFailure::Failed(error)) => {
                    if parts.bytes_done() == 0 {
                        partial.discard();
                    } else {
                        parts.write_journal(&partial);
                    }
                    return Err(error.with_local_path(&job.local));
                }
                Err(FetchFailure::NotTheSame(why)) if here > 0 => {
                    self.progress.show_note(&format!("{}: {why}: starting again", job.remote));
                    // It may have been replaced.
                    info = self.file_info(&job.remote)?;
                    let Some(now) = info.size else { return Ok(None) };
                    size = now;
                    match self.new_segments(info, size, &mut partial)? {
                        Some(fresh) => parts = fresh,
                        None => return Ok(None),
                    }
                }
                Err(FetchFailure::NotTheSame(why)) => {
                    let text =
                        format!("{}: {why}: starting again, over one connection", job.remote);
                    self.progress.show_note(&text);
                    partial.discard();
                    return Ok(None);
                }
                // The segments depend on the size.
                Err(failure @ FetchFailure::DifferentSize(_)) => {
                    return Err(failure.into_error(&job.remote));
                }
            }
        }
    }

    fn file_info(&self, path: &RemotePath) -> Result<FileInfo> {
        let say = |text: &str| self.progress.show_note(text);
        with_retry(self.retries.clone(), self.cancel, say, |_| {
            let mut info = FileInfo::default();
            self.remotes.with_remote(self.cancel, &mut |remote| {
                info = remote.file_info(path)?;
                Ok(())
            })?;
            Ok(info)
        })
    }

    /// The segments: those of an earlier run, or new ones.
    fn begin_segments(
        &self,
        job: &Download,
        info: FileInfo,
        size: u64,
        partial: &mut PartialFile,
    ) -> Result<Option<SegmentMap>> {
        if job.options.resume == Resume::No {
            return self.new_segments(info, size, partial);
        }
        let parts = match plan_resume(partial, info, job.options.resume)? {
            ResumePlan::Segments(parts) => parts,
            ResumePlan::Partial(start) => {
                SegmentMap::split_file(info, size, start.offset, self.count)
            }
            ResumePlan::StartOver(why) => {
                if let Some(why) = why {
                    self.progress.show_note(&format!("{}: {why}: starting again", job.remote));
                }
                return self.new_segments(info, size, partial);
            }
            ResumePlan::Adopt(_) | ResumePlan::Compare(_) => return Ok(None),
        };
        Ok(parts.write_journal(partial).then_some(parts))
    }

    /// New segments of an empty partial file; none if the journal cannot be written.
    fn new_segments(
        &self,
        info: FileInfo,
        size: u64,
        partial: &mut PartialFile,
    ) -> Result<Option<SegmentMap>> {
        partial.truncate_to_zero()?;
        let parts = SegmentMap::split_file(info, size, 0, self.count);
        if !parts.write_journal(partial) {
            return Ok(None);
        }
        partial.reserve_space(size)?;
        Ok(Some(parts))
    }

    fn fetch_all_segments(
        &self,
        job: &Download,
        info: FileInfo,
        parts: &SegmentMap,
        partial: &PartialFile,
    ) -> Result<(Option<String>, Option<bool>), FetchFailure> {
        let download =
            FileFetcher { path: &job.remote, info, options: &job.options, cancel: self.cancel };
        self.progress.set_total(parts.file_size());
        self.progress.start_at(parts.bytes_done());
        let fetch = SegmentFetcher::new(&download, parts, partial, self.progress);
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
                        let result = self.fetch_with_retry(&fetch, index);
                        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                        match result {
                            Ok(warning) => ended.0 = ended.0.take().or(warning),
                            Err(failure) => {
                                // Failures after the first one are its consequences.
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

    /// Fetches one segment, with retries after transient failures.
    fn fetch_with_retry(
        &self,
        fetch: &SegmentFetcher<'_, dyn Progress + Sync + '_>,
        index: usize,
    ) -> Result<Option<String>, FetchFailure> {
        let mut retries = self.retries.clone();
        loop {
            let mut result = Ok(None);
            let leased = self.remotes.with_remote(self.cancel, &mut |remote| {
                result = fetch.fetch_segment(remote, index);
                Ok(())
            });
            let error = match leased.map_err(FetchFailure::Failed).and(result) {
                Ok(warning) => return Ok(warning),
                Err(FetchFailure::Failed(error)) => error,
                Err(other) => return Err(other),
            };
            if fetch.stop.load(Ordering::Relaxed) {
                return Err(error.into());
            }
            retries.wait_or_fail(error, self.cancel, |text| self.progress.show_note(text))?;
            // The file may have been replaced since the other segments were fetched.
            match self.file_info(fetch.download.path)? {
                info if info != fetch.download.info => {
                    return Err(FetchFailure::NotTheSame("the remote file has changed"));
                }
                info if info.modified.is_none() => return Err(FetchFailure::NotTheSame(NO_TIME)),
                _ => {}
            }
        }
    }

    /// Verifies that the remote file is unchanged, and that the checksums match. A changed file is
    /// fetched again if its segments were to be of a stable one. Returns a warning.
    fn check_unchanged(
        &self,
        job: &Download,
        info: FileInfo,
        partial: &PartialFile,
    ) -> Result<Result<Option<String>, FetchFailure>> {
        let stable = job.options.verify == Verify::Stable;
        let warning = match verify::check_stable(&job.remote, info, self.file_info(&job.remote)?) {
            Err(_) if stable => {
                return Ok(Err(FetchFailure::NotTheSame("the file changed while it was fetched")));
            }
            other => other.map_err(Error::as_permanent)?.filter(|_| stable),
        };
        self.remotes.with_remote(self.cancel, &mut |remote| verify_hash(remote, job, partial))?;
        Ok(Ok(warning))
    }
}

/// Whether a download over several connections was started and is incomplete.
pub fn has_segment_journal(local: &Path) -> bool {
    let partial = EntryAt::at(local).and_then(|target| partial_entry(&target));
    let journal = partial.ok().and_then(|partial| PartialJournal::read(&partial));
    journal.is_some_and(|journal| !journal.segments.is_empty())
}

/// Resumes over one connection a download that was started over several.
pub fn resume_over_one_connection(
    remote: &mut dyn Remote,
    download: &FileFetcher<'_>,
    parts: &SegmentMap,
    partial: &PartialFile,
    progress: &dyn Progress,
) -> Result<Outcome, FetchFailure> {
    let begun = Instant::now();
    let here = parts.bytes_done();
    progress.set_total(parts.file_size());
    progress.start_at(here);
    let fetch = SegmentFetcher::new(download, parts, partial, progress);
    let mut warning = None;
    let fetched = parts.unfinished().try_for_each(|index| {
        warning = fetch.fetch_segment(remote, index)?;
        Ok(())
    });
    if let Err(failure) = fetched {
        if matches!(failure, FetchFailure::Failed(_)) {
            parts.write_journal(partial);
        }
        return Err(failure);
    }
    fetch.check_seams()?;
    Ok(Outcome {
        bytes: parts.file_size() - here,
        elapsed: begun.elapsed(),
        resumed_from: (here > 0).then_some(here),
        tls_resumed: fetch.tls_resumed(),
        warning,
    })
}

#[cfg(test)]
mod tests;
