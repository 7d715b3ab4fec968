//! NetWare: `d [RWCEAFMS] owner  512 Nov 24  2005 name`. Type and trustee rights, which are not
//! permission bits, then as `ls -l` without a group.

use chrono::NaiveDateTime;

use super::fields::{Words, number};
use super::{Entry, EntryKind, date};
use crate::ftp::path::decode_name;

/// Parses one line; `now` determines the year of a date without one.
pub(super) fn parse(line: &[u8], now: NaiveDateTime) -> Option<Entry> {
    let kind = match line.first()? {
        b'd' => EntryKind::Directory,
        b'-' => EntryKind::File,
        _ => return None,
    };
    let words = Words::split(line);
    let [_, rights, owner, size, date @ ..] = words.all() else { return None };
    let letters = rights.strip_prefix(b"[")?.strip_suffix(b"]")?;
    if words.all()[0].len() != 1 || letters.len() != 8 {
        return None;
    }
    if !letters.iter().all(|b| *b == b'-' || b.is_ascii_uppercase()) {
        return None;
    }
    let found = date::find(date, now)?;
    Some(Entry {
        size: Some(number(size)?),
        modified: found.modified,
        owner: Some(decode_name(owner)),
        ..Entry::new(decode_name(words.name_after(3 + found.words)?), kind)
    })
}
