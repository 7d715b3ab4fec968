//! Where an upload can be resumed: at the end of what the server already has.
//!
//! An upload that the journal of an earlier attempt records is resumed if the source is unchanged;
//! without a journal only `-c` resumes, and only a file on the server that is not older than the
//! source: an older one is a complete copy of an earlier version. The last block is always read
//! back and compared, and more of it if nothing else proves anything.

use std::io::sink;

use super::journal::{EarlierAttempt, Source, UploadJournal};
use crate::cancel::Cancel;
use crate::error::{Kind, Result};
use crate::ftp::path::RemotePath;
use crate::transfer::download::resume::{NO_SIZE, NO_TIME, ResumePoint, UNVERIFIED};
use crate::transfer::download::stream::{FetchFailure, FileFetcher};
use crate::transfer::{FileInfo, NoProgress, Progress, Remote, Resume, TransferOptions};

/// What is to be resumed, and what is known about it.
pub(in crate::transfer) struct ResumeCheck<'a> {
    /// The remote file.
    pub target: &'a RemotePath,
    /// Size of the source in bytes.
    pub size: u64,
    /// Its modification time: seconds since 1970.
    pub modified: Option<i64>,
    /// Its identity; `None` if it cannot be distinguished from another version.
    pub source: Option<&'a Source>,
    /// The record of an earlier attempt.
    pub journal: Option<&'a UploadJournal<'a>>,
    /// Who requested it.
    pub resume: Resume,
    /// Receives the reason for starting over.
    pub progress: &'a dyn Progress,
    /// Cancels it.
    pub cancel: &'a Cancel,
}

/// Which blocks of the source are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transfer) enum Compare {
    /// The last one before the offset.
    End,
    /// Samples from the whole file.
    Samples,
}

impl ResumeCheck<'_> {
    /// How many bytes of the source the server has; 0 to start over. `blocks` reads the source's
    /// first bytes as a resume point.
    ///
    /// # Errors
    ///
    /// The loss of a connection; errors of `blocks`.
    pub fn resume_offset(
        &self,
        remote: &mut dyn Remote,
        blocks: &mut dyn FnMut(u64, Compare) -> Result<ResumePoint>,
    ) -> Result<u64> {
        let there = match remote.file_info(self.target) {
            Err(error) if error.kind() == Kind::Refused => return Ok(0),
            other => other?,
        };
        let size = match there.size {
            None => remote.listed_size(self.target)?,
            size => size,
        };
        let why = match size.map(|size| (size, self.blocks_to_compare(size, there))) {
            None => NO_SIZE,
            Some((0, _)) => return Ok(0),
            Some((_, Err(why))) => why,
            Some((size, Ok(compare))) => {
                let start = blocks(size, compare)?;
                let no_time = there.modified.is_none() || self.modified.is_none();
                if start.is_unverified() && no_time {
                    self.progress.show_note(&format!("{}: {UNVERIFIED}", self.target));
                }
                let options = TransferOptions::default();
                let info = FileInfo { size: Some(size), modified: None };
                let check =
                    FileFetcher { path: self.target, info, options: &options, cancel: self.cancel };
                match check.fetch_into(remote, &start, &mut sink(), &NoProgress) {
                    Ok(_) => return Ok(size),
                    Err(FetchFailure::NotTheSame(why)) => why,
                    // A write-only directory: nothing can be compared.
                    Err(FetchFailure::Failed(error)) if error.kind() == Kind::Refused => {
                        "what is on the server cannot be read"
                    }
                    Err(failure) => return Err(failure.into_error(self.target)),
                }
            }
        };
        self.progress.show_note(&format!("{}: {why}: starting again", self.target));
        Ok(0)
    }

    /// Which blocks must be compared, or why the remote file is not the beginning of the source.
    fn blocks_to_compare(&self, size: u64, there: FileInfo) -> Result<Compare, &'static str> {
        if size > self.size {
            return Err("what is on the server is longer");
        }
        let begun = match (self.journal, self.source) {
            (Some(journal), Some(source)) => journal.earlier_attempt(source),
            _ => EarlierAttempt::Unknown,
        };
        let time = there.modified.map(|time| time.and_utc().timestamp());
        let not_older = |than: i64| time.is_some_and(|time| time >= than);
        match begun {
            EarlierAttempt::Other(why) => Err(why),
            EarlierAttempt::Same { sent: Some(sent), .. } if size > sent => {
                Err("what is on the server is not what was sent")
            }
            EarlierAttempt::Same { .. }
                if there.modified.is_none() && self.resume != Resume::Asked =>
            {
                Err(NO_TIME)
            }
            EarlierAttempt::Same { racy: true, .. } => Ok(Compare::Samples),
            // The time is set together with the query of the size.
            EarlierAttempt::Same { .. } if time == self.modified => Ok(Compare::End),
            EarlierAttempt::Same { began, .. } if not_older(began) => Ok(Compare::End),
            // By its time it may be another file, as on a server that keeps the old one until the
            // new one is complete; or the clocks differ.
            EarlierAttempt::Same { .. } => Ok(Compare::Samples),
            EarlierAttempt::Unknown if self.resume != Resume::Asked => {
                Err("no journal says which file it is a part of")
            }
            EarlierAttempt::Unknown => match self.modified {
                Some(modified) if not_older(modified) => Ok(Compare::End),
                Some(_) if time.is_some() => Err("what is on the server is older"),
                _ => Ok(Compare::Samples),
            },
        }
    }
}
