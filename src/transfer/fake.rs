//! A remote side in memory, correct unless told to misbehave in one way.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};

use super::checksum::{Algorithm, Checksum};
use super::{DownloadStream, FileInfo, Remote, TransferType, UploadMode, UploadStream};
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::Reply;
use crate::ftp::data::Finished;
use crate::ftp::path::RemotePath;
use crate::tls::End;

/// A misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The stream ends after this many bytes without close_notify.
    CutAt(usize),
    /// This many bytes fewer than announced, closed cleanly.
    ShortBy(usize),
    /// This many bytes more than announced.
    LongBy(usize),
    /// This completion reply.
    Reply(u16),
    /// No completion reply.
    NoReply,
    /// A reset after this many bytes.
    ResetAt(usize),
    /// A stall after this many bytes.
    StallAt(usize),
    /// This many bytes fewer stored than sent.
    StoredShortBy(usize),
    /// The local file is written to during the upload.
    LocalChanges,
    /// REST is accepted and ignored.
    IgnoresRestart,
    /// REST is refused.
    RefusesRestart,
    /// A wrong checksum.
    WrongChecksum,
}

pub(crate) type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A remote side in memory.
#[derive(Debug)]
pub(crate) struct Fake {
    pub files: Files,
    pub fault: Option<Fault>,
    pub tells_size: bool,
    pub modified: NaiveDateTime,
    pub fetched: usize,
    /// The offsets at which downloads started.
    pub offsets: Vec<usize>,
    /// The modes of the uploads.
    pub places: Vec<UploadMode>,
    pub times_set: usize,
    pub touch_on_store: Option<PathBuf>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            files: Files::default(),
            fault: None,
            tells_size: true,
            modified: DateTime::from_timestamp(1_500_000_000, 0).unwrap_or_default().naive_utc(),
            fetched: 0,
            offsets: Vec::new(),
            places: Vec::new(),
            times_set: 0,
            touch_on_store: None,
        }
    }
}

impl Fake {
    pub fn with(name: &str, content: &[u8]) -> Self {
        let fake = Self::default();
        fake.files.lock().unwrap().insert(name.to_owned(), content.to_vec());
        fake
    }

    pub fn content(&self, name: &str) -> Vec<u8> {
        self.files.lock().unwrap()[name].clone()
    }
}

fn finished(fault: Option<Fault>, end: End) -> Result<Finished> {
    let code = match fault {
        Some(Fault::Reply(code)) => code,
        Some(Fault::NoReply) => return Err(Error::new(Kind::Connect, "no reply")),
        _ => 226,
    };
    Ok(Finished { end, reply: Reply::new(code, vec![b"done".to_vec()]), resumes: true })
}

struct FakeDownload {
    left: io::Cursor<Vec<u8>>,
    fault: Option<Fault>,
    end: End,
}

impl Read for FakeDownload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Small, odd pieces, like TLS records.
        let limit = buffer.len().min(1000);
        let n = self.left.read(&mut buffer[..limit])?;
        if n > 0 {
            return Ok(n);
        }
        match self.fault {
            Some(Fault::CutAt(_)) => {
                self.end = End::Cut;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Some(Fault::ResetAt(_)) => {
                self.end = End::Cut;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Some(Fault::StallAt(_)) => Err(io::ErrorKind::TimedOut.into()),
            _ => {
                self.end = End::Clean;
                Ok(0)
            }
        }
    }
}

impl DownloadStream for FakeDownload {
    fn announced_size(&self) -> Option<u64> {
        None
    }

    fn finish(self: Box<Self>) -> Result<Finished> {
        finished(self.fault, self.end)
    }

    fn abort(self: Box<Self>) {}
}

struct FakeUpload {
    files: Files,
    name: String,
    got: Vec<u8>,
    fault: Option<Fault>,
}

impl Write for FakeUpload {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if let Some(Fault::ResetAt(limit)) = self.fault
            && self.got.len() + buffer.len() > limit
        {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.got.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl UploadStream for FakeUpload {
    fn finish(mut self: Box<Self>) -> Result<Finished> {
        if let Some(Fault::StoredShortBy(n)) = self.fault {
            let keep = self.got.len() - n;
            self.got.truncate(keep);
        }
        let reset = matches!(self.fault, Some(Fault::ResetAt(_)));
        self.files.lock().unwrap().insert(self.name.clone(), std::mem::take(&mut self.got));
        finished(if reset { Some(Fault::Reply(426)) } else { self.fault }, End::Clean)
    }

    fn abort(self: Box<Self>) {}
}

impl Remote for Fake {
    fn file_info(&mut self, path: &RemotePath) -> Result<FileInfo> {
        let files = self.files.lock().unwrap();
        let content = files
            .get(path.as_str())
            .ok_or_else(|| Error::new(Kind::Refused, format!("{path}: no such file")))?;
        let size = self.tells_size.then_some(content.len() as u64);
        Ok(FileInfo { size, modified: Some(self.modified) })
    }

    fn open_download(
        &mut self,
        path: &RemotePath,
        offset: u64,
        _: TransferType,
    ) -> Result<Box<dyn DownloadStream>> {
        self.fetched += 1;
        if self.fault == Some(Fault::RefusesRestart) && offset > 0 {
            let refused = Error::new(Kind::Refused, "what is REST?");
            return Err(refused.with_reply(502, "502 what is REST?"));
        }
        let ignored = self.fault == Some(Fault::IgnoresRestart);
        let offset = if ignored { 0 } else { offset as usize };
        self.offsets.push(offset);
        let mut content = self.content(path.as_str());
        let mut content = content.split_off(offset.min(content.len()));
        match self.fault {
            Some(Fault::CutAt(n) | Fault::ResetAt(n) | Fault::StallAt(n)) => content.truncate(n),
            Some(Fault::ShortBy(n)) => content.truncate(content.len() - n),
            Some(Fault::LongBy(n)) => content.extend(vec![0; n]),
            _ => {}
        }
        let left = io::Cursor::new(content);
        Ok(Box::new(FakeDownload { left, fault: self.fault, end: End::Open }))
    }

    fn open_upload(
        &mut self,
        path: &RemotePath,
        place: UploadMode,
        _: TransferType,
    ) -> Result<Box<dyn UploadStream>> {
        if let Some(local) = &self.touch_on_store {
            std::fs::write(local, "something else").unwrap();
        }
        self.places.push(place);
        let got = if place == UploadMode::Whole { Vec::new() } else { self.content(path.as_str()) };
        Ok(Box::new(FakeUpload {
            files: Arc::clone(&self.files),
            name: path.as_str().to_owned(),
            got,
            fault: self.fault,
        }))
    }

    fn set_modified(&mut self, _path: &RemotePath, _time: NaiveDateTime) -> Result<bool> {
        self.times_set += 1;
        Ok(true)
    }

    fn checksum(&mut self, path: &RemotePath) -> Result<Option<Checksum>> {
        let mut content = self.content(path.as_str());
        if self.fault == Some(Fault::WrongChecksum) {
            content.push(0);
        }
        Ok(Some(Algorithm::Sha256.compute(&mut &content[..]).unwrap()))
    }

    fn move_file(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()> {
        let mut files = self.files.lock().unwrap();
        let content = files.remove(from.as_str()).unwrap();
        files.insert(to.as_str().to_owned(), content);
        Ok(())
    }

    fn remove_file(&mut self, path: &RemotePath) -> Result<()> {
        self.files.lock().unwrap().remove(path.as_str());
        Ok(())
    }

    fn tls_resumed(&self) -> Option<bool> {
        None
    }

    fn stall_timeout(&self) -> Duration {
        Duration::from_secs(30)
    }
}
