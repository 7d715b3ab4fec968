//! What exists at a download's target, and devices, which are written to directly.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FileType, OFlags};

use super::names::is_partial_name;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, file_type};

/// What exists at a download's target before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Absent,
    /// A file or link, which will be replaced if the user agrees.
    Replaceable,
    /// A device such as /dev/null: written to directly.
    Device,
    /// A link in /dev or /proc, such as /dev/stdout, or elsewhere one that points to a device:
    /// never replaced. It is written through only if the system created it.
    Link,
}

/// What happens to a file that exists under the final name when its download is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replace,
    /// There was none at first: one of exactly this name is replaced, but not one that only this
    /// disk takes for the same name.
    ReplaceSameName,
    /// There was none at first: it is kept.
    Keep,
}

impl Existing {
    /// Whether `target` exists and is kept.
    pub fn keeps(self, target: &EntryAt) -> bool {
        if self == Existing::Replace || matches!(target.stat(), Ok(None)) {
            return false;
        }
        let is_replaceable = || {
            target.case_variant().is_none()
                && matches!(examine_target(target), Ok(Target::Replaceable))
        };
        self == Existing::Keep || !is_replaceable()
    }
}

/// Examines a target without following a link.
///
/// # Errors
///
/// [`Kind::Local`] for a directory, a FIFO or a socket, for a name that is reserved for partial
/// files or invalid on the disk, and if it cannot be examined.
pub fn examine_target(target: &EntryAt) -> Result<Target> {
    let path = target.path();
    if is_partial_name(target.name()) {
        let text = format!("{}: this name is reserved for partial files", path.display());
        return Err(Error::new(Kind::Local, text).with_hint("give it another name with -o"));
    }
    target.check_name()?;
    let stat = target.stat().map_err(|error| Error::local_file(&path, &error))?;
    let Some(stat) = stat else { return Ok(Target::Absent) };
    match file_type(&stat) {
        FileType::Directory => {
            Err(Error::new(Kind::Local, format!("{}: is a directory (local)", path.display()))
                .with_hint("name the file with -o, or the directory with -O"))
        }
        FileType::Fifo | FileType::Socket => {
            Err(Error::new(Kind::Local, format!("{}: is not a regular file", path.display())))
        }
        FileType::CharacterDevice | FileType::BlockDevice => Ok(Target::Device),
        FileType::Symlink if is_in_system_directory(target) || leads_to_device(target) => {
            Ok(Target::Link)
        }
        _ => Ok(Target::Replaceable),
    }
}

/// Whether the directory is one whose links the system creates, to open files or devices.
pub fn is_in_system_directory(target: &EntryAt) -> bool {
    let directory = target.directory().path();
    let named = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(directory) = named.canonicalize() else { return false };
    let is_below = |above: &str| directory.starts_with(above);
    is_below("/proc") || (is_below("/dev") && !is_below("/dev/shm"))
}

fn leads_to_device(target: &EntryAt) -> bool {
    target.stat_through_link().is_ok_and(|stat| is_device_or_pipe(&stat))
}

/// Whether it takes bytes sequentially, regardless of offsets.
fn is_device_or_pipe(stat: &rustix::fs::Stat) -> bool {
    let kind = file_type(stat);
    matches!(kind, FileType::CharacterDevice | FileType::BlockDevice | FileType::Fifo)
}

/// Opens the target of a system link for writing.
pub fn open_through_link(target: &EntryAt) -> Result<File> {
    let path = target.path();
    let refused = |why: &str, hint: &str| {
        Err(Error::new(Kind::Local, format!("{}: {why}", path.display())).with_hint(hint))
    };
    if !is_in_system_directory(target) {
        return refused("is a link to a device, which is not followed", "name the device itself");
    }
    if !leads_to_device(target) {
        return refused("leads to no device or pipe", "name the file itself with -o");
    }
    let failed = |error: io::Error| Error::local_file(&path, &error);
    let file = File::options().write(true).open(&path).map_err(failed)?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| failed(errno.into()))?;
    if is_device_or_pipe(&stat) {
        Ok(file)
    } else {
        refused("leads to no device or pipe any more", "name the file itself with -o")
    }
}

/// Opens a device for writing, if it still is one.
pub fn open_device(target: &EntryAt) -> Result<File> {
    let failed = |error: io::Error| Error::local_file(target.path(), &error);
    let device = target.open(OFlags::WRONLY).map_err(failed)?;
    let stat = rustix::fs::fstat(&device).map_err(|errno| failed(errno.into()))?;
    if !matches!(file_type(&stat), FileType::CharacterDevice | FileType::BlockDevice) {
        let text = format!("{}: is no device any more", target.path().display());
        return Err(Error::new(Kind::Local, text));
    }
    // It was opened with O_NONBLOCK, but is written to in blocking mode.
    rustix::fs::fcntl_setfl(&device, OFlags::empty()).map_err(|errno| failed(errno.into()))?;
    Ok(device)
}
