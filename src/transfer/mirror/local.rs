//! A local directory as one side of a mirror.
//!
//! Nothing outside it is ever written, followed or deleted: names are single safe components,
//! and a link in the place of a directory is refused.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::DateTime;

use super::listing::Listing;
use super::tree::{Item, ItemKind, Stamp, Tree};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::{decode_name, encode_name, safe_component};
use crate::transfer::partial::SUFFIX;

/// A local tree.
#[derive(Debug, Clone)]
pub struct LocalTree {
    root: PathBuf,
}

impl LocalTree {
    /// The tree below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a path of the tree lies.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] for a name that would lead out of the tree.
    pub fn locate(&self, path: &str) -> Result<PathBuf> {
        let mut located = self.root.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let name = safe_component(name)
                .map_err(|why| Error::new(Kind::Local, format!("{path}: {why}")))?;
            located.push(bytes(name));
        }
        Ok(located)
    }

    /// Where a file of the tree is to be written.
    ///
    /// # Errors
    ///
    /// As [`LocalTree::locate`]; a link in the place of a directory on the way.
    pub fn locate_file(&self, path: &str) -> Result<PathBuf> {
        let parent = Path::new(path).parent().and_then(Path::to_str).unwrap_or_default();
        self.directory(parent)?;
        self.locate(path)
    }

    /// Where a path lies, if every directory on the way is one and not a link.
    fn directory(&self, path: &str) -> Result<PathBuf> {
        let located = self.locate(path)?;
        let mut walked = self.root.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            walked.push(bytes(name));
            match walked.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => {
                    return Err(Error::new(
                        Kind::Local,
                        format!("{}: is a link; nothing is written through it", walked.display()),
                    ));
                }
                _ => {}
            }
        }
        Ok(located)
    }
}

fn bytes(name: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    PathBuf::from(std::ffi::OsString::from_vec(encode_name(name)))
}

fn item<'a>(name: &'a str, metadata: &std::fs::Metadata) -> Item<'a> {
    let kind = match metadata.file_type() {
        kind if kind.is_file() => ItemKind::File,
        kind if kind.is_dir() => ItemKind::Directory,
        kind if kind.is_symlink() => ItemKind::Link,
        _ => ItemKind::Other,
    };
    let modified = DateTime::from_timestamp(metadata.mtime(), 0);
    Item {
        name,
        kind,
        size: (kind == ItemKind::File).then_some(metadata.len()),
        modified: modified.map(|time| Stamp::exact(time.naive_utc())),
        unique: None,
    }
}

impl Tree for LocalTree {
    fn list(&self, path: &str, cancel: &Cancel) -> Result<Option<Listing>> {
        let directory = self.directory(path)?;
        let failed = |error: std::io::Error| Error::local(&directory, &error);
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut listing = Listing::default();
        for entry in entries {
            cancel.check()?;
            let entry = entry.map_err(failed)?;
            let name = std::os::unix::ffi::OsStrExt::as_bytes(&*entry.file_name()).to_vec();
            let name = decode_name(&name);
            // What an interrupted download left is no part of the tree.
            if name.starts_with('.') && name.contains(SUFFIX) {
                continue;
            }
            match safe_component(&name) {
                // The metadata of the entry itself: links are not followed.
                Ok(_) => {
                    let metadata = entry.metadata().map_err(failed)?;
                    listing.push(item(&name, &metadata));
                }
                Err(why) => listing.complaints.push(format!("{name}: {why}")),
            }
        }
        listing.sort();
        Ok(Some(listing))
    }

    fn follow<'a>(&self, path: &str, link: Item<'a>, _cancel: &Cancel) -> Result<Item<'a>> {
        let located = self.locate(path)?;
        let metadata =
            std::fs::metadata(&located).map_err(|error| Error::local(&located, &error))?;
        Ok(item(link.name, &metadata))
    }

    fn make_directory(&self, path: &str, _cancel: &Cancel) -> Result<()> {
        let directory = self.directory(path)?;
        let made = if path.is_empty() {
            std::fs::create_dir_all(&directory)
        } else {
            std::fs::create_dir(&directory)
        };
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
            other => other.map_err(|error| Error::local(&directory, &error)),
        }
    }

    fn remove(&self, path: &str, kind: ItemKind, _cancel: &Cancel) -> Result<()> {
        let located = self.locate_file(path)?;
        let removed = match kind {
            ItemKind::Directory => std::fs::remove_dir(&located),
            _ => std::fs::remove_file(&located),
        };
        removed.map_err(|error| Error::local(&located, &error))
    }

    fn show(&self, path: &str) -> String {
        self.locate(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go() -> Cancel {
        Cancel::new()
    }

    #[test]
    fn a_link_in_the_place_of_a_directory_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("lnk")).unwrap();
        std::fs::write(outside.path().join("x"), "untouched").unwrap();
        let tree = LocalTree::new(dir.path().to_owned());
        assert!(tree.list("lnk", &go()).is_err());
        assert!(tree.make_directory("lnk/sub", &go()).is_err());
        assert!(tree.remove("lnk/x", ItemKind::File, &go()).is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
        // The link itself is inside.
        tree.remove("lnk", ItemKind::Link, &go()).unwrap();
        assert!(outside.path().join("x").exists());
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let tree = LocalTree::new("/somewhere".into());
        for path in ["..", "a/../../b", "a/\u{1}"] {
            assert!(tree.locate(path).is_err(), "{path}");
        }
        assert_eq!(tree.locate("a/b").unwrap(), Path::new("/somewhere/a/b"));
    }

    #[test]
    fn a_directory_that_is_not_there_is_told_from_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let tree = LocalTree::new(dir.path().join("new"));
        assert_eq!(tree.list("", &go()).unwrap(), None);
        tree.make_directory("", &go()).unwrap();
        assert_eq!(tree.list("", &go()).unwrap(), Some(Listing::default()));
    }

    #[test]
    fn what_interrupted_downloads_left_is_no_part_of_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", ".b.ftpsh-part", ".b.ftpsh-part.j"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let tree = LocalTree::new(dir.path().to_owned());
        let listing = tree.list("", &go()).unwrap().unwrap();
        assert_eq!(listing.iter().map(|item| item.name).collect::<Vec<_>>(), ["a"]);
    }
}
