//! The bookmarks file: one `NAME URL` a line. A bookmark never holds a password.

use crate::error::{Error, Result};
use crate::home::Home;

/// The URL of a bookmark.
///
/// # Errors
///
/// [`Kind::Local`](crate::error::Kind::Local) when the file is there and cannot be read.
pub fn find(home: &Home, name: &str) -> Result<Option<String>> {
    Ok(list(home)?.into_iter().find(|(bookmark, _)| bookmark == name).map(|(_, url)| url))
}

/// All bookmarks, in the order of the file.
///
/// # Errors
///
/// As [`find`].
pub fn list(home: &Home) -> Result<Vec<(String, String)>> {
    let path = home.bookmarks();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::local(&path, &error)),
    };
    let line = |line: &str| {
        let (name, url) = line.trim().split_once(char::is_whitespace)?;
        (!name.starts_with('#')).then(|| (name.to_owned(), url.trim().to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}
