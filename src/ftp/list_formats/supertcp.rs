//! SuperTCP and NetManage's Chameleon: `DESIGN.DOC     11264      May 11 1995 14:20   A`, or with
//! the date as `05/11/95`; `<DIR>` instead of a size. Names are DOS names, without blanks.

use super::date::{at, date, int, only_reading, short_year};
use super::fields::{Words, number};
use super::month::month;
use super::{Entry, EntryKind, Modified};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let (name, size, moment) = match words.all() {
        // Read-only, hidden, system, archive.
        [name, size, moment @ .., attributes] if attributes.iter().all(|b| b"RHSA".contains(b)) => {
            (name, size, moment)
        }
        [name, size, moment @ ..] => (name, size, moment),
        _ => return None,
    };
    if line.first() != name.first() {
        return None;
    }
    let modified = self::moment(moment)?;
    let (kind, size) = match *size {
        b"<DIR>" => (EntryKind::Directory, None),
        size => (EntryKind::File, Some(number(size)?)),
    };
    Some(Entry { size, modified, ..Entry::new(decode_name(name), kind) })
}

/// `Nov 16 1994 17:17` or `06/21/95 17:01`; `Some(None)` if day and month are ambiguous.
fn moment(words: &[&[u8]]) -> Option<Option<Modified>> {
    let (day, time) = match words {
        [name, day, year, time] if year.len() == 4 => {
            (Some(date(int(year)?, month(name)?, int(day)?)?), time)
        }
        [day, time] => {
            let mut parts = day.split(|b| *b == b'/');
            let (a, b, year) =
                (int(parts.next()?)?, int(parts.next()?)?, short_year(parts.next()?)?);
            if parts.next().is_some() {
                return None;
            }
            (only_reading(&[date(year, a, b), date(year, b, a)])?, time)
        }
        _ => return None,
    };
    super::date::clock(time)?;
    Some(day.and_then(|day| at(day, time)))
}
