//! The `dls` of old archives: `NAME                 14  -> TARGET`. Name (with a slash for
//! directories), size (`-` for directories) up to column 23, then a date, link target or text.
//!
//! A name and a number could be any text: they count as an entry only after an unambiguous line.

use chrono::NaiveDateTime;

use super::fields::{Words, number};
use super::{Entry, EntryKind, date};
use crate::ftp::path::decode_name;

/// The column where the size ends.
const SIZE_END: usize = 23;

/// Parses one line. `known` means that the listing has this format; `now` determines the year of a
/// date without one.
pub(super) fn parse(line: &[u8], known: bool, now: NaiveDateTime) -> Option<Entry> {
    let (columns, rest) = line.split_at_checked(SIZE_END)?;
    let words = Words::split(columns);
    let [name, size] = words.all() else { return None };
    if columns.ends_with(b" ") || line.starts_with(b" ") {
        return None;
    }
    let (name, kind, size) = match (name.strip_suffix(b"/"), *size) {
        (Some(name), b"-") => (name, EntryKind::Directory, None),
        (None, size) => (*name, EntryKind::File, Some(number(size)?)),
        _ => return None,
    };
    if name.is_empty() {
        return None;
    }
    let mut entry = Entry { size, ..Entry::new(decode_name(name), kind) };
    let certain = kind == EntryKind::Directory || known;
    let said = match rest.strip_prefix(b"  ") {
        Some(said) => said,
        None if rest.is_empty() => return Some(entry).filter(|_| certain),
        None => return None,
    };
    if let Some(target) = said.strip_prefix(b"-> ").filter(|target| !target.is_empty()) {
        // The size is the target's length.
        (entry.kind, entry.size) = (EntryKind::Link, None);
        entry.target = Some(decode_name(target));
        return Some(entry).filter(|_| kind == EntryKind::File);
    }
    let words = Words::split(said);
    let found = date::find(words.all(), now).filter(|found| words.all().len() == found.words);
    entry.modified = found.as_ref().and_then(|found| found.modified);
    Some(entry).filter(|_| certain || found.is_some())
}
