//! Downloads one file from a [`Remote`] into a partial file, which is then renamed.

pub mod journal;
pub mod partial;
pub mod resume;
pub mod segments;
pub mod stream;

use std::io::Write;
use std::path::PathBuf;

use chrono::NaiveDateTime;

use super::{
    FileInfo, Outcome, Progress, Remote, Resume, TransferOptions, TransferType, Verify, verify,
};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{DirHandle, EntryAt};
use crate::ftp::path::RemotePath;
use journal::PartialJournal;
use partial::{
    Existing, PartialFile, Target, examine_target, is_in_system_directory, open_device,
    open_through_link,
};
use resume::{ResumePlan, ResumePoint, UNVERIFIED, plan_resume};
use stream::{FetchFailure, FileFetcher};

/// A download.
#[derive(Debug, Clone)]
pub struct Download {
    /// The remote file.
    pub remote: RemotePath,
    /// The destination.
    pub local: PathBuf,
    /// The directory of `local`, if it is held open: the path is then not resolved again.
    pub dir: Option<DirHandle>,
    /// What happens to a file that exists there when the download is complete.
    pub existing: Existing,
    /// Size and time, if a listing has already reported them.
    pub info: Option<FileInfo>,
    /// The size in a listing that is not exact in every way: only for what is shown.
    pub listed_size: Option<u64>,
    /// The listing had no exact time: MDTM is pipelined with RETR.
    pub prefetch_time: bool,
    /// Used if the server has no MDTM: the approximate time of a listing. It does not prove that
    /// the remote file is unchanged.
    pub fallback_time: Option<NaiveDateTime>,
    /// The options.
    pub options: TransferOptions,
}

impl Download {
    /// A download of a file about which nothing else is known.
    pub fn new(remote: RemotePath, local: PathBuf, options: TransferOptions) -> Self {
        let (info, listed_size) = (None, None);
        Self {
            remote,
            local,
            dir: None,
            existing: Existing::Replace,
            info,
            listed_size,
            prefetch_time: false,
            fallback_time: None,
            options,
        }
    }

    /// The destination, with its directory held open.
    pub fn local_entry(&self) -> Result<EntryAt> {
        match (&self.dir, self.local.file_name()) {
            (Some(held), Some(name)) => Ok(held.entry(name)),
            _ => EntryAt::at(&self.local),
        }
    }
}

/// Downloads a file. The final name always refers to the old file, to nothing, or to the complete
/// new file. After a failure, the received data remains in the partial file.
///
/// # Errors
///
/// [`Kind::Local`] for the local side, [`Kind::Incomplete`] for a transfer that did not complete,
/// otherwise the error of the remote side.
pub fn download_to_file(
    remote: &mut dyn Remote,
    job: &Download,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let entry = job.local_entry()?;
    let target = match examine_target(&entry)? {
        // Links inside a tree are replaced, whatever they point to.
        Target::Link if job.dir.is_some() && !is_in_system_directory(&entry) => Target::Replaceable,
        other => other,
    };
    if target != Target::Absent && job.existing.keeps(&entry) {
        return Err(entry.already_exists_error());
    }
    let stable = job.options.verify == Verify::Stable;
    let mut info = match job.info {
        Some(info) if !stable => info,
        // The same query as after the transfer.
        _ => remote.file_info(&job.remote)?,
    };
    let prefetch_time = job.prefetch_time && !stable;
    if matches!(target, Target::Device | Target::Link) {
        if job.dir.is_some() {
            let text = format!("{}: is a device; a mirror writes to none", job.local.display());
            return Err(Error::new(Kind::Local, text));
        }
        let mut device = match target {
            Target::Link => open_through_link(&entry)?,
            _ => open_device(&entry)?,
        };
        return download_to_writer(remote, job, info, &mut device, progress, cancel);
    }
    let mut partial = PartialFile::open(&entry)?;
    partial.set_final_mode(job.options.mode);
    // Another ftpsh may have completed it before we got the lock.
    if job.existing.keeps(&entry) {
        if partial.length().is_ok_and(|length| length == 0) {
            partial.discard();
        }
        return Err(entry.already_exists_error());
    }
    if prefetch_time {
        remote.prefetch_modified(&job.remote)?;
    }
    match fill_partial(remote, job, &mut info, &mut partial, progress, cancel) {
        Ok(FillResult::Unchanged(outcome)) => {
            partial.discard();
            verify_stable(remote, job, info, outcome)
        }
        Ok(FillResult::Partial(outcome)) => {
            let outcome = verify_stable(remote, job, info, outcome).inspect_err(|error| {
                // It may be parts of two versions.
                if error.kind() == Kind::Incomplete {
                    partial.discard_unusable();
                }
            })?;
            verify_hash(remote, job, &partial)?;
            let time = if prefetch_time { exact_time(remote, job)? } else { info.modified };
            let time = time.or(job.fallback_time);
            let time = time.filter(|_| job.options.preserve_times);
            partial.rename_to_target(time, job.existing, job.options.sync)?;
            Ok(outcome)
        }
        Err(error) => {
            // An empty partial file is useless.
            if partial.length().is_ok_and(|length| length == 0) {
                partial.discard();
            }
            Err(error)
        }
    }
}

/// The exact time of a downloaded file; `None` if the server does not report it.
fn exact_time(remote: &mut dyn Remote, job: &Download) -> Result<Option<NaiveDateTime>> {
    match remote.modified_time(&job.remote) {
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        other => other,
    }
}

enum FillResult {
    /// The partial file is complete.
    Partial(Outcome),
    /// The file under the final name is already complete.
    Unchanged(Outcome),
}

fn fill_partial(
    remote: &mut dyn Remote,
    job: &Download,
    info: &mut FileInfo,
    partial: &mut PartialFile,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<FillResult> {
    let resume = if job.options.transfer_type == TransferType::Ascii {
        Resume::No
    } else {
        job.options.resume
    };
    let mut what = if resume == Resume::No {
        ResumePlan::StartOver(None)
    } else {
        plan_resume(partial, *info, resume)?
    };
    if job.info.is_some() && !matches!(what, ResumePlan::StartOver(_)) {
        // It may have been replaced since it was listed.
        *info = remote.file_info(&job.remote)?;
        what = plan_resume(partial, *info, resume)?;
    }
    let (plan, info) = (what, *info);
    let download = FileFetcher { path: &job.remote, info, options: &job.options, cancel };
    if let ResumePlan::Partial(start) | ResumePlan::Compare(start) | ResumePlan::Adopt(start) =
        &plan
        && start.is_unverified()
    {
        progress.show_note(&format!("{}: {UNVERIFIED}", job.remote));
    }
    let attempt = match plan {
        ResumePlan::StartOver(None) => None,
        ResumePlan::StartOver(Some(why)) => Some(Err(FetchFailure::NotTheSame(why))),
        ResumePlan::Partial(start) => {
            PartialJournal::write_if_needed(info, partial.entry());
            partial.seek_to_end()?;
            Some(download.fetch_into(remote, &start, partial, progress).map(FillResult::Partial))
        }
        ResumePlan::Compare(start) => {
            let compared = download.fetch_into(remote, &start, &mut std::io::sink(), progress);
            Some(compared.map(FillResult::Unchanged))
        }
        ResumePlan::Adopt(start) => {
            PartialJournal::write_if_needed(info, partial.entry());
            Some(adopt_target(&download, remote, &start, partial, progress))
        }
        ResumePlan::Segments(parts) => {
            let resumed =
                segments::resume_over_one_connection(remote, &download, &parts, partial, progress);
            Some(resumed.map(FillResult::Partial))
        }
    };
    match attempt {
        None => {}
        Some(Ok(filled)) => return Ok(filled),
        Some(Err(FetchFailure::Failed(error))) => return Err(error.with_local_path(&job.local)),
        Some(Err(FetchFailure::NotTheSame(why))) => {
            progress.show_note(&format!("{}: {why}: starting again", job.remote));
        }
        // Only a transfer from the beginning is restarted below.
        Some(Err(FetchFailure::DifferentSize(_))) => {}
    }
    match restart_from_zero(&download, remote, partial, progress) {
        // The listing showed the size of the link itself: retry with the file's own size.
        Err(FetchFailure::DifferentSize(size)) => {
            let info = FileInfo { size: Some(size), ..info };
            restart_from_zero(&FileFetcher { info, ..download }, remote, partial, progress)
        }
        other => other,
    }
    .map(FillResult::Partial)
    .map_err(|failure| failure.into_error(&job.remote).with_local_path(&job.local))
}

fn restart_from_zero(
    download: &FileFetcher<'_>,
    remote: &mut dyn Remote,
    partial: &mut PartialFile,
    progress: &dyn Progress,
) -> Result<Outcome, FetchFailure> {
    let info = download.info;
    partial.truncate_to_zero()?;
    // Only if space may be short: on ext4, writing into preallocated space took half as long again
    // (measured with 1 GiB).
    if let Some(size) = info.size.filter(|size| partial.may_lack_room_for(*size)) {
        partial.reserve_space(size)?;
    }
    // Only once it is empty: its content belongs to another file.
    PartialJournal::remove(partial.entry());
    PartialJournal::write_if_needed(info, partial.entry());
    download.fetch_into(remote, &ResumePoint::default(), partial, progress)
}

/// A file that another program left incomplete: its end is compared before it is modified.
fn adopt_target(
    download: &FileFetcher<'_>,
    remote: &mut dyn Remote,
    start: &ResumePoint,
    partial: &mut PartialFile,
    progress: &dyn Progress,
) -> Result<FillResult, FetchFailure> {
    struct Adopting<'a>(&'a mut PartialFile, bool, FileInfo);
    impl Write for Adopting<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // The first bytes arrive only after the overlap has matched.
            if !std::mem::replace(&mut self.1, true) {
                PartialJournal::for_file(self.2).write(self.0.entry());
                self.0.adopt_target()?;
            }
            self.0.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.0.flush()
        }
    }
    let mut adopting = Adopting(partial, false, download.info);
    download.fetch_into(remote, start, &mut adopting, progress).map(FillResult::Partial)
}

/// With `xfer:verify stable`, asks again what the file is that was just fetched.
fn verify_stable(
    remote: &mut dyn Remote,
    job: &Download,
    before: FileInfo,
    outcome: Outcome,
) -> Result<Outcome> {
    if job.options.verify != Verify::Stable {
        return Ok(outcome);
    }
    let warning = verify::check_stable(&job.remote, before, remote.file_info(&job.remote)?)?;
    Ok(Outcome { warning: outcome.warning.or(warning), ..outcome })
}

pub(super) fn verify_hash(
    remote: &mut dyn Remote,
    job: &Download,
    partial: &PartialFile,
) -> Result<()> {
    if job.options.verify != Verify::Hash || job.options.transfer_type != TransferType::Binary {
        return Ok(());
    }
    let Some(there) = remote.checksum(&job.remote)? else { return Ok(()) };
    let here = partial.checksum(there.algorithm)?;
    if here == there {
        return Ok(());
    }
    // Data that differs cannot be resumed.
    partial.discard_unusable();
    Err(Error::new(
        Kind::Incomplete,
        format!(
            "get {}: the {:?} checksums differ: {} here, {} on the server",
            job.remote, there.algorithm, here.digits, there.digits
        ),
    ))
}

/// Downloads a file into any writer, with the same checks at its end.
pub fn download_to_writer(
    remote: &mut dyn Remote,
    job: &Download,
    info: FileInfo,
    sink: &mut dyn Write,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let download = FileFetcher { path: &job.remote, info, options: &job.options, cancel };
    let fetched = download.fetch_into(remote, &ResumePoint::default(), sink, progress);
    let fetched =
        fetched.map_err(|failure| failure.into_error(&job.remote).with_local_path(&job.local));
    verify_stable(remote, job, info, fetched?)
}

#[cfg(test)]
mod tests;
