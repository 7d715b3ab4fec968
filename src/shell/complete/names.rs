//! Completion of local and remote file names, one directory level at a time.
//!
//! Directories get a trailing `/`, everything else a blank. Listings are not trusted: unsafe names
//! are omitted.

use std::os::unix::ffi::OsStrExt as _;

use super::{Candidate, Typed};
use crate::ftp::path::{decode_name, stands_for_byte};
use crate::local_path;
use crate::output::escape;
use crate::shell_quote::{Quote, quote_for};

/// No file system has longer names, in bytes.
const LONGEST: usize = 1024;

/// The type of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// A directory.
    Directory,
    /// Possibly a directory: a symbolic link, or the server did not report the type.
    Unclear,
    /// Anything else.
    File,
}

/// A name in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub nature: Nature,
}

/// The names that complete `word`. `list` lists a directory, whose path as typed ends in `/` or is
/// empty.
pub(super) fn complete_name(
    word: &Typed<'_>,
    directories: bool,
    list: &dyn Fn(&str) -> Vec<Name>,
) -> Vec<Candidate> {
    if word.tilde && word.text == "~" {
        return vec![Candidate { display: "~/".into(), replacement: "~/".into() }];
    }
    let (directory, prefix) = match word.text.rfind('/') {
        Some(slash) => word.text.split_at(slash + 1),
        None => ("", word.text),
    };
    let mut names = match prefix {
        // Listings do not contain it.
        ".." => vec![Name { name: "..".into(), nature: Nature::Directory }],
        _ => list(directory),
    };
    names.retain(|found| {
        let name = found.name.as_str();
        name.starts_with(prefix)
            && (!name.starts_with('.') || prefix.starts_with('.'))
            && (!directories || found.nature != Nature::File)
            && is_harmless(name)
    });
    names.sort_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    names.iter().map(|found| name_candidate(word, directory, found)).collect()
}

/// Whether a name can be inserted into the line being edited.
fn is_harmless(name: &str) -> bool {
    let shown: String = name.chars().filter(|c| !stands_for_byte(*c)).collect();
    name.len() <= LONGEST && !name.is_empty() && !name.contains('/') && escape(&shown) == shown
}

fn name_candidate(word: &Typed<'_>, directory: &str, found: &Name) -> Candidate {
    // A leading dash would be parsed as an option.
    let dot = if directory.is_empty() && found.name.starts_with('-') { "./" } else { "" };
    let path = format!("{dot}{directory}{}", found.name);
    let (suffix, blank) = match found.nature {
        Nature::Directory => ("/", ""),
        Nature::Unclear => ("", ""),
        Nature::File => ("", word.blank),
    };
    let path = path + suffix;
    let mut quoted = match word.tilde.then(|| path.split_once('/')).flatten() {
        Some((home, rest)) => format!("{home}/{}", quote_for(rest, Quote::None)),
        None => quote_for(&path, word.quote),
    };
    if found.nature != Nature::File && word.quote != Quote::None {
        // The name is incomplete, so its quote stays open.
        quoted.pop();
    }
    Candidate { display: format!("{}{suffix}", found.name), replacement: quoted + blank }
}

/// Lists a local directory; empty if it cannot be read.
pub fn local_names(directory: &str) -> Vec<Name> {
    let directory = if directory.is_empty() { "." } else { directory };
    let path = local_path::path_from_word(&local_path::expand_tilde(directory));
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let name = |entry: std::fs::DirEntry| {
        let kind = entry.file_type().ok();
        let link = kind.is_some_and(|kind| kind.is_symlink());
        let directory = kind.is_some_and(|kind| kind.is_dir()) || link && entry.path().is_dir();
        Name {
            name: decode_name(entry.file_name().as_bytes()),
            nature: if directory { Nature::Directory } else { Nature::File },
        }
    };
    entries.flatten().map(name).collect()
}

/// Only the names for which our quoting is also valid in the user's shell.
pub(super) fn quote_for_shell(names: Vec<Name>) -> Vec<Name> {
    names.into_iter().filter(|found| !found.name.contains(['$', '`', '<'])).collect()
}
