//! A session as the remote side of transfers.

use std::io::{self, Read, Write};
use std::time::Duration;

use chrono::NaiveDateTime;

use super::checksum::{self, Checksum, ChecksumCommand};
use super::{
    AfterUpload, DownloadStream, FileInfo, Remote, TransferType, UploadMode, UploadStream,
};
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::transfer_size;
use crate::ftp::data::open::open_data;
use crate::ftp::data::{DataConnection, Finished};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::list::list_directory;

struct SessionDownload(DataConnection);

impl Read for SessionDownload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl DownloadStream for SessionDownload {
    fn announced_size(&self) -> Option<u64> {
        self.0.preliminary().and_then(transfer_size)
    }

    fn finish(self: Box<Self>) -> Result<Finished> {
        self.0.finish()
    }

    fn abort(self: Box<Self>) {
        self.0.abort();
    }
}

struct SessionUpload(DataConnection);

impl Write for SessionUpload {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl UploadStream for SessionUpload {
    fn finish(self: Box<Self>) -> Result<Finished> {
        self.0.finish_upload()
    }

    fn abort(self: Box<Self>) {
        self.0.abort();
    }
}

/// Whether size and time of an entry may be those of a link rather than of its target. ProFTPD
/// lists a link as `type=file` with the length of its target path and the permissions of links.
pub fn may_be_link(entry: &Entry) -> bool {
    entry.kind == EntryKind::Link
        || (entry.mode == Some(0o777) && entry.size.is_none_or(|size| size <= LONGEST_LINK))
}

/// What a refused download was refused for where MLST does not tell: perhaps it is a directory.
pub fn explain_refusal(session: &mut Session, path: &RemotePath, refused: Error) -> Error {
    let may_be_directory = refused.kind() == Kind::Refused && refused.has_reply_code(&[550]);
    if !may_be_directory || session.features().mlst() {
        return refused;
    }
    match session.is_directory(path) {
        Ok(true) => directory_error(path).with_reply_of(&refused),
        // The refusal stands; what ended the session shows in its next command.
        Ok(false) | Err(_) => refused,
    }
}

fn directory_error(path: &RemotePath) -> Error {
    Error::new(Kind::Refused, format!("{path}: is a directory"))
        .with_hint("`ls` shows what is in it, `get -r` fetches it")
}

/// The maximum length of a link's target path, in bytes.
const LONGEST_LINK: u64 = 4096;

impl Remote for Session {
    fn file_info(&mut self, path: &RemotePath) -> Result<FileInfo> {
        // SIZE depends on the type: in ASCII servers refuse it, or count line endings.
        self.set_ascii_type(false)?;
        // One round trip with MLST, otherwise two.
        if let Some(entry) = self.mlst_entry(path)? {
            if entry.kind == EntryKind::Directory {
                return Err(directory_error(path));
            }
            if may_be_link(&entry) {
                let (size, modified) = self.size_and_modified(path)?;
                return Ok(FileInfo { size, modified });
            }
            let modified = entry.modified.map(|modified| modified.time);
            return Ok(FileInfo { size: entry.size, modified });
        }
        let (size, modified) = self.size_and_modified(path)?;
        Ok(FileInfo { size, modified })
    }

    fn file_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        self.set_ascii_type(false)?;
        match Session::file_size(self, path)? {
            None => {
                let entry = self.mlst_entry(path)?.filter(|entry| entry.kind == EntryKind::File);
                Ok(entry.and_then(|entry| entry.size))
            }
            size => Ok(size),
        }
    }

    fn listed_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        let listing = match list_directory(self, path.parent().as_ref(), true) {
            Err(error) if error.kind() == Kind::Refused => return Ok(None),
            other => other?,
        };
        let entry = listing.entries.iter().find(|entry| Some(&*entry.name) == path.file_name());
        Ok(match entry {
            Some(entry) if entry.kind == EntryKind::File && !entry.size_in_blocks => entry.size,
            None if listing.unknown.is_empty() && listing.cut.is_none() => Some(0),
            _ => None,
        })
    }

    fn set_permissions(&mut self, path: &RemotePath, mode: u32) -> Result<()> {
        Session::set_permissions(self, mode & 0o7777, path)
    }

    fn absolute_path(&self, path: &RemotePath) -> RemotePath {
        self.cwd().resolve(path.as_str()).unwrap_or_else(|_| path.clone())
    }

    fn prefetch_modified(&mut self, path: &RemotePath) -> Result<()> {
        Session::prefetch_modified(self, path)
    }

    fn modified_time(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        Session::modified_time(self, path)
    }

    fn size_after_upload(&mut self, path: &RemotePath, next: AfterUpload) -> Result<Option<u64>> {
        self.set_ascii_type(false)?;
        let sample = self.take_clock_sample(path);
        if sample.is_some() {
            // Not the other way round: the reply to MDTM would pass for a size, should one be lost.
            self.pipeline_file_size(path)?;
        }
        self.pipeline_attributes(path, next.time, next.mode)?;
        if next.is_renamed {
            self.pipeline_rename_from(path)?;
        }
        if let Some(sample) = sample {
            self.read_clock_sample(&sample)?;
        }
        match self.mlst_entry(path)? {
            Some(entry) if entry.kind == EntryKind::File && !may_be_link(&entry) => Ok(entry.size),
            _ => Session::file_size(self, path),
        }
    }

    fn open_download(
        &mut self,
        path: &RemotePath,
        offset: u64,
        kind: TransferType,
    ) -> Result<Box<dyn DownloadStream>> {
        self.set_ascii_type(kind == TransferType::Ascii)?;
        let data = open_data(self, &format!("get {path}"), "RETR", path.as_str(), offset)?;
        Ok(Box::new(SessionDownload(data)))
    }

    fn open_upload(
        &mut self,
        path: &RemotePath,
        place: UploadMode,
        kind: TransferType,
    ) -> Result<Box<dyn UploadStream>> {
        self.set_ascii_type(kind == TransferType::Ascii)?;
        let (verb, offset) = match place {
            UploadMode::Whole => ("STOR", 0),
            UploadMode::End => ("APPE", 0),
            UploadMode::Offset(offset) => ("STOR", offset),
        };
        self.prepare_clock_sample(path)?;
        let data = open_data(self, &format!("put {path}"), verb, path.as_str(), offset)?;
        Ok(Box::new(SessionUpload(data)))
    }

    fn set_modified(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool> {
        self.set_modified_time(path, time)
    }

    fn set_mode(&mut self, path: &RemotePath, mode: u32) -> Result<Option<String>> {
        Session::set_mode(self, path, mode)
    }

    fn checksum(&mut self, path: &RemotePath) -> Result<Option<Checksum>> {
        match checksum::best_offered(self.features())? {
            Some(command) => self.checksum_by(command, path),
            None => Ok(None),
        }
    }

    fn checksum_by(
        &mut self,
        ChecksumCommand { verb, algorithm, needs_selection }: ChecksumCommand,
        path: &RemotePath,
    ) -> Result<Option<Checksum>> {
        // HASH depends on the type: in ASCII servers may count line endings.
        self.set_ascii_type(false)?;
        if verb == "HASH" && !self.select_hash(algorithm.name(), !needs_selection)? {
            return Ok(None);
        }
        let reply = self.command(verb, path.as_str())?;
        let digits = reply
            .is_positive_completion()
            .then(|| checksum::digits_in_reply(algorithm, &reply.text()))
            .flatten();
        Ok(digits.map(|digits| Checksum { algorithm, digits }))
    }

    fn move_file(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()> {
        self.rename(from, to)
    }

    fn remove_file(&mut self, path: &RemotePath) -> Result<()> {
        self.remove_file(path)
    }

    fn tls_resumed(&self) -> Option<bool> {
        let agreed = self.data_negotiated().filter(|_| !self.config().clear_data);
        agreed.map(|agreed| agreed.resumed)
    }

    fn stall_timeout(&self) -> Duration {
        self.config().timeout
    }
}
