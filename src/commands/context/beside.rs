//! A connection beside the current one, for transfers that name their server by a URL.
//!
//! It is made with the same checks and questions, and with the same sources of passwords, which
//! know for whom they are.

use std::sync::Arc;

use super::{Connection, Context, ListingCache};
use crate::error::{Error, Result};
use crate::ftp::path::{RemotePath, decode_name};
use crate::target::{self, Target};

/// A connection that is not the current one, and what is known of its directories.
#[derive(Debug)]
pub struct Beside {
    /// The connection.
    pub connection: Connection,
    cache: ListingCache,
}

/// Whether a word is a URL rather than a path.
pub fn is_url(word: &str) -> bool {
    let scheme = word.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A URL's server and path; the path is empty where the URL has none.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage).
pub fn parse_url(word: &str) -> Result<(Target, String)> {
    let mut target = target::parse(word)?;
    let path = target.site.path.take().map(|path| decode_name(&path)).unwrap_or_default();
    Ok((target, path))
}

/// A URL's server and the file that it names.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage).
pub fn parse_file_url(word: &str) -> Result<(Target, RemotePath)> {
    let (target, path) = parse_url(word)?;
    if path.is_empty() || path.ends_with('/') {
        return Err(Error::usage(format!("{}: names no file", target.site)));
    }
    Ok((target, RemotePath::new(path)?))
}

impl Context {
    /// Connects to another server, beside the current one.
    ///
    /// # Errors
    ///
    /// As [`Context::open`].
    pub fn beside(&mut self, target: Target) -> Result<Beside> {
        let mut sources = self.connection.sources.clone();
        let user = target.site.user.clone();
        if target.password.is_some() {
            // What stands in this very URL goes before what the command line gives.
            let place = (&*target.site.host, target.site.port);
            sources.given.belong_to(place, user.as_deref(), None);
            (sources.file, sources.command, sources.env) = (None, None, None);
        }
        let connection = Connection::with_shared_gate(Arc::clone(&self.connection.gate), sources);
        let mut beside = Beside { connection, cache: ListingCache::default() };
        self.exchange(&mut beside);
        let opened = self.open(target, user);
        self.exchange(&mut beside);
        opened.map(|()| beside)
    }

    /// Makes the other connection the current one, and the other way round.
    pub fn exchange(&mut self, beside: &mut Beside) {
        std::mem::swap(&mut self.connection, &mut beside.connection);
        std::mem::swap(&mut self.cache, &mut beside.cache);
    }

    /// Does something with another server as the current one.
    ///
    /// # Errors
    ///
    /// As [`Context::open`]; what `work` fails with.
    pub fn elsewhere<T>(
        &mut self,
        target: Target,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut beside = self.beside(target)?;
        self.exchange(&mut beside);
        let result = work(self);
        self.exchange(&mut beside);
        beside.connection.close();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_paths() {
        for (word, url) in [
            ("ftps://h/x", true),
            ("ftpes://u@h:21/x", true),
            ("sftp://h/x", true),
            ("a/b", false),
            ("://x", false),
            ("what is ://this", false),
        ] {
            assert_eq!(is_url(word), url, "{word}");
        }
        let (target, path) = parse_file_url("ftps://u@h/a%20b//c").unwrap();
        assert_eq!((target.site.path, path.as_str()), (None, "a b//c"));
        assert_eq!(parse_file_url("ftps://h/%2Fetc/x").unwrap().1.as_str(), "/etc/x");
        for word in ["ftps://h", "ftps://h/", "ftps://h/dir/"] {
            assert!(parse_file_url(word).is_err(), "{word}");
        }
    }
}
