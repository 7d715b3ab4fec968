//! HP NonStop (Tandem): `NAME  101  528  6-Apr-27 14:21:18 255, 0 "oooo"`: name, code, size in
//! bytes, time, owner, security.

use super::date::{at, date, int, short_year};
use super::fields::{Words, is_number, number};
use super::month::month;
use super::{Entry, EntryKind, Line};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Line {
    let words = Words::split(line);
    match words.all() {
        [b"File", b"Code", b"EOF", ..] => Line::Skip,
        words => entry(words).into(),
    }
}

fn entry(words: &[&[u8]]) -> Option<Entry> {
    let [name, code, size, day, time, owner @ .., security] = words else { return None };
    // A file that is open for writing has a `+` after its code.
    let code = code.strip_suffix(b"+").unwrap_or(code);
    let owner = owner.concat();
    let comma = owner.iter().position(|b| *b == b',')?;
    let quoted = security.len() >= 2 && security.starts_with(b"\"") && security.ends_with(b"\"");
    if !is_number(code) || !is_number(&owner[..comma]) || !is_number(&owner[comma + 1..]) || !quoted
    {
        return None;
    }
    let mut parts = day.split(|b| *b == b'-');
    let (day, name_of_month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let day = date(short_year(year)?, month(name_of_month)?, int(day)?)?;
    Some(Entry {
        size: Some(number(size)?),
        modified: Some(at(day, time)?),
        owner: Some(decode_name(&owner)),
        ..Entry::new(decode_name(name), EntryKind::File)
    })
}
