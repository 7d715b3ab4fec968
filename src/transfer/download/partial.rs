//! The partial file: holds a download until it is complete.
//!
//! It is next to its target, with a name derived from the target's, is locked while it grows, and
//! becomes the target by one rename. So the final name always refers to the old version, to
//! nothing, or to the complete new one. A link in its place is never followed, and a file of
//! another user or with several hard links is never written to: in a shared directory it may be
//! anybody's.

use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::time::{Duration, SystemTime};

use chrono::NaiveDateTime;
use rustix::fs::{FileType, Mode, OFlags, RawMode};

use super::journal::PartialJournal;
use super::resume::ResumePoint;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, file_type};
use crate::fs::fat_names::reports_errors_late;
use crate::transfer::SyncFiles;
use crate::transfer::checksum::{Algorithm, Checksum};

mod names;
mod open;
mod target;

pub use names::{SUFFIX, is_partial_name, partial_entry, partial_path};
pub use open::is_safe_to_use;
pub use target::{
    Existing, Target, examine_target, is_in_system_directory, open_device, open_through_link,
};

/// The file of an incomplete download.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    entry: EntryAt,
    target: EntryAt,
    /// Permissions and owner of the file that will be replaced.
    replaced: Option<(RawMode, u32)>,
    /// Permissions that the file is to have instead of those of the replaced one.
    mode: Option<u32>,
}

impl PartialFile {
    /// Opens or creates the partial file of `target`. Its content is kept.
    pub fn open(target: &EntryAt) -> Result<Self> {
        let entry = partial_entry(target)?;
        let there = target.stat().ok().flatten();
        let replaced = there
            .filter(|stat| file_type(stat) == FileType::RegularFile)
            // Without setuid, setgid and sticky: nobody granted those to the new content.
            .map(|stat| (stat.st_mode & 0o777, stat.st_uid));
        let ours = replaced.filter(|(_, owner)| *owner == rustix::process::geteuid().as_raw());
        let file = open::create_or_open(&entry, target, ours.map_or(0o666, |(mode, _)| mode))?;
        Ok(Self { file, entry, target: target.clone(), replaced, mode: None })
    }

    /// Gives the file these permissions when it is complete. Nobody reads it meanwhile who could not
    /// then.
    pub fn set_final_mode(&mut self, mode: Option<u32>) {
        self.mode = mode;
        if let Some(mode) = mode {
            // A failure leaves what the umask grants.
            let _ = self.file.set_permissions(Permissions::from_mode(mode & 0o666 | 0o600));
        }
    }

    /// Its length in bytes.
    pub fn length(&self) -> Result<u64> {
        self.file
            .metadata()
            .map(|metadata| metadata.len())
            .map_err(|error| self.write_error(&error))
    }

    /// The point at which to resume: its last block is compared.
    pub fn start_at_end(&self) -> Result<ResumePoint> {
        ResumePoint::with_last_block(self.length()?, &mut |offset, count| {
            self.read_at(offset, count)
        })
    }

    /// The same, with samples from the whole file.
    pub fn start_with_samples(&self) -> Result<ResumePoint> {
        ResumePoint::with_samples(self.length()?, &mut |offset, count| self.read_at(offset, count))
    }

    /// Reads `count` existing bytes at an offset.
    pub fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = self.file.read_exact_at(&mut bytes, offset);
        read.map(|()| bytes).map_err(|error| self.write_error(&error))
    }

    /// Writes at an offset, concurrently with writes at other offsets.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// Syncs it to the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Discards its content.
    pub fn truncate_to_zero(&mut self) -> Result<()> {
        if self.length()? == 0 {
            return self.file.rewind().map_err(|error| self.write_error(&error));
        }
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| self.write_error(&error))
    }

    /// Further writes are appended.
    pub fn seek_to_end(&mut self) -> Result<()> {
        self.file.seek(SeekFrom::End(0)).map(drop).map_err(|error| self.write_error(&error))
    }

    /// Makes the file under the final name the partial file; writes are appended.
    pub fn adopt_target(&mut self) -> io::Result<()> {
        self.target.rename(&self.entry)?;
        self.file = open::lock_opened(self.entry.open(OFlags::RDWR), &self.entry, &self.target)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.file.seek(SeekFrom::End(0)).map(drop)
    }

    /// The checksum of its content.
    pub fn checksum(&self, algorithm: Algorithm) -> Result<Checksum> {
        let whole = algorithm.compute(&mut ReadFromStart(&self.file, 0));
        whole.map_err(|error| self.write_error(&error))
    }

    /// Makes sure that its content is not resumed.
    pub fn discard_unusable(&self) {
        let _ = self.file.set_len(0);
        self.remove_with_journal();
    }

    /// Removes it, unless somebody else has replaced it.
    fn remove_with_journal(&self) {
        if self.entry.is_same_file(&self.file) {
            let _ = self.entry.remove_file();
        }
        PartialJournal::remove(&self.entry);
    }

    /// The entry of the partial file.
    pub fn entry(&self) -> &EntryAt {
        &self.entry
    }

    /// The entry that it will become.
    pub fn target(&self) -> &EntryAt {
        &self.target
    }

    /// Whether there may be too little space for `size` bytes.
    pub fn may_lack_room_for(&self, size: u64) -> bool {
        let free = rustix::fs::fstatvfs(&self.file);
        free.is_ok_and(|free| free.f_bavail.saturating_mul(free.f_frsize) / 2 < size)
    }

    /// Allocates space for `size` bytes, so that a full disk is detected before the transfer.
    /// Linux only: elsewhere an allocation changes the length, by which a transfer is resumed.
    #[cfg(target_os = "linux")]
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

    /// See above.
    #[cfg(not(target_os = "linux"))]
    pub fn reserve_space(&self, _size: u64) -> Result<()> {
        Ok(())
    }

    /// Sets the file's time and permissions, syncs it and renames it to its final name, unless a
    /// file with that name is kept.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`]; the partial file remains, unless it could not be synced or another file has
    /// the name: nothing would resume it.
    pub fn rename_to_target(
        self,
        modified: Option<NaiveDateTime>,
        existing: Existing,
        sync: SyncFiles,
    ) -> Result<()> {
        if let Some(time) = modified.and_then(system_time) {
            // Failing to set the time must not lose the file.
            let _ = self.file.set_modified(time);
        }
        // Permissions of another user's file were granted to that user's content.
        let owner = rustix::fs::fstat(&self.file).ok().map(|stat| stat.st_uid);
        let replaced = self.replaced.filter(|(_, replaced)| Some(*replaced) == owner);
        match (self.mode, replaced) {
            (Some(mode), _) => {
                let _ = self.file.set_permissions(Permissions::from_mode(mode));
            }
            (None, Some((mode, _))) => {
                let _ = rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode));
            }
            (None, None) => {}
        }
        let synced = match sync {
            SyncFiles::Always => self.file.sync_all(),
            SyncFiles::Auto if reports_errors_late(&self.file) => self.sync(),
            SyncFiles::Auto | SyncFiles::Never => Ok(()),
        };
        if let Err(error) = synced {
            // It is unknown how much of it was written.
            self.discard_unusable();
            return Err(Error::local_file(self.target.path(), &error)
                .with_context("write")
                .with_hint("nothing of it is kept; an old file of this name is untouched"));
        }
        if !self.entry.is_same_file(&self.file) {
            let text = format!("{}: was replaced while it was filled", self.entry.path().display());
            return Err(Error::new(Kind::Local, text));
        }
        let renamed = match existing {
            Existing::Replace => self.entry.rename(&self.target),
            _ => match self.entry.rename_no_replace(&self.target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if existing.keeps(&self.target) {
                        self.remove_with_journal();
                        return Err(self.target.already_exists_error());
                    }
                    self.entry.rename(&self.target)
                }
                renamed => renamed,
            },
        };
        renamed.map_err(|error| Error::local_file(self.target.path(), &error))?;
        if sync == SyncFiles::Always {
            self.target.directory().sync()?;
        }
        PartialJournal::remove(&self.entry);
        Ok(())
    }

    /// Removes it: its content is worthless.
    pub fn discard(self) {
        self.remove_with_journal();
    }

    /// The error of a failed write, with path and cause.
    pub fn write_error(&self, error: &io::Error) -> Error {
        let kept = "the old file, if there was one, is untouched";
        Error::local_file(self.entry.path(), error).with_context("write").with_hint(kept)
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

/// Reads a file from its beginning, independently of the write position.
struct ReadFromStart<'a>(&'a File, u64);

impl Read for ReadFromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(buffer, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
}

/// A time as the file system takes it.
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
