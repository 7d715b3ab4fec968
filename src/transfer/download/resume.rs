//! Where a download can be resumed: in a partial file, in a file cut short by another program, or
//! nowhere.
//!
//! A partial file of ours is known by its journal: the remote file's size and time must still be
//! those that were begun. A file under the final name is taken for a partial one only when `-c` asked
//! for it and it is not older than the remote file: what is older is a complete copy of an earlier
//! version. In both cases the last block is compared. Where the server tells no time, nothing proves
//! that the remote file is the one that was begun: an automatic retry starts again, and `-c` compares
//! blocks from all over what is here.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use rustix::fs::OFlags;

use super::journal::Journal;
use super::partial::{Partial, is_ours};
use super::segments::Parts;
use crate::error::{Error, Result};
use crate::transfer::{Facts, Resume};

/// How much of what is here is fetched again and compared before anything is appended.
pub const OVERLAP: u64 = 64 * 1024;

/// So many further blocks are compared where no time is known.
const SAMPLES: u64 = 7;

/// What is said where a file is resumed of which no time is known.
pub const UNVERIFIED: &str = "unverified: the server does not tell when it was last changed, \
     so only samples of it were compared";

/// The reason for starting again where no time is known.
pub const NO_TIME: &str = "the server does not tell when it was last changed";

/// Where a transfer begins, and what has to be the same before it.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Bytes that are there already.
    pub offset: u64,
    /// The last of them, to be compared with what the server has.
    pub overlap: Vec<u8>,
    /// Blocks before them, and their offsets.
    pub samples: Vec<(u64, Vec<u8>)>,
}

/// Reads so many bytes from an offset on.
pub type Blocks<'a> = &'a mut dyn FnMut(u64, usize) -> Result<Vec<u8>>;

impl Start {
    /// Behind the first `length` bytes of what is here; the last block of them is compared.
    ///
    /// # Errors
    ///
    /// Those of `block`.
    pub fn behind(length: u64, block: Blocks<'_>) -> Result<Self> {
        let count = length.min(OVERLAP);
        let overlap = block(length - count, usize::try_from(count).unwrap_or(0))?;
        Ok(Self { offset: length, overlap, samples: Vec::new() })
    }

    /// As [`Start::behind`]; blocks from all over it are compared, and all of what is short.
    ///
    /// # Errors
    ///
    /// Those of `block`.
    pub fn sampled(length: u64, block: Blocks<'_>) -> Result<Self> {
        if length <= (SAMPLES + 1) * OVERLAP {
            let overlap = block(0, usize::try_from(length).unwrap_or(0))?;
            return Ok(Self { offset: length, overlap, samples: Vec::new() });
        }
        let step = (length - OVERLAP) / SAMPLES;
        let count = usize::try_from(OVERLAP).unwrap_or(0);
        let samples = (0..SAMPLES).map(|n| Ok((n * step, block(n * step, count)?)));
        let samples = samples.collect::<Result<_>>()?;
        Ok(Self { samples, ..Self::behind(length, block)? })
    }

    /// Whether less than all of it is compared, though only that could prove anything.
    pub fn is_unverified(&self) -> bool {
        !self.samples.is_empty()
    }
}

/// The bytes of a file that is read wherever it is being written to.
///
/// # Errors
///
/// The system's.
pub fn block(file: &File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// What to do with what is here.
#[derive(Debug)]
pub enum Plan {
    /// Begin at 0; with a reason where there was something to resume.
    Afresh(Option<&'static str>),
    /// Resume the partial file.
    Partial(Start),
    /// Make the file under the final name the partial file, and resume it.
    Adopt(Start),
    /// Resume the parts that were fetched side by side.
    Segments(Parts),
    /// The file under the final name has the size of the remote one: compare its end.
    Compare(Start),
}

/// Decides how to resume, by facts that were asked for now.
///
/// # Errors
///
/// [`Kind::Local`](crate::error::Kind::Local) when what is here cannot be read.
pub fn plan(partial: &Partial, facts: Facts, resume: Resume) -> Result<Plan> {
    let here = partial.length()?;
    if here > 0 {
        return of_partial(partial, here, facts, resume);
    }
    match resume {
        Resume::Asked => of_target(partial, facts),
        // What has the final name is the old file.
        Resume::No | Resume::Retry => Ok(Plan::Afresh(None)),
    }
}

fn of_partial(partial: &Partial, here: u64, facts: Facts, resume: Resume) -> Result<Plan> {
    let afresh = |why| Ok(Plan::Afresh(Some(why)));
    let journal = Journal::read(partial.spot());
    if let Some(why) = journal.as_ref().and_then(|journal| journal.differs(facts)) {
        return afresh(why);
    }
    if let Some(journal) = journal.as_ref().filter(|journal| !journal.segments.is_empty()) {
        // As long as its last part, not as what has come.
        return match Parts::of(journal, here) {
            // What each part is of cannot be told without a time.
            Some(_) if facts.modified.is_none() => afresh(NO_TIME),
            Some(parts) => Ok(Plan::Segments(parts)),
            None => afresh("its journal makes no sense"),
        };
    }
    if facts.size.is_some_and(|size| here > size) {
        return afresh("what is here is longer");
    }
    // What is so short is compared as a whole.
    let proven = here <= OVERLAP || facts.modified.is_some();
    match (journal, resume) {
        // It may also have been fetched in parts, and be full of holes.
        (None, _) if here > OVERLAP => afresh("nothing tells what it is a part of"),
        (_, Resume::Asked) if !proven => Ok(Plan::Partial(partial.sampled()?)),
        _ if !proven => afresh(NO_TIME),
        _ => Ok(Plan::Partial(partial.behind()?)),
    }
}

fn of_target(partial: &Partial, facts: Facts) -> Result<Plan> {
    let target = partial.target();
    let Ok(file) = target.open(OFlags::RDONLY) else { return Ok(Plan::Afresh(None)) };
    let metadata = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata,
        _ => return Ok(Plan::Afresh(None)),
    };
    let length = metadata.len();
    let (Some(size), true) = (facts.size, length > 0) else { return Ok(Plan::Afresh(None)) };
    if length > size {
        return Ok(Plan::Afresh(Some("what is here is longer")));
    }
    let remote = facts.modified.map(|time| time.and_utc().timestamp());
    if remote.is_some_and(|remote| metadata.mtime() < remote) {
        return Ok(Plan::Afresh(Some("what is here is older")));
    }
    // It would be written to.
    if length < size && !is_ours(&file, target) {
        return Ok(Plan::Afresh(Some("what is here has another owner, or a second name")));
    }
    let mut blocks = |offset, count| {
        block(&file, offset, count).map_err(|error| Error::local(target.path(), &error))
    };
    let start = match remote {
        Some(_) => Start::behind(length, &mut blocks)?,
        None => Start::sampled(length, &mut blocks)?,
    };
    Ok(if length == size { Plan::Compare(start) } else { Plan::Adopt(start) })
}
