//! `ls -l` and servers that imitate it: permissions, links, owner, group, size, date, name, with
//! words missing, doubled or in another order.
//!
//! All variants have the size before a date; everything else is located relative to it.

use chrono::{DateTime, NaiveDateTime};

use super::fields::{Words, is_number, number, octal_mode, symbolic_mode};
use super::{Entry, EntryKind, Modified, Precision, Zone, date};
use crate::ftp::path::decode_name;

/// Parses one line; `now` determines the year of a date without one.
pub(super) fn parse(line: &[u8], now: NaiveDateTime) -> Option<Entry> {
    let (kind, mode) = match permissions(line) {
        Some(found) => found,
        None => return octal(line),
    };
    let words = Words::split(line);
    // The word before a date is the size; at least one word precedes it. The leftmost such pair
    // counts, because a name may look like one.
    let before_date = |is: fn(&[&[u8]], usize) -> bool| {
        let mut places = (2..words.all().len()).filter(|i| is(words.all(), *i));
        places.find_map(|i| Some((i, date::find(&words.all()[i + 1..], now)?)))
    };
    let (size_at, found) =
        before_date(|words, i| is_size(words[i])).or_else(|| before_date(is_grown_together))?;
    let device = matches!(line[0], b'b' | b'c');
    let mut owners = &words.all()[1..size_at];
    if device && owners.last().is_some_and(|word| word.ends_with(b",")) {
        owners = &owners[..owners.len() - 1]; // "8, 27": major and minor number
    }
    let last = size_at + found.words;
    let name = if found.padded { words.padded_name_after(last) } else { words.name_after(last) }?;
    let mut entry = Entry::new("", kind);
    entry.mode = Some(mode);
    entry.modified = found.modified;
    entry.size = number(words.all()[size_at]).filter(|_| !device);
    set_owners(&mut entry, owners, words.all()[size_at])?;
    if kind == EntryKind::Link {
        let (name, target) = split_target(name, entry.size)?;
        entry.name = decode_name(name);
        entry.target = target.map(decode_name);
    } else {
        entry.name = decode_name(name);
    }
    Some(entry)
}

/// The first word: type and permission bits, perhaps a sign for an ACL or extended attributes.
fn permissions(line: &[u8]) -> Option<(EntryKind, u32)> {
    let (kind, rest) = line.split_first()?;
    let (bits, rest) = rest.split_first_chunk::<9>()?;
    let kind = match kind {
        b'd' => EntryKind::Directory,
        b'l' => EntryKind::Link,
        b'b' | b'c' | b'p' | b's' | b'D' => EntryKind::Other,
        // 'f' and Plan 9's append-only 'a' are files.
        b'-' | b'f' | b'a' => EntryKind::File,
        _ => return None,
    };
    let end = matches!(rest, [b' ' | b'\t', ..] | [b'+' | b'.' | b'@', b' ' | b'\t', ..]);
    Some((kind, symbolic_mode(bits)?)).filter(|_| end)
}

/// A number; or a negative one, which old servers print for sizes that overflowed; or `8,27`; or
/// `33.5k`, which is only approximate.
fn is_size(word: &[u8]) -> bool {
    is_number(word.strip_prefix(b"-").unwrap_or(word))
        || is_rounded(word)
        || word
            .iter()
            .position(|b| *b == b',')
            .is_some_and(|comma| is_number(&word[..comma]) && is_number(&word[comma + 1..]))
}

/// `33.5k`, `2M`.
fn is_rounded(word: &[u8]) -> bool {
    let Some((b'k' | b'K' | b'M' | b'G' | b'T', number)) = word.split_last() else { return false };
    let mut parts = number.split(|b| *b == b'.');
    parts.clone().count() <= 2 && parts.all(is_number)
}

/// `ftpadmin125435904`: a group so long that the size follows it without a blank (Pure-FTPd). The
/// line does not show where the size begins.
fn is_grown_together(words: &[&[u8]], at: usize) -> bool {
    let owner_at = 1 + usize::from(is_number(words[1]));
    let word = words[at];
    at == owner_at + 1 && !word[0].is_ascii_digit() && word.last().is_some_and(u8::is_ascii_digit)
}

/// Sets owner and group from the words between permissions and size; `None` if those are invalid.
fn set_owners(entry: &mut Entry, words: &[&[u8]], size: &[u8]) -> Option<()> {
    let text = |word: &[u8]| Some(decode_name(word));
    match words {
        // NetPresenz, for directories and for files (resource fork, data fork, their sum).
        [b"folder"] => {}
        [a, b] if is_fork_sum(a, b, size) => {}
        [links] | [links, _] | [links, _, _] if is_number(links) => {
            entry.owner = words.get(1).copied().and_then(text);
            entry.group = words.get(2).copied().and_then(text);
        }
        // Names with spaces: the line does not show where one ends and the next begins.
        [links, _, ..] if is_number(links) => {}
        [owner, group] if !owner[0].is_ascii_digit() => {
            (entry.owner, entry.group) = (text(owner), text(group));
        }
        // With group and size in one word.
        [owner] if !size[0].is_ascii_digit() => entry.owner = text(owner),
        _ => return None,
    }
    Some(())
}

fn is_fork_sum(a: &[u8], b: &[u8], size: &[u8]) -> bool {
    let sum = number(a).zip(number(b)).and_then(|(a, b)| a.checked_add(b));
    sum.is_some() && sum == number(size)
}

/// A link's name and target. With more than one arrow, the target is the one whose length equals
/// the size; otherwise it is ambiguous.
fn split_target(name: &[u8], size: Option<u64>) -> Option<(&[u8], Option<&[u8]>)> {
    const ARROW: &[u8] = b" -> ";
    let mut splits = name.windows(ARROW.len()).enumerate().filter(|(_, w)| *w == ARROW);
    let at = |i: usize| (&name[..i], Some(&name[i + ARROW.len()..]));
    let (name, target) = match (splits.next(), splits.next()) {
        (None, _) => (name, None),
        (Some((i, _)), None) => at(i),
        (Some(_), Some(_)) => {
            let target = usize::try_from(size?).ok()?;
            let i = name.len().checked_sub(target + ARROW.len())?;
            Some(at(i)).filter(|_| name[i..].starts_with(ARROW))?
        }
    };
    Some((name, target)).filter(|(name, _)| !name.is_empty())
}

/// The numeric format: `0100644 500 101 12345 123456789 name` (mode, user, group, size, Unix time).
fn octal(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let [mode, owner, group, size, seconds, ..] = words.all() else { return None };
    if !(6..=7).contains(&mode.len()) || ![*owner, group, size, seconds].into_iter().all(is_number)
    {
        return None;
    }
    let file_type = &mode[..mode.len() - 4];
    let kind = match file_type.strip_prefix(b"0").unwrap_or(file_type) {
        b"10" => EntryKind::File,
        b"4" | b"04" => EntryKind::Directory,
        b"12" => EntryKind::Link,
        _ => return None,
    };
    let seconds = number(seconds).and_then(|s| i64::try_from(s).ok());
    let time = seconds.and_then(|s| DateTime::from_timestamp(s, 0)).map(|t| t.naive_utc());
    Some(Entry {
        size: number(size),
        mode: Some(octal_mode(mode)?),
        modified: time.map(|time| Modified { time, precision: Precision::Second, zone: Zone::Utc }),
        owner: Some(decode_name(owner)),
        group: Some(decode_name(group)),
        ..Entry::new(decode_name(words.padded_name_after(4)?), kind)
    })
}
