//! Listings for commands: from the cache where it is fresh, from the server otherwise.

use std::sync::Arc;

use super::Context;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::settings::CACHE_EXPIRE;
use crate::transfer::FileInfo;
use crate::transfer::remote::may_be_link;

impl Context {
    /// An absolute path for a path as typed.
    ///
    /// # Errors
    ///
    /// A path that cannot be sent; no connection.
    pub fn absolute_path(&mut self, path: &str) -> Result<RemotePath> {
        let cwd = self.session()?.cwd().clone();
        cwd.resolve(path)
    }

    /// What is in a directory (the current one without a path). Lines that were not understood
    /// are reported. With `cached` a listing seen lately will do.
    ///
    /// # Errors
    ///
    /// Those of the listing; [`Kind::Incomplete`] where the server left some out.
    pub fn list_directory(
        &mut self,
        path: Option<&RemotePath>,
        cached: bool,
    ) -> Result<Arc<Vec<Entry>>> {
        let key = self.absolute_path(path.map_or(".", RemotePath::as_str))?;
        let expire = self.settings.duration(CACHE_EXPIRE, self.connection.host());
        if cached && let Some(entries) = self.cache.fresh_listing(&key, expire) {
            return Ok(entries);
        }
        match self.list_even_incomplete(path)? {
            (entries, None) => Ok(entries),
            (_, Some(cut)) => Err(cut),
        }
    }

    /// As [`Context::listing`], from the server; also what there is of a listing that the server
    /// cut, and the failure to tell behind it.
    ///
    /// # Errors
    ///
    /// Those of the listing.
    pub fn list_even_incomplete(
        &mut self,
        path: Option<&RemotePath>,
    ) -> Result<(Arc<Vec<Entry>>, Option<Error>)> {
        let key = self.absolute_path(path.map_or(".", RemotePath::as_str))?;
        // `.` and the like mean the same to us, but not to every server.
        let path = path.filter(|path| path.as_str() != ".");
        let listing = self.ask_server(|session| session.list_directory(path, true))?;
        for line in &listing.unknown {
            self.out.warn(&format!("{key}: a line of the listing was not understood: {line}"));
        }
        if let Some(words) = listing.cut {
            let text = format!("{key}: the listing is incomplete: {words}");
            return Ok((Arc::new(listing.entries), Some(Error::new(Kind::Incomplete, text))));
        }
        Ok((self.cache.store_listing(key, listing.entries), None))
    }

    /// Drops what the cache knows of a path that was changed. No server is asked.
    pub fn invalidate_listing(&mut self, path: &RemotePath) {
        match self.connection.remote_directory().map(|cwd| cwd.resolve(path.as_str())) {
            Some(Ok(path)) => self.cache.invalidate(&path),
            _ => self.cache.invalidate_all(),
        }
    }

    /// Size and time of a remote file, if a listing told them lately and exactly.
    pub fn cached_file_info(&mut self, path: &RemotePath) -> Option<FileInfo> {
        let cwd = self.connection.remote_directory()?.clone();
        let expire = self.settings.duration(CACHE_EXPIRE, self.connection.host());
        let entry = self.cache.cached_entry(&cwd.resolve(path.as_str()).ok()?, expire)?;
        if entry.kind != EntryKind::File || entry.size_in_blocks || may_be_link(&entry) {
            return None;
        }
        // A time of LIST is neither exact nor in a known zone.
        let exact = |m: &Modified| m.zone == Zone::Utc && m.precision == Precision::Second;
        let modified = entry.modified.filter(exact)?;
        Some(FileInfo { size: Some(entry.size?), modified: Some(modified.time) })
    }
}
