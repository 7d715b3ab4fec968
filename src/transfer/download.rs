//! One file down: from a [`Remote`] into a partial file, and from there to its name.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::partial::{Partial, Target, examine};
use super::{BLOCK, Facts, How, Incoming, Outcome, Progress, Remote, verify};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;

/// A file to fetch.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to fetch.
    pub remote: RemotePath,
    /// Where to put it.
    pub local: PathBuf,
    /// Size and time, where a listing has told them already.
    pub facts: Option<Facts>,
    /// Times and checks.
    pub how: How,
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
    let target = examine(&job.local)?;
    let facts = match job.facts {
        Some(facts) => facts,
        None => remote.facts(&job.remote)?,
    };
    if target == Target::Device {
        let device = std::fs::OpenOptions::new().write(true).open(&job.local);
        let mut device = device.map_err(|error| Error::local(&job.local, &error))?;
        return to_writer(remote, job, facts, &mut device, progress, cancel);
    }
    let mut partial = Partial::create(&job.local)?;
    let copied = match reserve(&partial, facts) {
        Ok(()) => to_writer(remote, job, facts, &mut partial, progress, cancel),
        Err(error) => Err(error),
    };
    match copied {
        Ok(outcome) => {
            let modified = facts.modified.filter(|_| job.how.preserve_times);
            partial.complete(modified)?;
            Ok(outcome)
        }
        Err(error) => {
            // An empty partial file helps nobody.
            if std::fs::metadata(partial.path()).is_ok_and(|metadata| metadata.len() == 0) {
                partial.discard();
            }
            Err(error)
        }
    }
}

fn reserve(partial: &Partial, facts: Facts) -> Result<()> {
    facts.size.map_or(Ok(()), |size| partial.reserve(size))
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
    let what = format!("get {}", job.remote);
    let start = Instant::now();
    let mut incoming = remote.fetch(&job.remote, 0)?;
    let expected = facts.size.or_else(|| incoming.announced()).filter(|_| job.how.verify_size);
    if let Some(expected) = expected {
        progress.expect(expected);
    }
    let limit = expected.unwrap_or(u64::MAX);
    let copied = copy(&mut *incoming, sink, &job.local, limit, progress, cancel);
    let count = match copied {
        Ok(count) => count,
        Err(Stopped::Local(error)) => {
            incoming.abort();
            return Err(error);
        }
        Err(Stopped::Cancelled(error)) => {
            incoming.abort();
            return Err(error);
        }
        Err(Stopped::TooLong(count)) => {
            incoming.abort();
            return Err(verify::wrong_size(&what, count, limit));
        }
        // A cut stream is judged with the reply and the size, like every other end.
        Err(Stopped::Remote(error, count)) if error.kind() == ErrorKind::UnexpectedEof => count,
        Err(Stopped::Remote(error, count)) => {
            let why = data_error(&error, remote.timeout()).about(&what);
            // A stalled connection says nothing more; a broken one may have a reason to tell.
            if error.kind() == ErrorKind::TimedOut || why.kind() == Kind::Interrupted {
                incoming.abort();
                return Err(why);
            }
            let finished = incoming.finish().map_err(|_| why.clone())?;
            verify::download(&what, count, expected, &finished)?;
            return Err(why);
        }
    };
    let finished = incoming.finish().map_err(|error| unconfirmed(&what, count, error))?;
    let warning = verify::download(&what, count, expected, &finished)?;
    Ok(Outcome { bytes: count, elapsed: start.elapsed(), resumed_from: None, warning })
}

/// All bytes may be there, but the server never said so.
pub(super) fn unconfirmed(what: &str, count: u64, error: Error) -> Error {
    if matches!(error.kind(), Kind::Interrupted | Kind::Terminated) {
        return error;
    }
    Error::new(
        Kind::Incomplete,
        format!("{what}: unconfirmed after {count} bytes: {}", error.message()),
    )
    .with_hint("the connection may have been lost in a long transfer: try again")
}

enum Stopped {
    Local(Error),
    Cancelled(Error),
    /// More came than was to come, and no end of it.
    TooLong(u64),
    Remote(std::io::Error, u64),
}

fn copy(
    incoming: &mut dyn Incoming,
    sink: &mut dyn Write,
    local: &Path,
    limit: u64,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<u64, Stopped> {
    let mut block = vec![0; BLOCK];
    let mut count = 0u64;
    loop {
        cancel.check().map_err(Stopped::Cancelled)?;
        // Fill the block before it is written: TLS yields 16 KiB at a time.
        let mut filled = 0;
        let ended = loop {
            match incoming.read(&mut block[filled..]) {
                Ok(0) => break Some(None),
                Ok(n) => {
                    filled += n;
                    if filled == block.len() {
                        break None;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(Some(error)),
            }
        };
        if filled > 0 {
            sink.write_all(&block[..filled])
                .map_err(|error| Stopped::Local(full(local, &error)))?;
            count += filled as u64;
            progress.advance(filled as u64);
        }
        match ended {
            // A server that goes on for ever must not fill the disk.
            None if count > limit => return Err(Stopped::TooLong(count)),
            None => {}
            Some(None) => {
                sink.flush().map_err(|error| Stopped::Local(full(local, &error)))?;
                return Ok(count);
            }
            Some(Some(error)) => return Err(Stopped::Remote(error, count)),
        }
    }
}

fn full(local: &Path, error: &std::io::Error) -> Error {
    Error::local(local, error)
        .about("write")
        .with_hint("what has come so far is kept beside it; an old file of this name is untouched")
}

#[cfg(test)]
mod tests {
    use super::super::Unwatched;
    use super::super::fake::{Fake, Fault};
    use super::*;

    fn fetch(fake: &mut Fake, dir: &Path) -> Result<Outcome> {
        let job = Job {
            remote: RemotePath::new("x").unwrap(),
            local: dir.join("x"),
            facts: None,
            how: How::default(),
        };
        to_file(fake, &job, &Unwatched, &Cancel::new())
    }

    fn files(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_whole_file_arrives_with_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let data: Vec<u8> = (0..1_000_003u32).map(|i| (i % 251) as u8).collect();
        let mut fake = Fake::with("x", &data);
        let outcome = fetch(&mut fake, dir.path()).unwrap();
        assert_eq!(outcome.bytes, data.len() as u64);
        assert_eq!(outcome.warning, None);
        assert!(std::fs::read(dir.path().join("x")).unwrap() == data);
        let modified = std::fs::metadata(dir.path().join("x")).unwrap().modified().unwrap();
        let expected = super::super::partial::system_time(fake.modified).unwrap();
        assert_eq!(modified, expected);
        assert_eq!(files(dir.path()), ["x"]);
    }

    #[test]
    fn no_fault_leaves_a_file_under_the_final_name_or_harms_the_old_one() {
        for fault in [
            Fault::CutAt(5000),
            Fault::ShortBy(1),
            Fault::LongBy(1),
            Fault::Reply(426),
            Fault::Reply(451),
            Fault::NoReply,
            Fault::ResetAt(5000),
            Fault::StallAt(5000),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let mut fake = Fake::with("x", &[7; 10_000]);
            fake.fault = Some(fault);
            let error = fetch(&mut fake, dir.path()).unwrap_err();
            let expected =
                if fault == Fault::StallAt(5000) { Kind::Connect } else { Kind::Incomplete };
            assert_eq!(error.kind(), expected, "{fault:?}: {error}");
            assert!(!dir.path().join("x").exists(), "{fault:?}");

            std::fs::write(dir.path().join("x"), "old").unwrap();
            assert!(fetch(&mut fake, dir.path()).is_err());
            assert_eq!(std::fs::read(dir.path().join("x")).unwrap(), b"old", "{fault:?}");
        }
    }

    #[test]
    fn a_cut_after_the_last_byte_of_a_known_size_is_a_success_with_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Fake::with("x", &[7; 10_000]);
        fake.fault = Some(Fault::CutAt(10_000));
        let outcome = fetch(&mut fake, dir.path()).unwrap();
        assert!(outcome.warning.is_some_and(|warning| warning.contains("not closed properly")));
        assert_eq!(std::fs::read(dir.path().join("x")).unwrap(), [7; 10_000]);

        fake.tells_size = false;
        assert_eq!(fetch(&mut fake, dir.path()).unwrap_err().kind(), Kind::Incomplete);
    }

    #[test]
    fn a_missing_file_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Fake::with("y", b"");
        assert_eq!(fetch(&mut fake, dir.path()).unwrap_err().kind(), Kind::Refused);
        assert!(files(dir.path()).is_empty());
    }

    #[test]
    fn an_unwritable_directory_fails_before_anything_is_fetched() {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Fake::with("x", &[7; 100]);
        let error = fetch(&mut fake, &dir.path().join("absent")).unwrap_err();
        assert_eq!(error.kind(), Kind::Local);
        assert_eq!(fake.fetched, 0);
    }
}
