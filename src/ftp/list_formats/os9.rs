//! OS-9: `20.20 07/03/29 1026 d-ewrewr 2650 85920 name`: group and user, year/month/day, hour and
//! minute, attributes, first sector in hexadecimal, bytes, name; after a heading.

use super::date::{at, date, int, short_year};
use super::fields::{Words, is_number, number};
use super::{Entry, EntryKind, Line};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Line {
    let words = Words::split(line);
    let underline = |word: &&[u8]| word.len() > 3 && word.iter().all(|b| *b == b'-');
    match words.all() {
        [b"Owner", b"Last", b"modified", b"Attributes", ..] => Line::Skip,
        [_, _, _, _, _, _] if words.all().iter().all(underline) => Line::Skip,
        _ => entry(&words).into(),
    }
}

fn entry(words: &Words<'_>) -> Option<Entry> {
    let [owner, day, time, attributes, sector, size, ..] = words.all() else { return None };
    let dot = owner.iter().position(|b| *b == b'.')?;
    if !is_number(&owner[..dot]) || !is_number(&owner[dot + 1..]) {
        return None;
    }
    let mut parts = day.split(|b| *b == b'/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [year, month, day].iter().any(|part| part.len() != 2) {
        return None;
    }
    let day = date(short_year(year)?, int(month)?, int(day)?)?;
    let time: [u8; 4] = (*time).try_into().ok()?;
    let modified = at(day, &[time[0], time[1], b':', time[2], time[3]])?;
    // Directory, single user, and execute, write and read for everybody and for the owner.
    let letters = attributes.len() == 8
        && attributes.iter().zip(b"dsewrewr").all(|(letter, own)| [*own, b'-'].contains(letter));
    if !letters || !sector.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let kind = if attributes.starts_with(b"d") { EntryKind::Directory } else { EntryKind::File };
    Some(Entry {
        size: Some(number(size)?),
        modified: Some(modified),
        owner: Some(decode_name(owner)),
        ..Entry::new(decode_name(words.name_after(5)?), kind)
    })
}
