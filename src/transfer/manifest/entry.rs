//! What a manifest says of one path.

/// Size and SHA-256 of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of all of them.
    pub sha256: [u8; 32],
}

/// An entry that a mirror has put into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestEntry {
    /// A file.
    File {
        /// `None` is in doubt: a mirror began to replace or delete it and has not said how that
        /// ended.
        content: Option<Content>,
        /// The permission bits that it was given.
        mode: Option<u16>,
    },
    /// A directory, with or without files in it.
    Directory,
}

impl ManifestEntry {
    /// The content of a file that is not in doubt.
    pub fn content(&self) -> Option<Content> {
        match self {
            ManifestEntry::File { content, .. } => *content,
            ManifestEntry::Directory => None,
        }
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        *self == ManifestEntry::Directory
    }
}
