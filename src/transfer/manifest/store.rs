//! Where a manifest is kept: beside the files on the server, or in a local file.
//!
//! It is replaced as a whole, by a rename. On a server it is readable by its owner only, where the
//! server can do that.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use openssl::hash::{Hasher, MessageDigest};

use super::format::{ManifestParser, Unreadable};
use super::index::ManifestIndex;
use super::journal::ManifestDigest;
use super::own_paths::{DEFAULT_NAME, OwnPaths, UPLOAD_SUFFIX};
use super::text::ManifestText;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, io_reason};
use crate::fs::app_dirs::write_private_file;
use crate::ftp::data::data_error;
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::transfer::atomic::{aside_name, give_final_name};
use crate::transfer::download::resume::ResumePoint;
use crate::transfer::download::stream::{FetchFailure, FileFetcher};
use crate::transfer::verify::check_upload;
use crate::transfer::{
    AfterUpload, BLOCK, FileInfo, NoProgress, Remote as _, TransferOptions, TransferType,
    UploadMode,
};

/// Permissions: it says which files a site has.
const MODE: u32 = 0o600;

/// The place of a manifest.
#[derive(Debug, Clone)]
pub enum ManifestStore {
    /// A file on the server.
    Remote(RemotePath),
    /// A file of this computer.
    Local(PathBuf),
}

/// Makes sure that a manifest may be replaced now.
pub type MayReplace<'a> = &'a dyn Fn(&mut Session) -> Result<()>;

/// What was found in the place of a manifest.
#[derive(Debug)]
pub enum StoredManifest {
    /// A manifest, and its digest.
    Found(ManifestIndex, ManifestDigest),
    /// Nothing.
    Missing,
    /// Something that is no manifest.
    Unreadable(Unreadable),
}

impl ManifestStore {
    /// Whether nothing else is to be expected under its name.
    pub fn has_default_name(&self) -> bool {
        match self {
            ManifestStore::Remote(path) => path.file_name() == Some(DEFAULT_NAME),
            ManifestStore::Local(_) => false,
        }
    }

    /// Its path, for messages.
    pub fn display_path(&self) -> String {
        match self {
            ManifestStore::Remote(path) => path.to_string(),
            ManifestStore::Local(path) => path.display().to_string(),
        }
    }

    /// Reads the manifest. `session` is used if it is on the server.
    ///
    /// # Errors
    ///
    /// It may be there, but could not be read: lost connections, Ctrl-C.
    pub fn read(
        &self,
        session: &mut Session,
        own: &OwnPaths,
        cancel: &Cancel,
    ) -> Result<StoredManifest> {
        let mut sink = ManifestSink::new(own)?;
        let found = match self {
            ManifestStore::Local(path) => match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                opened => {
                    let mut file = opened.map_err(|error| Error::local(path, &error))?;
                    let mut block = vec![0; BLOCK];
                    loop {
                        cancel.check()?;
                        let read =
                            file.read(&mut block).map_err(|error| Error::local(path, &error));
                        match read? {
                            0 => break true,
                            count if sink.write_all(&block[..count]).is_err() => break true,
                            _ => {}
                        }
                    }
                }
            },
            ManifestStore::Remote(path) => {
                fetch(session, path, &mut sink, cancel)?
                    // The one before, where a crash came between two renames.
                    || fetch(session, &aside_name(path)?, &mut sink, cancel)?
            }
        };
        if found { sink.finish() } else { Ok(StoredManifest::Missing) }
    }

    /// Replaces the manifest, if it may be when all of it has arrived. Returns what to tell the user.
    ///
    /// # Errors
    ///
    /// The old one is still there, or under the name that the error's hint says.
    pub fn write(
        &self,
        session: &mut Session,
        text: &mut ManifestText,
        may_replace: MayReplace<'_>,
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        match self {
            ManifestStore::Local(path) => {
                write_private_file(path, &mut |to| io::copy(text.read()?, to).map(drop))
                    .map(|()| None)
            }
            ManifestStore::Remote(path) => {
                let note = self.upload(session, text, Some(may_replace), cancel)?;
                give_final_name(session, &upload_name(path)?, path).map(|()| note)
            }
        }
    }

    /// Uploads a manifest without giving it its name. If it is to have it at once and may, the rename
    /// has begun. Returns what to tell the user.
    ///
    /// # Errors
    ///
    /// It did not arrive.
    pub fn upload(
        &self,
        session: &mut Session,
        text: &mut ManifestText,
        may_replace: Option<MayReplace<'_>>,
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        let ManifestStore::Remote(path) = self else { return Ok(None) };
        let (new, length) = (upload_name(path)?, text.size);
        let what = format!("put {new}");
        let failed =
            |error: io::Error| Error::new(Kind::Local, format!("{what}: {}", io_reason(&error)));
        let text = text.read().map_err(failed)?;
        let mut stream = session.open_upload(&new, UploadMode::Whole, TransferType::Binary)?;
        let mut block = vec![0; BLOCK];
        loop {
            let read = cancel.check().and_then(|()| text.read(&mut block).map_err(failed));
            let sent = match read {
                Ok(0) => break,
                Ok(count) => stream
                    .write_all(&block[..count])
                    .map_err(|e| data_error(&e, session.stall_timeout()).with_context(&what)),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                stream.abort();
                return Err(error);
            }
        }
        check_upload(&what, &stream.finish()?)?;
        may_replace.map_or(Ok(()), |check| check(session))?;
        let is_renamed = may_replace.is_some();
        let next = AfterUpload { mode: Some(MODE), is_renamed, ..AfterUpload::default() };
        let size = session.size_after_upload(&new, next)?;
        let is_private = match session.config().quirks.lacks_chmod() {
            true => false,
            false => match session.set_permissions(MODE, &new) {
                Err(error) if error.kind() != Kind::Refused => return Err(error),
                set => set.is_ok(),
            },
        };
        if let Some(size) = size.filter(|size| *size != length) {
            let text = format!("{what}: {length} bytes were sent, the server has {size}");
            return Err(Error::new(Kind::Incomplete, text).as_transient());
        }
        Ok((!is_private).then(|| {
            format!("{path}: others may be able to read it: --manifest=../NAME puts it elsewhere")
        }))
    }

    /// Gives a manifest that was uploaded before its name, in one round trip.
    ///
    /// # Errors
    ///
    /// As [`ManifestStore::write`].
    pub fn publish(&self, session: &mut Session) -> Result<()> {
        let ManifestStore::Remote(path) = self else { return Ok(()) };
        session.pipeline_rename_to(path)?;
        give_final_name(session, &upload_name(path)?, path)
    }
}

fn upload_name(path: &RemotePath) -> Result<RemotePath> {
    RemotePath::new(format!("{path}{UPLOAD_SUFFIX}"))
}

/// Fetches a file; `false` if there is none.
fn fetch(
    session: &mut Session,
    path: &RemotePath,
    sink: &mut ManifestSink<'_>,
    cancel: &Cancel,
) -> Result<bool> {
    let options = TransferOptions { preserve_times: false, ..TransferOptions::default() };
    let fetcher = FileFetcher { path, info: FileInfo::default(), options: &options, cancel };
    match fetcher.fetch_into(session, &ResumePoint::default(), sink, &NoProgress) {
        Ok(_) => Ok(true),
        // Whatever else there is: it is no manifest.
        Err(_) if sink.unreadable.is_some() => Ok(true),
        Err(FetchFailure::Failed(error))
            if error.kind() == Kind::Refused && !error.is_transient() =>
        {
            Ok(false)
        }
        Err(failure) => Err(failure.into_error(path)),
    }
}

fn hash_error(error: &openssl::error::ErrorStack) -> Error {
    Error::new(Kind::Other, format!("SHA-256: {error}"))
}

/// Reads a manifest from what is written into it.
struct ManifestSink<'a> {
    parser: ManifestParser<'a>,
    hasher: Hasher,
    unreadable: Option<Unreadable>,
}

impl<'a> ManifestSink<'a> {
    fn new(own: &'a OwnPaths) -> Result<Self> {
        let hasher = Hasher::new(MessageDigest::sha256()).map_err(|error| hash_error(&error))?;
        Ok(Self { parser: ManifestParser::new(own), hasher, unreadable: None })
    }

    fn finish(mut self) -> Result<StoredManifest> {
        if let Some(why) = self.unreadable {
            return Ok(StoredManifest::Unreadable(why));
        }
        let digest = self.hasher.finish().map_err(|error| hash_error(&error))?;
        Ok(match self.parser.finish() {
            Ok(index) => StoredManifest::Found(index, <[u8; 32]>::try_from(&*digest).ok()),
            Err(why) => StoredManifest::Unreadable(why),
        })
    }
}

impl Write for ManifestSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes).map_err(io::Error::other)?;
        if let Err(why) = self.parser.push(bytes) {
            self.unreadable = Some(why);
            return Err(io::Error::other("no manifest"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
