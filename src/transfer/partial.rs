//! The partial file: where a download lives until it is whole.
//!
//! It lies beside its target under a name made from the target's, is locked while it grows, and
//! becomes the target by one rename. So the final name holds the old version, nothing, or the
//! whole new one, whatever happens in between. A link in its place is never followed.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::NaiveDateTime;
use rustix::fs::{FlockOperation, OFlags, flock};

use super::checksum::{Algorithm, Checksum};
use super::journal::Journal;
use crate::error::{Error, Kind, Result};

/// The end of a partial file's name.
pub const SUFFIX: &str = ".ftpsh-part";

/// The longest name that file systems take, in bytes.
const NAME_MAX: usize = 255;

/// Room for the two letters that the journal's name has more, and the three of its temporary one.
const SPARE: usize = 6;

/// What is at a download's target before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Absent,
    /// A file or link, which will be replaced if the user agrees.
    Replaceable,
    /// A device such as /dev/null: written to as it is.
    Device,
}

/// Looks at a target without following a link.
///
/// # Errors
///
/// [`Kind::Local`] for a directory, a FIFO or a socket, and when it cannot be looked at.
pub fn examine(path: &Path) -> Result<Target> {
    let kind = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::Absent),
        Err(error) => return Err(Error::local(path, &error)),
    };
    if kind.is_dir() {
        return Err(Error::new(Kind::Local, format!("{}: is a directory", path.display()))
            .with_hint("name the file with -o, or the directory with -O"));
    }
    if kind.is_fifo() || kind.is_socket() {
        return Err(Error::new(Kind::Local, format!("{}: is not a regular file", path.display())));
    }
    if kind.is_char_device() || kind.is_block_device() {
        return Ok(Target::Device);
    }
    Ok(Target::Replaceable)
}

/// A download's file while it is not whole.
#[derive(Debug)]
pub struct Partial {
    file: File,
    path: PathBuf,
    target: PathBuf,
    /// Permissions of the file that will be replaced.
    mode: Option<u32>,
}

impl Partial {
    /// Opens the partial file of `target`, or creates it. What is in it stays.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] when it cannot be created, is a link, or another ftpsh is filling it.
    pub fn open(target: &Path) -> Result<Self> {
        let path = partial_path(target)?;
        let mode = std::fs::symlink_metadata(target)
            .ok()
            .filter(|metadata| metadata.is_file())
            .map(|metadata| metadata.mode() & 0o7777);
        let mut options = OpenOptions::new();
        options.create(true).mode(mode.unwrap_or(0o666));
        let file = locked(&mut options, &path, target)?;
        Ok(Self { file, path, target: target.to_owned(), mode })
    }

    /// How many bytes have come.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`]; so for all of these.
    pub fn length(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|error| self.failed(&error))
    }

    /// The last bytes, at most `most`.
    ///
    /// # Errors
    ///
    /// As [`Partial::length`].
    pub fn tail(&self, most: u64) -> Result<Vec<u8>> {
        tail_of(&self.file, self.length()?, most).map_err(|error| self.failed(&error))
    }

    /// So many bytes from an offset on, all of which are there.
    ///
    /// # Errors
    ///
    /// As [`Partial::length`].
    pub fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut bytes, offset);
        read.map(|()| bytes).map_err(|error| self.failed(&error))
    }

    /// Writes at an offset, whoever else writes elsewhere.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset)
    }

    /// Has what was written on the disk.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Throws away what is in it.
    ///
    /// # Errors
    ///
    /// As [`Partial::length`].
    pub fn empty(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| self.failed(&error))
    }

    /// Further writes go behind what is in it.
    ///
    /// # Errors
    ///
    /// As [`Partial::length`].
    pub fn append(&mut self) -> Result<()> {
        self.file.seek(SeekFrom::End(0)).map(drop).map_err(|error| self.failed(&error))
    }

    /// Makes the file under the final name the partial file; writes go behind what is in it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn adopt(&mut self) -> io::Result<()> {
        std::fs::rename(&self.target, &self.path)?;
        self.file = locked(&mut OpenOptions::new(), &self.path, &self.target)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.file.seek(SeekFrom::End(0)).map(drop)
    }

    /// The checksum of what is in it.
    ///
    /// # Errors
    ///
    /// As [`Partial::length`].
    pub fn checksum(&self, algorithm: Algorithm) -> Result<Checksum> {
        let whole = File::open(&self.path).and_then(|mut file| algorithm.of(&mut file));
        whole.map_err(|error| self.failed(&error))
    }

    /// Makes sure that nobody goes on with what is in it.
    pub fn spoil(&self) {
        let _ = self.file.set_len(0);
        let _ = std::fs::remove_file(&self.path);
        Journal::remove(&self.path);
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets aside room for `size` bytes, so that a full disk shows before the transfer.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] when there is no room. File systems that cannot tell are no error.
    pub fn reserve(&self, size: u64) -> Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        if size == 0 {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, size) {
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                Err(self.failed(&errno.into()))
            }
            _ => Ok(()),
        }
    }

    /// Gives the file its time, its permissions and its final name.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`]; the partial file stays.
    pub fn complete(self, modified: Option<NaiveDateTime>) -> Result<()> {
        if let Some(time) = modified.and_then(system_time) {
            // A time that cannot be set is no reason to lose the file.
            let _ = self.file.set_modified(time);
        }
        if let Some(mode) = self.mode {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            let _ = self.file.set_permissions(permissions);
        }
        std::fs::rename(&self.path, &self.target)
            .map_err(|error| Error::local(&self.target, &error))?;
        Journal::remove(&self.path);
        Ok(())
    }

    /// Removes it: it holds nothing worth keeping.
    pub fn discard(self) {
        let _ = std::fs::remove_file(&self.path);
        Journal::remove(&self.path);
    }

    /// A failed write in words, with where and why.
    pub fn failed(&self, error: &io::Error) -> Error {
        let kept = "the old file, if there was one, is untouched";
        Error::local(&self.path, error).about("write").with_hint(kept)
    }
}

impl Write for Partial {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a partial file without following a link or waiting for a FIFO, and locks it.
fn locked(options: &mut OpenOptions, path: &Path, target: &Path) -> Result<File> {
    let failed = |error: io::Error| Error::local(path, &error).about("partial file");
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.read(true).write(true).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        let text = format!("{}: is not a regular file", path.display());
        return Err(Error::new(Kind::Local, text));
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        let text = format!("{}: another ftpsh is fetching this file", target.display());
        Error::new(Kind::Local, text)
    })?;
    Ok(file)
}

/// The last bytes of a file of `length` bytes, at most `most`.
///
/// # Errors
///
/// The system's.
pub fn tail_of(file: &File, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let count = length.min(most);
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, length - count)?;
    Ok(bytes)
}

/// A point in time as the file system takes it.
pub fn system_time(time: NaiveDateTime) -> Option<SystemTime> {
    let seconds = time.and_utc().timestamp();
    let magnitude = Duration::from_secs(seconds.unsigned_abs());
    if seconds >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(magnitude)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(magnitude)
    }
}

/// The partial file of `target`: `.NAME.ftpsh-part` beside it, shortened (with a number made
/// from the whole name) where that would be too long.
///
/// # Errors
///
/// [`Kind::Local`] when `target` names no file, or its name is too long itself.
pub fn partial_path(target: &Path) -> Result<PathBuf> {
    let name = target
        .file_name()
        .ok_or_else(|| Error::new(Kind::Local, format!("{}: names no file", target.display())))?;
    if name.len() > NAME_MAX {
        return Err(Error::new(
            Kind::Local,
            format!("{}: the name is longer than {NAME_MAX} bytes", target.display()),
        ));
    }
    Ok(target.with_file_name(partial_name(name)))
}

fn partial_name(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let mut partial = b".".to_vec();
    if bytes.len() + 1 + SUFFIX.len() + SPARE <= NAME_MAX {
        partial.extend_from_slice(bytes);
    } else {
        // 16 hexadecimal digits and a dash tell apart names that begin alike.
        let keep = NAME_MAX - 1 - SUFFIX.len() - SPARE - 17;
        partial.extend_from_slice(&bytes[..keep]);
        partial.extend_from_slice(format!("-{:016x}", fnv1a(bytes)).as_bytes());
    }
    partial.extend_from_slice(SUFFIX.as_bytes());
    OsString::from_vec(partial)
}

/// The FNV-1a hash (draft-eastlake-fnv): the same in every run and version, unlike the standard
/// library's, so that a later run finds the partial file again.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
