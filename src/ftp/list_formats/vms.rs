//! VMS: `NAME.TXT;1  2/8  7-JAN-2020 10:30:13.64  [OWNER]  (RWED,RWED,RE,)`, size and date in
//! either order, a long name on a line of its own.
//!
//! Sizes are blocks of 512 bytes, an upper bound. Files keep their version number, to distinguish
//! two versions; directories lose `.DIR;1`, which CWD does not accept.

use super::date::{at, date, int, on};
use super::fields::{Words, is_number, number};
use super::month::{is_unclear, month};
use super::{Entry, EntryKind, Line, Modified};
use crate::ftp::path::decode_name;

/// Bytes in a block.
const BLOCK: u64 = 512;

/// Holds a name whose entry continues on the next line.
#[derive(Debug, Default)]
pub(super) struct Vms {
    waiting: Option<Vec<u8>>,
}

impl Vms {
    /// Whether the second half of an entry is missing.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Parses the line after a name on its own line; `None` if there was no such name.
    pub(super) fn wrapped(&mut self, line: &[u8]) -> Option<Line> {
        let name = self.waiting.take()?;
        Some(entry(&name, Words::split(line).all(), 0).into())
    }

    /// Parses the first line of an entry.
    pub(super) fn parse(&mut self, line: &[u8]) -> Line {
        let words = Words::split(line);
        let Some(first) = words.get(0) else { return Line::Skip };
        if is_heading(words.all()) || is_total(words.all()) {
            return Line::Skip;
        }
        if !has_version(first) {
            return Line::Unknown;
        }
        if words.all().len() == 1 {
            self.waiting = Some(first.to_vec());
            return Line::Skip;
        }
        entry(first, words.all(), 1).into()
    }
}

/// `DISK:[DIR]`, optionally after `Directory`.
fn is_heading(words: &[&[u8]]) -> bool {
    let place = match words {
        [place] => place,
        [word, place] if word.eq_ignore_ascii_case(b"Directory") => place,
        _ => return false,
    };
    place.ends_with(b"]") && place.windows(2).any(|w| w == b":[")
}

/// `Total of 710 blocks in 12 files.` and `Grand total of ...`
fn is_total(words: &[&[u8]]) -> bool {
    let words = match words {
        [grand, words @ ..] if grand.eq_ignore_ascii_case(b"Grand") => words,
        words => words,
    };
    matches!(words, [total, of, count, ..] if total.eq_ignore_ascii_case(b"Total")
        && of.eq_ignore_ascii_case(b"of") && is_number(count))
}

/// Whether the word ends in `;1` or another version.
fn has_version(word: &[u8]) -> bool {
    word.iter().rposition(|b| *b == b';').is_some_and(|at| at > 0 && is_number(&word[at + 1..]))
}

/// The entry called `name` with the other facts in `words` from `start` on.
fn entry(name: &[u8], words: &[&[u8]], start: usize) -> Option<Entry> {
    let words = words.get(start..)?;
    // Size and date, or date and size.
    let (blocks, modified, rest) = match blocks(words.first()?) {
        Some(blocks) => {
            let (modified, rest) = moment(&words[1..])?;
            (blocks, modified, rest)
        }
        None => {
            let (modified, rest) = moment(words)?;
            let (size, rest) = rest.split_first()?;
            (self::blocks(size)?, modified, rest)
        }
    };
    let owner = owner_and_protection(rest)?;
    let (name, kind) = name_and_kind(name);
    if name.is_empty() {
        return None;
    }
    // If its own number overflowed, the server prints 2^32 blocks or more.
    let blocks = u32::try_from(blocks).ok().filter(|_| kind == EntryKind::File);
    let size = blocks.map(|blocks| u64::from(blocks) * BLOCK);
    Some(Entry {
        size,
        size_in_blocks: size.is_some(),
        modified,
        owner: owner.map(decode_name),
        ..Entry::new(decode_name(name), kind)
    })
}

/// `155` or `2/8` (used and allocated).
fn blocks(word: &[u8]) -> Option<u64> {
    match word.iter().position(|b| *b == b'/') {
        Some(slash) => number(&word[slash + 1..]).and(number(&word[..slash])),
        None => number(word),
    }
}

/// `2-JUL-2023`, optionally with a time, and the words after it. The time is `None` if the month's
/// name is ambiguous.
fn moment<'w, 'a>(words: &'w [&'a [u8]]) -> Option<(Option<Modified>, &'w [&'a [u8]])> {
    let (first, rest) = words.split_first()?;
    let mut parts = first.split(|b| *b == b'-');
    let (day, name, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let number_of_month = if is_unclear(name) { 1 } else { month(name)? };
    let day = date(int(year)?, number_of_month, int(day)?)?;
    let (modified, rest) = match rest.split_first() {
        Some((time, rest)) if time.contains(&b':') => (at(day, time)?, rest),
        _ => (on(day), rest),
    };
    Some((Some(modified).filter(|_| !is_unclear(name)), rest))
}

/// The rest: an owner, a protection in parentheses, both or nothing. `None` for anything else.
fn owner_and_protection<'a>(words: &[&'a [u8]]) -> Option<Option<&'a [u8]>> {
    let protection = |word: &[u8]| word.starts_with(b"(") && word.ends_with(b")");
    match words {
        [] => Some(None),
        [only] if protection(only) => Some(None),
        [owner] => Some(Some(owner)),
        [owner, last] if protection(last) => Some(Some(owner)),
        _ => None,
    }
}

/// The name without a directory before it, and without `.DIR;1` for a directory.
fn name_and_kind(name: &[u8]) -> (&[u8], EntryKind) {
    let name = match name.iter().rposition(|b| *b == b']') {
        Some(end) if name.starts_with(b"[") => &name[end + 1..],
        _ => name,
    };
    let stem = &name[..name.iter().rposition(|b| *b == b';').unwrap_or(name.len())];
    match stem.len().checked_sub(4) {
        Some(dot) if dot > 0 && stem[dot..].eq_ignore_ascii_case(b".DIR") => {
            (&stem[..dot], EntryKind::Directory)
        }
        _ => (name, EntryKind::File),
    }
}
