//! Copies one file from server to server: downloaded and uploaded at once, without a local file,
//! with the checks of both.

use std::io::{ErrorKind, Write};
use std::time::Instant;

use super::download::resume::ResumePoint;
use super::download::stream::{FetchFailure, FileFetcher, unconfirmed_error};
use super::upload::journal::{Source, UploadJournal};
use super::upload::{Compare, ResumeCheck, open_upload_at};
use super::{
    FileInfo, NoProgress, Outcome, Progress, Remote, Resume, TransferOptions, TransferType,
    UploadStream, Verify, all_tls_resumed, atomic, verify,
};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;

/// A copy from server to server.
#[derive(Debug, Clone)]
pub struct ServerCopy {
    /// The source file.
    pub from: RemotePath,
    /// The destination.
    pub to: RemotePath,
    /// Size and time, if a listing has already reported them.
    pub info: Option<FileInfo>,
    /// The options.
    pub options: TransferOptions,
}

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server that the file is read from.
    Source,
    /// The server that the file is written to.
    Target,
}

/// A failure, and the server on which it occurred.
#[derive(Debug)]
pub struct Failed {
    /// The server.
    pub side: Side,
    /// The error.
    pub error: Error,
}

impl Failed {
    /// Whether the content received differs from what was sent.
    fn is_of_content(&self) -> bool {
        self.error.kind() == Kind::Incomplete && !self.error.is_transient()
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

fn target_failure(error: Error) -> Failed {
    Failed { side: Side::Target, error }
}

fn source_failure(error: Error) -> Failed {
    Failed { side: Side::Source, error }
}

/// Copies a file. Each connection throttles the other: only one block is buffered. The target is
/// not touched before the source has sent something, or has completed an empty file.
///
/// # Errors
///
/// [`Kind::Incomplete`] if either transfer did not complete; refusals of either server.
pub fn copy_between_servers(
    source: &mut dyn Remote,
    target: &mut dyn Remote,
    job: &ServerCopy,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome, Failed> {
    let info = match job.info {
        Some(info) if job.options.resume == Resume::No && job.options.verify != Verify::Stable => {
            info
        }
        // It may have been replaced since it was listed.
        _ => source.file_info(&job.from).map_err(source_failure)?,
    };
    let begun = Instant::now();
    let mut run = |info| Relay { job, info, progress, cancel, begun }.run(source, target);
    let ended = match run(info) {
        // The listing showed the size of the link itself: retry with the file's own size.
        Err(Ended::OtherSize(size)) => run(FileInfo { size: Some(size), ..info }),
        other => other,
    };
    ended.map_err(|ended| match ended {
        Ended::Failed(failed) => failed,
        Ended::OtherSize(size) => {
            source_failure(FetchFailure::DifferentSize(size).into_error(&job.from))
        }
    })
}

struct Relay<'a> {
    job: &'a ServerCopy,
    info: FileInfo,
    progress: &'a dyn Progress,
    cancel: &'a Cancel,
    begun: Instant,
}

enum Ended {
    Failed(Failed),
    /// The source's listing showed another size than the file has.
    OtherSize(u64),
}

impl From<Failed> for Ended {
    fn from(failed: Failed) -> Self {
        Ended::Failed(failed)
    }
}

impl Relay<'_> {
    fn run(&self, source: &mut dyn Remote, target: &mut dyn Remote) -> Result<Outcome, Ended> {
        let (job, info) = (self.job, self.info);
        let name = atomic::upload_name(&job.to, &job.options).map_err(target_failure)?;
        let binary = job.options.transfer_type == TransferType::Binary;
        if name != job.to && self.is_complete(source, target)? {
            return Ok(self.nothing_to_send());
        }
        let path = target.absolute_path(&name);
        let journal = job.options.upload_journals.as_ref().filter(|_| binary);
        let journal = journal.map(|journals| journals.for_path(&path));
        let version = Source::of_remote(&source.absolute_path(&job.from), info);
        let known = journal.as_ref().zip(version.as_ref());
        let start = self.resume_point(source, target, &name, known)?;
        let offset = start.offset;
        let whole_already = offset > 0 && info.size == Some(offset);
        let mut sent = offset;
        let carried = if whole_already {
            Ok(self.nothing_to_send())
        } else {
            self.transfer_missing(source, target, &name, &start, known, &mut sent)
        };
        let mut differs = false;
        let done = carried.and_then(|outcome| {
            let checked = check_copy(source, target, job, info, &name, offset + outcome.bytes);
            differs = checked.as_ref().is_err_and(Failed::is_of_content);
            let warning = checked?;
            atomic::give_final_name(target, &name, &job.to).map_err(target_failure)?;
            Ok(Outcome { warning: outcome.warning.or(warning), ..outcome })
        });
        match (&done, known) {
            (Ok(_), Some((journal, _))) => journal.remove(),
            (Err(_), Some((journal, _))) if differs => journal.mark_unusable(),
            (Err(_), Some((journal, version))) if sent > offset => {
                journal.record_stop(version, sent)
            }
            _ => {}
        }
        let outcome = done?;
        if job.options.preserve_times
            && let Some(time) = info.modified
        {
            target.set_modified(&job.to, time).map_err(target_failure)?;
        }
        if let Some(mode) = job.options.mode
            && let Some(note) = target.set_mode(&job.to, mode).map_err(target_failure)?
        {
            self.progress.show_note(&note);
        }
        let tls_resumed = all_tls_resumed(outcome.tls_resumed, target.tls_resumed());
        Ok(Outcome { elapsed: self.begun.elapsed(), tls_resumed, ..outcome })
    }

    /// The outcome of a copy that was complete before.
    fn nothing_to_send(&self) -> Outcome {
        self.progress.start_at(self.info.size.unwrap_or(0));
        Outcome {
            bytes: 0,
            elapsed: self.begun.elapsed(),
            resumed_from: self.info.size,
            tls_resumed: None,
            warning: None,
        }
    }

    /// With `-c`, whether the target has the whole file under its final name already: what is
    /// begun has the temporary one.
    fn is_complete(
        &self,
        source: &mut dyn Remote,
        target: &mut dyn Remote,
    ) -> Result<bool, Failed> {
        if self.job.options.resume != Resume::Asked {
            return Ok(false);
        }
        let quiet = Relay { progress: &NoProgress, ..*self };
        let there = quiet.resume_point(source, target, &self.job.to, None)?;
        Ok(there.offset > 0 && Some(there.offset) == self.info.size)
    }

    /// The offset to start at: the end of what the target already has.
    fn resume_point(
        &self,
        source: &mut dyn Remote,
        target: &mut dyn Remote,
        name: &RemotePath,
        known: Option<(&UploadJournal<'_>, &Source)>,
    ) -> Result<ResumePoint, Failed> {
        let Some(size) = self.info.size else { return Ok(ResumePoint::default()) };
        if self.job.options.resume == Resume::No
            || self.job.options.transfer_type == TransferType::Ascii
        {
            return Ok(ResumePoint::default());
        }
        let resumed = ResumeCheck {
            target: name,
            size,
            modified: self.info.modified.map(|time| time.and_utc().timestamp()),
            source: known.map(|(_, version)| version),
            journal: known.map(|(journal, _)| journal),
            resume: self.job.options.resume,
            progress: self.progress,
            cancel: self.cancel,
        };
        let (mut start, mut failed) = (ResumePoint::default(), None);
        let offset = resumed.resume_offset(target, &mut |length, compare| {
            let options = TransferOptions::default();
            let download = FileFetcher {
                path: &self.job.from,
                info: self.info,
                options: &options,
                cancel: self.cancel,
            };
            let mut block = |offset, count| {
                let block = download.fetch_block(source, offset, count, TransferType::Binary);
                let block =
                    block.and_then(|block| block.ok_or(FetchFailure::NotTheSame("it is shorter")));
                block.map_err(|failure| {
                    let error = failure.into_error(&self.job.from);
                    failed = Some(error.clone());
                    error
                })
            };
            start = match compare {
                Compare::End => ResumePoint::with_last_block(length, &mut block)?,
                Compare::Samples => ResumePoint::with_samples(length, &mut block)?,
            };
            Ok(start.clone())
        });
        match (offset, failed) {
            (Err(_), Some(error)) => Err(source_failure(error)),
            (Err(error), None) => Err(target_failure(error)),
            (Ok(0), _) => Ok(ResumePoint::default()),
            // The samples were compared; the last block verifies the source's offset.
            (Ok(_), _) => Ok(ResumePoint { samples: Vec::new(), ..start }),
        }
    }

    /// Transfers the missing part; `sent` receives the offset up to which the target may have it.
    fn transfer_missing(
        &self,
        source: &mut dyn Remote,
        target: &mut dyn Remote,
        name: &RemotePath,
        start: &ResumePoint,
        known: Option<(&UploadJournal<'_>, &Source)>,
        sent: &mut u64,
    ) -> Result<Outcome, Ended> {
        let job = self.job;
        let timeout = target.stall_timeout();
        // On the wire, text has the same form on both sides.
        let options = TransferOptions {
            transfer_type: TransferType::Binary,
            verify: Verify::Size,
            ..job.options.clone()
        };
        let binary = job.options.transfer_type == TransferType::Binary;
        let info = if binary { self.info } else { FileInfo { size: None, ..self.info } };
        let download =
            FileFetcher { path: &job.from, info, options: &options, cancel: self.cancel };
        let size = self.info.size.unwrap_or(0);
        let mut sink = UploadSink {
            open: &mut || {
                let outgoing =
                    open_upload_at(target, name, start.offset, job.options.transfer_type)?;
                // Not earlier: until the server has accepted the command, it has an older file.
                if let Some((journal, version)) = known {
                    journal.record_begin(version, size, start.offset);
                }
                Ok(outgoing)
            },
            outgoing: None,
            sent,
            failed: None,
        };
        let fetched = download.fetch_into_as(
            source,
            job.options.transfer_type,
            start,
            &mut sink,
            self.progress,
        );
        if fetched.is_ok() {
            // An empty file is a file, too. The reason of a failure is kept.
            let _ = sink.open_upload();
        }
        let UploadSink { outgoing, failed, .. } = sink;
        let what = format!("put {}", job.to);
        let fetched = match (fetched, failed) {
            (Ok(outcome), None) => outcome,
            (_, Some(Broken::Refused(error))) => return Err(target_failure(error).into()),
            (_, Some(Broken::Stream(error))) => {
                let why = data_error(&error, timeout).with_context(&what);
                let cancelled = why.is_interruption();
                let Some(outgoing) = outgoing else { return Err(target_failure(why).into()) };
                if error.kind() == ErrorKind::TimedOut || cancelled {
                    outgoing.abort();
                    return Err(target_failure(why).into());
                }
                let refused =
                    outgoing.finish().ok().and_then(|f| verify::check_upload(&what, &f).err());
                return Err(target_failure(refused.unwrap_or(why)).into());
            }
            (Err(failure), None) => {
                // The part stored so far must not pass for the complete file.
                if let Some(outgoing) = outgoing {
                    outgoing.abort();
                }
                return Err(match failure {
                    FetchFailure::DifferentSize(size) => Ended::OtherSize(size),
                    other => source_failure(other.into_error(&job.from)).into(),
                });
            }
        };
        if let Some(outgoing) = outgoing {
            let finished = outgoing.finish();
            let finished = finished
                .map_err(|error| target_failure(unconfirmed_error(&what, fetched.bytes, error)))?;
            verify::check_upload(&what, &finished).map_err(target_failure)?;
        }
        Ok(fetched)
    }
}

/// Verifies a copy that is still under its temporary name, if it has one. Returns a warning.
fn check_copy(
    source: &mut dyn Remote,
    target: &mut dyn Remote,
    job: &ServerCopy,
    before: FileInfo,
    name: &RemotePath,
    sent: u64,
) -> Result<Option<String>, Failed> {
    let warning = if job.options.verify == Verify::Stable {
        let after = source.file_info(&job.from).map_err(source_failure)?;
        verify::check_stable(&job.from, before, after).map_err(source_failure)?
    } else {
        None
    };
    if job.options.verify == Verify::None || job.options.transfer_type == TransferType::Ascii {
        return Ok(warning);
    }
    let size = match target.file_info(name) {
        Ok(info) => info.size,
        Err(error) if error.kind() == Kind::Refused => None,
        Err(error) => return Err(target_failure(error)),
    };
    if let Some(size) = size.filter(|size| *size != sent) {
        let text = format!("put {}: {sent} bytes were sent, the server has {size}", job.to);
        let error = Error::new(Kind::Incomplete, text);
        // A retry can send the missing part.
        return Err(target_failure(if size < sent { error.as_transient() } else { error }));
    }
    if job.options.verify == Verify::Hash
        && let Some(from) = source.checksum(&job.from).map_err(source_failure)?
        && let Some(to) = target.checksum(name).map_err(target_failure)?
    {
        if from.algorithm != to.algorithm {
            let (from, to) = (from.algorithm, to.algorithm);
            return Ok(Some(format!(
                "put {}: the checksums were not compared: one server has {from:?}, the other {to:?}",
                job.to
            )));
        }
        if from.digits == to.digits {
            return Ok(warning);
        }
        let text = format!("put {}: the {:?} checksums differ", job.to, from.algorithm);
        return Err(target_failure(Error::new(Kind::Incomplete, text)));
    }
    Ok(warning)
}

/// Why an upload failed.
enum Broken {
    /// The server refused it.
    Refused(Error),
    /// The stream broke.
    Stream(std::io::Error),
}

/// The upload as the download's sink: opened on the first write; keeps the reason of its failure.
struct UploadSink<'a> {
    open: &'a mut dyn FnMut() -> Result<Box<dyn UploadStream>>,
    outgoing: Option<Box<dyn UploadStream>>,
    sent: &'a mut u64,
    failed: Option<Broken>,
}

impl UploadSink<'_> {
    /// Opens the upload on first use.
    fn open_upload(&mut self) -> std::io::Result<&mut Box<dyn UploadStream>> {
        if self.outgoing.is_none() {
            match (self.open)() {
                Ok(outgoing) => self.outgoing = Some(outgoing),
                Err(error) => self.failed = Some(Broken::Refused(error)),
            }
        }
        self.outgoing.as_mut().ok_or_else(|| ErrorKind::ConnectionRefused.into())
    }
}

impl Write for UploadSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let outgoing = self.open_upload()?;
        let written = outgoing.write_all(bytes);
        // A part may arrive even if the write fails.
        *self.sent += bytes.len() as u64;
        written.map(|()| bytes.len()).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(Broken::Stream(error));
            kind.into()
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
