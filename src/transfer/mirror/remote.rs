//! A directory on a server as one side of a mirror: listed and changed through a pool.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};

use super::tree::{Item, ItemKind, Listing, Stamp, Tree};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::list::Listing as FtpListing;
use crate::ftp::listing::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::{RemotePath, safe_component};
use crate::ftp::pool::Pool;
use crate::ftp::session::Session;
use crate::transfer::Remote as _;

/// A tree on a server.
#[derive(Debug)]
pub struct RemoteTree {
    pool: Arc<Pool>,
    root: RemotePath,
    /// How far the clock of LIST times is ahead of UTC, where the user said so.
    ahead: Option<TimeDelta>,
}

impl RemoteTree {
    /// The tree below `root`, an absolute path. `ahead` is how far the clock of LIST times is
    /// ahead of UTC; without it, one time is compared with MDTM.
    pub fn new(pool: Arc<Pool>, root: RemotePath, ahead: Option<TimeDelta>) -> Self {
        Self { pool, root, ahead }
    }

    /// The sessions.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Where a path of the tree lies.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] for a name that cannot be sent.
    pub fn locate(&self, path: &str) -> Result<RemotePath> {
        if path.is_empty() { Ok(self.root.clone()) } else { self.root.join(path) }
    }

    fn items(&self, session: &mut Session, directory: &RemotePath, listed: FtpListing) -> Listing {
        let ahead = self.clock(session, directory, &listed);
        let mut listing = Listing::default();
        for line in listed.unknown {
            let text = format!("{directory}: a line of the listing was not understood: {line}");
            listing.complaints.push(text);
        }
        let mut seen = HashSet::new();
        for entry in listed.entries {
            if let Err(why) = safe_component(&entry.name) {
                listing.complaints.push(format!("{directory}: {}: {why}", entry.name));
            } else if !seen.insert(entry.name.clone()) {
                let text = format!("{directory}: {}: is listed twice", entry.name);
                listing.items.retain(|item| item.name != entry.name);
                listing.complaints.push(text);
            } else {
                listing.items.push(item(entry, ahead));
            }
        }
        listing
    }

    /// How far LIST's clock is ahead of UTC, as far as known: what the user said, or by the newest
    /// file.
    fn clock(
        &self,
        session: &mut Session,
        directory: &RemotePath,
        listed: &FtpListing,
    ) -> Option<TimeDelta> {
        if self.ahead.is_some() {
            return self.ahead;
        }
        let dated = listed.entries.iter().filter_map(|entry| {
            let modified =
                entry.modified.filter(|modified| modified.precision == Precision::Minute)?;
            let usable = entry.kind == EntryKind::File && safe_component(&entry.name).is_ok();
            usable.then_some((entry, modified))
        });
        let newest = dated.max_by_key(|(_, modified)| modified.time);
        let path = newest.map(|(entry, _)| directory.join(&entry.name));
        let file = match (&path, &newest) {
            (Some(Ok(path)), Some((_, modified))) => Some((path, modified)),
            _ => None,
        };
        session.list_offset(file)
    }
}

fn item(entry: Entry, ahead: Option<TimeDelta>) -> Item {
    let kind = match entry.kind {
        EntryKind::File => ItemKind::File,
        EntryKind::Directory => ItemKind::Directory,
        EntryKind::Link => ItemKind::Link,
        EntryKind::Other => ItemKind::Other,
    };
    Item {
        kind,
        size: entry.size.filter(|_| kind == ItemKind::File && !entry.size_in_blocks),
        modified: entry.modified.map(|modified| stamp(modified, ahead)),
        unique: entry.unique,
        name: entry.name,
    }
}

/// Zones are at most so far from UTC.
const FARTHEST: TimeDelta = TimeDelta::hours(14);

/// Files older than this may be of another season than the clock was found out in.
const SEASON: TimeDelta = TimeDelta::days(30);

fn stamp(modified: Modified, ahead: Option<TimeDelta>) -> Stamp {
    let grain = match modified.precision {
        Precision::Second => TimeDelta::seconds(1),
        Precision::Minute => TimeDelta::minutes(1),
        Precision::Day => TimeDelta::days(1),
    };
    let (time, doubt) = match (modified.zone, ahead) {
        (Zone::Utc, _) => (modified.time, TimeDelta::zero()),
        (Zone::Server, Some(ahead)) => {
            let old = Utc::now().naive_utc() - modified.time > SEASON;
            let doubt = if old { TimeDelta::hours(1) } else { TimeDelta::zero() };
            (modified.time - ahead, doubt)
        }
        // An unknown clock is taken for UTC, but says little about a date alone.
        (Zone::Server, None) if modified.precision == Precision::Day => (modified.time, FARTHEST),
        (Zone::Server, None) => (modified.time, TimeDelta::zero()),
    };
    Stamp { time, grain, doubt }
}

impl Tree for RemoteTree {
    fn list(&self, path: &str, cancel: &Cancel) -> Result<Option<Listing>> {
        let directory = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        match session.list(Some(&directory), true) {
            Ok(listed) => Ok(Some(self.items(&mut session, &directory, listed))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn follow(&self, path: &str, link: &Item, cancel: &Cancel) -> Result<Item> {
        let located = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        // What has a size is a file; what can be listed is a directory.
        match session.facts(&located) {
            Ok(facts) if facts.size.is_some() => Ok(Item {
                name: link.name.clone(),
                kind: ItemKind::File,
                size: facts.size,
                modified: facts.modified.map(Stamp::exact),
                unique: None,
            }),
            Ok(_) => Ok(Item { kind: ItemKind::Directory, ..link.clone() }),
            Err(error) if error.kind() == Kind::Refused => {
                session.list(Some(&located), false)?;
                Ok(Item { kind: ItemKind::Directory, ..link.clone() })
            }
            Err(error) => Err(error),
        }
    }

    fn make_directory(&self, path: &str, cancel: &Cancel) -> Result<()> {
        let directory = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        match session.make_directory(&directory) {
            // Somebody else may have made it; a listing of it will tell.
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => {
                session.list(Some(&directory), false).map(drop).map_err(|_| error)
            }
            other => other,
        }
    }

    fn remove(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()> {
        let located = self.locate(path)?;
        let mut session = self.pool.lease(cancel)?;
        match kind {
            ItemKind::Directory => session.remove_directory(&located),
            _ => session.remove_file(&located),
        }
    }

    fn remove_if_link(&self, path: &str, cancel: &Cancel) -> Result<bool> {
        let located = self.locate(path)?;
        // DELE takes a link and refuses a directory.
        let reply = self.pool.lease(cancel)?.command("DELE", located.as_str())?;
        Ok(reply.is_positive_completion())
    }

    fn show(&self, path: &str) -> String {
        self.locate(path).map_or_else(|_| path.to_owned(), |path| path.to_string())
    }
}

/// A permanent refusal of a listing's path: there is no such directory, or none that may be
/// seen. (Most servers say 550, pyftpdlib says 501.)
fn is_missing(error: &Error) -> bool {
    let codes = ["550", "501", "553"];
    error.reply().is_some_and(|reply| codes.iter().any(|code| reply.starts_with(code)))
}
