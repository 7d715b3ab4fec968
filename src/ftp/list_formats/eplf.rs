//! EPLF (<https://cr.yp.to/ftp/list/eplf.html>): `+`, facts followed by commas, a tab, the name.
//! Sizes are exact and times are UTC, as in MLSD.

use chrono::DateTime;

use super::fields::{number, octal_mode};
use super::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::decode_name;

/// Parses one line. An entry that can neither be retrieved nor entered (no `r`, no `/`) is not
/// understood: the format does not specify its type.
pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let rest = line.strip_prefix(b"+")?;
    let tab = rest.iter().position(|b| *b == b'\t')?;
    let name = Some(&rest[tab + 1..]).filter(|name| !name.is_empty())?;
    let mut entry = Entry::new(decode_name(name), EntryKind::Other);
    for fact in rest[..tab].split(|b| *b == b',') {
        match fact {
            b"/" => entry.kind = EntryKind::Directory,
            b"r" if entry.kind == EntryKind::Other => entry.kind = EntryKind::File,
            [b's', size @ ..] => entry.size = number(size),
            [b'u', b'p', mode @ ..] => entry.mode = octal_mode(mode),
            [b'i', id @ ..] if !id.is_empty() => entry.unique = Some(decode_name(id)),
            [b'm', seconds @ ..] => {
                let seconds = number(seconds).and_then(|s| i64::try_from(s).ok());
                let time =
                    seconds.and_then(|s| DateTime::from_timestamp(s, 0)).map(|t| t.naive_utc());
                entry.modified = time.map(|time| Modified {
                    time,
                    precision: Precision::Second,
                    zone: Zone::Utc,
                });
            }
            _ => {}
        }
    }
    (entry.kind != EntryKind::Other).then_some(entry)
}
