//! Opening a partial file so that nobody else fills it: by a lock, and where a disk that takes two
//! names for one file makes the lock useless, by looking at what the disk calls it.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;

use rustix::fs::{FileType, FlockOperation, OFlags, Stat, flock};
use rustix::process::geteuid;

use super::names::{SUFFIX, is_partial_name};
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{Spot, file_type};

/// Creates the partial file of `target`, or opens the one that is there, and locks it.
///
/// # Errors
///
/// [`Kind::Local`] when it cannot be opened, is a link, or is another download's.
pub(super) fn create_or_open(spot: &Spot, target: &Spot, mode: u32) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let file = match spot.open_or_create(OFlags::RDWR | OFlags::EXCL, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let opened = spot.open_or_create(OFlags::RDWR, mode);
                spelled_otherwise(spot, target, opened.as_ref().ok())?;
                let file = locked(opened, spot, target)?;
                // Where a program serves the disk, the system may know a name for a second that is
                // gone already, as that of a file that is whole by now.
                match spot.on_disk() {
                    Some(name) if is_partial_name(&name) => file,
                    // It became a whole file before it was locked.
                    None => continue,
                    Some(_) => return Err(of_another(target)),
                }
            }
            created => locked(created, spot, target)?,
        };
        // What was locked may be a whole file by now, beside which another partial file was begun.
        if spot.holds(&file) {
            return Ok(file);
        }
    }
    Err(of_another(target))
}

/// How often a partial file may become a whole one while it is being opened.
const ATTEMPTS: usize = 10;

/// Whether it is safe that the disk spells the name of a partial file otherwise. Many programs that
/// serve disks take each spelling for a file of its own, also for locks, which then keep nobody
/// away: two locks show it.
fn spelled_otherwise(spot: &Spot, target: &Spot, opened: Option<&File>) -> Result<()> {
    let Some((twin, opened)) = spot.twin().zip(opened) else { return Ok(()) };
    let twin = spot.beside(twin);
    let other = match twin.open(OFlags::RDWR) {
        // It has become a whole file meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(of_another(target)),
        other => locked(other, &twin, target)?,
    };
    if flock(opened, FlockOperation::NonBlockingLockExclusive).is_ok() {
        return Err(of_another(target));
    }
    drop(other);
    Ok(())
}

fn of_another(target: &Spot) -> Error {
    let text =
        format!("{}: on this disk its partial file is that of another", target.path().display());
    Error::new(Kind::Local, text).with_hint("give it another name with -o")
}

/// Whether a file that was opened may be written to, or believed: it belongs to whom a new file
/// there would belong to, and has no second name. Anybody can make a link to another's file, and
/// whoever owns a file can have it open.
pub fn is_ours(file: &File, spot: &Spot) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| is_owned(&stat, spot))
}

fn is_owned(stat: &Stat, spot: &Spot) -> bool {
    stat.st_nlink <= 1
        && (stat.st_uid == geteuid().as_raw() || Some(stat.st_uid) == owner_of_new(spot))
}

/// Who owns a new file in this directory: not always who makes it, where the file system has one
/// owner for all (FAT) or another one for root (NFS).
fn owner_of_new(spot: &Spot) -> Option<u32> {
    let trial = spot.beside(format!(".{:016x}{SUFFIX}", RandomState::new().hash_one(0)));
    let file = trial.open_or_create(OFlags::WRONLY | OFlags::EXCL, 0o600).ok()?;
    let owner = rustix::fs::fstat(&file).ok().map(|stat| stat.st_uid);
    let _ = trial.remove();
    owner
}

/// Locks a partial file that was opened.
///
/// # Errors
///
/// [`Kind::Local`] when it is no file, or another ftpsh is filling it.
pub(super) fn locked(opened: io::Result<File>, spot: &Spot, target: &Spot) -> Result<File> {
    // While another download that the disk spells alike ends, a file served by a program may be
    // gone, or have two names.
    let of_twin = |error: Error| {
        if spot.directory().is_fat() { of_another(target) } else { error }
    };
    let failed = |error: io::Error| {
        let gone = error.kind() == io::ErrorKind::NotFound;
        let error = Error::local(spot.path(), &error).about("partial file");
        if gone { of_twin(error) } else { error }
    };
    let file = opened.map_err(failed)?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| failed(errno.into()))?;
    if file_type(&stat) != FileType::RegularFile {
        let text = format!("{}: is not a regular file", spot.path().display());
        return Err(Error::new(Kind::Local, text));
    }
    if !is_owned(&stat, spot) {
        let text = format!(
            "{}: the partial file belongs to another user, or has a second name",
            spot.path().display()
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
