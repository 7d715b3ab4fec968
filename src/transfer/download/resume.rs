//! Where a download can be resumed: in a partial file, in a file that another program left
//! incomplete, or nowhere.
//!
//! Our own partial file is identified by its journal: the remote file's size and time must be
//! unchanged. A file under the final name counts as partial only if `-c` was given and it is not
//! older than the remote file: an older one is a complete copy of an earlier version. In both cases
//! the last block is compared. If the server reports no time, nothing proves that the remote file
//! is unchanged: an automatic retry starts over, and `-c` compares samples from all the local data.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use rustix::fs::OFlags;

use super::journal::PartialJournal;
use super::partial::{PartialFile, is_safe_to_use};
use super::segments::SegmentMap;
use crate::error::{Error, Result};
use crate::transfer::{FileInfo, Resume};

/// How much of the local data is fetched again and compared before anything is appended.
pub const OVERLAP: u64 = 64 * 1024;

/// The number of further blocks compared if no time is known.
const SAMPLES: u64 = 7;

/// Reported when a file of unknown time is resumed.
pub const UNVERIFIED: &str = "unverified: the server does not tell when it was last changed, \
     so only samples of it were compared";

/// The reason for starting over if no time is known.
pub const NO_TIME: &str = "the server does not tell when it was last changed";

/// The reason for starting over if no size is known.
pub const NO_SIZE: &str = "the server does not tell its size";

/// Where a transfer starts, and what must match before it.
#[derive(Debug, Clone, Default)]
pub struct ResumePoint {
    /// Bytes that already exist.
    pub offset: u64,
    /// The last of them, to be compared with the server's.
    pub overlap: Vec<u8>,
    /// Blocks before them, with their offsets.
    pub samples: Vec<(u64, Vec<u8>)>,
}

/// Reads a block of the given length at an offset.
pub type BlockReader<'a> = &'a mut dyn FnMut(u64, usize) -> Result<Vec<u8>>;

impl ResumePoint {
    /// Resumes after the first `length` bytes; the last block of them is compared.
    pub fn with_last_block(length: u64, read_block: BlockReader<'_>) -> Result<Self> {
        let count = length.min(OVERLAP);
        let overlap = read_block(length - count, usize::try_from(count).unwrap_or(0))?;
        Ok(Self { offset: length, overlap, samples: Vec::new() })
    }

    /// Like [`ResumePoint::with_last_block`], but samples the whole file, or compares all of a
    /// short one.
    pub fn with_samples(length: u64, read_block: BlockReader<'_>) -> Result<Self> {
        if length <= (SAMPLES + 1) * OVERLAP {
            let overlap = read_block(0, usize::try_from(length).unwrap_or(0))?;
            return Ok(Self { offset: length, overlap, samples: Vec::new() });
        }
        let step = (length - OVERLAP) / SAMPLES;
        let count = usize::try_from(OVERLAP).unwrap_or(0);
        let samples = (0..SAMPLES).map(|n| Ok((n * step, read_block(n * step, count)?)));
        let samples = samples.collect::<Result<_>>()?;
        Ok(Self { samples, ..Self::with_last_block(length, read_block)? })
    }

    /// Whether only samples are compared, although only a full comparison would be proof.
    pub fn is_unverified(&self) -> bool {
        !self.samples.is_empty()
    }
}

/// Reads a block of a file independently of the write position.
pub fn read_block_at(file: &File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// What to do with the local data.
#[derive(Debug)]
pub enum ResumePlan {
    /// Start at 0; with a reason if there was something to resume.
    StartOver(Option<&'static str>),
    /// Resume the partial file.
    Partial(ResumePoint),
    /// Make the file under the final name the partial file, and resume it.
    Adopt(ResumePoint),
    /// Resume the segments fetched in parallel.
    Segments(SegmentMap),
    /// The file under the final name is as long as the remote one: compare its end.
    Compare(ResumePoint),
}

/// Decides how to resume; `info` was just queried.
pub fn plan_resume(partial: &PartialFile, info: FileInfo, resume: Resume) -> Result<ResumePlan> {
    let here = partial.length()?;
    if here > 0 {
        return plan_from_partial(partial, here, info, resume);
    }
    match resume {
        Resume::Asked => plan_from_target(partial, info),
        // The file under the final name is the old version.
        Resume::No | Resume::Retry => Ok(ResumePlan::StartOver(None)),
    }
}

fn plan_from_partial(
    partial: &PartialFile,
    here: u64,
    info: FileInfo,
    resume: Resume,
) -> Result<ResumePlan> {
    let afresh = |why| Ok(ResumePlan::StartOver(Some(why)));
    let journal = PartialJournal::read(partial.entry());
    if let Some(why) = journal.as_ref().and_then(|journal| journal.why_not_same(info)) {
        return afresh(why);
    }
    if let Some(journal) = journal.as_ref().filter(|journal| !journal.segments.is_empty()) {
        // The file extends to the end of its last segment, whatever was received.
        return match SegmentMap::from_journal(journal, here) {
            // Without a time the origin of each segment is unknown.
            Some(_) if info.modified.is_none() => afresh(NO_TIME),
            Some(parts) => Ok(ResumePlan::Segments(parts)),
            None => afresh("its journal is damaged"),
        };
    }
    if info.size.is_some_and(|size| here > size) {
        return afresh("the local file is longer");
    }
    // A file this short is compared as a whole.
    let proven = here <= OVERLAP || info.modified.is_some();
    match (journal, resume) {
        // It may also have been fetched in segments, with holes.
        (None, _) if here > OVERLAP => afresh("no journal says which file it is a part of"),
        (_, Resume::Asked) if !proven => Ok(ResumePlan::Partial(partial.start_with_samples()?)),
        _ if !proven => afresh(NO_TIME),
        _ => Ok(ResumePlan::Partial(partial.start_at_end()?)),
    }
}

fn plan_from_target(partial: &PartialFile, info: FileInfo) -> Result<ResumePlan> {
    let target = partial.target();
    let Ok(file) = target.open(OFlags::RDONLY) else { return Ok(ResumePlan::StartOver(None)) };
    let metadata = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata,
        _ => return Ok(ResumePlan::StartOver(None)),
    };
    let length = metadata.len();
    if length == 0 {
        return Ok(ResumePlan::StartOver(None));
    }
    let Some(size) = info.size else { return Ok(ResumePlan::StartOver(Some(NO_SIZE))) };
    if length > size {
        return Ok(ResumePlan::StartOver(Some("the local file is longer")));
    }
    let remote = info.modified.map(|time| time.and_utc().timestamp());
    if remote.is_some_and(|remote| metadata.mtime() < remote) {
        return Ok(ResumePlan::StartOver(Some("the local file is older")));
    }
    // It would be modified.
    if length < size && !is_safe_to_use(&file, target) {
        return Ok(ResumePlan::StartOver(Some(
            "the local file has another owner or a second link",
        )));
    }
    let mut blocks = |offset, count| {
        read_block_at(&file, offset, count)
            .map_err(|error| Error::local_file(target.path(), &error))
    };
    let start = match remote {
        Some(_) => ResumePoint::with_last_block(length, &mut blocks)?,
        None => ResumePoint::with_samples(length, &mut blocks)?,
    };
    Ok(if length == size { ResumePlan::Compare(start) } else { ResumePlan::Adopt(start) })
}
