//! z/OS: data sets, and the members of a partitioned data set or load library.
//!
//! Lengths are in tracks or records, so only load modules have a size. A member without statistics
//! is a bare name, which could be any text: it is not understood.

use super::date::{at, date, int, on};
use super::fields::{Words, is_number};
use super::{Entry, EntryKind, Line, Modified};
use crate::ftp::path::decode_name;

/// The minimum column of a data set's name if its other columns are empty; 56 on the servers seen.
const NAME_COLUMN: usize = 40;

pub(super) fn parse(line: &[u8]) -> Line {
    let words = Words::split(line);
    let words = words.all();
    if matches!(words, [b"Volume", b"Unit", b"Referred", ..] | [b"Name", b"VV.MM" | b"Size", ..]) {
        return Line::Skip;
    }
    data_set(words)
        .or_else(|| without_columns(line, words))
        .or_else(|| member(words))
        .or_else(|| module(words))
        .into()
}

/// `SAVE00 3390   2024/06/23  1    1  FB     128  6144  PS    NAME`
fn data_set(words: &[&[u8]]) -> Option<Entry> {
    // Extents and tracks are not separated if there are many tracks.
    let (volume, referred, middle, [blocks, organisation, name]) = match words {
        [volume, unit, referred, middle @ .., blocks, organisation, name] if is_number(unit) => {
            (volume, referred, middle, [blocks, organisation, name])
        }
        _ => return None,
    };
    if volume.len() > 6
        || !(3..=4).contains(&middle.len())
        || !is_number(blocks)
        || !is_number(middle.last()?)
    {
        return None;
    }
    let modified = match *referred {
        b"**NONE**" => None,
        // The date of the last use, which is that of the last change or later.
        referred => Some(on(day(referred)?)),
    };
    let kind = match *organisation {
        b"PO" | b"PO-E" | b"POU" => EntryKind::Directory,
        b"PS" | b"PS-E" | b"PSU" | b"DA" => EntryKind::File,
        organisation if organisation.iter().all(u8::is_ascii_uppercase) => EntryKind::Other,
        _ => return None,
    };
    Some(Entry { modified, ..Entry::new(decode_name(name), kind) })
}

/// Data sets listed without columns: on tape, migrated, or VSAM. Their contents are unknown.
fn without_columns(line: &[u8], words: &[&[u8]]) -> Option<Entry> {
    let name = match words {
        [volume, unit, b"VSAM", name] if volume.len() <= 6 && is_number(unit) => name,
        [b"Migrated", name]
        | [_, b"Tape", name]
        | [_, b"Not", b"Direct", b"Access", b"Device", name]
            if line.trim_ascii_end().len() - name.len() >= NAME_COLUMN =>
        {
            name
        }
        _ => return None,
    };
    Some(Entry::new(decode_name(name), EntryKind::Other))
}

/// `NAME  01.03 2022/09/12 2022/10/11 09:37    11    11     0 USER`: the second date is the change.
fn member(words: &[&[u8]]) -> Option<Entry> {
    let [name, version, created, changed, time, a, b, c, user] = words else { return None };
    let dot = version.iter().position(|b| *b == b'.')?;
    if ![*a, b, c, &version[..dot], &version[dot + 1..]].into_iter().all(is_number) {
        return None;
    }
    day(created)?;
    let modified: Modified = at(day(changed)?, time)?;
    Some(Entry {
        modified: Some(modified),
        owner: Some(decode_name(user)),
        ..Entry::new(decode_name(name), EntryKind::File)
    })
}

/// `NAME  005F48   000011 ALIAS 00 FO   RN RU   31    ANY`: size and location in hexadecimal.
fn module(words: &[&[u8]]) -> Option<Entry> {
    let [name, size, place, .., address_mode, residence_mode] = words else { return None };
    let hex = |word: &[u8]| {
        word.len() == 6 && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
    };
    let mode = |word: &[u8]| matches!(word, b"24" | b"31" | b"64" | b"ANY");
    if !hex(size) || !hex(place) || !mode(address_mode) || !mode(residence_mode) {
        return None;
    }
    let size = u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok();
    Some(Entry { size, ..Entry::new(decode_name(name), EntryKind::File) })
}

/// `2024/06/23`.
fn day(word: &[u8]) -> Option<chrono::NaiveDate> {
    let mut parts = word.split(|b| *b == b'/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    date(int(year)?, int(month)?, int(day)?)
}
