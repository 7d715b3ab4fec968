//! Directory listings: from the cache if they are fresh, otherwise from the server.
//!
//! A cached listing expires after `cache:expire`; changes by the user invalidate what they affect.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::Client;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::ftp::session::list::list_directory;
use crate::settings::CACHE_EXPIRE;
use crate::transfer::FileInfo;
use crate::transfer::remote::may_be_link;

/// The maximum number of listings; the oldest is dropped first.
const MAX_LISTINGS: usize = 64;

/// Listings by directory.
#[derive(Debug, Default)]
pub struct ListingCache {
    listings: HashMap<RemotePath, CachedListing>,
}

#[derive(Debug)]
struct CachedListing {
    seen: Instant,
    entries: Arc<Vec<Entry>>,
    /// The first entry of each name: `get *` looks for every file of a directory.
    by_name: OnceLock<HashMap<String, usize>>,
}

impl CachedListing {
    fn find_entry(&self, name: &str) -> Option<&Entry> {
        let index = self.by_name.get_or_init(|| {
            let entries = self.entries.iter().enumerate().rev();
            entries.map(|(at, entry)| (entry.name.clone(), at)).collect()
        });
        self.entries.get(*index.get(name)?)
    }
}

impl ListingCache {
    /// A listing not older than `expire`.
    pub fn fresh_listing(
        &self,
        directory: &RemotePath,
        expire: Duration,
    ) -> Option<Arc<Vec<Entry>>> {
        self.fresh(directory, expire).map(|listing| Arc::clone(&listing.entries))
    }

    fn fresh(&self, directory: &RemotePath, expire: Duration) -> Option<&CachedListing> {
        self.listings.get(directory).filter(|listing| listing.seen.elapsed() <= expire)
    }

    /// Stores a complete listing.
    pub fn store_listing(&mut self, directory: RemotePath, entries: Vec<Entry>) -> Arc<Vec<Entry>> {
        if self.listings.len() >= MAX_LISTINGS {
            let oldest = self.listings.iter().min_by_key(|(_, listing)| listing.seen);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                self.listings.remove(&oldest);
            }
        }
        let entries = Arc::new(entries);
        let (seen, by_name) = (Instant::now(), OnceLock::new());
        let listing = CachedListing { seen, entries: Arc::clone(&entries), by_name };
        self.listings.insert(directory, listing);
        entries
    }

    /// The entry of a path in a listing not older than `expire`.
    pub fn cached_entry(&self, path: &RemotePath, expire: Duration) -> Option<&Entry> {
        self.fresh(&path.parent()?, expire)?.find_entry(path.file_name()?)
    }

    /// Drops what a change of `path` affects: the listing that contains it, and all below it.
    pub fn invalidate(&mut self, path: &RemotePath) {
        let parent = path.parent();
        self.listings.retain(|directory, _| {
            Some(directory) != parent.as_ref() && !directory.starts_with(path)
        });
    }

    /// Drops all listings.
    pub fn invalidate_all(&mut self) {
        self.listings.clear();
    }

    /// The number of listings and of the entries in them.
    pub fn count_entries(&self) -> (usize, usize) {
        (self.listings.len(), self.listings.values().map(|listing| listing.entries.len()).sum())
    }
}

impl Client {
    /// The absolute path of a path as typed.
    pub fn absolute_path(&mut self, path: &str) -> Result<RemotePath> {
        let cwd = self.session()?.cwd().clone();
        cwd.resolve(path)
    }

    /// Lists a directory (without a path the current one). Lines that were not understood are
    /// reported. With `cached` a cached listing may be used.
    ///
    /// # Errors
    ///
    /// Those of the listing; [`Kind::Incomplete`] if the server truncated it.
    pub fn list_directory(
        &mut self,
        path: Option<&RemotePath>,
        cached: bool,
    ) -> Result<Arc<Vec<Entry>>> {
        let key = self.absolute_path(path.map_or(".", RemotePath::as_str))?;
        let expire = self.settings.get(CACHE_EXPIRE, self.connection.host());
        if cached && let Some(entries) = self.listings.fresh_listing(&key, expire) {
            return Ok(entries);
        }
        match self.list_even_incomplete(path)? {
            (entries, None) => Ok(entries),
            (_, Some(cut)) => Err(cut),
        }
    }

    /// Like [`Client::list_directory`], from the server; returns a truncated listing, too, with the
    /// error to report after it.
    pub fn list_even_incomplete(
        &mut self,
        path: Option<&RemotePath>,
    ) -> Result<(Arc<Vec<Entry>>, Option<Error>)> {
        let key = self.absolute_path(path.map_or(".", RemotePath::as_str))?;
        // `.` and the like are equivalent for us, but not for every server.
        let path = path.filter(|path| path.as_str() != ".");
        let listing = self.ask_server(|session| list_directory(session, path, true))?;
        for line in &listing.unknown {
            self.console.warn(&format!("{key}: a listing line was not understood: {line}"));
        }
        if let Some(words) = listing.cut {
            let text = format!("{key}: the listing is incomplete: {words}");
            return Ok((Arc::new(listing.entries), Some(Error::new(Kind::Incomplete, text))));
        }
        Ok((self.listings.store_listing(key, listing.entries), None))
    }

    /// Drops what the cache knows about a changed path. No server is contacted.
    pub fn invalidate_listing(&mut self, path: &RemotePath) {
        match self.connection.remote_directory().map(|cwd| cwd.resolve(path.as_str())) {
            Some(Ok(path)) => self.listings.invalidate(&path),
            _ => self.listings.invalidate_all(),
        }
    }

    /// Size and time of a remote file, if a cached listing has exact values.
    pub fn cached_file_info(&self, path: &RemotePath) -> Option<FileInfo> {
        self.cached_facts(path).info
    }

    /// What a cached listing says about a remote file.
    pub fn cached_facts(&self, path: &RemotePath) -> ListedFacts {
        let Some(entry) = self.cached_file(path) else { return ListedFacts::default() };
        // A time from LIST is neither exact nor in a known time zone.
        let exact = |m: &&Modified| m.zone == Zone::Utc && m.precision == Precision::Second;
        let info = entry.size.zip(entry.modified.as_ref().filter(exact));
        let info = info.map(|(size, m)| FileInfo { size: Some(size), modified: Some(m.time) });
        ListedFacts { info, size: entry.size }
    }

    /// The entry of a path in a cached listing.
    pub fn listed_entry(&self, path: &RemotePath) -> Option<&Entry> {
        let cwd = self.connection.remote_directory()?;
        let expire = self.settings.get(CACHE_EXPIRE, self.connection.host());
        self.listings.cached_entry(&cwd.resolve(path.as_str()).ok()?, expire)
    }

    fn cached_file(&self, path: &RemotePath) -> Option<&Entry> {
        let entry = self.listed_entry(path)?;
        let is_file = entry.kind == EntryKind::File && !entry.size_in_blocks;
        (is_file && !may_be_link(entry)).then_some(entry)
    }
}

/// What a listing says about a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListedFacts {
    /// Size and time, if both are exact.
    pub info: Option<FileInfo>,
    /// The size, for what is shown.
    pub size: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::list_formats::EntryKind;

    const LONG: Duration = Duration::from_secs(60);

    fn path(path: &str) -> RemotePath {
        RemotePath::new(path).unwrap()
    }

    fn cache() -> ListingCache {
        let mut cache = ListingCache::default();
        for directory in ["/", "/a", "/a/b", "/ab"] {
            cache.store_listing(path(directory), vec![Entry::new("x", EntryKind::File)]);
        }
        cache
    }

    #[test]
    fn a_change_drops_its_directory_and_all_below_and_nothing_else() {
        let mut cache = cache();
        cache.invalidate(&path("/a/b"));
        assert!(cache.fresh_listing(&path("/a"), LONG).is_none());
        assert!(cache.fresh_listing(&path("/a/b"), LONG).is_none());
        assert!(cache.fresh_listing(&path("/ab"), LONG).is_some());
        assert!(cache.fresh_listing(&path("/"), LONG).is_some());
    }

    #[test]
    fn an_expired_listing_is_not_given_out() {
        assert!(cache().fresh_listing(&path("/a"), Duration::ZERO).is_none());
    }

    #[test]
    fn an_entry_is_found_by_its_path() {
        assert!(cache().cached_entry(&path("/a/x"), LONG).is_some());
        assert!(cache().cached_entry(&path("/a/y"), LONG).is_none());
        let mut cache = ListingCache::default();
        let sized = |size| Entry { size: Some(size), ..Entry::new("x", EntryKind::File) };
        cache.store_listing(path("/"), vec![sized(1), sized(2)]);
        assert_eq!(cache.cached_entry(&path("/x"), LONG).and_then(|entry| entry.size), Some(1));
    }
}
