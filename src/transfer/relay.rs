//! One file from server to server: fetched from one and stored on the other, through this
//! program and without a file in between, with the checks of a download and of an upload.

use std::io::{ErrorKind, Write};
use std::time::Instant;

use super::resume::Start;
use super::stream::{Download, unconfirmed};
use super::{
    Facts, How, Outcome, Outgoing, Place, Progress, Remote, Type, Verify, all_resumed, verify,
};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;

/// A file to carry from server to server.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to fetch.
    pub from: RemotePath,
    /// Where to store it.
    pub to: RemotePath,
    /// Size and time, where a listing has told them already.
    pub facts: Option<Facts>,
    /// How.
    pub how: How,
}

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that the file comes from.
    Source,
    /// The one that it goes to.
    Target,
}

/// A failure, and at which end it was.
#[derive(Debug)]
pub struct Failed {
    /// The end.
    pub side: Side,
    /// The failure.
    pub error: Error,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

fn there(error: Error) -> Failed {
    Failed { side: Side::Target, error }
}

fn here(error: Error) -> Failed {
    Failed { side: Side::Source, error }
}

/// Carries a file. The two connections hold each other back: nothing is kept but one block.
///
/// # Errors
///
/// [`Kind::Incomplete`] where either end was not good; refusals of either server.
pub fn copy(
    source: &mut dyn Remote,
    target: &mut dyn Remote,
    job: &Job,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcome, Failed> {
    let begun = Instant::now();
    let facts = match job.facts {
        Some(facts) => facts,
        None => source.facts(&job.from).map_err(here)?,
    };
    let timeout = target.timeout();
    let outgoing = target.store(&job.to, Place::Whole, job.how.kind).map_err(there)?;
    let mut sink = Sink { outgoing, failed: None };
    // The wire's form of a text is the same on both sides.
    let how = How { kind: Type::Binary, verify: Verify::Size, ..job.how.clone() };
    let binary = job.how.kind == Type::Binary;
    let known = if binary { facts } else { Facts { size: None, ..facts } };
    let download = Download { path: &job.from, facts: known, how: &how, cancel };
    let fetched = download.run_as(source, job.how.kind, &Start::default(), &mut sink, progress);
    let Sink { outgoing, failed } = sink;
    let what = format!("put {}", job.to);
    let fetched = match (fetched, failed) {
        (Ok(outcome), None) => outcome,
        (_, Some(error)) => {
            let why = data_error(&error, timeout).about(&what);
            let cancelled = matches!(why.kind(), Kind::Interrupted | Kind::Terminated);
            if error.kind() == ErrorKind::TimedOut || cancelled {
                outgoing.abort();
                return Err(there(why));
            }
            let refused = outgoing.finish().ok().and_then(|f| verify::upload(&what, &f).err());
            return Err(there(refused.unwrap_or(why)));
        }
        (Err(failure), None) => {
            // What was stored so far must not pass for the whole file.
            outgoing.abort();
            return Err(here(failure.into_error(&job.from)));
        }
    };
    let finished =
        outgoing.finish().map_err(|error| there(unconfirmed(&what, fetched.bytes, error)))?;
    verify::upload(&what, &finished).map_err(there)?;
    check(source, target, job, fetched.bytes)?;
    if job.how.preserve_times
        && let Some(time) = facts.modified
    {
        target.set_modified(&job.to, time).map_err(there)?;
    }
    let tls_resumed = all_resumed(fetched.tls_resumed, target.tls_resumed());
    Ok(Outcome { elapsed: begun.elapsed(), tls_resumed, ..fetched })
}

/// What arrived must be what was sent.
fn check(
    source: &mut dyn Remote,
    target: &mut dyn Remote,
    job: &Job,
    sent: u64,
) -> Result<(), Failed> {
    if job.how.verify == Verify::None || job.how.kind == Type::Ascii {
        return Ok(());
    }
    let incomplete = |text: String| there(Error::new(Kind::Incomplete, text));
    let size = match target.facts(&job.to) {
        Ok(facts) => facts.size,
        Err(error) if error.kind() == Kind::Refused => None,
        Err(error) => return Err(there(error)),
    };
    if let Some(size) = size.filter(|size| *size != sent) {
        let text = format!("put {}: {sent} bytes were sent, the server has {size}", job.to);
        return Err(incomplete(text));
    }
    if job.how.verify == Verify::Hash
        && let Some(from) = source.checksum(&job.from).map_err(here)?
        && let Some(to) = target.checksum(&job.to).map_err(there)?
        && from.algorithm == to.algorithm
        && from.digits != to.digits
    {
        let text = format!("put {}: the {:?} checksums differ", job.to, from.algorithm);
        return Err(incomplete(text));
    }
    Ok(())
}

/// The upload as the download's sink; keeps the reason of its failure.
struct Sink {
    outgoing: Box<dyn Outgoing>,
    failed: Option<std::io::Error>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.outgoing.write_all(bytes).map(|()| bytes.len()).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Unwatched;
    use super::super::fake::{Fake, Fault};
    use super::*;

    fn carry(source: &mut Fake, target: &mut Fake) -> Result<Outcome, Failed> {
        let path = |path| RemotePath::new(path).unwrap();
        let job = Job { from: path("x"), to: path("y"), facts: None, how: How::default() };
        copy(source, target, &job, &Unwatched, &Cancel::new())
    }

    #[test]
    fn a_file_goes_from_server_to_server_with_its_time() {
        let data: Vec<u8> = (0..900_001u32).map(|i| (i % 251) as u8).collect();
        let (mut source, mut target) = (Fake::with("x", &data), Fake::default());
        assert_eq!(carry(&mut source, &mut target).unwrap().bytes, data.len() as u64);
        assert!(target.content("y") == data);
        assert_eq!(target.times_set, 1);
    }

    #[test]
    fn a_fault_at_either_end_is_a_failure() {
        for fault in [Fault::CutAt(500), Fault::ShortBy(1), Fault::Reply(426), Fault::ResetAt(500)]
        {
            let (mut source, mut target) = (Fake::with("x", &[7; 1000]), Fake::default());
            source.fault = Some(fault);
            let failed = carry(&mut source, &mut target).unwrap_err();
            assert_eq!(failed.side, Side::Source, "{fault:?}: {}", failed.error);
        }
        for fault in [Fault::Reply(552), Fault::StoredShortBy(1), Fault::ResetAt(500)] {
            let (mut source, mut target) = (Fake::with("x", &[7; 1000]), Fake::default());
            target.fault = Some(fault);
            let failed = carry(&mut source, &mut target).unwrap_err();
            assert_eq!(failed.side, Side::Target, "{fault:?}: {}", failed.error);
        }
    }
}
