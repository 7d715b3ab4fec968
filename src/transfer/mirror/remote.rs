//! A directory on a server as one side of a mirror, listed and changed through a session pool.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta, Utc};

use super::listing::CompactListing;
use super::tree::{Followed, Item, ItemKind, ListResult, Timestamp, Tree};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::{RemotePath, safe_component};
use crate::ftp::session::Session;
use crate::ftp::session::list::{ListedLine, listing_too_large};
use crate::ftp::session::list::{list_directory, list_each_line};
use crate::ftp::session::list_times::list_time_offset;
use crate::ftp::session_pool::SiteSessions;
use crate::transfer::Remote as _;
use crate::transfer::manifest::known_contents::KnownContents;
use crate::transfer::manifest::own_paths::DEFAULT_NAME;

/// A tree on a server.
#[derive(Debug)]
pub struct RemoteTree {
    pool: Arc<SiteSessions>,
    root: RemotePath,
    known: KnownContents,
}

impl RemoteTree {
    /// The tree below `root`, an absolute path.
    pub fn new(pool: Arc<SiteSessions>, root: RemotePath) -> Self {
        Self { pool, root, known: KnownContents::default() }
    }

    /// The sessions.
    pub fn pool(&self) -> &Arc<SiteSessions> {
        &self.pool
    }

    /// What a manifest in it says of contents.
    pub fn known_contents(&self) -> &KnownContents {
        &self.known
    }

    /// The remote path of a path in the tree.
    pub fn locate(&self, path: &str) -> Result<RemotePath> {
        if path.is_empty() { Ok(self.root.clone()) } else { self.root.join(path) }
    }

    /// The size of a file; `None` if there is none or the server does not tell.
    pub fn file_size(&self, path: &str, cancel: &Cancel) -> Result<Option<u64>> {
        let located = self.locate(path)?;
        match self.pool.lease(cancel)?.file_info(&located) {
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => Ok(None),
            info => Ok(info?.size),
        }
    }

    /// Renames a file.
    pub fn rename(&self, from: &str, to: &str, cancel: &Cancel) -> Result<()> {
        let (from, to) = (self.locate(from)?, self.locate(to)?);
        self.pool.lease(cancel)?.rename(&from, &to)
    }

    /// Lists a directory. Only what a mirror needs of each line is kept.
    fn read_listing(
        &self,
        session: &mut Session,
        directory: &RemotePath,
        roughly: bool,
    ) -> Result<CompactListing> {
        let mut listing = CompactListing::default();
        // Indices of items whose times are on the server's clock, and the newest file among them.
        let mut on_its_clock: Vec<u32> = Vec::new();
        let mut newest: Option<(String, Modified)> = None;
        // Complaints counted so far, and their bytes, which count against the limit.
        let (mut complaints, mut told, most) = (0, 0, session.max_listing());
        list_each_line(session, Some(directory), true, &mut |listed| {
            if let Some(last) = listing.complaints.get(complaints) {
                (complaints, told) = (complaints + 1, told + last.len() as u64 + 48);
            }
            if listing.memory_size() + told > most {
                return Err(listing_too_large());
            }
            let entry = match listed {
                ListedLine::Entry(entry) => entry,
                ListedLine::Unknown(line) => {
                    let text =
                        format!("{directory}: a line of the listing was not understood: {line}");
                    listing.complaints.push(text);
                    return Ok(());
                }
                ListedLine::Cut(words) => {
                    let text = format!("{directory}: the listing is incomplete: {words}");
                    listing.complaints.push(text);
                    return Ok(());
                }
            };
            if let Err(why) = safe_component(&entry.name) {
                listing.complaints.push(format!("{directory}: {}: {why}", entry.name));
                return Ok(());
            }
            if let Some(modified) = entry.modified.filter(|m| m.zone == Zone::Server) {
                on_its_clock.extend(u32::try_from(listing.len()));
                let tells =
                    entry.kind == EntryKind::File && modified.precision == Precision::Minute;
                if tells && newest.as_ref().is_none_or(|(_, newest)| newest.time < modified.time) {
                    newest = Some((entry.name.clone(), modified));
                }
            }
            listing.push(item(&entry));
            Ok(())
        })?;
        if !on_its_clock.is_empty() {
            // MDTM takes a round trip.
            let newest = newest.filter(|_| !roughly || session.has_timezone());
            let newest =
                newest.and_then(|(name, modified)| Some((directory.join(&name).ok()?, modified)));
            let newest = newest.as_ref().map(|(path, modified)| (path, modified));
            let ahead = list_time_offset(session, newest);
            let now = Utc::now().naive_utc();
            for place in on_its_clock {
                listing.change_time(place, |stamp| to_utc(stamp, ahead, now));
            }
        }
        for name in listing.sort() {
            listing.complaints.push(format!("{directory}: {name}: is listed twice"));
        }
        Ok(listing)
    }

    fn list_if_exists(&self, path: &str, roughly: bool, cancel: &Cancel) -> Result<ListResult> {
        let directory = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        match self.read_listing(&mut session, &directory, roughly) {
            Ok(listing) => {
                if path.is_empty() && listing.position_of(DEFAULT_NAME).is_some() {
                    self.known.note_listed();
                }
                Ok(ListResult::Directory(listing))
            }
            Err(error) if is_missing(&error) => Ok(ListResult::Nothing(error)),
            Err(error) => Err(error),
        }
    }
}

fn item(entry: &Entry) -> Item<'_> {
    let kind = match entry.kind {
        EntryKind::File => ItemKind::File,
        EntryKind::Directory => ItemKind::Directory,
        EntryKind::Link => ItemKind::Link,
        EntryKind::Other => ItemKind::Other,
    };
    Item {
        kind,
        size: entry.size.filter(|_| kind == ItemKind::File && !entry.size_in_blocks),
        modified: entry.modified.map(timestamp_of),
        unique: entry.unique.as_deref(),
        mode: entry.mode.and_then(|mode| u16::try_from(mode & 0o7777).ok()),
        name: &entry.name,
    }
}

/// The maximum offset of a time zone from UTC, in seconds.
const FARTHEST: u32 = 14 * 3600;

/// Older files may be from another DST period than the one in which the offset was measured.
const SEASON: TimeDelta = TimeDelta::days(30);

const DAY: u32 = 24 * 3600;

fn timestamp_of(modified: Modified) -> Timestamp {
    let grain = match modified.precision {
        Precision::Second => 1,
        Precision::Minute => 60,
        Precision::Day => DAY,
    };
    Timestamp { time: modified.time, precision: grain, uncertainty: 0 }
}

/// Converts a time of a server's clock that is `ahead` of UTC.
fn to_utc(stamp: Timestamp, ahead: Option<TimeDelta>, now: NaiveDateTime) -> Timestamp {
    match ahead {
        Some(ahead) => {
            let doubt = if now - stamp.time > SEASON { 3600 } else { 0 };
            Timestamp { time: stamp.time - ahead, uncertainty: doubt, ..stamp }
        }
        // An unknown clock is assumed to be UTC, but that says little about a date without a time.
        None if stamp.precision == DAY => Timestamp { uncertainty: FARTHEST, ..stamp },
        None => stamp,
    }
}

impl Tree for RemoteTree {
    fn list_directory(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        self.list_if_exists(path, false, cancel)
    }

    fn list_without_clock(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        self.list_if_exists(path, true, cancel)
    }

    fn follow_link<'a>(&self, path: &str, link: Item<'a>, cancel: &Cancel) -> Result<Followed<'a>> {
        let located = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        // What is listed are the permissions of the link.
        let directory = Item { kind: ItemKind::Directory, mode: None, ..link };
        // An entry with a size is a file; one that can be listed is a directory.
        let item = match session.file_info(&located) {
            Ok(info) if info.size.is_some() => Item {
                name: link.name,
                kind: ItemKind::File,
                size: info.size,
                modified: info.modified.map(Timestamp::exact),
                unique: None,
                mode: None,
            },
            Ok(_) => directory,
            Err(error) if error.kind() == Kind::Refused => {
                list_directory(&mut session, Some(&located), false)?;
                directory
            }
            Err(error) => return Err(error),
        };
        if item.kind != ItemKind::Directory {
            return Ok((item, None));
        }
        let real = match session.real_directory(&located) {
            Err(error) if error.kind() == Kind::Refused => None,
            other => other?.filter(|real| *real != located),
        };
        if real.as_ref().is_some_and(|real| is_below(&located, real)) {
            let text = format!("{located}: directory loop; skipped");
            return Err(Error::new(Kind::Incomplete, text));
        }
        // Another link to the same directory below it is a loop, too.
        Ok((item, real.map(|real| format!("path {real}"))))
    }

    fn exact_time(&self, path: &str, cancel: &Cancel) -> Result<Option<NaiveDateTime>> {
        let located = self.locate(path)?;
        match self.pool.lease(cancel)?.modified_time(&located) {
            Err(error) if error.kind() == Kind::Refused => Ok(None),
            other => other,
        }
    }

    fn set_mode(&self, path: &str, mode: u16, cancel: &Cancel) -> Result<Option<String>> {
        let located = self.locate(path)?;
        self.pool.lease(cancel)?.set_mode(&located, mode.into())
    }

    fn make_directory(
        &self,
        path: &str,
        mode: Option<u16>,
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        let directory = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        if let Some(mode) = mode {
            session.pipeline_mode(&directory, mode.into())?;
        }
        let made = session.make_directory(&directory);
        // Its reply has arrived.
        let note = match mode {
            Some(mode) => session.set_mode(&directory, mode.into())?,
            None => None,
        };
        match made {
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => {
                // It may have been created concurrently; a listing will show that.
                if list_directory(&mut session, Some(&directory), false).is_ok() {
                    return Ok(note);
                }
                // All directories but the root have a parent that was just created or listed.
                let missing =
                    if path.is_empty() { session.missing_parents(&directory)? } else { Vec::new() };
                if missing.is_empty() {
                    return Err(error);
                }
                missing.iter().try_for_each(|parent| session.make_directory(parent))?;
                session.make_directory(&directory).map(|()| note)
            }
            other => other.map(|()| note),
        }
    }

    fn remove_entry(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()> {
        let located = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        match kind {
            ItemKind::Directory => session.remove_directory(&located),
            _ => session.remove_file(&located),
        }
    }

    fn rename_unchanged(&self, from: &str, to: &str, size: u64, cancel: &Cancel) -> Result<bool> {
        let is_there = self.file_size(from, cancel)? == Some(size);
        if is_there {
            self.rename(from, to, cancel)?;
        }
        Ok(is_there)
    }

    fn remove_unchanged(&self, path: &str, size: Option<u64>, cancel: &Cancel) -> Result<()> {
        let info = self.pool.lease(cancel)?.file_info(&self.locate(path)?);
        let there = match info {
            Ok(info) => info.size,
            Err(error) if error.has_reply_code(&[550]) => {
                let removed = self.remove_entry(path, ItemKind::File, cancel);
                // It has gone: by somebody else's hand, or the reply was lost.
                return removed.or_else(|error| match error.has_reply_code(&[550]) {
                    true => Ok(()),
                    false => Err(error),
                });
            }
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => None,
            Err(error) => return Err(error),
        };
        if there.zip(size).is_some_and(|(there, known)| there != known) {
            let text = format!("{}: left: it was changed on the server", self.display_path(path));
            return Err(Error::new(Kind::Incomplete, text));
        }
        self.remove_entry(path, ItemKind::File, cancel)
    }

    fn remove_if_link(&self, path: &str, cancel: &Cancel) -> Result<bool> {
        let located = self.locate(path)?;
        // DELE removes a link and refuses a directory.
        let reply = self.pool.lease(cancel)?.command("DELE", located.as_str())?;
        Ok(reply.is_positive_completion())
    }

    fn display_path(&self, path: &str) -> String {
        self.locate(path).map_or_else(|_| path.to_owned(), |path| path.to_string())
    }
}

/// Whether a path is below a directory, by their names.
fn is_below(path: &RemotePath, directory: &RemotePath) -> bool {
    let rest = path.as_str().strip_prefix(directory.as_str().trim_end_matches('/'));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// A permanent refusal to list a path: the directory does not exist or may not be seen. (Most
/// servers reply 550, pyftpdlib 501.)
fn is_missing(error: &Error) -> bool {
    error.has_reply_code(&[550, 501, 553])
}
