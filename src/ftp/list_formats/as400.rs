//! AS/400 (IBM i): `OWNER  4711 04/26/25 13:54:16 *STMF  name`, or `OWNER  *MEM  FILE/MEMBER`.
//!
//! The date order is a setting that the server does not report, so a time is returned only if one
//! order is possible.

use super::date::{at, clock, date, int, only_reading, short_year};
use super::fields::{Words, number};
use super::{Entry, EntryKind, Precision};
use crate::ftp::path::decode_name;

/// Parses one line. The name of a member contains a slash, as sent.
pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let words = Words::split(line);
    let (type_at, size, modified) = match words.all() {
        [_, b"*MEM", _, ..] => (1, None, None),
        [_, size, day, time, kind, ..] if kind.starts_with(b"*") => {
            clock(time).filter(|(_, precision, _)| *precision == Precision::Second)?;
            let separator = *day.iter().find(|b| matches!(b, b'/' | b'.' | b'-'))?;
            let mut parts = day.split(|b| *b == separator);
            let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            let reading = |year, month, day| date(short_year(year)?, int(month)?, int(day)?);
            let day = only_reading(&[reading(c, a, b), reading(c, b, a), reading(a, b, c)])?;
            (4, Some(number(size)?), day.and_then(|day| at(day, time)))
        }
        _ => return None,
    };
    let name = words.padded_name_after(type_at)?;
    let kind = match words.get(type_at)? {
        b"*DIR" | b"*LIB" | b"*FLR" | b"*DDIR" => EntryKind::Directory,
        b"*STMF" | b"*DSTMF" | b"*FILE" | b"*MEM" | b"*DOC" => EntryKind::File,
        b"*SYMLNK" => EntryKind::Link,
        letters if letters[1..].iter().all(u8::is_ascii_uppercase) => EntryKind::Other,
        _ => return None,
    };
    // A trailing slash marks a directory and is not part of its name.
    let name =
        if kind == EntryKind::Directory { name.strip_suffix(b"/").unwrap_or(name) } else { name };
    if name.is_empty() {
        return None;
    }
    let owner = words.get(0).map(decode_name);
    Some(Entry { size, modified, owner, ..Entry::new(decode_name(name), kind) })
}
