//! Dates in listings: RFC 3659 time values, and the many formats of `ls`.
//!
//! Parses words to a [`Modified`], or to an inner `None` if the words are an ambiguous date
//! (`03/04`). Day and month are never guessed.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::fields::{is_number, number};
use super::month::{is_unclear, month};
use super::{Modified, Precision, Zone};

/// The bytes are not a time value.
#[derive(Debug, PartialEq, Eq)]
pub struct NotATimeValue;

/// RFC 3659 section 2.3: `YYYYMMDDHHMMSS[.F]`, UTC. The fraction is dropped. Fifteen digits that
/// start with 191 are a year that an old server printed as `19` and the years since 1900.
///
/// `Ok(None)` is a time value of a day or an hour that does not exist.
///
/// # Errors
/// [`NotATimeValue`] if the bytes have another format.
pub fn time_val(bytes: &[u8]) -> Result<Option<NaiveDateTime>, NotATimeValue> {
    let (whole, fraction) = match bytes.iter().position(|b| *b == b'.') {
        Some(dot) => (&bytes[..dot], &bytes[dot + 1..]),
        None => (bytes, b"0".as_slice()),
    };
    if !is_number(whole) || !is_number(fraction) {
        return Err(NotATimeValue);
    }
    let (year, rest) = match whole.len() {
        14 => (int(&whole[..4]), &whole[4..]),
        15 if whole.starts_with(b"191") => {
            (int(&whole[2..5]).map(|years| years + 1900), &whole[5..])
        }
        _ => return Err(NotATimeValue),
    };
    let field = |i: usize| int(&rest[i * 2..i * 2 + 2]);
    let at = || date(year?, field(0)?, field(1)?)?.and_hms_opt(field(2)?, field(3)?, field(4)?);
    Ok(at())
}

/// A short word of digits.
pub(super) fn int(word: &[u8]) -> Option<u32> {
    number(word).and_then(|n| u32::try_from(n).ok())
}

/// A valid date, years 1 to 9999.
pub(super) fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, month, day)
}

/// A year of two digits, as in POSIX: 69 to 99 are 19yy. Four digits are the year; three are the
/// years since 1900, as printed by old programs.
pub(super) fn short_year(word: &[u8]) -> Option<u32> {
    let year = int(word)?;
    match word.len() {
        2 => Some(if year >= 69 { 1900 + year } else { 2000 + year }),
        3 if year >= 100 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

/// `HH:MM`, `HH:MM:SS` with or without a fraction; one digit is allowed for each. 24:00 is midnight
/// at the end of the day and sets the flag.
pub(super) fn clock(word: &[u8]) -> Option<(NaiveTime, Precision, bool)> {
    let mut parts = word.split(|b| *b == b':');
    let two = |part: Option<&[u8]>| part.filter(|p| p.len() <= 2).and_then(int);
    let (hour, minute) = (two(parts.next())?, two(parts.next())?);
    let (second, precision) = match parts.next() {
        None => (0, Precision::Minute),
        Some(part) => {
            let (whole, fraction) =
                part.split_at(part.iter().position(|b| *b == b'.').unwrap_or(part.len()));
            if !(fraction.is_empty() || is_number(&fraction[1..])) {
                return None;
            }
            (two(Some(whole))?, Precision::Second)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    if (hour, minute, second) == (24, 0, 0) {
        return Some((NaiveTime::MIN, precision, true));
    }
    Some((NaiveTime::from_hms_opt(hour, minute, second)?, precision, false))
}

/// A server's local time from a day and a time word; `None` if the word is not a time.
pub(super) fn at(day: NaiveDate, word: &[u8]) -> Option<Modified> {
    let (time, precision, next_day) = clock(word)?;
    let day = day.checked_add_days(Days::new(u64::from(next_day)))?;
    Some(Modified { time: day.and_time(time), precision, zone: Zone::Server })
}

/// A day without a time.
pub(super) fn on(day: NaiveDate) -> Modified {
    Modified { time: day.and_time(NaiveTime::MIN), precision: Precision::Day, zone: Zone::Server }
}

/// The date that all valid readings agree on; `Some(None)` if two differ, `None` if none is valid.
pub(super) fn only_reading(readings: &[Option<NaiveDate>]) -> Option<Option<NaiveDate>> {
    let mut days = readings.iter().flatten();
    let first = days.next()?;
    Some(days.all(|day| day == first).then_some(*first))
}

/// A date in a Unix listing: its number of words and its value.
pub(super) struct Found {
    /// Number of words.
    pub(super) words: usize,
    /// The time; `None` if ambiguous.
    pub(super) modified: Option<Modified>,
    /// Whether the date was padded, so that blanks after it are not part of the name.
    pub(super) padded: bool,
}

impl Found {
    fn new(words: usize, modified: impl Into<Option<Modified>>) -> Option<Self> {
        Some(Self { words, modified: modified.into(), padded: false })
    }
}

/// The date at the start of `words`, in any of the formats of `ls` and similar programs.
pub(super) fn find(words: &[&[u8]], now: NaiveDateTime) -> Option<Found> {
    let [first, second, ..] = words else { return None };
    let third = words.get(2).copied();
    if let Some(month) = month(first) {
        // "Apr  8 1994", "Apr 8 10:20", BSD's "Apr 8 10:20:30 1994"
        return with_year(month, day(second)?, third?, words.get(3).copied(), now);
    }
    if is_unclear(first) || is_unclear(second) {
        day(if is_unclear(first) { second } else { first })?;
        return Found::new(3, None).filter(|_| third.is_some_and(|w| is_year(w) || is_minute(w)));
    }
    if !first[0].is_ascii_digit() {
        return None;
    }
    if let (Some(day), Some(month)) = (day(first), month(second)) {
        return with_year(month, day, third?, None, now);
    }
    if first.iter().any(|b| b"-/.".contains(b))
        && let Some(found) = one_word(first, second, third)
    {
        return Some(found);
    }
    let (month, day) = (counted(first)?, counted(second)?);
    let third = third?;
    if !is_number(first) {
        // "6月 3日 2003年": the character after the first number shows that it is the month.
        let digits = &third[..third.iter().take_while(|b| b.is_ascii()).count()];
        return with_year(month, day, digits, None, now);
    }
    // "3 29 03:26": month and day in an order that only a day above 12 reveals.
    if clock(third)?.1 == Precision::Second {
        return None;
    }
    match (month, day) {
        (1..=12, 1..=12) if month != day => Found::new(3, None),
        (1..=12, _) => with_year(month, day, third, None, now),
        (_, 1..=12) => with_year(day, month, third, None, now),
        _ => None,
    }
}

fn is_year(word: &[u8]) -> bool {
    word.len() == 4 && is_number(word)
}

fn is_minute(word: &[u8]) -> bool {
    clock(word).is_some_and(|(_, precision, _)| precision == Precision::Minute)
}

/// A month and a day, then a year or a time in the last months.
fn with_year(
    month: u32,
    day: u32,
    third: &[u8],
    fourth: Option<&[u8]>,
    now: NaiveDateTime,
) -> Option<Found> {
    if is_year(third) {
        let year = int(third)?;
        date(2000, month, day)?; // 31 June is no date in any year.
        return Found::new(3, date(year, month, day).map(on));
    }
    let (_, precision, _) = clock(third)?;
    if precision == Precision::Second {
        let year = fourth.filter(|word| word.len() == 4).and_then(int)?;
        return Found::new(4, at(date(year, month, day)?, third)?);
    }
    date(2000, month, day)?;
    // The latest such time at most one day ahead: clocks and time zones differ. 1 January of next
    // year can be listed on 31 December.
    let year = u32::try_from(now.year()).ok()?;
    let latest = now.checked_add_signed(TimeDelta::days(1))?;
    let moment = (year.saturating_sub(1)..=year + 1)
        .rev()
        .filter_map(|year| at(date(year, month, day)?, third))
        .find(|moment| moment.time <= latest);
    Found::new(3, moment)
}

/// Dates whose first word contains day, month and optionally the year: `2005-06-07 21:22`,
/// `24-04-2003 17:12`, `2004.07.15`, `01-jun-99`, `09-26 2000`.
fn one_word(first: &[u8], second: &[u8], third: Option<&[u8]>) -> Option<Found> {
    let separator = *first.iter().find(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let mut parts = first.split(|b| *b == separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let Some(c) = c else {
        let (a, b) = (int(a)?, int(b)?);
        let year = int(second).filter(|_| second.len() == 4)?;
        let day = only_reading(&[date(year, a, b), date(year, b, a)])?;
        return Found::new(2, day.map(on));
    };
    if let Some(month) = month(b) {
        // A time after it may as well be the start of the name: not guessed.
        let day = date(short_year(c)?, month, int(a)?)?;
        return Found::new(1, on(day)).filter(|_| clock(second).is_none());
    }
    let day = if a.len() == 4 {
        Some(date(int(a)?, int(b)?, int(c)?)?)
    } else if c.len() == 4 {
        only_reading(&[date(int(c)?, int(b)?, int(a)?), date(int(c)?, int(a)?, int(b)?)])?
    } else {
        return None;
    };
    let Some((_, precision, _)) = clock(second) else {
        // Only the dotted format is known to occur without a time, padded to the width of one.
        let dotted = separator == b'.' && a.len() == 4;
        return Found::new(1, day.map(on)).filter(|_| dotted).map(|f| Found { padded: true, ..f });
    };
    let modified = day.and_then(|day| at(day, second));
    // GNU's full-iso: seconds with a fraction, then the offset from UTC.
    if precision == Precision::Second && second.contains(&b'.') {
        let offset = third.and_then(utc_offset)?;
        return Found::new(
            3,
            modified.map(|m| Modified { time: m.time - offset, zone: Zone::Utc, ..m }),
        );
    }
    Found::new(2, modified)
}

/// `+0200`.
fn utc_offset(word: &[u8]) -> Option<TimeDelta> {
    let (sign, digits) = word.split_first().filter(|(_, digits)| digits.len() == 4)?;
    let minutes = i64::from(int(&digits[..2])? * 60 + int(&digits[2..])?);
    match sign {
        b'+' => Some(TimeDelta::minutes(minutes)),
        b'-' => Some(TimeDelta::minutes(-minutes)),
        _ => None,
    }
}

/// A day of the month: `8`, `08`, `8.`, `8,`.
fn day(word: &[u8]) -> Option<u32> {
    let word = word.strip_suffix(b".").or_else(|| word.strip_suffix(b",")).unwrap_or(word);
    int(word).filter(|day| word.len() <= 2 && (1..=31).contains(day))
}

/// One or two digits, alone or before a non-ASCII character (月, 日, or a part of it).
fn counted(word: &[u8]) -> Option<u32> {
    let digits = word.iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = &word[digits..];
    let value = int(&word[..digits]).filter(|_| digits <= 2)?;
    (sign.iter().all(|b| !b.is_ascii()) && (1..=31).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests;
