//! Files on this side: directories that are held open, the rules of FAT disks for names, and
//! where ftpsh keeps its own files.
//!
//! Nothing here knows servers or transfers.

pub mod app_dirs;
pub mod dir_handle;
pub mod fat_names;
