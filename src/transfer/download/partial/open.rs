//! Opens a partial file for exclusive use: by a lock, and, if the disk treats two names as one file
//! and so makes the lock useless, by checking the name that the disk uses.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use rustix::fs::{FileType, FlockOperation, OFlags, RawMode, Stat, flock};
use rustix::process::geteuid;

use super::names::{SUFFIX, is_partial_name};
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, file_type};

/// Creates or opens the partial file of `target`, and locks it.
pub(super) fn create_or_open(entry: &EntryAt, target: &EntryAt, mode: RawMode) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let file = match entry.open_or_create(OFlags::RDWR | OFlags::EXCL, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let opened = entry.open_or_create(OFlags::RDWR, mode);
                check_case_variant(entry, target, opened.as_ref().ok())?;
                let file = lock_opened(opened, entry, target)?;
                // On FUSE a removed name may resolve for another second, to a file completed by
                // now.
                match entry.stored_name() {
                    Some(name) if is_partial_name(&name) => file,
                    // It was completed before it was locked.
                    None => continue,
                    Some(_) => return Err(other_download_error(target)),
                }
            }
            created => lock_opened(created, entry, target)?,
        };
        // The locked file may be complete by now, with another partial file next to it.
        if entry.is_same_file(&file) {
            return Ok(file);
        }
    }
    Err(other_download_error(target))
}

/// How often the partial file may be completed by others while it is being opened.
const ATTEMPTS: usize = 10;

/// Whether a different spelling of the partial file's name on disk is safe. Many FUSE file systems
/// treat each spelling as a file of its own, also for locks, which are then useless: taking two
/// locks detects this.
fn check_case_variant(entry: &EntryAt, target: &EntryAt, opened: Option<&File>) -> Result<()> {
    let Some((twin, opened)) = entry.case_variant().zip(opened) else { return Ok(()) };
    let twin = entry.sibling(twin);
    let other = match twin.open(OFlags::RDWR) {
        // It was completed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(other_download_error(target));
        }
        other => lock_opened(other, &twin, target)?,
    };
    if flock(opened, FlockOperation::NonBlockingLockExclusive).is_ok() {
        return Err(other_download_error(target));
    }
    drop(other);
    Ok(())
}

fn other_download_error(target: &EntryAt) -> Error {
    let text =
        format!("{}: on this disk its partial file is that of another", target.path().display());
    Error::new(Kind::Local, text).with_hint("give it another name with -o")
}

/// Whether an opened file may be written to or trusted: it has the owner that a new file there
/// would have, and only one hard link. Anybody can create a link to another user's file, and the
/// owner of a file can keep it open.
pub fn is_safe_to_use(file: &File, entry: &EntryAt) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| is_owned(&stat, entry))
}

fn is_owned(stat: &Stat, entry: &EntryAt) -> bool {
    stat.st_nlink <= 1
        && (stat.st_uid == geteuid().as_raw() || Some(stat.st_uid) == owner_of_new(entry))
}

/// The owner of a new file in this directory: not always the user who creates it, if the file
/// system has one owner for all (FAT) or another one for root (NFS).
fn owner_of_new(entry: &EntryAt) -> Option<u32> {
    let trial = entry.sibling(format!(".{:016x}{SUFFIX}", RandomState::new().hash_one(0)));
    let file = trial.open_or_create(OFlags::WRONLY | OFlags::EXCL, 0o600).ok()?;
    let owner = rustix::fs::fstat(&file).ok().map(|stat| stat.st_uid);
    let _ = trial.remove_file();
    owner
}

pub(super) fn lock_opened(
    opened: io::Result<File>,
    entry: &EntryAt,
    target: &EntryAt,
) -> Result<File> {
    // While another download to a case variant of the name ends, a file on FUSE may be gone, or
    // have two names.
    let of_twin = |error: Error| {
        if entry.directory().is_fat() { other_download_error(target) } else { error }
    };
    let failed = |error: io::Error| {
        let gone = error.kind() == io::ErrorKind::NotFound;
        let error = Error::local_file(entry.path(), &error).with_context("partial file");
        if gone { of_twin(error) } else { error }
    };
    let file = opened.map_err(failed)?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| failed(errno.into()))?;
    if file_type(&stat) != FileType::RegularFile {
        let text = format!("{}: is not a regular file", entry.path().display());
        return Err(Error::new(Kind::Local, text));
    }
    if !is_owned(&stat, entry) {
        let text = format!(
            "{}: the partial file belongs to another user, or has a second name",
            entry.path().display()
        );
        let error = Error::new(Kind::Local, text);
        return Err(of_twin(
            error.with_hint("remove it, or give the download another name with -o"),
        ));
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        let text = format!("{}: another ftpsh is fetching this file", target.path().display());
        Error::new(Kind::Local, text)
    })?;
    Ok(file)
}
