//! Directories that are held open, and names in them: where downloads and mirrors work.
//!
//! Everything is done relative to the held directory (openat, renameat, unlinkat) and never
//! through a link in the last place, so that a directory that somebody swaps for a link meanwhile
//! leads nowhere. What comes in are paths that the user typed and names from servers.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};

/// How a directory is opened that only serves to reach what is in it: this needs no permission
/// to read it.
#[cfg(target_os = "linux")]
const REACH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const REACH: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// A directory that is held open.
#[derive(Debug, Clone)]
pub struct DirHandle {
    fd: Arc<OwnedFd>,
    /// Where it was when it was opened, for messages.
    path: PathBuf,
    /// A disk that tells names apart as FAT does, played by a test.
    #[cfg(test)]
    is_case_insensitive: bool,
}

impl DirHandle {
    /// Opens a directory that the user named: links on the way are followed.
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

    /// The same, on a disk that does not tell upper from lower case.
    #[cfg(test)]
    pub fn case_insensitive(mut self) -> Self {
        self.is_case_insensitive = true;
        self
    }

    /// Opens a directory in it, if that is one and no link to one.
    pub fn open_subdirectory(&self, name: &OsStr) -> io::Result<Self> {
        match self.open_directory(name, REACH | OFlags::NOFOLLOW) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                Err(Errno::NOTDIR.into())
            }
            other => other,
        }
    }

    /// As [`DirHandle::open_subdirectory`], where links may be followed.
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

    /// A name in it.
    pub fn entry(&self, name: impl Into<OsString>) -> EntryAt {
        EntryAt { directory: self.clone(), name: name.into() }
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its disk takes the names that Windows takes, and spells them its own way.
    pub fn is_fat(&self) -> bool {
        #[cfg(test)]
        if self.is_case_insensitive {
            return true;
        }
        super::fat_names::is_fat_disk(&*self.fd)
    }

    /// The names in it, without `.` and `..`.
    pub fn entry_names(&self) -> io::Result<Vec<OsString>> {
        self.read_entries()?.collect()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.read_entries()?.next().transpose()?.is_none())
    }

    fn read_entries(&self) -> io::Result<impl Iterator<Item = io::Result<OsString>>> {
        // The held one may not be readable, and has no place to read on from.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let readable = rustix::fs::openat(&*self.fd, ".", flags, Mode::empty())?;
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

/// A name in a held directory: where a file is or will be.
#[derive(Debug, Clone)]
pub struct EntryAt {
    directory: DirHandle,
    name: OsString,
}

impl EntryAt {
    /// The place that a path names, with its directory opened as the user named it.
    pub fn at(path: &Path) -> Result<Self> {
        let name = path.file_name();
        let name = name
            .ok_or_else(|| Error::new(Kind::Local, format!("{}: names no file", path.display())))?;
        let directory = DirHandle::open(path.parent().unwrap_or(Path::new("")));
        Ok(directory.map_err(|error| Error::local(path, &error))?.entry(name))
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

    /// Another name in the same directory.
    pub fn sibling(&self, name: impl Into<OsString>) -> Self {
        self.directory.entry(name)
    }

    /// The name that the disk has for this one: another one only on a disk played by a test.
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

    /// What is there; a link itself. `None` when there is nothing.
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

    /// What is there, or what a link leads to.
    pub fn stat_through_link(&self) -> io::Result<Stat> {
        Ok(rustix::fs::statat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::empty())?)
    }

    /// Opens the file that is there, without following a link or waiting for a FIFO.
    pub fn open(&self, flags: OFlags) -> io::Result<File> {
        self.open_with(flags, Mode::empty())
    }

    /// As [`EntryAt::open`]; creates it with these permissions if nothing is there.
    pub fn open_or_create(&self, flags: OFlags, mode: u32) -> io::Result<File> {
        self.open_with(flags | OFlags::CREATE, Mode::from_raw_mode(mode))
    }

    fn open_with(&self, flags: OFlags, mode: Mode) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let fd = rustix::fs::openat(&*self.directory.fd, &*self.name_on_disk(), flags, mode)?;
        Ok(File::from(fd))
    }

    /// Gives the file another name in the same directory, in place of what is there.
    pub fn rename(&self, to: &EntryAt) -> io::Result<()> {
        let (from, fd) = (&*self.directory.fd, &*to.directory.fd);
        Ok(rustix::fs::renameat(from, &*self.name_on_disk(), fd, &*to.name_on_disk())?)
    }

    /// As [`EntryAt::rename`], but only if nothing is there.
    pub fn rename_no_replace(&self, to: &EntryAt) -> io::Result<()> {
        let (from, fd) = (&*self.directory.fd, &*to.directory.fd);
        let flags = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, &*self.name_on_disk(), fd, &*to.name_on_disk(), flags)
        {
            // A file system (such as NFS) that cannot do it at once.
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

    /// Removes a file, or a link itself.
    pub fn remove_file(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::empty())?)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.directory.fd, &*self.name_on_disk(), AtFlags::REMOVEDIR)?)
    }

    /// Whether this open file is what is there.
    pub fn is_same_file(&self, file: &File) -> bool {
        let there = self.stat().ok().flatten();
        let open = rustix::fs::fstat(file).ok();
        there.zip(open).is_some_and(|(a, b)| is_same_inode(&a, &b))
    }

    /// The name under which the disk has what is there, if it is another one than this: disks
    /// that do not tell `A` from `a`, or two ways of writing an accent.
    pub fn case_variant(&self) -> Option<OsString> {
        self.stored_name().filter(|name| *name != self.name)
    }

    /// The name under which the disk has what is there.
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

    /// What to say where something is that was not there before.
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
                format!("{}: appeared here meanwhile, and is left as it is", path.display()),
            ),
        }
    }

    /// Looks at the name before anything is written under it.
    pub fn check_name(&self) -> Result<()> {
        let Some(why) = super::fat_names::why_fat_refuses(&self.name) else { return Ok(()) };
        if !self.directory.is_fat() {
            return Ok(());
        }
        Err(Error::new(Kind::Local, format!("{}: {why}", self.path().display()))
            .with_hint("give it another name with -o"))
    }
}

/// The same for two names that differ in nothing but upper and lower case. Some disks that
/// programs serve (exFAT's) number a file anew for each spelling of its name; then this has to do.
pub fn fold_case(name: &str) -> String {
    name.to_lowercase()
}

/// Whether two stats are of one file.
pub fn is_same_inode(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// What a stat says it is.
pub fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

#[cfg(test)]
mod tests;
