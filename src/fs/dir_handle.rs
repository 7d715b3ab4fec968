//! Directories held open, and entries in them: used by downloads and mirrors.
//!
//! All operations are relative to the held directory (openat, renameat, unlinkat) and never follow
//! a link in the last component, so that replacing a directory with a link meanwhile has no effect.
//! The input is paths typed by the user and names from servers.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};

/// Opens a directory only to access its entries: this needs no permission to read it.
#[cfg(target_os = "linux")]
const REACH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const REACH: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// A directory held open.
#[derive(Debug, Clone)]
pub struct DirHandle {
    fd: Arc<OwnedFd>,
    /// Its path when it was opened, for messages.
    path: PathBuf,
    /// Simulates a FAT-like, case-insensitive disk.
    #[cfg(test)]
    is_case_insensitive: bool,
}

impl DirHandle {
    /// Opens a directory named by the user: links are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let named = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let fd = rustix::fs::openat(CWD, named, REACH, Mode::empty())?;
        Ok(Self {
            fd: Arc::new(fd),
            path: path.to_owned(),
            #[cfg(test)]
            is_case_insensitive: false,
        })
    }

    /// The same, on a simulated case-insensitive disk.
    #[cfg(test)]
    pub fn case_insensitive(mut self) -> Self {
        self.is_case_insensitive = true;
        self
    }

    /// Opens a subdirectory, but not a link to one.
    pub fn open_subdirectory(&self, name: &OsStr) -> io::Result<Self> {
        match self.open_directory(name, REACH | OFlags::NOFOLLOW) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                Err(Errno::NOTDIR.into())
            }
            other => other,
        }
    }

    /// Like [`DirHandle::open_subdirectory`], but links are followed.
    pub fn open_subdirectory_or_link(&self, name: &OsStr) -> io::Result<Self> {
        self.open_directory(name, REACH)
    }

    fn open_directory(&self, name: &OsStr, flags: OFlags) -> io::Result<Self> {
        let entry = self.entry(name);
        let fd = rustix::fs::openat(&*self.fd, &*entry.name_on_disk(), flags, Mode::empty())?;
        Ok(Self {
            fd: Arc::new(fd),
            path: entry.path(),
            #[cfg(test)]
            is_case_insensitive: self.is_case_insensitive,
        })
    }

    /// An entry in it.
    pub fn entry(&self, name: impl Into<OsString>) -> EntryAt {
        EntryAt { directory: self.clone(), name: name.into() }
    }

    /// Its path when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its disk has the naming rules of Windows, and may change the spelling of names.
    pub fn is_fat(&self) -> bool {
        #[cfg(test)]
        if self.is_case_insensitive {
            return true;
        }
        super::fat_names::is_fat_disk(&*self.fd)
    }

    /// Its own state.
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&*self.fd)?)
    }

    /// Whether it is on a network file system, or served by a program.
    pub fn reports_errors_late(&self) -> bool {
        super::fat_names::reports_errors_late(&*self.fd)
    }

    /// The names in it, without `.` and `..`.
    pub fn entry_names(&self) -> io::Result<Vec<OsString>> {
        self.read_entries()?.collect()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.read_entries()?.next().transpose()?.is_none())
    }

    /// Writes its entries to the disk.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`].
    pub fn sync(&self) -> Result<()> {
        let synced = self.open_readable().and_then(rustix::fs::fsync);
        match synced {
            // Some file systems have no such operation for a directory.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(()),
            Err(errno) => Err(Error::local(&self.path, &errno.into()).with_context("sync")),
        }
    }

    /// Opens it to be read: the held descriptor may not be readable, and has no read position.
    fn open_readable(&self) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&*self.fd, ".", flags, Mode::empty())
    }

    fn read_entries(&self) -> io::Result<impl Iterator<Item = io::Result<OsString>>> {
        let readable = self.open_readable()?;
        let named = |entry: rustix::io::Result<rustix::fs::DirEntry>| match entry {
            Ok(entry) => match entry.file_name().to_bytes() {
                b"." | b".." => None,
                name => Some(Ok(OsStr::from_bytes(name).to_owned())),
            },
            Err(error) => Some(Err(error.into())),
        };
        Ok(Dir::new(readable)?.filter_map(named))
    }
}

/// An entry of a held directory: the location of an existing or future file.
#[derive(Debug, Clone)]
pub struct EntryAt {
    directory: DirHandle,
    name: OsString,
}

impl EntryAt {
    /// The entry at a path, with its directory opened as named by the user.
    pub fn at(path: &Path) -> Result<Self> {
        let name = path.file_name();
        let name = name
            .ok_or_else(|| Error::new(Kind::Local, format!("{}: names no file", path.display())))?;
        let directory = DirHandle::open(path.parent().unwrap_or(Path::new("")));
        Ok(directory.map_err(|error| Error::local_file(path, &error))?.entry(name))
    }

    /// Its name.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The directory that it is in.
    pub fn directory(&self) -> &DirHandle {
        &self.directory
    }

    /// Its path, for messages.
    pub fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }

    /// Another entry of the same directory.
    pub fn sibling(&self, name: impl Into<OsString>) -> Self {
        self.directory.entry(name)
    }

    /// The name on disk: differs only on a simulated disk.
    #[cfg(test)]
    fn name_on_disk(&self) -> Cow<'_, OsStr> {
        let alike = |name: &OsString| name.eq_ignore_ascii_case(&self.name);
        let there = || self.directory.entry_names().ok()?.into_iter().find(alike);
        match self.directory.is_case_insensitive.then(there).flatten() {
            Some(name) => name.into(),
            None => self.name.as_os_str().into(),
        }
    }

    #[cfg(not(test))]
    fn name_on_disk(&self) -> Cow<'_, OsStr> {
        Cow::Borrowed(&self.name)
    }

    /// Its status, without following a link. `None` if it does not exist.
    pub fn stat(&self) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(
            &*self.directory.fd,
            &*self.name_on_disk(),
            AtFlags::SYMLINK_NOFOLLOW,
        ) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Its status, or that of a link's target.
    pub fn stat_through_link(&self) -> io::Result<Stat> {
        Ok(rustix::fs::statat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::empty())?)
    }

    /// Opens an existing file, without following a link or waiting for a FIFO.
    pub fn open(&self, flags: OFlags) -> io::Result<File> {
        self.open_with(flags, Mode::empty())
    }

    /// Like [`EntryAt::open`], but creates a missing file with these permissions.
    pub fn open_or_create(&self, flags: OFlags, mode: RawMode) -> io::Result<File> {
        self.open_with(flags | OFlags::CREATE, Mode::from_raw_mode(mode))
    }

    fn open_with(&self, flags: OFlags, mode: Mode) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let fd = rustix::fs::openat(&*self.directory.fd, &*self.name_on_disk(), flags, mode)?;
        Ok(File::from(fd))
    }

    /// Renames the file within its directory, replacing an existing one.
    pub fn rename(&self, to: &EntryAt) -> io::Result<()> {
        let (from, fd) = (&*self.directory.fd, &*to.directory.fd);
        Ok(rustix::fs::renameat(from, &*self.name_on_disk(), fd, &*to.name_on_disk())?)
    }

    /// Like [`EntryAt::rename`], but never replaces anything.
    pub fn rename_no_replace(&self, to: &EntryAt) -> io::Result<()> {
        let (from, fd) = (&*self.directory.fd, &*to.directory.fd);
        match rename_no_replace_at(from, &self.name_on_disk(), fd, &to.name_on_disk()) {
            // File systems (such as NFS) and systems (FreeBSD) without an atomic operation.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match to.stat()? {
                Some(_) => Err(Errno::EXIST.into()),
                None => self.rename(to),
            },
            other => Ok(other?),
        }
    }

    /// Creates a directory.
    pub fn make_directory(&self) -> io::Result<()> {
        let mode = Mode::from_raw_mode(0o777);
        Ok(rustix::fs::mkdirat(&*self.directory.fd, &*self.name_on_disk(), mode)?)
    }

    /// Sets the permissions of a file or directory, never through a link.
    pub fn set_permissions(&self, mode: RawMode) -> io::Result<()> {
        let file = self.open_with(OFlags::RDONLY, Mode::empty())?;
        Ok(rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?)
    }

    /// Removes a file, or a link itself.
    pub fn remove_file(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::empty())?)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::REMOVEDIR)?)
    }

    /// Whether this entry is the open file.
    pub fn is_same_file(&self, file: &File) -> bool {
        let there = self.stat().ok().flatten();
        let open = rustix::fs::fstat(file).ok();
        there.zip(open).is_some_and(|(a, b)| is_same_inode(&a, &b))
    }

    /// The name that the disk has for the existing file, if it differs from this one: disks that do
    /// not distinguish `A` from `a`, or two encodings of an accent.
    pub fn case_variant(&self) -> Option<OsString> {
        self.stored_name().filter(|name| *name != self.name)
    }

    /// The name that the disk has for the existing file.
    pub fn stored_name(&self) -> Option<OsString> {
        let there = self.stat().ok()??;
        let names = self.directory.entry_names().ok()?;
        let is_it = |name: &&OsString| {
            self.sibling(*name)
                .stat()
                .ok()
                .flatten()
                .is_some_and(|stat| is_same_inode(&stat, &there))
        };
        let is_like = |name: &&OsString| {
            fold_case(&name.to_string_lossy()) == fold_case(&self.name.to_string_lossy())
        };
        let found = names.iter().find(|name| **name == self.name);
        let found = found.or_else(|| names.iter().find(is_it));
        found.or_else(|| names.iter().find(is_like)).cloned()
    }

    /// The error for an entry that appeared unexpectedly.
    pub fn already_exists_error(&self) -> Error {
        let path = self.path();
        match self.case_variant() {
            Some(twin) => {
                let twin = Path::new(&twin).display().to_string();
                let text =
                    format!("{}: on this disk that is the same file as {twin}", path.display());
                Error::new(Kind::Local, text).with_hint("give it another name with -o")
            }
            None => Error::new(
                Kind::Local,
                format!("{}: created by somebody else in the meantime; kept", path.display()),
            ),
        }
    }

    /// Checks the name before anything is written under it.
    pub fn check_name(&self) -> Result<()> {
        let Some(why) = super::fat_names::why_fat_refuses(&self.name) else { return Ok(()) };
        if !self.directory.is_fat() {
            return Ok(());
        }
        Err(Error::new(Kind::Local, format!("{}: {why}", self.path().display()))
            .with_hint("give it another name with -o"))
    }
}

/// Returns the same string for names that differ only in case. Some FUSE file systems (exFAT)
/// assign a new inode number to each spelling of a name; then this must suffice.
pub fn fold_case(name: &str) -> String {
    name.to_lowercase()
}

/// Whether two stats are of the same file.
pub fn is_same_inode(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Renames without replacing, in one operation.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_no_replace_at(
    from: impl AsFd,
    old: &OsStr,
    to: impl AsFd,
    new: &OsStr,
) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(from, old, to, new, rustix::fs::RenameFlags::NOREPLACE)
}

/// The other systems have no such operation.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_no_replace_at(
    _: impl AsFd,
    _: &OsStr,
    _: impl AsFd,
    _: &OsStr,
) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

/// The file type in a stat.
pub fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

#[cfg(test)]
mod tests;
