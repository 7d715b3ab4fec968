//! The partial file: where a download lives until it is whole.
//!
//! It lies beside its target under a name made from the target's, is locked while it grows, and
//! becomes the target by one rename. So the final name holds the old version, nothing, or the
//! whole new one, whatever happens in between. A link in its place is never followed, and a file
//! of another user or with a second name never written to: in a shared directory anybody could
//! have put it there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, SystemTime};

use chrono::NaiveDateTime;
use rustix::fs::{FileType, OFlags};

use super::journal::PartialJournal;
use super::resume::ResumePoint;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, file_type};
use crate::fs::fat_names::reports_errors_late;
use crate::transfer::checksum::{Algorithm, Checksum};

mod names;
mod open;
mod target;

pub use names::{SUFFIX, is_partial_name, partial_entry, partial_path};
pub use open::is_safe_to_use;
pub use target::{Target, examine_target, is_in_system_directory, open_device, open_through_link};

/// A download's file while it is not whole.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    entry: EntryAt,
    target: EntryAt,
    /// Permissions of the file that will be replaced, and its owner.
    replaced: Option<(u32, u32)>,
}

impl PartialFile {
    /// Opens the partial file of `target`, or creates it. What is in it stays.
    pub fn open(target: &EntryAt) -> Result<Self> {
        let entry = partial_entry(target)?;
        let there = target.stat().ok().flatten();
        let replaced = there
            .filter(|stat| file_type(stat) == FileType::RegularFile)
            // Not setuid, setgid and sticky: nobody gave those to this content.
            .map(|stat| (stat.st_mode & 0o777, stat.st_uid));
        let ours = replaced.filter(|(_, owner)| *owner == rustix::process::geteuid().as_raw());
        let file = open::create_or_open(&entry, target, ours.map_or(0o666, |(mode, _)| mode))?;
        Ok(Self { file, entry, target: target.clone(), replaced })
    }

    /// How many bytes have come.
    pub fn length(&self) -> Result<u64> {
        self.file
            .metadata()
            .map(|metadata| metadata.len())
            .map_err(|error| self.write_error(&error))
    }

    /// Where a download that resumes it begins: its last block is compared.
    pub fn start_at_end(&self) -> Result<ResumePoint> {
        ResumePoint::with_last_block(self.length()?, &mut |offset, count| {
            self.read_at(offset, count)
        })
    }

    /// The same, with blocks from all over it.
    pub fn start_with_samples(&self) -> Result<ResumePoint> {
        ResumePoint::with_samples(self.length()?, &mut |offset, count| self.read_at(offset, count))
    }

    /// So many bytes from an offset on, all of which are there.
    pub fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = self.file.read_exact_at(&mut bytes, offset);
        read.map(|()| bytes).map_err(|error| self.write_error(&error))
    }

    /// Writes at an offset, whoever else writes elsewhere.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// Has what was written on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Throws away what is in it.
    pub fn truncate_to_zero(&mut self) -> Result<()> {
        if self.length()? == 0 {
            return self.file.rewind().map_err(|error| self.write_error(&error));
        }
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| self.write_error(&error))
    }

    /// Further writes go behind what is in it.
    pub fn seek_to_end(&mut self) -> Result<()> {
        self.file.seek(SeekFrom::End(0)).map(drop).map_err(|error| self.write_error(&error))
    }

    /// Makes the file under the final name the partial file; writes go behind what is in it.
    pub fn adopt_target(&mut self) -> io::Result<()> {
        self.target.rename(&self.entry)?;
        self.file = open::lock_opened(self.entry.open(OFlags::RDWR), &self.entry, &self.target)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.file.seek(SeekFrom::End(0)).map(drop)
    }

    /// The checksum of what is in it.
    pub fn checksum(&self, algorithm: Algorithm) -> Result<Checksum> {
        let whole = algorithm.compute(&mut ReadFromStart(&self.file, 0));
        whole.map_err(|error| self.write_error(&error))
    }

    /// Makes sure that nobody goes on with what is in it.
    pub fn discard_unusable(&self) {
        let _ = self.file.set_len(0);
        self.remove_with_journal();
    }

    /// Removes it, but not what somebody else has put under its name.
    fn remove_with_journal(&self) {
        if self.entry.is_same_file(&self.file) {
            let _ = self.entry.remove_file();
        }
        PartialJournal::remove(&self.entry);
    }

    /// Where it lies.
    pub fn entry(&self) -> &EntryAt {
        &self.entry
    }

    /// What it will become.
    pub fn target(&self) -> &EntryAt {
        &self.target
    }

    /// Whether `size` bytes may be more than there is room for.
    pub fn may_lack_room_for(&self, size: u64) -> bool {
        let free = rustix::fs::fstatvfs(&self.file);
        free.is_ok_and(|free| free.f_bavail.saturating_mul(free.f_frsize) / 2 < size)
    }

    /// Sets aside room for `size` bytes, so that a full disk shows before the transfer.
    pub fn reserve_space(&self, size: u64) -> Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        if size == 0 {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, size) {
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                Err(self.write_error(&errno.into()))
            }
            _ => Ok(()),
        }
    }

    /// Gives the file its time, its permissions and its final name; with `fresh` only if nothing
    /// has that name.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`]; the partial file stays, unless it could not be synced.
    pub fn rename_to_target(self, modified: Option<NaiveDateTime>, fresh: bool) -> Result<()> {
        if let Some(time) = modified.and_then(system_time) {
            // A time that cannot be set is no reason to lose the file.
            let _ = self.file.set_modified(time);
        }
        // Those of somebody else's file were given to somebody else's content.
        let owner = rustix::fs::fstat(&self.file).ok().map(|stat| stat.st_uid);
        let replaced = self.replaced.filter(|(_, replaced)| Some(*replaced) == owner);
        if let Some((mode, _)) = replaced {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            let _ = self.file.set_permissions(permissions);
        }
        if reports_errors_late(&self.file)
            && let Err(error) = self.sync()
        {
            // Nobody knows what of it is there.
            self.discard_unusable();
            return Err(Error::local(self.target.path(), &error)
                .with_context("write")
                .with_hint("nothing of it is kept; an old file of this name is untouched"));
        }
        if !self.entry.is_same_file(&self.file) {
            let text = format!("{}: was replaced while it was filled", self.entry.path().display());
            return Err(Error::new(Kind::Local, text));
        }
        let renamed = if fresh {
            self.entry.rename_no_replace(&self.target)
        } else {
            self.entry.rename(&self.target)
        };
        renamed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if fresh => self.target.already_exists_error(),
            _ => Error::local(self.target.path(), &error),
        })?;
        PartialJournal::remove(&self.entry);
        Ok(())
    }

    /// Removes it: it holds nothing worth keeping.
    pub fn discard(self) {
        self.remove_with_journal();
    }

    /// A failed write in words, with where and why.
    pub fn write_error(&self, error: &io::Error) -> Error {
        let kept = "the old file, if there was one, is untouched";
        Error::local(self.entry.path(), error).with_context("write").with_hint(kept)
    }
}

impl Write for PartialFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Reads a file from its beginning, wherever it is being written to.
struct ReadFromStart<'a>(&'a File, u64);

impl Read for ReadFromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(buffer, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
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

#[cfg(test)]
mod tests;
