//! URLs in the arguments of commands: the server, and the file on it.

use crate::error::{Error, Result};
use crate::ftp::path::{RemotePath, decode_name};
use crate::target::{self, Target};

/// Whether a word is a URL rather than a path.
pub fn is_url(word: &str) -> bool {
    let scheme = word.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A URL's server and path; the path is empty if the URL has none.
pub fn parse_url(word: &str) -> Result<(Target, String)> {
    let mut target = target::parse_target(word)?;
    let path = target.site.path.take().map(|path| decode_name(&path)).unwrap_or_default();
    Ok((target, path))
}

/// A URL's server and file.
pub fn parse_file_url(word: &str) -> Result<(Target, RemotePath)> {
    let (target, path) = parse_url(word)?;
    if path.is_empty() || path.ends_with('/') {
        return Err(Error::usage(format!("{}: names no file", target.site)));
    }
    Ok((target, RemotePath::new(path)?))
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
