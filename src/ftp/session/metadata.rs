//! Facts of single paths: MLST, SIZE and MDTM (RFC 3659), and whether one is a directory.

use super::Session;
use crate::error::{Kind, Result};
use crate::ftp::control::reply::{self, Reply};
use crate::ftp::error_text::refusal_error;
use crate::ftp::list_formats::{Entry, EntryKind, parse_mlst};
use crate::ftp::path::RemotePath;

impl Session {
    /// What MLST (RFC 3659 section 7) says of one path; `None` when the server has no MLST,
    /// whatever its features promise.
    ///
    /// # Errors
    ///
    /// A refusal of the path.
    pub fn mlst_entry(&mut self, path: &RemotePath) -> Result<Option<Entry>> {
        if self.no_mlst || !self.features.mlst() {
            return Ok(None);
        }
        // libunftp forgets the directory when it reads a relative path here.
        let absolute = self.cwd().resolve(path.as_str())?;
        let reply = self.command("MLST", absolute.as_str())?;
        if matches!(reply.code, 500 | 502 | 504) {
            self.no_mlst = true;
            return Ok(None);
        }
        if !reply.is_positive_completion() {
            return Err(refusal_error(&path.to_string(), &reply));
        }
        let entry = reply.lines.iter().skip(1).find_map(|line| parse_mlst(line));
        Ok(entry.map(|entry| reply.charset.reread_entry(entry)))
    }

    /// Whether `path` is a directory, or a link to one: by MLST where that tells, else by going
    /// there and back.
    ///
    /// # Errors
    ///
    /// The loss of the connection. What is not there is no directory.
    pub fn is_directory(&mut self, path: &RemotePath) -> Result<bool> {
        match self.mlst_entry(path) {
            Ok(Some(entry)) if entry.kind == EntryKind::Directory => return Ok(true),
            Ok(Some(entry)) if entry.kind == EntryKind::File => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Refused => {}
            Err(error) => return Err(error),
        }
        match self.in_directory(path, |_| Ok(())) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::Refused => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// SIZE of a file (RFC 3659 section 4), in bytes, in binary type; `None` when the server does
    /// not tell.
    ///
    /// # Errors
    ///
    /// The loss of the connection; a 550 for a file that is not there.
    pub fn file_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        let reply = self.command("SIZE", path.as_str())?;
        Ok(self.has_fact(path, &reply)?.then(|| reply::size_value(&reply)).flatten())
    }

    /// MDTM of a file (RFC 3659 section 3) in UTC; `None` when the server does not tell.
    ///
    /// # Errors
    ///
    /// As [`Session::file_size`].
    pub fn modified_time(&mut self, path: &RemotePath) -> Result<Option<chrono::NaiveDateTime>> {
        let reply = match self.take_prefetched("MDTM", path.as_str()) {
            Some(reply) => reply,
            None => self.command("MDTM", path.as_str())?,
        };
        Ok(self.has_fact(path, &reply)?.then(|| reply::mdtm_time(&reply)).flatten())
    }

    /// Says that the time of a file will be asked for when its data has come: the server is asked
    /// just before that, in the same round trip.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    pub fn prefetch_modified(&mut self, path: &RemotePath) -> Result<()> {
        self.pipeline_before_transfer("MDTM", path.as_str())
    }

    /// Size and time in one round trip.
    ///
    /// # Errors
    ///
    /// As [`Session::file_size`].
    pub fn size_and_modified(
        &mut self,
        path: &RemotePath,
    ) -> Result<(Option<u64>, Option<chrono::NaiveDateTime>)> {
        self.pipeline_after("MDTM", path.as_str())?;
        if self.prefetch_port {
            self.prefetch_passive_port()?;
        }
        Ok((self.file_size(path)?, self.modified_time(path)?))
    }

    fn has_fact(&self, path: &RemotePath, reply: &Reply) -> Result<bool> {
        match reply.code {
            213 => Ok(true),
            550 => Err(refusal_error(&path.to_string(), reply)),
            _ => Ok(false),
        }
    }
}
