//! Where a download can go on: from a partial file, from a file cut short by another program, or
//! nowhere.

use rustix::fs::OFlags;

use super::Facts;
use super::journal::Journal;
use super::partial::Partial;
use super::segments::Parts;
use super::stream::Start;
use crate::error::Result;

/// How much of what is here is fetched again and compared before anything is appended.
pub const OVERLAP: u64 = 64 * 1024;

/// What to do with what is here.
#[derive(Debug)]
pub enum Plan {
    /// Begin at 0; with a reason where there was something to go on with.
    Afresh(Option<&'static str>),
    /// Go on with the partial file.
    Partial(Start),
    /// Make the file under the final name the partial file, and go on with it.
    Adopt(Start),
    /// Go on with the parts that were fetched side by side.
    Segments(Parts),
    /// The file under the final name has the size of the remote one: compare its end.
    Compare(Start),
}

/// Decides how to go on.
///
/// # Errors
///
/// [`Kind::Local`](crate::error::Kind::Local) when what is here cannot be read.
pub fn plan(partial: &Partial, facts: Facts) -> Result<Plan> {
    let here = partial.length()?;
    let too_long = |length| facts.size.is_some_and(|size| length > size);
    if here > 0 {
        return Ok(match Journal::read(partial.spot()) {
            Some(journal) if !journal.matches(facts) => {
                Plan::Afresh(Some("the remote file has changed"))
            }
            // As long as its last part, not as what has come.
            Some(journal) if !journal.segments.is_empty() => match Parts::of(&journal, here) {
                Some(parts) => Plan::Segments(parts),
                None => Plan::Afresh(Some("its journal makes no sense")),
            },
            // It may also have been fetched in parts, and be full of holes.
            None if here > OVERLAP => Plan::Afresh(Some("nothing tells what it is a part of")),
            _ if too_long(here) => Plan::Afresh(Some("what is here is longer")),
            _ => Plan::Partial(Start { offset: here, overlap: partial.tail(OVERLAP)? }),
        });
    }
    let target = partial.target();
    let Ok(file) = target.open(OFlags::RDONLY) else { return Ok(Plan::Afresh(None)) };
    let length = match file.metadata() {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => return Ok(Plan::Afresh(None)),
    };
    let (Some(size), true) = (facts.size, length > 0) else { return Ok(Plan::Afresh(None)) };
    if length > size {
        return Ok(Plan::Afresh(Some("what is here is longer")));
    }
    let overlap = super::partial::tail_of(&file, length, OVERLAP)
        .map_err(|error| crate::error::Error::local(target.path(), &error))?;
    let start = Start { offset: length, overlap };
    Ok(if length == size { Plan::Compare(start) } else { Plan::Adopt(start) })
}
