//! A remote tree in memory, as a manifest describes it.
//!
//! Read it with [`ManifestParser`](super::format::ManifestParser), or fill it with
//! [`ManifestIndex::insert`]. It then answers for the tree without a query: [`ManifestIndex::get`]
//! for one path (compare a local file's SHA-256 with its [`Content`]),
//! [`ManifestIndex::list_directory`] as a listing that a mirror can be planned with. What it has no
//! entry for is unknown, not absent: only a mirror with `--manifest` may take it for absent. About
//! 120 bytes a file, if it was read.

use std::collections::BTreeMap;

use super::entry::{Content, ManifestEntry};
use crate::transfer::mirror::listing::CompactListing;
use crate::transfer::mirror::tree::{Item, ItemKind};

/// The entries of a manifest by path. Paths are relative to the target, with `/` between names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestIndex {
    entries: BTreeMap<Box<str>, PackedEntry>,
    /// The mirror that began it has not ended: of what has no entry nothing is known.
    pub unfinished: bool,
}

/// An entry in 48 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PackedEntry {
    sha256: [u8; 32],
    size: u64,
    mode: u16,
    kind: PackedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PackedKind {
    Directory,
    Known,
    Doubtful,
}

/// Permissions that are not known.
const NO_MODE: u16 = u16::MAX;

impl From<ManifestEntry> for PackedEntry {
    fn from(entry: ManifestEntry) -> Self {
        let (content, mode, kind) = match entry {
            ManifestEntry::Directory => (None, None, PackedKind::Directory),
            ManifestEntry::File { content: None, mode } => (None, mode, PackedKind::Doubtful),
            ManifestEntry::File { content, mode } => (content, mode, PackedKind::Known),
        };
        let Content { size, sha256 } = content.unwrap_or(Content { size: 0, sha256: [0; 32] });
        Self { sha256, size, mode: mode.unwrap_or(NO_MODE), kind }
    }
}

impl PackedEntry {
    fn unpack(&self) -> ManifestEntry {
        let Self { sha256, size, .. } = *self;
        let mode = Some(self.mode).filter(|mode| *mode != NO_MODE);
        match self.kind {
            PackedKind::Directory => ManifestEntry::Directory,
            PackedKind::Doubtful => ManifestEntry::File { content: None, mode },
            PackedKind::Known => {
                ManifestEntry::File { content: Some(Content { size, sha256 }), mode }
            }
        }
    }

    fn is_directory(&self) -> bool {
        self.kind == PackedKind::Directory
    }
}

impl FromIterator<(Box<str>, ManifestEntry)> for ManifestIndex {
    /// Takes less memory than inserting one entry after the other.
    fn from_iter<I: IntoIterator<Item = (Box<str>, ManifestEntry)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(path, entry)| (path, entry.into()));
        Self { entries: entries.collect(), unfinished: false }
    }
}

impl ManifestIndex {
    /// What is known of a path. A directory may have no entry of its own.
    pub fn get(&self, path: &str) -> Option<ManifestEntry> {
        self.entries.get(path).map(PackedEntry::unpack)
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, path: &str, entry: ManifestEntry) {
        match self.entries.get_mut(path) {
            Some(there) => *there = entry.into(),
            None => drop(self.entries.insert(path.into(), entry.into())),
        }
    }

    /// Records what a mirror did: `None` for what it has removed. What cannot be there together with
    /// the new entry, a file above it or anything below a file, has gone with it.
    pub fn record(&mut self, path: &str, entry: Option<ManifestEntry>) {
        let Some(entry) = entry else {
            self.entries.remove(path);
            return;
        };
        for (at, _) in path.match_indices('/') {
            if self.entries.get(&path[..at]).is_some_and(|above| !above.is_directory()) {
                self.entries.remove(&path[..at]);
            }
        }
        if !entry.is_directory() {
            let below: Vec<Box<str>> = self.below(path).map(|(path, _)| path.into()).collect();
            for path in below {
                self.entries.remove(&path);
            }
        }
        self.insert(path, entry);
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ManifestEntry)> {
        self.entries.iter().map(|(path, entry)| (&**path, entry.unpack()))
    }

    /// The entries below a directory, in the order of their paths.
    pub fn below(&self, directory: &str) -> impl Iterator<Item = (&str, ManifestEntry)> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from = prefix.clone().into_boxed_str();
        let entries = self.entries.range(from..).map(|(path, entry)| (&**path, entry.unpack()));
        entries.take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// Whether it knows a directory: by an entry, or by one below it. The root is always known.
    pub fn has_directory(&self, path: &str) -> bool {
        path.is_empty()
            || self.entries.get(path).is_some_and(PackedEntry::is_directory)
            || self.below(path).next().is_some()
    }

    /// The directory's items: files with their sizes, where these are not in doubt, and directories.
    /// A manifest has no times.
    pub fn list_directory(&self, directory: &str) -> CompactListing {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut listing = CompactListing::default();
        let mut from: Box<str> = prefix.as_str().into();
        while let Some((path, entry)) = self.entries.range(from.clone()..).next()
            && let Some(rest) = path.strip_prefix(&*prefix)
        {
            let name = rest.split('/').next().unwrap_or_default();
            let entry = entry.unpack();
            let (kind, mode) = match entry {
                ManifestEntry::File { mode, .. } if name.len() == rest.len() => {
                    (ItemKind::File, mode)
                }
                _ => (ItemKind::Directory, None),
            };
            let size = entry.content().map(|content| content.size);
            let size = size.filter(|_| kind == ItemKind::File);
            // A directory may come twice, with names such as `a-b` between `a` and `a/b`.
            let again = kind == ItemKind::Directory
                && name.len() < rest.len()
                && self.entries.contains_key(&*format!("{prefix}{name}"));
            if !name.is_empty() && !again {
                listing.push(Item { name, kind, size, modified: None, unique: None, mode });
            }
            // Behind the name, or behind all that is below it: `0` follows `/`.
            let next = if name.len() == rest.len() { '\0' } else { '0' };
            from = format!("{prefix}{name}{next}").into();
        }
        listing.sort();
        listing
    }

    /// A path that is both a file and a directory, if there is one.
    pub fn contradiction(&self) -> Option<&str> {
        let mut checked = "";
        self.entries.keys().find_map(|path| {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            if parent == checked {
                return None;
            }
            checked = parent;
            let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
            let above = |above: &str| self.entries.get(above).is_some_and(|e| !e.is_directory());
            ends.into_iter().find(|path| above(path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64) -> ManifestEntry {
        ManifestEntry::File { content: Some(Content { size, sha256: [7; 32] }), mode: Some(0o644) }
    }

    fn index(paths: &[&str]) -> ManifestIndex {
        let mut index = ManifestIndex::default();
        for path in paths {
            match path.strip_suffix('/') {
                Some(path) => index.insert(path, ManifestEntry::Directory),
                None => index.insert(path, file(path.len() as u64)),
            };
        }
        index
    }

    fn listed(index: &ManifestIndex, directory: &str) -> String {
        let mut names = Vec::new();
        for item in index.list_directory(directory).iter() {
            let slash = if item.kind == ItemKind::Directory { "/" } else { "" };
            names.push(format!("{}{slash}", item.name));
        }
        names.join(" ")
    }

    #[test]
    fn a_directory_lists_what_is_directly_in_it_once() {
        let index = index(&["a", "d/", "d-e", "d/x", "d/y/z", "d0", "e/f/g", "empty/", "é/ü"]);
        for (directory, expected) in [
            ("", "a d/ d-e d0 e/ empty/ é/"),
            ("d", "x y/"),
            ("d/y", "z"),
            ("e", "f/"),
            ("empty", ""),
            ("é", "ü"),
            ("nowhere", ""),
        ] {
            assert_eq!(listed(&index, directory), expected, "{directory}");
        }
        for (path, known) in
            [("", true), ("d", true), ("e", true), ("empty", true), ("a", false), ("f", false)]
        {
            assert_eq!(index.has_directory(path), known, "{path}");
        }
        assert_eq!(index.below("d").map(|(path, _)| path).collect::<Vec<_>>(), ["d/x", "d/y/z"]);
    }

    #[test]
    fn what_was_recorded_last_is_no_contradiction() {
        let mut index = index(&["a/b", "a/c/d", "e"]);
        index.record("a", Some(file(1)));
        index.record("e/f", Some(file(1)));
        index.record("g", None);
        let paths: Vec<&str> = index.iter().map(|(path, _)| path).collect();
        assert_eq!((paths.as_slice(), index.contradiction()), (&["a", "e/f"][..], None));
        index.record("a", None);
        assert_eq!(index.get("a"), None);
    }

    #[test]
    fn what_is_in_doubt_has_no_size() {
        let mut index = index(&["a"]);
        assert_eq!(index.list_directory("").get(0).unwrap().size, Some(1));
        index.insert("a", ManifestEntry::File { content: None, mode: None });
        assert_eq!(index.list_directory("").get(0).unwrap().size, None);
    }

    #[test]
    fn a_file_in_the_place_of_a_directory_is_a_contradiction() {
        assert_eq!(index(&["a", "a-b", "b/c", "b/d/e"]).contradiction(), None);
        assert_eq!(index(&["a", "a-b", "a/c"]).contradiction(), Some("a"));
        assert_eq!(index(&["a/b", "a/b/c/d"]).contradiction(), Some("a/b"));
    }

    #[test]
    fn an_entry_takes_little_memory() {
        assert!(size_of::<(Box<str>, PackedEntry)>() <= 64);
    }
}
