//! Local files: held directories, FAT naming rules, and the directories of ftpsh's own files.
//!
//! Nothing here depends on servers or transfers.

pub mod app_dirs;
pub(crate) mod dir_handle;
pub(crate) mod fat_names;
