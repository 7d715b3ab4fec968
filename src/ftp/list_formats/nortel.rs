//! Nortel's WfFTP: `NAME       1014196  06/03/04  Thur.   10:20:03`. The weekday determines whether
//! the month or the day comes first, and confirms that it is a date.

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::date::{at, date, int, only_reading, short_year};
use super::fields::{Words, number};
use super::{Entry, EntryKind};
use crate::ftp::path::decode_name;

pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let [name, size, day, weekday, time] = words.all() else { return None };
    let weekday = weekday.strip_suffix(b".").filter(|name| name.len() >= 3)?;
    let weekday: Weekday = std::str::from_utf8(&weekday[..3]).ok()?.parse().ok()?;
    let mut parts = day.split(|b| *b == b'/');
    let (a, b, year) = (int(parts.next()?)?, int(parts.next()?)?, short_year(parts.next()?)?);
    if parts.next().is_some() || line.first() != name.first() {
        return None;
    }
    let fits = |day: &NaiveDate| day.weekday() == weekday;
    let readings = [date(year, a, b).filter(fits), date(year, b, a).filter(fits)];
    let modified = match only_reading(&readings)? {
        Some(day) => Some(at(day, time)?),
        None => None,
    };
    Some(Entry {
        size: Some(number(size)?),
        modified,
        ..Entry::new(decode_name(name), EntryKind::File)
    })
}
