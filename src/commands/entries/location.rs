//! Where the entry of a listing lies on the server.

use std::borrow::Cow;

use crate::ftp::list_formats::Entry;
use crate::ftp::path::RemotePath;

/// Where an entry lies.
#[derive(Debug, Clone, Copy)]
pub enum EntryLocation<'a> {
    /// At this absolute path.
    At(&'a RemotePath),
    /// In this directory, as a listing of it said.
    In(&'a RemotePath),
}

impl<'a> EntryLocation<'a> {
    /// The entry's absolute path. A name that is no path is shown, but leads nowhere.
    pub fn entry_path(self, entry: &Entry) -> Cow<'a, RemotePath> {
        match self {
            EntryLocation::At(path) => Cow::Borrowed(path),
            EntryLocation::In(directory) => {
                let name = &entry.name;
                let slash = if directory.as_str().ends_with('/') { "" } else { "/" };
                let path = RemotePath::new(format!("{directory}{slash}{name}"));
                path.map_or(Cow::Borrowed(directory), Cow::Owned)
            }
        }
    }
}
