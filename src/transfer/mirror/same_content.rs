//! Whether a file has the same content on both sides of a mirror: by checksums that the servers
//! compute, by a manifest that an earlier mirror has left there, or by reading both at the same time,
//! without a copy, to the first difference.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::transfer::checksum::{Algorithm, ChecksumCommand, commands_offered};
use crate::transfer::download::resume::ResumePoint;
use crate::transfer::download::stream::{FetchFailure, FileFetcher};
use crate::transfer::manifest::entry::Content;
use crate::transfer::manifest::format::parse_hash;
use crate::transfer::manifest::known_contents::ManifestContents;
use crate::transfer::verify::check_download;
use crate::transfer::{
    DownloadStream, FileInfo, NoProgress, Remote as _, Resume, TransferOptions, TransferType,
    Verify,
};

/// A comparison of two files, whose size is known or not.
pub(super) struct SameContent<'a> {
    /// The size of both.
    pub size: Option<u64>,
    /// The options of transfers, for their rate limits.
    pub options: &'a TransferOptions,
    /// Is told how the contents are compared.
    pub say: &'a dyn Fn(&str),
    /// Cancels it.
    pub cancel: &'a Cancel,
}

impl SameContent<'_> {
    /// Compares a remote file with a local one. `known` is the manifest of the tree, if it has one,
    /// and what that says of this file.
    pub fn with_local(
        &self,
        session: &mut Session,
        remote: &RemotePath,
        local: &Path,
        known: impl FnOnce(&mut Session) -> Result<Option<(Option<Content>, Arc<ManifestContents>)>>,
        open: impl Fn() -> io::Result<File>,
    ) -> Result<bool> {
        let failed = |error: io::Error| Error::local_file(local, &error);
        let digest = |algorithm: Algorithm| {
            let mut file = Cancellable { file: open().map_err(failed)?, cancel: self.cancel };
            let digest = algorithm.compute(&mut file);
            self.cancel.check()?;
            digest.map_err(failed)
        };
        let mut refused = None;
        for command in commands_offered(session.features()) {
            if let Some(there) = session.checksum_by(command, remote)? {
                (self.say)(&format!("comparing contents by the server's {}", command.name()));
                return Ok(digest(command.algorithm)? == there);
            }
            refused = refused.or(Some(command.name()));
            // The others are asked for only if the algorithm could not be selected.
            if !command.needs_selection {
                break;
            }
        }
        let known = if refused.is_none() { known(session)? } else { None };
        const BY_READING: &str = "comparing contents by reading";
        (self.say)(&match (refused, &known) {
            (Some(name), _) => format!("{BY_READING} where the server refuses {name}"),
            (None, None) => format!("{BY_READING}: the server offers no checksum"),
            (None, Some((_, manifest))) => match &manifest.index {
                Err(why) => format!("{BY_READING}: {} cannot be read: {why}", manifest.path),
                Ok(_) => format!(
                    "comparing contents by {}, and by reading what it lacks: what others have \
                     changed there is not noticed if its size is the same",
                    manifest.path
                ),
            },
        });
        if let Some((Some(there), _)) = known {
            return Ok(parse_hash(&digest(Algorithm::Sha256)?.digits) == Some(there.sha256));
        }
        let mut file = open().map_err(failed)?;
        self.by_reading(session, remote, &mut file, failed)
    }

    /// Compares two files on servers.
    pub fn between_servers(
        &self,
        source: (&mut Session, &RemotePath),
        target: (&mut Session, &RemotePath),
    ) -> Result<bool> {
        let ((source, from), (target, to)) = (source, target);
        let common = common_command(source, target);
        if let Some((one, other)) = common
            && let Some(here) = source.checksum_by(one, from)?
            && let Some(there) = target.checksum_by(other, to)?
        {
            let (one, other) = (one.name(), other.name());
            (self.say)(&match one == other {
                true => format!("comparing contents by the servers' {one}"),
                false => format!("comparing contents by the servers' {one} and {other}"),
            });
            return Ok(here == there);
        }
        (self.say)(match common {
            None => "comparing contents by reading: the servers have no checksum in common",
            Some(_) => "comparing contents by reading where a server refuses a checksum",
        });
        let (what, stall) = (format!("get {to}"), target.stall_timeout());
        let mut other = target.open_download(to, 0, TransferType::Binary)?;
        let failed = |error: io::Error| data_error(&error, stall).with_context(&what);
        let mut counted = Counted { stream: &mut *other, count: 0 };
        let same = self.by_reading(source, from, &mut counted, failed);
        let count = counted.count;
        if !matches!(same, Ok(true)) {
            other.abort();
            return same;
        }
        check_download(&what, count, self.size, &other.finish()?).map(|_| true)
    }

    /// Downloads a file, without keeping it, and compares it with what `other` has.
    fn by_reading(
        &self,
        session: &mut Session,
        path: &RemotePath,
        other: &mut dyn Read,
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<bool> {
        let options = TransferOptions {
            transfer_type: TransferType::Binary,
            resume: Resume::No,
            verify: Verify::Size,
            ..self.options.clone()
        };
        let info = FileInfo { size: self.size, modified: None };
        let fetcher = FileFetcher { path, info, options: &options, cancel: self.cancel };
        let mut sink = ComparingSink { other, block: Vec::new(), differs: false, failure: None };
        let start = ResumePoint::default();
        let fetched = fetcher.fetch_into(session, &start, &mut sink, &NoProgress);
        if let Some(error) = sink.failure {
            self.cancel.check()?;
            return Err(failed(error));
        }
        match fetched {
            _ if sink.differs => Ok(false),
            // It is longer than it was listed.
            Err(FetchFailure::DifferentSize(_)) => Ok(false),
            Err(failure) => Err(failure.into_error(path)),
            Ok(_) => Ok(is_at_end(sink.other).map_err(failed)?),
        }
    }
}

/// The commands of two servers for the strongest checksum that both offer.
fn common_command(
    source: &Session,
    target: &Session,
) -> Option<(ChecksumCommand, ChecksumCommand)> {
    let others = commands_offered(target.features());
    commands_offered(source.features()).into_iter().find_map(|one| {
        let other = others.iter().find(|other| other.algorithm == one.algorithm)?;
        Some((one, *other))
    })
}

/// Whether nothing more comes.
fn is_at_end(other: &mut dyn Read) -> io::Result<bool> {
    loop {
        match other.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return Ok(read? == 0),
        }
    }
}

/// Compares what is written with what `other` has at the same place; fails at the first difference.
struct ComparingSink<'a> {
    other: &'a mut dyn Read,
    block: Vec<u8>,
    differs: bool,
    /// Why `other` could not be read.
    failure: Option<io::Error>,
}

impl Write for ComparingSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.resize(bytes.len(), 0);
        match self.other.read_exact(&mut self.block) {
            Ok(()) => self.differs = self.block != bytes,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.differs = true,
            Err(error) => self.failure = Some(error),
        }
        match self.differs || self.failure.is_some() {
            true => Err(io::Error::other("the contents differ")),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A local file that is no longer read after Ctrl-C.
struct Cancellable<'a> {
    file: File,
    cancel: &'a Cancel,
}

impl Read for Cancellable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.cancel.check().map_err(io::Error::other)?;
        self.file.read(buffer)
    }
}

/// A download, and how many bytes came.
struct Counted<'a> {
    stream: &'a mut dyn DownloadStream,
    count: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}
