//! Uploads one local file to a [`Remote`] and verifies that it arrived.

pub mod journal;
mod resume;

use std::cell::Cell;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt};
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, NaiveDateTime};
use rustix::fs::OFlags;

use super::ascii::ToWire;
use super::download::resume::{ResumePoint, read_block_at};
use super::download::stream::unconfirmed_error;
use super::{
    AfterUpload, Atomic, NoProgress, Outcome, Progress, Remote, Resume, TransferOptions,
    TransferType, UploadMode, UploadStream, Verify, atomic, verify,
};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::DirHandle;
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;
use journal::{Source, UploadJournal};
pub(super) use resume::{Compare, ResumeCheck};

/// An upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The local file.
    pub local: PathBuf,
    /// The directory of `local`, if it is held open: it is not resolved again, and a link is not
    /// followed.
    pub dir: Option<DirHandle>,
    /// The destination.
    pub remote: RemotePath,
    /// The options.
    pub options: TransferOptions,
}

impl Upload {
    fn open_local(&self) -> io::Result<File> {
        let (Some(held), Some(name)) = (&self.dir, self.local.file_name()) else {
            return File::open(&self.local);
        };
        let file = held.entry(name).open(OFlags::RDONLY)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    fn local_metadata(&self) -> io::Result<Metadata> {
        match self.dir {
            Some(_) => self.open_local()?.metadata(),
            None => std::fs::metadata(&self.local),
        }
    }
}

/// Uploads a file. It succeeds only if the server confirmed it, the sizes are equal, and the local
/// file did not change meanwhile.
///
/// # Errors
///
/// [`Kind::Local`] for the local side, [`Kind::Incomplete`] for a transfer that did not complete,
/// otherwise the error of the remote side.
pub fn upload_from_file(
    remote: &mut dyn Remote,
    job: &Upload,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let local = |error: std::io::Error| Error::local_file(&job.local, &error);
    let mut file = job.open_local().map_err(local)?;
    let before = file.metadata().map_err(local)?;
    if before.is_dir() {
        return Err(Error::new(
            Kind::Local,
            format!("{}: is a directory (local)", job.local.display()),
        )
        .with_hint("`put -r` stores directories"));
    }
    let (start, source) = (Instant::now(), Source::of_file(&before));
    let (sent, differs) = (Cell::new(0), Cell::new(false));
    let mut upload = UploadRun { job, before, source, sent, differs, progress, cancel, start };
    let Atomic::Replacing(mode) = job.options.atomic else { return upload.run(remote, &mut file) };
    match upload.run(remote, &mut file) {
        Err(error) if refuses_other_name(&error) => {
            // It may not exist; the error that matters is that of the next attempt.
            let _ = remote.remove_file(&atomic::upload_name(&job.remote, &job.options)?);
            let options = TransferOptions { atomic: Atomic::No, ..job.options.clone() };
            let job = Upload { options, ..job.clone() };
            upload.job = &job;
            upload.run(remote, &mut file)
        }
        Ok(outcome) => Ok(match mode.map(|mode| remote.set_permissions(&job.remote, mode)) {
            Some(Err(error)) => {
                let warning = format!("{}: its permissions may have changed: {error}", job.remote);
                Outcome { warning: Some(warning), ..outcome }
            }
            _ => outcome,
        }),
        Err(error) => Err(error),
    }
}

/// Whether the server does not let a file be written under another name and renamed.
fn refuses_other_name(error: &Error) -> bool {
    let no_room = error.reply_code() == Some(552);
    error.kind() == Kind::Refused && !error.is_transient() && !no_room
}

struct UploadRun<'a> {
    job: &'a Upload,
    before: Metadata,
    source: Source,
    /// The offset up to which the server may have the file.
    sent: Cell<u64>,
    /// The checksum of the remote file differs.
    differs: Cell<bool>,
    progress: &'a dyn Progress,
    cancel: &'a Cancel,
    start: Instant,
}

impl UploadRun<'_> {
    fn run(&self, remote: &mut dyn Remote, file: &mut File) -> Result<Outcome> {
        let mut target = atomic::upload_name(&self.job.remote, &self.job.options)?;
        let regular = self.before.is_file();
        if regular {
            self.progress.set_total(self.before.len());
        }
        let resumable = regular && self.job.options.transfer_type == TransferType::Binary;
        let asked = resumable && self.job.options.resume == Resume::Asked;
        let complete = asked && target != self.job.remote && self.is_complete(remote, file)?;
        if complete {
            target = self.job.remote.clone();
        }
        let path = remote.absolute_path(&target);
        let journals = self.job.options.upload_journals.as_ref().filter(|_| resumable);
        let journal = journals.map(|journals| journals.for_path(&path));
        let offset = match self.job.options.resume {
            Resume::No => 0,
            _ if !resumable => 0,
            _ if complete => self.before.len(),
            _ => self.offset(remote, &target, journal.as_ref(), file, self.progress)?,
        };
        self.sent.set(offset);
        self.progress.start_at(offset);
        let stored = self.store(remote, &target, journal.as_ref(), file, offset);
        match (&stored, &journal) {
            (Ok(_), Some(journal)) => journal.remove(),
            (Err(_), Some(journal)) if self.differs.get() => journal.mark_unusable(),
            (Err(_), Some(journal)) if self.sent.get() > offset => {
                journal.record_stop(&self.source, self.sent.get());
            }
            _ => {}
        }
        let tls_resumed = stored?;
        Ok(Outcome {
            bytes: self.sent.get() - offset,
            elapsed: self.start.elapsed(),
            resumed_from: (offset > 0).then_some(offset),
            tls_resumed,
            warning: None,
        })
    }

    /// Sends the missing part and verifies that it arrived under its name. Returns whether the data
    /// connection resumed the TLS session.
    fn store(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        journal: Option<&UploadJournal<'_>>,
        file: &mut File,
        offset: u64,
    ) -> Result<Option<bool>> {
        let regular = self.before.is_file();
        let whole_already = offset > 0 && offset == self.before.len();
        let count =
            if whole_already { 0 } else { self.send(remote, target, journal, file, offset)? };
        let tls_resumed = remote.tls_resumed().filter(|_| !whole_already);
        self.check_local(offset + count)?;
        let time =
            modified_time(&self.before).filter(|_| self.job.options.preserve_times && regular);
        self.check_remote(remote, target, offset + count, time)?;
        atomic::give_final_name(remote, target, &self.job.remote)?;
        if let Some(time) = time {
            remote.set_modified(&self.job.remote, time)?;
        }
        if let Some(mode) = self.job.options.mode
            && let Some(note) = remote.set_mode(&self.job.remote, mode)?
        {
            self.progress.show_note(&note);
        }
        Ok(tls_resumed)
    }

    /// Whether the server has the whole file under its final name: what is begun has the temporary
    /// one.
    fn is_complete(&self, remote: &mut dyn Remote, file: &File) -> Result<bool> {
        let size = self.before.len();
        let there = self.offset(remote, &self.job.remote, None, file, &NoProgress)?;
        Ok(size > 0 && there == size)
    }

    /// How much of the file the server already has.
    fn offset(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        journal: Option<&UploadJournal<'_>>,
        file: &File,
        progress: &dyn Progress,
    ) -> Result<u64> {
        let resumed = ResumeCheck {
            target,
            size: self.before.len(),
            modified: Some(self.before.mtime()),
            source: Some(&self.source),
            journal,
            resume: self.job.options.resume,
            progress,
            cancel: self.cancel,
        };
        resumed.resume_offset(remote, &mut |length, compare| {
            let mut blocks = |offset, count| {
                let read = read_block_at(file, offset, count);
                read.map_err(|error| Error::local_file(&self.job.local, &error))
            };
            match compare {
                Compare::End => ResumePoint::with_last_block(length, &mut blocks),
                Compare::Samples => ResumePoint::with_samples(length, &mut blocks),
            }
        })
    }

    /// Sends the file from `offset`; returns the number of bytes sent.
    fn send(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        journal: Option<&UploadJournal<'_>>,
        file: &mut File,
        offset: u64,
    ) -> Result<u64> {
        let what = format!("put {}", self.job.local.display());
        let local =
            |error: std::io::Error| Error::local_file(&self.job.local, &error).with_context("read");
        let kind = self.job.options.transfer_type;
        // The server truncates its file on STOR: not for a local file that cannot be read at all.
        if self.before.is_file() {
            file.read_at(&mut [0], offset).map_err(local)?;
        }
        file.seek(SeekFrom::Start(offset)).map_err(local)?;
        let mut outgoing = open_upload_at(remote, target, offset, kind)?;
        // Not earlier: until the server has accepted the command, it has an older file.
        if let Some(journal) = journal {
            journal.record_begin(&self.source, self.before.len(), offset);
        }
        let copied = match kind {
            TransferType::Binary => self.copy(file, &mut *outgoing),
            TransferType::Ascii => self.copy(&mut ToWire::new(file), &mut *outgoing),
        };
        let count = match copied {
            Ok(count) => count,
            Err(CopyFailure::Local(error)) => {
                outgoing.abort();
                return Err(local(error));
            }
            Err(CopyFailure::Cancelled(error)) => {
                outgoing.abort();
                return Err(error);
            }
            Err(CopyFailure::Remote(error)) => {
                return Err(broken_stream_error(&what, &error, outgoing, remote));
            }
        };
        let finished = outgoing.finish().map_err(|error| unconfirmed_error(&what, count, error))?;
        verify::check_upload(&what, &finished)?;
        Ok(count)
    }

    fn copy(
        &self,
        source: &mut dyn Read,
        outgoing: &mut dyn UploadStream,
    ) -> Result<u64, CopyFailure> {
        let limits = &self.job.options.limits;
        let size = self.before.is_file().then_some(self.before.len());
        let mut block = vec![0; self.job.options.block_size(size)];
        let mut count = 0u64;
        loop {
            self.cancel.check().map_err(CopyFailure::Cancelled)?;
            let n = match source.read(&mut block) {
                Ok(0) => return Ok(count),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyFailure::Local(error)),
            };
            // A part may arrive even if the write fails.
            self.sent.set(self.sent.get() + n as u64);
            outgoing.write_all(&block[..n]).map_err(CopyFailure::Remote)?;
            count += n as u64;
            self.progress.advance(n as u64);
            for limit in limits {
                limit.take_tokens(n, self.cancel).map_err(CopyFailure::Cancelled)?;
            }
        }
    }

    /// Verifies that the local file did not change since the upload started.
    fn check_local(&self, sent: u64) -> Result<()> {
        if !self.before.is_file() {
            return Ok(());
        }
        let after = self
            .job
            .local_metadata()
            .map_err(|error| Error::local_file(&self.job.local, &error))?;
        let all =
            self.job.options.transfer_type == TransferType::Ascii || sent == self.before.len();
        if is_unchanged(&self.before, &after) && all {
            return Ok(());
        }
        let what = self.job.local.display();
        Err(Error::new(
            Kind::Incomplete,
            format!("put {what}: the file changed while it was uploaded"),
        )
        .with_hint("upload it again when nothing writes to it"))
    }

    /// Compares the remote file with what was sent, by size and, if requested, checksum.
    fn check_remote(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        sent: u64,
        time: Option<NaiveDateTime>,
    ) -> Result<()> {
        let what = self.job.local.display();
        if self.job.options.verify == Verify::None
            || self.job.options.transfer_type == TransferType::Ascii
        {
            return Ok(());
        }
        // A server that hides uploaded files (a drop box) has confirmed the upload. The time is set
        // on the final name, and may be sent before the size has been received.
        let next = match *target == self.job.remote {
            true => AfterUpload { time, mode: self.job.options.mode, is_renamed: false },
            // A command between the two of a rename would break it.
            false => AfterUpload {
                is_renamed: self.job.options.verify != Verify::Hash,
                ..AfterUpload::default()
            },
        };
        let there = match remote.size_after_upload(target, next) {
            Ok(size) => size,
            Err(error) if error.kind() == Kind::Refused => None,
            Err(error) => return Err(unconfirmed_error(&format!("put {what}"), sent, error)),
        };
        if let Some(there) = there.filter(|there| *there != sent) {
            let text = format!("put {what}: {sent} bytes were sent, the server has {there}");
            let error = Error::new(Kind::Incomplete, text);
            // A retry can send the missing part.
            return Err(if there < sent { error.as_transient() } else { error });
        }
        if self.job.options.verify == Verify::Hash
            && let Some(there) = remote.checksum(target)?
        {
            let here = (self.job.open_local())
                .and_then(|mut file| there.algorithm.compute(&mut file))
                .map_err(|error| Error::local_file(&self.job.local, &error))?;
            if here != there {
                self.differs.set(true);
                let text = format!(
                    "put {what}: the {:?} checksums differ: {} here, {} on the server",
                    there.algorithm, here.digits, there.digits
                );
                return Err(Error::new(Kind::Incomplete, text));
            }
        }
        Ok(())
    }
}

/// Starts an upload of the rest of a file.
pub(super) fn open_upload_at(
    remote: &mut dyn Remote,
    target: &RemotePath,
    offset: u64,
    kind: TransferType,
) -> Result<Box<dyn UploadStream>> {
    if offset == 0 {
        return remote.open_upload(target, UploadMode::Whole, kind);
    }
    // Fewer servers refuse APPE than REST before STOR; the size was just checked.
    match remote.open_upload(target, UploadMode::End, kind) {
        Err(error) if error.kind() == Kind::Refused && !error.is_transient() => {
            remote.open_upload(target, UploadMode::Offset(offset), kind)
        }
        other => other,
    }
}

/// A broken upload: the reason (552: no space) is in the server's completion reply.
fn broken_stream_error(
    what: &str,
    error: &std::io::Error,
    outgoing: Box<dyn UploadStream>,
    remote: &dyn Remote,
) -> Error {
    let why = data_error(error, remote.stall_timeout()).with_context(what);
    let cancelled = why.is_interruption();
    if error.kind() == ErrorKind::TimedOut || cancelled {
        outgoing.abort();
        return why;
    }
    match outgoing.finish() {
        Ok(finished) => verify::check_upload(what, &finished).err().unwrap_or(why),
        Err(_) => why,
    }
}

fn is_unchanged(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len()
        && before.ino() == after.ino()
        && before.mtime() == after.mtime()
        && before.mtime_nsec() == after.mtime_nsec()
}

fn modified_time(metadata: &Metadata) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(metadata.mtime(), 0).map(|time| time.naive_utc())
}

enum CopyFailure {
    Local(std::io::Error),
    Cancelled(Error),
    Remote(std::io::Error),
}

#[cfg(test)]
mod tests;
