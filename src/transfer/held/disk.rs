//! Names that the disks of DOS and Windows do not take as they are.
//!
//! FAT cuts trailing dots and spaces off, takes `a:b` for a stream of `a`, and Windows takes
//! `NUL.txt` for a device whatever directory it is in.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;

/// The names of devices, with any extension.
const DEVICES: [&[u8]; 6] = [b"con", b"prn", b"aux", b"nul", b"conin$", b"conout$"];

/// Why FAT does not take a name; `None` if it does.
pub(super) fn refused(name: &OsStr) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if bytes.iter().any(|byte| *byte < 0x20 || b"\"*:<>?\\|".contains(byte)) {
        return Some("this disk takes no such characters in a name");
    }
    if matches!(bytes.last(), Some(b'.' | b' ')) {
        return Some("this disk would drop the dot or space at the end of the name");
    }
    let stem = bytes.split(|byte| *byte == b'.').next().unwrap_or(bytes).trim_ascii_end();
    let stem = stem.to_ascii_lowercase();
    let numbered = |stem: &[u8]| match stem.split_at_checked(3) {
        Some((b"com" | b"lpt", [digit])) => (b'1'..=b'9').contains(digit),
        _ => false,
    };
    if DEVICES.contains(&stem.as_slice()) || numbered(&stem) {
        return Some("this name is that of a device on DOS and Windows disks");
    }
    None
}

/// Whether a directory lies on such a disk (linux/magic.h, and the sources of exfat and ntfs3).
#[cfg(target_os = "linux")]
pub(super) fn is_fat(directory: impl AsFd) -> bool {
    const MSDOS: u64 = 0x4d44;
    const EXFAT: u64 = 0x2011_bab0;
    const NTFS3: u64 = 0x7366_746e;
    let kind = rustix::fs::fstatfs(directory).map(|stat| stat.f_type as u64 & 0xffff_ffff);
    kind.is_ok_and(|kind| [MSDOS, EXFAT, NTFS3].contains(&kind))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_fat(_directory: impl AsFd) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fat_does_not_take_is_refused_and_nothing_else() {
        for name in [
            "CON",
            "con",
            "NUL.txt",
            "nul.tar.gz",
            "aux ",
            "AUX .c",
            "COM1",
            "lpt9.x",
            "a:b",
            "a*",
            "a?",
            "a|b",
            "<a>",
            "\"",
            "a\\b",
            "x.",
            "x ",
            "x..",
            "a\x01b",
            "CONIN$",
        ] {
            assert!(refused(OsStr::new(name)).is_some(), "{name:?}");
        }
        for name in [
            "console",
            "nul1",
            "COM0",
            "COM10",
            "lpt",
            ".con",
            "a.con",
            "x. y",
            " x",
            "name.txt",
            "caf\u{e9}",
            ".ftpsh-part",
            "auxiliary.c",
            "com",
            "a;b",
            "~x",
        ] {
            assert!(refused(OsStr::new(name)).is_none(), "{name:?}");
        }
    }
}
