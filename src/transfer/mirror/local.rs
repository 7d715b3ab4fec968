//! A local directory as one side of a mirror.
//!
//! Nothing outside it is ever written, followed or deleted: names are single safe components, and a
//! link in place of a directory is refused.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::DateTime;
use rustix::fs::{FileType, OFlags, Stat};

use super::listing::CompactListing;
use super::tree::{Followed, Item, ItemKind, ListResult, Timestamp, Tree};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{DirHandle, EntryAt, file_type, fold_case, is_same_inode};
use crate::ftp::path::{decode_name, encode_name, safe_component};
use crate::transfer::download::partial::is_partial_name;

/// What is at a path of a local tree.
#[derive(Debug)]
pub enum Found {
    /// A file, directory or link.
    Entry(Stat),
    /// Nothing.
    Nothing,
    /// It is not in the tree: a directory on the way is a link.
    BehindLink,
}

/// A local tree. Its root is opened once; all operations are relative to it.
#[derive(Debug)]
pub struct LocalTree {
    root: PathBuf,
    held: OnceLock<DirHandle>,
    follows: bool,
    /// New directories are synced.
    syncs: bool,
}

impl LocalTree {
    /// The tree below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root, held: OnceLock::new(), follows: false, syncs: false }
    }

    /// The same tree, whose new directories are synced (`xfer:sync always`).
    #[must_use]
    pub fn syncing(self, syncs: bool) -> Self {
        Self { syncs, ..self }
    }

    /// The tree below `root` as a source, following links.
    pub fn following(root: PathBuf) -> Self {
        Self { follows: true, ..Self::new(root) }
    }

    /// Whether links are followed.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// The local path of a path in the tree, for messages.
    pub fn locate(&self, path: &str) -> Result<PathBuf> {
        let mut located = self.root.clone();
        for name in names(path) {
            located.push(name?);
        }
        Ok(located)
    }

    /// The entry at a path in the tree, with its directory held open.
    pub fn entry(&self, path: &str) -> Result<EntryAt> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let name = safe(name)?;
        Ok(self
            .open_directory(parent)?
            .map_err(|error| Error::local_file(self.display_path(parent), &error))?
            .entry(name))
    }

    /// What is at a path.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] for a name that no mirror transfers, and if it cannot be looked at.
    pub fn stat(&self, path: &str) -> Result<Found> {
        let failed = |error: io::Error| Error::local_file(self.display_path(path), &error);
        let is_gone = |error: &io::Error| {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        };
        let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty()) else {
            return Ok(Found::Entry(self.root().and_then(|root| root.stat()).map_err(failed)?));
        };
        let parent = path.strip_suffix(name).unwrap_or_default().trim_end_matches('/');
        let name = safe(name)?;
        names(parent).try_for_each(|name| name.map(drop))?;
        let directory = match self.open_directory(parent) {
            Ok(Ok(directory)) => directory,
            Ok(Err(error)) if is_gone(&error) => return Ok(Found::Nothing),
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) => return Ok(Found::BehindLink),
        };
        let stat = directory.entry(name).stat().map_err(failed)?;
        Ok(stat.map_or(Found::Nothing, Found::Entry))
    }

    /// Checks that the root is still the directory that was opened.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] if it was removed or replaced.
    pub fn check_root(&self) -> Result<()> {
        let failed = |error: io::Error| Error::local_file(&self.root, &error);
        let held = self.root().and_then(|root| root.stat()).map_err(failed)?;
        match rustix::fs::stat(&self.root) {
            Ok(now) if is_same_inode(&held, &now) => Ok(()),
            _ => {
                let text =
                    format!("{}: the directory was removed or replaced", self.root.display());
                Err(Error::new(Kind::Local, text))
            }
        }
    }

    /// Whether changes to it may be made elsewhere, where this system does not see them.
    pub fn is_served(&self) -> bool {
        cfg!(target_os = "linux") && self.root().is_ok_and(|root| root.reports_errors_late())
    }

    /// Where it is.
    pub fn root_path(&self) -> &Path {
        &self.root
    }

    /// Opens a file of the tree for reading; a link only if links are followed.
    pub fn open_file(&self, entry: &EntryAt) -> io::Result<File> {
        let file = match self.follows {
            true => File::open(entry.path())?,
            false => entry.open(OFlags::RDONLY | OFlags::NONBLOCK)?,
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    /// The root as an entry of the directory that it is in.
    fn root_entry(&self) -> Result<EntryAt> {
        let root =
            self.root.canonicalize().map_err(|error| Error::local_file(&self.root, &error))?;
        let (Some(above), Some(name)) = (root.parent(), root.file_name()) else {
            return Err(Error::new(Kind::Local, format!("{}: is not removed", root.display())));
        };
        let above = DirHandle::open(above).map_err(|error| Error::local_file(above, &error))?;
        Ok(above.entry(name.to_owned()))
    }

    /// Creates a directory; an existing one is not an error.
    fn create_directory(&self, path: &str) -> Result<()> {
        if path.is_empty() {
            let is_new = |path: &&Path| path.file_name().is_some() && !path.exists();
            let new: Vec<_> = self.root.ancestors().take_while(is_new).collect();
            let made = std::fs::create_dir_all(&self.root).and_then(|()| self.root());
            made.map_err(|error| Error::local_file(&self.root, &error))?;
            let mut new = new.into_iter().filter(|_| self.syncs).map(EntryAt::at);
            return new.try_for_each(|entry| entry?.directory().sync());
        }
        let entry = self.entry(path)?;
        entry.check_name()?;
        let failed = |error: io::Error| Error::local_file(entry.path(), &error);
        let Err(error) = entry.make_directory() else {
            return if self.syncs { entry.directory().sync() } else { Ok(()) };
        };
        match kind(&entry).filter(|_| error.kind() == ErrorKind::AlreadyExists) {
            Some(FileType::Directory) if entry.case_variant().is_some() => {
                Err(entry.already_exists_error())
            }
            Some(FileType::Directory) => Ok(()),
            Some(FileType::Symlink) => Err(is_a_link(&entry)),
            _ => Err(failed(error)),
        }
    }

    /// Opens a directory, component by component from the root, without following links.
    fn open_directory(&self, path: &str) -> Result<io::Result<DirHandle>> {
        let mut walked = match self.root() {
            Ok(root) => root,
            Err(error) => return Ok(Err(error)),
        };
        for name in names(path) {
            let name = name?;
            let entered = if self.follows {
                walked.open_subdirectory_or_link(&name)
            } else {
                walked.open_subdirectory(&name)
            };
            walked = match entered {
                Ok(entered) => entered,
                Err(error) => {
                    let entry = walked.entry(name);
                    let link = !self.follows && kind(&entry) == Some(FileType::Symlink);
                    return if link { Err(is_a_link(&entry)) } else { Ok(Err(error)) };
                }
            };
        }
        Ok(Ok(walked))
    }

    fn root(&self) -> io::Result<DirHandle> {
        if let Some(root) = self.held.get() {
            return Ok(root.clone());
        }
        let opened = DirHandle::open(&self.root)?;
        // Another worker may have been first: all use the same handle.
        Ok(self.held.get_or_init(|| opened).clone())
    }
}

fn kind(entry: &EntryAt) -> Option<FileType> {
    entry.stat().ok().flatten().map(|stat| file_type(&stat))
}

fn is_a_link(entry: &EntryAt) -> Error {
    let text = format!("{}: is a link; nothing is written through it", entry.path().display());
    Error::new(Kind::Local, text)
}

/// The components of a path, each validated.
fn names(path: &str) -> impl Iterator<Item = Result<OsString>> + '_ {
    path.split('/').filter(|name| !name.is_empty()).map(safe)
}

fn safe(name: &str) -> Result<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    let name =
        safe_component(name).map_err(|why| Error::new(Kind::Local, format!("{name}: {why}")))?;
    Ok(OsString::from_vec(encode_name(name)))
}

fn item<'a>(name: &'a str, stat: &Stat) -> Item<'a> {
    let kind = match file_type(stat) {
        FileType::RegularFile => ItemKind::File,
        FileType::Directory => ItemKind::Directory,
        FileType::Symlink => ItemKind::Link,
        _ => ItemKind::Other,
    };
    let modified = DateTime::from_timestamp(stat.st_mtime, 0);
    Item {
        name,
        kind,
        size: (kind == ItemKind::File).then(|| u64::try_from(stat.st_size).unwrap_or(0)),
        modified: modified.map(|time| Timestamp::exact(time.naive_utc())),
        unique: None,
        mode: u16::try_from(stat.st_mode & 0o7777).ok().filter(|_| kind != ItemKind::Link),
    }
}

/// The unique identity of a directory.
fn unique(stat: &Stat) -> Option<String> {
    let is_directory = file_type(stat) == FileType::Directory;
    is_directory.then(|| format!("{:x}:{:x}", stat.st_dev, stat.st_ino))
}

impl Tree for LocalTree {
    fn list_directory(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        let failed = |error: io::Error| Error::local_file(self.display_path(path), &error);
        let directory = match self.open_directory(path)? {
            Ok(directory) => directory,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = format!("{}: no such directory", self.display_path(path));
                return Ok(ListResult::Nothing(Error::new(Kind::Local, text)));
            }
            Err(error) => return Err(failed(error)),
        };
        let mut listing = CompactListing::default();
        for entry in directory.entry_names().map_err(failed)? {
            cancel.check()?;
            // Partial files of interrupted downloads are not part of the tree.
            if is_partial_name(&entry) {
                continue;
            }
            let name = decode_name(std::os::unix::ffi::OsStrExt::as_bytes(&*entry));
            match safe_component(&name) {
                // The type of the entry itself: links are not followed.
                Ok(_) => {
                    // `None`: removed meanwhile.
                    if let Some(stat) = directory.entry(entry).stat().map_err(failed)? {
                        // If links are followed, they may lead back to a parent directory.
                        let unique = self.follows.then(|| unique(&stat)).flatten();
                        listing.push(Item { unique: unique.as_deref(), ..item(&name, &stat) });
                    }
                }
                Err(why) => listing.complaints.push(format!("{name}: {why}")),
            }
        }
        listing.sort();
        Ok(ListResult::Directory(listing))
    }

    fn is_empty_directory(&self, path: &str) -> bool {
        match self.open_directory(path) {
            Ok(Ok(directory)) => directory.is_empty().unwrap_or(false),
            Ok(Err(error)) => error.kind() == ErrorKind::NotFound,
            Err(_) => false,
        }
    }

    fn match_case_folded(
        &self,
        path: &str,
        wanted: &CompactListing,
        listing: CompactListing,
    ) -> CompactListing {
        let others = || listing.iter().filter(|item| wanted.position_of(item.name).is_none());
        let Some(Ok(directory)) =
            self.open_directory(path).ok().filter(|_| others().next().is_some())
        else {
            return listing;
        };
        let stat = |name: &str| directory.entry(safe(name).ok()?).stat().ok()?;
        let number = |stat: &Stat| (stat.st_dev, stat.st_ino);
        // Most names match nothing, and then there is nothing to compare.
        let mut numbers = None;
        let mut spelled: HashMap<&str, &str> = HashMap::new();
        for item in wanted.iter().filter(|item| listing.position_of(item.name).is_none()) {
            let Some(here) = stat(item.name) else { continue };
            let (by_number, by_likeness) = numbers.get_or_insert_with(|| {
                let found =
                    others().filter_map(|item| Some((number(&stat(item.name)?), item.name)));
                let alike = others().map(|item| (fold_case(item.name), item.name));
                (found.collect::<HashMap<_, _>>(), alike.collect::<HashMap<_, _>>())
            });
            // Some disks assign a new inode number to each spelling of a name.
            let same =
                by_number.get(&number(&here)).or_else(|| by_likeness.get(&fold_case(item.name)));
            if let Some(other) = same {
                // The first of several names gets it; the others fail when they are transferred.
                spelled.entry(*other).or_insert(item.name);
            }
        }
        if spelled.is_empty() {
            return listing;
        }
        listing.renamed(&spelled)
    }

    fn follow_link<'a>(
        &self,
        path: &str,
        link: Item<'a>,
        _cancel: &Cancel,
    ) -> Result<Followed<'a>> {
        let entry = self.entry(path)?;
        let stat =
            entry.stat_through_link().map_err(|error| Error::local_file(entry.path(), &error))?;
        Ok((item(link.name, &stat), unique(&stat)))
    }

    fn root_unique(&self) -> Option<String> {
        if !self.follows {
            return None;
        }
        rustix::fs::stat(&self.root).ok().as_ref().and_then(unique)
    }

    fn set_mode(&self, path: &str, mode: u16, _cancel: &Cancel) -> Result<Option<String>> {
        let entry = self.entry(path)?;
        let set = entry.set_permissions(mode.into());
        Ok(set
            .err()
            .map(|error| format!("{}: permissions not set: {error}", entry.path().display())))
    }

    fn make_directory(
        &self,
        path: &str,
        _mode: Option<u16>,
        _cancel: &Cancel,
    ) -> Result<Option<String>> {
        self.create_directory(path).map(|()| None)
    }

    fn remove_entry(&self, path: &str, kind: ItemKind, _cancel: &Cancel) -> Result<()> {
        let entry = if path.is_empty() { self.root_entry()? } else { self.entry(path)? };
        let removed = match kind {
            ItemKind::Directory => entry.remove_directory(),
            _ => entry.remove_file(),
        };
        removed.map_err(|error| Error::local_file(entry.path(), &error))
    }

    fn display_path(&self, path: &str) -> String {
        self.locate(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go() -> Cancel {
        Cancel::new()
    }

    fn listed(tree: &LocalTree) -> CompactListing {
        match tree.list_directory("", &go()).unwrap() {
            ListResult::Directory(listing) => listing,
            ListResult::Nothing(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_link_in_the_place_of_a_directory_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("lnk")).unwrap();
        std::fs::write(outside.path().join("x"), "untouched").unwrap();
        let tree = LocalTree::new(dir.path().to_owned());
        assert!(tree.list_directory("lnk", &go()).is_err());
        assert!(tree.make_directory("lnk/sub", None, &go()).is_err());
        assert!(tree.remove_entry("lnk/x", ItemKind::File, &go()).is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
        // The link itself is inside the tree.
        tree.remove_entry("lnk", ItemKind::Link, &go()).unwrap();
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
        assert!(matches!(tree.list_directory("", &go()).unwrap(), ListResult::Nothing(_)));
        tree.make_directory("", None, &go()).unwrap();
        assert_eq!(listed(&tree), CompactListing::default());
    }

    #[test]
    fn what_interrupted_downloads_left_is_no_part_of_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", ".b.ftpsh-part", ".b.ftpsh-part.j"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let tree = LocalTree::new(dir.path().to_owned());
        let listing = listed(&tree);
        assert_eq!(listing.iter().map(|item| item.name).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn what_the_disk_spells_otherwise_goes_by_the_name_that_is_wanted_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let listing = |names: &[&str]| {
            let mut listing = CompactListing::default();
            for name in names {
                let kind = ItemKind::File;
                listing.push(Item {
                    name,
                    kind,
                    size: Some(1),
                    modified: None,
                    unique: None,
                    mode: None,
                });
            }
            listing
        };
        let wanted = listing(&["A", "B", "a", "new", "there"]);
        for name in ["a", "b", "other", "there"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let plain = LocalTree::new(dir.path().to_owned());
        let folding = LocalTree::new(dir.path().to_owned());
        folding.held.set(DirHandle::open(dir.path()).unwrap().case_insensitive()).unwrap();
        // `A` matches the existing `a`, which is itself in the list.
        for (tree, names) in
            [(plain, ["a", "b", "other", "there"]), (folding, ["B", "a", "other", "there"])]
        {
            let found = tree.match_case_folded("", &wanted, listing(&["a", "b", "other", "there"]));
            assert_eq!(found.iter().map(|item| item.name).collect::<Vec<_>>(), names);
        }
    }

    #[test]
    fn a_disk_that_does_not_tell_directories_apart_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let tree = LocalTree::new(dir.path().to_owned());
        tree.held.set(DirHandle::open(dir.path()).unwrap().case_insensitive()).unwrap();
        tree.make_directory("Sub", None, &go()).unwrap();
        // It may have been created concurrently.
        tree.make_directory("Sub", None, &go()).unwrap();
        let error = tree.make_directory("sub", None, &go()).unwrap_err();
        assert!(error.message().contains("the same file as Sub"), "{error}");
        assert!(tree.make_directory("aux", None, &go()).is_err());
        tree.make_directory("Sub/x", None, &go()).unwrap();
        assert!(tree.make_directory("Sub/X", None, &go()).is_err());
        let plain = LocalTree::new(dir.path().to_owned());
        plain.make_directory("sub", None, &go()).unwrap();
        plain.make_directory("aux", None, &go()).unwrap();
    }
}
