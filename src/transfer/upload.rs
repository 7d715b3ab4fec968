//! One file up: from a local file to a [`Remote`], with the checks that show that it arrived.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt};
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, NaiveDateTime};
use rustix::fs::OFlags;

use super::ascii::ToWire;
use super::held::HeldDir;
use super::partial::{SUFFIX, tail_of};
use super::resume::OVERLAP;
use super::stream::{Download, Failure, Start, unconfirmed};
use super::{
    Facts, How, Outcome, Outgoing, Place, Progress, Remote, Type, Unwatched, Verify, verify,
};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;

/// A file to store.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to store.
    pub local: PathBuf,
    /// The directory of `local`, where it is held open: then nobody walks the way to it again,
    /// and a link is not followed.
    pub held: Option<HeldDir>,
    /// Where to put it.
    pub remote: RemotePath,
    /// How.
    pub how: How,
}

impl Job {
    fn open(&self) -> io::Result<File> {
        let (Some(held), Some(name)) = (&self.held, self.local.file_name()) else {
            return File::open(&self.local);
        };
        let file = held.spot(name).open(OFlags::RDONLY)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    /// What is there now.
    fn metadata(&self) -> io::Result<Metadata> {
        match self.held {
            Some(_) => self.open()?.metadata(),
            None => std::fs::metadata(&self.local),
        }
    }
}

/// Stores a file. It has succeeded only when the server said so, its size there is the size
/// here, and the local file did not change meanwhile.
///
/// # Errors
///
/// [`Kind::Local`] for the local side, [`Kind::Incomplete`] for a transfer that did not end well,
/// the remote side's otherwise.
pub fn from_file(
    remote: &mut dyn Remote,
    job: &Job,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome> {
    let local = |error: std::io::Error| Error::local(&job.local, &error);
    let mut file = job.open().map_err(local)?;
    let before = file.metadata().map_err(local)?;
    if before.is_dir() {
        return Err(Error::new(Kind::Local, format!("{}: is a directory", job.local.display()))
            .with_hint("`put -r` stores directories"));
    }
    let upload = Upload { job, before, progress, cancel, start: Instant::now() };
    upload.run(remote, &mut file)
}

struct Upload<'a> {
    job: &'a Job,
    before: Metadata,
    progress: &'a dyn Progress,
    cancel: &'a Cancel,
    start: Instant,
}

impl Upload<'_> {
    fn run(&self, remote: &mut dyn Remote, file: &mut File) -> Result<Outcome> {
        let target = self.target()?;
        let regular = self.before.is_file();
        if regular {
            self.progress.expect(self.before.len());
        }
        let resume = self.job.how.resume && regular && self.job.how.kind == Type::Binary;
        let offset = if resume { self.resume_at(remote, &target, file)? } else { 0 };
        self.progress.start_at(offset);
        let whole_already = resume && offset > 0 && offset == self.before.len();
        let count = if whole_already { 0 } else { self.send(remote, &target, file, offset)? };
        let tls_resumed = remote.tls_resumed().filter(|_| !whole_already);
        self.check_local(offset + count)?;
        let time = modified(&self.before).filter(|_| self.job.how.preserve_times && regular);
        self.check_remote(remote, &target, offset + count, time)?;
        if target != self.job.remote {
            self.rename(remote, &target)?;
        }
        if let Some(time) = time {
            remote.set_modified(&self.job.remote, time)?;
        }
        Ok(Outcome {
            bytes: count,
            elapsed: self.start.elapsed(),
            resumed_from: (offset > 0).then_some(offset),
            tls_resumed,
            warning: None,
        })
    }

    /// Where the bytes go first: the final name, or a temporary one beside it.
    fn target(&self) -> Result<RemotePath> {
        if self.job.how.atomic { self.beside(SUFFIX) } else { Ok(self.job.remote.clone()) }
    }

    /// A hidden name beside the final one.
    fn beside(&self, suffix: &str) -> Result<RemotePath> {
        let remote = &self.job.remote;
        let name = remote.file_name().unwrap_or_default();
        let directory = remote.as_str().strip_suffix(name).unwrap_or_default();
        RemotePath::new(format!("{directory}.{name}{suffix}"))
    }

    /// How much of the file is on the server already, compared by its last bytes.
    fn resume_at(&self, remote: &mut dyn Remote, target: &RemotePath, file: &File) -> Result<u64> {
        let there = match remote.facts(target) {
            Ok(facts) => facts.size.unwrap_or(0),
            Err(error) if error.kind() == Kind::Refused => 0,
            Err(error) => return Err(error),
        };
        if there == 0 {
            return Ok(0);
        }
        let why = if there > self.before.len() {
            "what is on the server is longer"
        } else {
            let overlap = tail_of(file, there, OVERLAP)
                .map_err(|error| Error::local(&self.job.local, &error))?;
            let start = Start { offset: there, overlap };
            let how = How::default();
            let facts = Facts { size: Some(there), modified: None };
            let check = Download { path: target, facts, how: &how, cancel: self.cancel };
            match check.run(remote, &start, &mut std::io::sink(), &Unwatched) {
                Ok(_) => return Ok(there),
                Err(Failure::NotTheSame(why)) => why,
                // A directory that can be written and not read: nothing can be compared.
                Err(Failure::Failed(error)) if error.kind() == Kind::Refused => {
                    "what is on the server cannot be read"
                }
                Err(Failure::Failed(error)) => return Err(error),
            }
        };
        self.progress.note(&format!("{target}: {why}: starting again"));
        Ok(0)
    }

    /// Sends the file from `offset` on; returns how many bytes of it.
    fn send(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        file: &mut File,
        offset: u64,
    ) -> Result<u64> {
        let what = format!("put {}", self.job.local.display());
        let local = |error: std::io::Error| Error::local(&self.job.local, &error).about("read");
        let kind = self.job.how.kind;
        // The server empties its file as soon as it is told of a new one: not for one that cannot
        // be read at all.
        if self.before.is_file() {
            file.read_at(&mut [0], offset).map_err(local)?;
        }
        let mut outgoing = if offset == 0 {
            remote.store(target, Place::Whole, kind)?
        } else {
            file.seek(SeekFrom::Start(offset)).map_err(local)?;
            // APPE is refused by fewer servers than REST before STOR; the size was just seen.
            match remote.store(target, Place::End, kind) {
                Err(error) if error.kind() == Kind::Refused && !error.is_transient() => {
                    remote.store(target, Place::Offset(offset), kind)?
                }
                other => other?,
            }
        };
        let copied = match kind {
            Type::Binary => self.copy(file, &mut *outgoing),
            Type::Ascii => self.copy(&mut ToWire::new(file), &mut *outgoing),
        };
        let count = match copied {
            Ok(count) => count,
            Err(Stopped::Local(error)) => {
                outgoing.abort();
                return Err(local(error));
            }
            Err(Stopped::Cancelled(error)) => {
                outgoing.abort();
                return Err(error);
            }
            Err(Stopped::Remote(error)) => {
                return Err(broken(&what, &error, outgoing, remote));
            }
        };
        let finished = outgoing.finish().map_err(|error| unconfirmed(&what, count, error))?;
        verify::upload(&what, &finished)?;
        Ok(count)
    }

    fn copy(&self, source: &mut dyn Read, outgoing: &mut dyn Outgoing) -> Result<u64, Stopped> {
        let limits = &self.job.how.limits;
        let size = self.before.is_file().then_some(self.before.len());
        let mut block = vec![0; self.job.how.block(size)];
        let mut count = 0u64;
        loop {
            self.cancel.check().map_err(Stopped::Cancelled)?;
            let n = match source.read(&mut block) {
                Ok(0) => return Ok(count),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stopped::Local(error)),
            };
            outgoing.write_all(&block[..n]).map_err(Stopped::Remote)?;
            count += n as u64;
            self.progress.advance(n as u64);
            for limit in limits {
                limit.take(n, self.cancel).map_err(Stopped::Cancelled)?;
            }
        }
    }

    /// The local file must be what it was when the upload began.
    fn check_local(&self, sent: u64) -> Result<()> {
        if !self.before.is_file() {
            return Ok(());
        }
        let after = self.job.metadata().map_err(|error| Error::local(&self.job.local, &error))?;
        let all = self.job.how.kind == Type::Ascii || sent == self.before.len();
        if same(&self.before, &after) && all {
            return Ok(());
        }
        let what = self.job.local.display();
        Err(Error::new(
            Kind::Incomplete,
            format!("put {what}: the file changed while it was uploaded"),
        )
        .with_hint("upload it again when nothing writes to it"))
    }

    /// What arrived must be what was sent, by its size and, if asked for, its checksum.
    fn check_remote(
        &self,
        remote: &mut dyn Remote,
        target: &RemotePath,
        sent: u64,
        time: Option<NaiveDateTime>,
    ) -> Result<()> {
        let what = self.job.local.display();
        if self.job.how.verify == Verify::None || self.job.how.kind == Type::Ascii {
            return Ok(());
        }
        // A server that shows nothing of what was uploaded (a drop box) has confirmed it.
        // The time is set on the final name, and may be sent before the size has come.
        let time = time.filter(|_| *target == self.job.remote);
        let there = match remote.arrived(target, time) {
            Ok(size) => size,
            Err(error) if error.kind() == Kind::Refused => None,
            Err(error) => return Err(unconfirmed(&format!("put {what}"), sent, error)),
        };
        if let Some(there) = there.filter(|there| *there != sent) {
            let text = format!("put {what}: {sent} bytes were sent, the server has {there}");
            let error = Error::new(Kind::Incomplete, text);
            // What is missing can be sent.
            return Err(if there < sent { error.transient() } else { error });
        }
        if self.job.how.verify == Verify::Hash
            && let Some(there) = remote.checksum(target)?
        {
            let here = (self.job.open())
                .and_then(|mut file| there.algorithm.of(&mut file))
                .map_err(|error| Error::local(&self.job.local, &error))?;
            if here != there {
                let text = format!(
                    "put {what}: the {:?} checksums differ: {} here, {} on the server",
                    there.algorithm, here.digits, there.digits
                );
                return Err(Error::new(Kind::Incomplete, text));
            }
        }
        Ok(())
    }

    /// Gives the uploaded file its final name. For a server that does not rename over an existing
    /// file the old one makes room, and comes back if the new one is refused all the same.
    fn rename(&self, remote: &mut dyn Remote, from: &RemotePath) -> Result<()> {
        let to = &self.job.remote;
        let refused = match remote.move_file(from, to) {
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => error,
            other => return other,
        };
        let aside = self.beside(".ftpsh-old")?;
        if remote.move_file(to, &aside).is_err() {
            return Err(refused);
        }
        match remote.move_file(from, to) {
            Ok(()) => remote.remove(&aside),
            Err(error) => match remote.move_file(&aside, to) {
                Ok(()) => Err(error),
                Err(_) => Err(error.with_hint(format!("the old file is now {aside}"))),
            },
        }
    }
}

/// A broken upload: the server's reason (552: no room) comes as the completion reply.
fn broken(
    what: &str,
    error: &std::io::Error,
    outgoing: Box<dyn Outgoing>,
    remote: &dyn Remote,
) -> Error {
    let why = data_error(error, remote.timeout()).about(what);
    let cancelled = matches!(why.kind(), Kind::Interrupted | Kind::Terminated);
    if error.kind() == ErrorKind::TimedOut || cancelled {
        outgoing.abort();
        return why;
    }
    match outgoing.finish() {
        Ok(finished) => verify::upload(what, &finished).err().unwrap_or(why),
        Err(_) => why,
    }
}

fn same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len()
        && before.ino() == after.ino()
        && before.mtime() == after.mtime()
        && before.mtime_nsec() == after.mtime_nsec()
}

fn modified(metadata: &Metadata) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(metadata.mtime(), 0).map(|time| time.naive_utc())
}

enum Stopped {
    Local(std::io::Error),
    Cancelled(Error),
    Remote(std::io::Error),
}

#[cfg(test)]
mod tests;
