//! The format of IIS and other Windows servers: `04-27-25  12:09PM  <DIR>  name`.
//!
//! IIS writes month, day, year; others write the day or the year first. Dates with dashes are read
//! as those of IIS unless a line proves otherwise; with slashes they must be unambiguous.

use chrono::{NaiveDate, NaiveTime};

use super::date::{clock, date, int, only_reading, short_year};
use super::fields::{Words, is_number, number};
use super::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::decode_name;

/// What earlier lines of the listing have shown.
#[derive(Debug, Default)]
pub(super) struct Dos {
    /// A first number above 12 was a day.
    day_first: bool,
}

impl Dos {
    pub(super) fn parse(&mut self, line: &[u8]) -> Option<Entry> {
        if !line.first()?.is_ascii_digit() {
            return None;
        }
        let words = Words::split(line);
        let day = self.day(words.get(0)?)?;
        // "12:09PM", "12:09 PM", "12:09"
        let (clock_at, half) = match words.get(2)? {
            half if half.eq_ignore_ascii_case(b"AM") || half.eq_ignore_ascii_case(b"PM") => {
                (2, half)
            }
            _ => (1, b"".as_slice()),
        };
        let (time, precision) = time_of_day(words.get(1)?, half)?;
        let what_at = clock_at + 1;
        let what = words.get(what_at)?;
        let (kind, size) = match what.to_ascii_uppercase().as_slice() {
            b"<DIR>" => (EntryKind::Directory, None),
            b"<JUNCTION>" | b"<SYMLINK>" | b"<SYMLINKD>" => (EntryKind::Link, None),
            _ => (EntryKind::File, Some(grouped(what)?)),
        };
        let name = match size {
            Some(_) => words.name_after(what_at)?,
            None => name_after_tag(&words, what_at)?,
        };
        // The shell's DIR appends a link's target in brackets; the name may contain some too.
        if kind == EntryKind::Link && name.ends_with(b"]") {
            return None;
        }
        Some(Entry {
            size: size.flatten(),
            modified: day.map(|day| Modified {
                time: day.and_time(time),
                precision,
                zone: Zone::Server,
            }),
            ..Entry::new(decode_name(name), kind)
        })
    }

    /// The date in the first word: `Some(None)` if ambiguous.
    fn day(&mut self, word: &[u8]) -> Option<Option<NaiveDate>> {
        let separator = *word.iter().find(|b| matches!(b, b'-' | b'/' | b'.'))?;
        let mut parts = word.split(|b| *b == separator);
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || a.is_empty() || b.is_empty() {
            return None;
        }
        if a.len() == 4 {
            return Some(Some(date(int(a)?, int(b)?, int(c)?)?));
        }
        let year = short_year(c)?;
        let (month_first, day_first) = (date(year, int(a)?, int(b)?), date(year, int(b)?, int(a)?));
        self.day_first |= month_first.is_none() && day_first.is_some();
        match separator {
            b'.' => Some(Some(day_first?)),
            b'-' if self.day_first => Some(Some(day_first?)),
            b'-' => Some(Some(month_first?)),
            _ => only_reading(&[month_first, day_first]),
        }
    }
}

/// `12:09PM`, or `12:09` with an empty `half` for the 24-hour clock.
fn time_of_day(word: &[u8], half: &[u8]) -> Option<(NaiveTime, Precision)> {
    let digits = word.iter().take_while(|b| !b.is_ascii_alphabetic()).count();
    let (word, own_half) = word.split_at(digits);
    let half = if own_half.is_empty() { half } else { own_half };
    let (time, precision, next_day) = clock(word)?;
    if next_day {
        return None;
    }
    let twelve = || (1..=12).contains(&chrono::Timelike::hour(&time));
    let hour = chrono::Timelike::hour(&time);
    let hour = match half.to_ascii_uppercase().as_slice() {
        b"" => hour,
        b"AM" | b"A" if twelve() => hour % 12,
        b"PM" | b"P" if twelve() => hour % 12 + 12,
        _ => return None,
    };
    Some((chrono::Timelike::with_hour(&time, hour)?, precision))
}

/// A size, perhaps in groups of three: `1234567`, `1,234,567`, `1.234.567`. `Some(None)`: overflow.
fn grouped(word: &[u8]) -> Option<Option<u64>> {
    if is_number(word) {
        return Some(number(word));
    }
    let separator = *word.iter().find(|b| matches!(b, b',' | b'.' | b'\''))?;
    let mut groups = word.split(|b| *b == separator);
    let first = groups.next()?;
    let right = (1..=3).contains(&first.len()) && is_number(first);
    if !right || !groups.all(|group| group.len() == 3 && is_number(group)) {
        return None;
    }
    let digits: Vec<u8> = word.iter().copied().filter(|b| *b != separator).collect();
    Some(number(&digits))
}

/// The name after `<DIR>`: after ten spaces in the format of IIS, otherwise after any number.
fn name_after_tag<'a>(words: &Words<'a>, at: usize) -> Option<&'a [u8]> {
    let iis = words.after(at - 1).starts_with(b"       <DIR>          ");
    let am_pm = words.get(at - 1)?.ends_with(b"M");
    let name = if iis && am_pm { words.after(at).get(10..) } else { words.padded_name_after(at) };
    name.filter(|name| !name.trim_ascii().is_empty())
}
