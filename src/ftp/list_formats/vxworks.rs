//! VxWorks: `2048    Feb-28-1998  05:23:30   NAME              <DIR>`, after a heading. Names are
//! padded, and names on its disks do not end in blanks.

use super::date::{at, date, int};
use super::fields::{Words, number};
use super::month::month;
use super::{Entry, EntryKind, Line};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Line {
    let words = Words::split(line);
    let underline = |word: &&[u8]| word.len() > 2 && word.iter().all(|b| *b == b'-');
    match words.all() {
        [b"size", b"date", b"time", b"name"] => Line::Skip,
        [_, _, _, _] if words.all().iter().all(underline) => Line::Skip,
        _ => entry(&words).into(),
    }
}

fn entry(words: &Words<'_>) -> Option<Entry> {
    let [size, day, time, ..] = words.all() else { return None };
    let mut parts = day.split(|b| *b == b'-');
    let (name_of_month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || name_of_month.len() != 3 || day.len() != 2 || year.len() != 4 {
        return None;
    }
    let day = date(int(year)?, month(name_of_month)?, int(day)?)?;
    let modified = at(day, time)?;
    let name = words.after(2).strip_prefix(b"   ")?.trim_ascii_end();
    let (name, kind) = match name.strip_suffix(b"<DIR>") {
        Some(name) => (name.trim_ascii_end(), EntryKind::Directory),
        None => (name, EntryKind::File),
    };
    if name.is_empty() || name.starts_with(b" ") {
        return None;
    }
    Some(Entry {
        size: Some(number(size)?),
        modified: Some(modified),
        ..Entry::new(decode_name(name), kind)
    })
}
