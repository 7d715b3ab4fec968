//! OS/2: size, attributes, optional `DIR`, date, time, name. The date has the month first, and the
//! year as two digits, as the years since 1900, or in full.

use super::date::{at, date, int, short_year};
use super::fields::{Words, number};
use super::{Entry, EntryKind};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let size = number(words.get(0)?)?;
    let mut kind = EntryKind::File;
    let mut i = 1;
    loop {
        match words.get(i)? {
            b"DIR" => kind = EntryKind::Directory,
            // Read-only, hidden, system, archive.
            attributes if attributes.iter().all(|b| b"RHSA".contains(b)) => {}
            _ => break,
        }
        i += 1;
    }
    let mut parts = words.get(i)?.split(|b| *b == b'-');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let day = date(short_year(year)?, int(month)?, int(day)?)?;
    let modified = at(day, words.get(i + 1)?)?;
    // Two spaces precede the name on every server seen; a third would be part of the name.
    let name = words.after(i + 1).strip_prefix(b" ")?;
    let name = name.strip_prefix(b" ").unwrap_or(name);
    if name.trim_ascii().is_empty() {
        return None;
    }
    Some(Entry {
        size: Some(size),
        modified: Some(modified),
        ..Entry::new(decode_name(name), kind)
    })
}
