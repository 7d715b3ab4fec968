//! VShell before version 2: `206876  Apr 04, 2000 21:06 name`; a directory's name ends in a slash.

use super::date::{at, date, int};
use super::fields::{Words, number};
use super::month::month;
use super::{Entry, EntryKind};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let [size, name_of_month, day, year, time, ..] = words.all() else { return None };
    let size = number(size)?;
    let day = day.strip_suffix(b",").filter(|day| day.len() == 2)?;
    if year.len() != 4 {
        return None;
    }
    let day = date(int(year)?, month(name_of_month)?, int(day)?)?;
    let modified = at(day, time)?;
    let name = words.name_after(4)?;
    let (name, kind) = match name.strip_suffix(b"/") {
        Some(name) => (name, EntryKind::Directory),
        None => (name, EntryKind::File),
    };
    if name.is_empty() {
        return None;
    }
    Some(Entry {
        size: Some(size),
        modified: Some(modified),
        ..Entry::new(decode_name(name), kind)
    })
}
