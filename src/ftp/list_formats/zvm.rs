//! z/VM CMS: `NAME  TYPE  A1 V  41  21  1  9/16/21  15:10:32`, or year first and without `A1`.
//!
//! Lengths are in records and blocks, so no entry has a size. The name to send is `NAME.TYPE`.

use super::date::{at, date, int, short_year};
use super::fields::{Words, is_number};
use super::{Entry, EntryKind, Modified};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    match words.all() {
        [name, mode, b"DIR", b"-", b"-", b"-", day, time] if is_mode(mode) => {
            Some(entry(decode_name(name), EntryKind::Directory, moment(day, time)?))
        }
        [name, kind, mode, format, a, b, c, day, time] if is_mode(mode) => {
            file(name, kind, format, [a, b, c], moment(day, time)?)
        }
        [name, kind, format, a, b, c, day, time, _owner] if day.contains(&b'-') => {
            file(name, kind, format, [a, b, c], moment(day, time)?)
        }
        _ => None,
    }
}

fn file(
    name: &[u8],
    kind: &[u8],
    format: &[u8],
    counts: [&[u8]; 3],
    modified: Modified,
) -> Option<Entry> {
    if !matches!(format, b"F" | b"V") || !counts.into_iter().all(is_number) {
        return None;
    }
    Some(entry(format!("{}.{}", decode_name(name), decode_name(kind)), EntryKind::File, modified))
}

fn entry(name: String, kind: EntryKind, modified: Modified) -> Entry {
    Entry { modified: Some(modified), ..Entry::new(name, kind) }
}

/// A file mode such as `A1`.
fn is_mode(word: &[u8]) -> bool {
    matches!(word, [letter, digit] if letter.is_ascii_uppercase() && digit.is_ascii_digit())
}

/// `9/16/21` (CMS writes the month first; the year as two digits or the years since 1900) or
/// `2021-09-16`, with a time.
fn moment(day: &[u8], time: &[u8]) -> Option<Modified> {
    let separator = *day.iter().find(|b| matches!(b, b'/' | b'-'))?;
    let mut parts = day.split(|b| *b == separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let day = match separator {
        b'/' => date(short_year(c)?, int(a)?, int(b)?)?,
        _ if a.len() == 4 => date(int(a)?, int(b)?, int(c)?)?,
        _ => return None,
    };
    at(day, time)
}
