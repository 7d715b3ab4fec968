//! The names of partial files, derived from their target's and short enough for the same directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::EntryAt;

/// The suffix of a partial file's name.
pub const SUFFIX: &str = ".ftpsh-part";

/// The maximum length of a file name, in bytes.
const NAME_MAX: usize = 255;

/// Space for the two extra letters of the journal's name, and the three of its temporary one.
const SPARE: usize = 6;

/// The partial file of `target`: `.NAME.ftpsh-part` next to it, shortened (with a hash of the whole
/// name) if that would be too long.
pub fn partial_path(target: &Path) -> Result<PathBuf> {
    let name = target
        .file_name()
        .ok_or_else(|| Error::new(Kind::Local, format!("{}: names no file", target.display())))?;
    Ok(target.with_file_name(checked_partial_name(name, target)?))
}

/// Like [`partial_path`], for an entry whose directory is held open.
pub fn partial_entry(target: &EntryAt) -> Result<EntryAt> {
    Ok(target.sibling(checked_partial_name(target.name(), &target.path())?))
}

fn checked_partial_name(name: &OsStr, target: &Path) -> Result<OsString> {
    if name.len() > NAME_MAX {
        return Err(Error::new(
            Kind::Local,
            format!("{}: the name is longer than {NAME_MAX} bytes", target.display()),
        ));
    }
    Ok(partial_name(name))
}

/// Whether a name is that of a partial file or of a file that belongs to one.
pub fn is_partial_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(b".") && bytes.windows(SUFFIX.len()).any(|part| part == SUFFIX.as_bytes())
}

fn partial_name(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let mut partial = b".".to_vec();
    if bytes.len() + 1 + SUFFIX.len() + SPARE <= NAME_MAX {
        partial.extend_from_slice(bytes);
    } else {
        // 16 hexadecimal digits and a dash distinguish names with the same beginning.
        let keep = NAME_MAX - 1 - SUFFIX.len() - SPARE - 17;
        partial.extend_from_slice(&bytes[..keep]);
        partial.extend_from_slice(format!("-{:016x}", fnv1a(bytes)).as_bytes());
    }
    partial.extend_from_slice(SUFFIX.as_bytes());
    OsString::from_vec(partial)
}

/// The FNV-1a hash (draft-eastlake-fnv): unlike the standard library's, the same in every run and
/// version, so that a later run finds the partial file again.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
