//! Names that are invalid on DOS and Windows disks.
//!
//! FAT strips trailing dots and spaces, `a:b` is a stream of `a`, and Windows treats `NUL.txt` as a
//! device in any directory.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;

/// Device names, with any extension.
const DEVICES: [&[u8]; 6] = [b"con", b"prn", b"aux", b"nul", b"conin$", b"conout$"];

/// Why a name is invalid on FAT; `None` if it is valid.
pub fn why_fat_refuses(name: &OsStr) -> Option<&'static str> {
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

/// FUSE (linux/magic.h).
#[cfg(target_os = "linux")]
const FUSE: u64 = 0x6573_5546;

/// The type of the file system of a file, as returned by statfs.
#[cfg(target_os = "linux")]
fn file_system_type(file: impl AsFd) -> Option<u64> {
    rustix::fs::fstatfs(file).ok().map(|stat| stat.f_type as u64 & 0xffff_ffff)
}

/// Whether a directory is on such a disk (linux/magic.h, and the sources of exfat and ntfs3).
#[cfg(target_os = "linux")]
pub fn is_fat_disk(directory: impl AsFd) -> bool {
    const MSDOS: u64 = 0x4d44;
    const EXFAT: u64 = 0x2011_bab0;
    const NTFS3: u64 = 0x7366_746e;
    match file_system_type(&directory) {
        Some(FUSE) => {
            let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
            let device = rustix::fs::fstat(directory).map(|stat| stat.st_dev);
            device.is_ok_and(|device| is_fat_by_fuse(&mounts, device))
        }
        kind => kind.is_some_and(|kind| [MSDOS, EXFAT, NTFS3].contains(&kind)),
    }
}

/// Whether write errors may be reported only when a file is synced or closed: network file systems
/// and FUSE (linux/magic.h). Syncing costs little there: closing does the same.
#[cfg(target_os = "linux")]
pub fn reports_errors_late(file: impl AsFd) -> bool {
    const NFS: u64 = 0x6969;
    const CIFS: u64 = 0xff53_4d42;
    const SMB2: u64 = 0xfe53_4d42;
    const CEPH: u64 = 0x00c3_6400;
    const PLAN9: u64 = 0x0102_1997;
    match file_system_type(&file) {
        // A local disk is as slow to sync as any.
        Some(FUSE) => !is_fat_disk(file),
        kind => kind.is_some_and(|kind| [NFS, CIFS, SMB2, CEPH, PLAN9].contains(&kind)),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn reports_errors_late(_file: impl AsFd) -> bool {
    true
}

/// All FUSE file systems have the same magic number; the mount table (proc(5)) has the details.
/// NTFS-3G and exfat-fuse, and hardly anything else, are `fuseblk`.
#[cfg(target_os = "linux")]
fn is_fat_by_fuse(mounts: &str, device: u64) -> bool {
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    mounts.lines().filter(|line| line.split(' ').nth(2) == Some(&device)).any(|line| {
        let kind = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next());
        kind.is_some_and(|kind| {
            kind == "fuseblk"
                || kind.starts_with("fuse.") && (kind.contains("fat") || kind.contains("ntfs"))
        })
    })
}

#[cfg(not(target_os = "linux"))]
pub fn is_fat_disk(_directory: impl AsFd) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_of_windows_that_a_program_serves_is_known_by_the_table_of_mounts() {
        let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            40 22 7:0 / /media/a\\040-\\040b rw,nosuid - fuseblk /dev/loop0 rw,user_id=0\n\
            41 22 0:41 / /mnt/s rw shared:7 master:2 - fuse.sshfs host: rw\n\
            42 22 0:42 / /mnt/f rw - fuse.fusefat fusefat rw\n";
        for (major, minor, fat) in
            [(254, 0, false), (7, 0, true), (0, 41, false), (0, 42, true), (0, 43, false)]
        {
            let device = rustix::fs::makedev(major, minor);
            assert_eq!(is_fat_by_fuse(mounts, device), fat, "{major}:{minor}");
        }
    }

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
            assert!(why_fat_refuses(OsStr::new(name)).is_some(), "{name:?}");
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
            assert!(why_fat_refuses(OsStr::new(name)).is_none(), "{name:?}");
        }
    }
}
