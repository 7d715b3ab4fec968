//! Opening a partial file so that nobody else fills it: by a lock, and where a disk that takes two
//! names for one file makes the lock useless, by looking at what the disk calls it.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use rustix::fs::{FileType, FlockOperation, OFlags, Stat, flock};
use rustix::process::geteuid;

use super::names::{SUFFIX, is_partial_name};
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, file_type};

/// Creates the partial file of `target`, or opens the one that is there, and locks it.
pub(super) fn create_or_open(entry: &EntryAt, target: &EntryAt, mode: u32) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let file = match entry.open_or_create(OFlags::RDWR | OFlags::EXCL, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let opened = entry.open_or_create(OFlags::RDWR, mode);
                check_case_variant(entry, target, opened.as_ref().ok())?;
                let file = lock_opened(opened, entry, target)?;
                // Where a program serves the disk, the system may know a name for a second that is
                // gone already, as that of a file that is whole by now.
                match entry.stored_name() {
                    Some(name) if is_partial_name(&name) => file,
                    // It became a whole file before it was locked.
                    None => continue,
                    Some(_) => return Err(other_download_error(target)),
                }
            }
            created => lock_opened(created, entry, target)?,
        };
        // What was locked may be a whole file by now, beside which another partial file was begun.
        if entry.is_same_file(&file) {
            return Ok(file);
        }
    }
    Err(other_download_error(target))
}

/// How often a partial file may become a whole one while it is being opened.
const ATTEMPTS: usize = 10;

/// Whether it is safe that the disk spells the name of a partial file otherwise. Many programs that
/// serve disks take each spelling for a file of its own, also for locks, which then keep nobody
/// away: two locks show it.
fn check_case_variant(entry: &EntryAt, target: &EntryAt, opened: Option<&File>) -> Result<()> {
    let Some((twin, opened)) = entry.case_variant().zip(opened) else { return Ok(()) };
    let twin = entry.sibling(twin);
    let other = match twin.open(OFlags::RDWR) {
        // It has become a whole file meanwhile.
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

/// Whether a file that was opened may be written to, or believed: it belongs to whom a new file
/// there would belong to, and has no second name. Anybody can make a link to another's file, and
/// whoever owns a file can have it open.
pub fn is_safe_to_use(file: &File, entry: &EntryAt) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| is_owned(&stat, entry))
}

fn is_owned(stat: &Stat, entry: &EntryAt) -> bool {
    stat.st_nlink <= 1
        && (stat.st_uid == geteuid().as_raw() || Some(stat.st_uid) == owner_of_new(entry))
}

/// Who owns a new file in this directory: not always who makes it, where the file system has one
/// owner for all (FAT) or another one for root (NFS).
fn owner_of_new(entry: &EntryAt) -> Option<u32> {
    let trial = entry.sibling(format!(".{:016x}{SUFFIX}", RandomState::new().hash_one(0)));
    let file = trial.open_or_create(OFlags::WRONLY | OFlags::EXCL, 0o600).ok()?;
    let owner = rustix::fs::fstat(&file).ok().map(|stat| stat.st_uid);
    let _ = trial.remove_file();
    owner
}

/// Locks a partial file that was opened.
pub(super) fn lock_opened(
    opened: io::Result<File>,
    entry: &EntryAt,
    target: &EntryAt,
) -> Result<File> {
    // While another download that the disk spells alike ends, a file served by a program may be
    // gone, or have two names.
    let of_twin = |error: Error| {
        if entry.directory().is_fat() { other_download_error(target) } else { error }
    };
    let failed = |error: io::Error| {
        let gone = error.kind() == io::ErrorKind::NotFound;
        let error = Error::local(entry.path(), &error).with_context("partial file");
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
