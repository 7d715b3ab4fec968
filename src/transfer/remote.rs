//! A session as the remote side of transfers.

use std::io::{self, Read, Write};
use std::time::Duration;

use chrono::NaiveDateTime;

use super::checksum::{self, Checksum};
use super::{Facts, Incoming, Outgoing, Place, Remote, Type};
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::transfer_size;
use crate::ftp::data::{Data, Finished};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;

struct Download(Data);

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Incoming for Download {
    fn announced(&self) -> Option<u64> {
        self.0.preliminary().and_then(transfer_size)
    }

    fn finish(self: Box<Self>) -> Result<Finished> {
        self.0.finish()
    }

    fn abort(self: Box<Self>) {
        self.0.abort();
    }
}

struct Upload(Data);

impl Write for Upload {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Outgoing for Upload {
    fn finish(self: Box<Self>) -> Result<Finished> {
        self.0.finish_upload()
    }

    fn abort(self: Box<Self>) {
        self.0.abort();
    }
}

/// Whether size and time of an entry may be those of a link rather than of what it leads to. ProFTPD
/// lists a link as `type=file` with the length of its text and the permissions that links have.
pub fn may_be_link(entry: &Entry) -> bool {
    entry.kind == EntryKind::Link
        || (entry.mode == Some(0o777) && entry.size.is_none_or(|size| size <= LONGEST_LINK))
}

/// The longest text of a link that systems take, in bytes.
const LONGEST_LINK: u64 = 4096;

impl Remote for Session {
    fn facts(&mut self, path: &RemotePath) -> Result<Facts> {
        // SIZE counts what would be sent: in ASCII type servers refuse it, or count line ends.
        self.set_ascii_type(false)?;
        // One round trip where MLST is there, two elsewhere.
        if let Some(entry) = self.mlst_entry(path)? {
            if entry.kind == EntryKind::Directory {
                return Err(Error::new(Kind::Refused, format!("{path}: is a directory"))
                    .with_hint("`ls` shows what is in it, `get -r` fetches it"));
            }
            if may_be_link(&entry) {
                let (size, modified) = self.size_and_modified(path)?;
                return Ok(Facts { size, modified });
            }
            let modified = entry.modified.map(|modified| modified.time);
            return Ok(Facts { size: entry.size, modified });
        }
        let (size, modified) = self.size_and_modified(path)?;
        Ok(Facts { size, modified })
    }

    fn size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        self.set_ascii_type(false)?;
        match Session::file_size(self, path)? {
            None => Ok(self.mlst_entry(path)?.and_then(|entry| entry.size)),
            size => Ok(size),
        }
    }

    fn absolute(&self, path: &RemotePath) -> RemotePath {
        self.cwd().resolve(path.as_str()).unwrap_or_else(|_| path.clone())
    }

    fn foresee_modified(&mut self, path: &RemotePath) -> Result<()> {
        Session::prefetch_modified(self, path)
    }

    fn modified(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        Session::modified_time(self, path)
    }

    fn arrived(&mut self, path: &RemotePath, time: Option<NaiveDateTime>) -> Result<Option<u64>> {
        self.set_ascii_type(false)?;
        self.pipeline_set_modified(path, time)?;
        match self.mlst_entry(path)? {
            Some(entry) if !may_be_link(&entry) => Ok(entry.size),
            _ => Session::file_size(self, path),
        }
    }

    fn fetch(&mut self, path: &RemotePath, offset: u64, kind: Type) -> Result<Box<dyn Incoming>> {
        self.set_ascii_type(kind == Type::Ascii)?;
        let data = self.open_data(&format!("get {path}"), "RETR", path.as_str(), offset)?;
        Ok(Box::new(Download(data)))
    }

    fn store(&mut self, path: &RemotePath, place: Place, kind: Type) -> Result<Box<dyn Outgoing>> {
        self.set_ascii_type(kind == Type::Ascii)?;
        let (verb, offset) = match place {
            Place::Whole => ("STOR", 0),
            Place::End => ("APPE", 0),
            Place::Offset(offset) => ("STOR", offset),
        };
        let data = self.open_data(&format!("put {path}"), verb, path.as_str(), offset)?;
        Ok(Box::new(Upload(data)))
    }

    fn set_modified(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool> {
        self.set_modified_time(path, time)
    }

    fn checksum(&mut self, path: &RemotePath) -> Result<Option<Checksum>> {
        let Some((verb, algorithm)) = checksum::offered(self.features()) else { return Ok(None) };
        let reply = self.command(verb, path.as_str())?;
        let digits = reply
            .is_positive_completion()
            .then(|| checksum::digits(algorithm, &reply.text()))
            .flatten();
        Ok(digits.map(|digits| Checksum { algorithm, digits }))
    }

    fn move_file(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()> {
        self.rename(from, to)
    }

    fn remove(&mut self, path: &RemotePath) -> Result<()> {
        self.remove_file(path)
    }

    fn tls_resumed(&self) -> Option<bool> {
        let agreed = self.data_negotiated().filter(|_| !self.config().clear_data);
        agreed.map(|agreed| agreed.resumed)
    }

    fn timeout(&self) -> Duration {
        self.config().timeout
    }
}
