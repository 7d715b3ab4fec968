//! One file up: from a local file to a [`Remote`], with the checks that show that it arrived.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, NaiveDateTime};

use super::download::unconfirmed;
use super::{BLOCK, How, Outcome, Outgoing, Progress, Remote, verify};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;

/// A file to store.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to store.
    pub local: PathBuf,
    /// Where to put it.
    pub remote: RemotePath,
    /// Times and checks.
    pub how: How,
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
    let what = format!("put {}", job.local.display());
    let local = |error: std::io::Error| Error::local(&job.local, &error);
    let mut file = File::open(&job.local).map_err(local)?;
    let before = file.metadata().map_err(local)?;
    if before.is_dir() {
        return Err(Error::new(Kind::Local, format!("{}: is a directory", job.local.display()))
            .with_hint("`mirror -R` uploads directories"));
    }
    if before.is_file() {
        progress.expect(before.len());
    }
    let start = Instant::now();
    let mut outgoing = remote.store(&job.remote, 0)?;
    let count = match copy(&mut file, &mut *outgoing, progress, cancel) {
        Ok(count) => count,
        Err(Stopped::Local(error)) => {
            outgoing.abort();
            return Err(local(error).about("read"));
        }
        Err(Stopped::Cancelled(error)) => {
            outgoing.abort();
            return Err(error);
        }
        Err(Stopped::Remote(error)) => {
            let why = data_error(&error, remote.timeout()).about(&what);
            if error.kind() == ErrorKind::TimedOut || why.kind() == Kind::Interrupted {
                outgoing.abort();
                return Err(why);
            }
            // The server's reason (552: no room) comes as the completion reply.
            let finished = outgoing.finish().map_err(|_| why.clone())?;
            verify::upload(&what, &finished)?;
            return Err(why);
        }
    };
    let finished = outgoing.finish().map_err(|error| unconfirmed(&what, count, error))?;
    verify::upload(&what, &finished)?;
    if before.is_file() {
        let after = std::fs::metadata(&job.local).map_err(local)?;
        if !same(&before, &after) || count != before.len() {
            return Err(Error::new(
                Kind::Incomplete,
                format!("{what}: the file changed while it was uploaded"),
            )
            .with_hint("upload it again when nothing writes to it"));
        }
    }
    if job.how.verify_size {
        let there = remote.facts(&job.remote).map(|facts| facts.size).unwrap_or_default();
        if let Some(there) = there.filter(|there| *there != count) {
            return Err(Error::new(
                Kind::Incomplete,
                format!("{what}: {count} bytes were sent, the server has {there}"),
            ));
        }
    }
    if job.how.preserve_times
        && before.is_file()
        && let Some(time) = modified(&before)
    {
        remote.set_modified(&job.remote, time)?;
    }
    Ok(Outcome { bytes: count, elapsed: start.elapsed(), resumed_from: None, warning: None })
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

fn copy(
    source: &mut dyn Read,
    outgoing: &mut dyn Outgoing,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<u64, Stopped> {
    let mut block = vec![0; BLOCK];
    let mut count = 0u64;
    loop {
        cancel.check().map_err(Stopped::Cancelled)?;
        let n = match source.read(&mut block) {
            Ok(0) => return Ok(count),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stopped::Local(error)),
        };
        outgoing.write_all(&block[..n]).map_err(Stopped::Remote)?;
        count += n as u64;
        progress.advance(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Unwatched;
    use super::super::fake::{Fake, Fault};
    use super::*;

    fn store(fake: &mut Fake, content: &[u8]) -> Result<Outcome> {
        let dir = tempfile::tempdir().unwrap();
        let local = dir.path().join("x");
        std::fs::write(&local, content).unwrap();
        if fake.fault == Some(Fault::LocalChanges) {
            fake.touch_on_store = Some(local.clone());
        }
        let job = Job { local, remote: RemotePath::new("x").unwrap(), how: How::default() };
        from_file(fake, &job, &Unwatched, &Cancel::new())
    }

    #[test]
    fn a_whole_file_is_stored_with_its_time() {
        let mut fake = Fake::default();
        let data: Vec<u8> = (0..700_001u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(store(&mut fake, &data).unwrap().bytes, data.len() as u64);
        assert!(fake.content("x") == data);
        assert!(fake.times_set > 0);
    }

    #[test]
    fn a_fault_on_either_side_is_a_failure() {
        for (fault, kind) in [
            (Fault::Reply(426), Kind::Incomplete),
            (Fault::Reply(552), Kind::Refused),
            (Fault::NoReply, Kind::Incomplete),
            (Fault::ResetAt(3000), Kind::Incomplete),
            (Fault::StoredShortBy(1), Kind::Incomplete),
            (Fault::LocalChanges, Kind::Incomplete),
        ] {
            let mut fake = Fake { fault: Some(fault), ..Fake::default() };
            let error = store(&mut fake, &[7; 10_000]).unwrap_err();
            assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        }
    }
}
