//! The bookmarks file: one `NAME URL` per line; `#` begins a comment. A bookmark never contains a
//! password.
//!
//! The file is reread for every lookup and rewritten atomically with mode 0600; other lines stay.

pub mod filezilla_xml;
pub mod import;

use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::{AppDirs, replace_private_file};
use crate::output::escape;
use crate::suggest::closest_match;
use crate::target::{self, Site};

/// The first line of a new file.
const HEADING: &str = "# Bookmarks of ftpsh: NAME URL\n";

/// The URL of a bookmark.
///
/// # Errors
/// [`Kind::Local`] if the file exists and cannot be read.
pub fn find_bookmark(home: &AppDirs, name: &str) -> Result<Option<String>> {
    Ok(list_bookmarks(home)?.into_iter().find(|(bookmark, _)| bookmark == name).map(|(_, url)| url))
}

/// All bookmarks, in file order.
pub fn list_bookmarks(home: &AppDirs) -> Result<Vec<(String, String)>> {
    let parts = |line: &str| parse_line(line).map(|(name, url)| (name.to_owned(), url.to_owned()));
    Ok(read_file(home)?.unwrap_or_default().lines().filter_map(parts).collect())
}

/// Characters that are invalid in names: those that would make it a URL or a host with a port, and
/// those special to a shell, which completes names on a command line.
pub(super) fn is_unusual(c: char) -> bool {
    let text = c.to_string();
    c.is_whitespace() || ":/#@".contains(c) || is_for_shells(c) || escape(&text) != text
}

/// Whether this character is special to a shell.
pub fn is_for_shells(c: char) -> bool {
    "!$&|;<>()[]{}*?~'\"`\\^%=".contains(c)
}

/// Whether this is a valid bookmark name: no URL, no host with a port, and a plain word in a shell.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.starts_with('-') || name.contains(is_unusual) {
        return Err(Error::usage(format!("bookmark: {name:?} cannot be a name")).with_hint(
            "a name must not contain spaces, `: / # @`, or characters special to a shell",
        ));
    }
    Ok(())
}

/// Adds or replaces a bookmark; returns whether it existed.
///
/// # Errors
/// [`Kind::Usage`] for an invalid name, [`Kind::Local`] for the file.
pub fn add_bookmark(home: &AppDirs, name: &str, site: &Site) -> Result<bool> {
    check_name(name)?;
    let text = read_file(home)?.unwrap_or_else(|| HEADING.to_owned());
    let line = format!("{name} {site}\n");
    let (mut changed, found) = replace_file(&text, name, &line);
    if !found {
        if !changed.is_empty() && !changed.ends_with('\n') {
            changed.push('\n');
        }
        changed.push_str(&line);
    }
    replace_private_file(&home.bookmarks(), changed.as_bytes())?;
    Ok(found)
}

/// Removes a bookmark.
///
/// # Errors
/// [`Kind::Usage`] if there is no such bookmark, [`Kind::Local`] for the file.
pub fn remove_bookmark(home: &AppDirs, name: &str) -> Result<()> {
    let text = read_file(home)?.unwrap_or_default();
    let (changed, found) = replace_file(&text, name, "");
    if !found {
        let error = Error::usage(format!("bookmark: no bookmark {name:?}"));
        let names = text.lines().filter_map(parse_line).map(|(name, _)| name);
        return Err(match closest_match(name, names) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("`bookmark list` shows all"),
        });
    }
    replace_private_file(&home.bookmarks(), changed.as_bytes())
}

/// Creates an empty file, if there is none.
pub fn create_file(home: &AppDirs) -> Result<()> {
    match read_file(home)? {
        Some(_) => Ok(()),
        None => replace_private_file(&home.bookmarks(), HEADING.as_bytes()),
    }
}

/// What is wrong with the file, per line, without quoting a URL.
pub fn file_problems(home: &AppDirs) -> Result<Vec<String>> {
    let text = read_file(home)?.unwrap_or_default();
    let path = home.bookmarks();
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = match parse_line(line) {
            None if line.trim().is_empty() || line.trim_start().starts_with('#') => continue,
            None => "not NAME URL".to_owned(),
            Some((name, url)) => match check_name(name).and_then(|()| target::parse_target(url)) {
                Err(error) => error.message().to_owned(),
                Ok(target) if target.password.is_some() => {
                    "contains a password, which others may read; remove it".to_owned()
                }
                Ok(_) => continue,
            },
        };
        problems.push(format!("{}:{number}: {wrong}", path.display()));
    }
    Ok(problems)
}

/// A bookmark's URL without its password, for display.
pub fn without_password(url: &str) -> String {
    match target::parse_target(url) {
        Ok(target) if target.password.is_some() => target.site.to_string(),
        Ok(_) => url.to_owned(),
        Err(error) => format!("({})", error.message()),
    }
}

fn read_file(home: &AppDirs) -> Result<Option<String>> {
    let path: PathBuf = home.bookmarks();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Error::new(Kind::Local, format!("{}: not UTF-8", path.display())))
        }
        Err(error) => Err(Error::local(&path, &error)),
    }
}

/// Name and URL of a line; `None` for anything else, such as comments.
fn parse_line(line: &str) -> Option<(&str, &str)> {
    let (name, url) = line.trim().split_once(char::is_whitespace)?;
    (!name.starts_with('#')).then(|| (name, url.trim()))
}

/// The text with the lines of `name` replaced, and whether there were any.
fn replace_file(text: &str, name: &str, with: &str) -> (String, bool) {
    let mut found = false;
    let mut changed = String::with_capacity(text.len() + with.len());
    for line in text.split_inclusive('\n') {
        match parse_line(line) {
            Some((this, _)) if this == name => {
                // Only the first line of a name is effective.
                if !found {
                    changed.push_str(with);
                }
                found = true;
            }
            _ => changed.push_str(line),
        }
    }
    (changed, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, AppDirs) {
        let dir = tempfile::tempdir().unwrap();
        let home = AppDirs::all_in(&dir.path().join("new"));
        (dir, home)
    }

    fn site(url: &str) -> Site {
        target::parse_target(url).unwrap().site
    }

    #[test]
    fn comments_and_other_lines_stay_when_a_bookmark_changes() {
        let (_dir, home) = home();
        create_file(&home).unwrap();
        let path = home.bookmarks();
        std::fs::write(&path, "# mine\n\n  work   ftp://old.example\nodd\nhome ftps://h").unwrap();
        assert!(add_bookmark(&home, "work", &site("ftps://new.example")).unwrap());
        assert!(!add_bookmark(&home, "more", &site("more.example")).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let want =
            "# mine\n\nwork ftps://new.example\nodd\nhome ftps://h\nmore ftpes://more.example\n";
        assert_eq!(text, want);
        remove_bookmark(&home, "home").unwrap();
        assert_eq!(find_bookmark(&home, "home").unwrap(), None);
        assert_eq!(find_bookmark(&home, "more").unwrap().as_deref(), Some("ftpes://more.example"));
    }

    #[test]
    fn the_file_and_its_directory_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, home) = home();
        add_bookmark(&home, "a", &site("h")).unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.bookmarks()), 0o600);
        assert_eq!(mode(home.bookmarks().parent().unwrap()), 0o700);
        let left = std::fs::read_dir(home.bookmarks().parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no temporary file is left");
    }

    #[test]
    fn names_that_could_be_targets_are_refused() {
        for name in [
            "",
            "a b",
            "a:21",
            "a/b",
            "#a",
            "u@h",
            "-a",
            "a\n",
            "!rm",
            "$(x)",
            "`x`",
            "a;b",
            "a&b",
            "a|b",
            "a>b",
            "<a",
            "'a",
            "\"a",
            "a*",
            "a?",
            "~a",
            "a\\",
            "{a}",
            "=a",
            "%1",
            "a\u{202e}b",
        ] {
            assert_eq!(check_name(name).unwrap_err().kind(), Kind::Usage, "{name:?}");
        }
        for name in ["ftp.example.org", "Work.Ünder-home", "a_b+c,d"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_cannot_be_removed() {
        let (_dir, home) = home();
        add_bookmark(&home, "work", &site("h")).unwrap();
        let error = remove_bookmark(&home, "wrok").unwrap_err();
        assert_eq!(error.hint(), Some("did you mean `work`?"));
    }

    #[test]
    fn problems_are_told_by_line_and_passwords_are_not_shown() {
        let (_dir, home) = home();
        create_file(&home).unwrap();
        let text = "# ok\na ftp://u:hunter2@h\nodd\nb ftp://h\nc sftp://h\n";
        std::fs::write(home.bookmarks(), text).unwrap();
        let problems = file_problems(&home).unwrap();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains(":2: ") && !problems.concat().contains("hunter2"));
        assert_eq!(without_password("ftp://u:hunter2@h"), "ftpes://u@h");
    }
}
