//! Listings seen lately, by absolute directory: for completion, wildcards and facts of files.
//!
//! An entry lives for `cache:expire`; the user's own changes drop what they touch. Nothing here
//! asks a server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ftp::list_formats::Entry;
use crate::ftp::path::RemotePath;

/// The most listings kept; the oldest goes first.
const MAX_LISTINGS: usize = 64;

/// Listings by directory.
#[derive(Debug, Default)]
pub struct ListingCache {
    listings: HashMap<RemotePath, (Instant, Arc<Vec<Entry>>)>,
}

impl ListingCache {
    /// A listing that is not older than `expire`.
    pub fn fresh_listing(
        &self,
        directory: &RemotePath,
        expire: Duration,
    ) -> Option<Arc<Vec<Entry>>> {
        let (seen, entries) = self.listings.get(directory)?;
        (seen.elapsed() <= expire).then(|| Arc::clone(entries))
    }

    /// Keeps a whole listing.
    pub fn store_listing(&mut self, directory: RemotePath, entries: Vec<Entry>) -> Arc<Vec<Entry>> {
        if self.listings.len() >= MAX_LISTINGS {
            let oldest = self.listings.iter().min_by_key(|(_, (seen, _))| *seen);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                self.listings.remove(&oldest);
            }
        }
        let entries = Arc::new(entries);
        self.listings.insert(directory, (Instant::now(), Arc::clone(&entries)));
        entries
    }

    /// What a listing said of one path lately.
    pub fn cached_entry(&self, path: &RemotePath, expire: Duration) -> Option<Entry> {
        let name = path.file_name()?;
        let entries = self.fresh_listing(&path.parent()?, expire)?;
        entries.iter().find(|entry| entry.name == name).cloned()
    }

    /// Forgets what a change of `path` touches: the listing it is in, and all below it.
    pub fn invalidate(&mut self, path: &RemotePath) {
        let parent = path.parent();
        self.listings.retain(|directory, _| {
            Some(directory) != parent.as_ref() && !directory.starts_with(path)
        });
    }

    /// Forgets everything.
    pub fn invalidate_all(&mut self) {
        self.listings.clear();
    }

    /// How many listings are kept, and how many entries are in them.
    pub fn count_entries(&self) -> (usize, usize) {
        (self.listings.len(), self.listings.values().map(|(_, entries)| entries.len()).sum())
    }
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
    }
}
