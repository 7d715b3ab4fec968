//! Local files: held directories, FAT naming rules, and the directories of ftpsh's own files.
//!
//! Nothing here depends on servers or transfers.

pub mod app_dirs;
pub mod dir_handle;
pub mod fat_names;
