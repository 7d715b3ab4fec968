//! Local files: held directories, FAT naming rules, and the directories of ftpsh's own files.
//!
//! Nothing here depends on servers or transfers.

pub mod app_dirs;
pub(crate) mod dir_handle;
pub(crate) mod fat_names;

/// The permission bits that new files of this process do not get.
pub(crate) fn umask() -> u16 {
    use rustix::fs::Mode;
    // It can only be read by setting it; a file made meanwhile by another thread is private.
    let umask = rustix::process::umask(Mode::from_raw_mode(0o077));
    rustix::process::umask(umask);
    u16::try_from(umask.bits() & 0o777).unwrap_or(0o077)
}
