//! Connect:Enterprise: `-C--E-----FTP B BOX1      18128       41 Aug 12 13:56 NAME`: ten flags with
//! the batch's protocol, its format, mailbox, batch number, bytes, date and name. No directories.

use chrono::NaiveDateTime;

use super::fields::{Words, is_number, number};
use super::{Entry, EntryKind, date};
use crate::ftp::path::decode_name;

/// Flags before the protocol.
const FLAGS: usize = 10;

/// Parses one line; `now` determines the year of a date without one.
pub(super) fn parse(line: &[u8], now: NaiveDateTime) -> Option<Entry> {
    let words = Words::split(line);
    let [flags, format, mailbox, batch, size, date @ ..] = words.all() else { return None };
    let (flags, protocol) = flags.split_at_checked(FLAGS)?;
    let capitals = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_uppercase);
    if !flags.iter().all(|b| *b == b'-' || b.is_ascii_uppercase())
        || !flags.contains(&b'-')
        || !capitals(protocol)
        || !capitals(format)
        || format.len() != 1
        || !is_number(batch)
    {
        return None;
    }
    let found = date::find(date, now)?;
    Some(Entry {
        size: Some(number(size)?),
        modified: found.modified,
        owner: Some(decode_name(mailbox)),
        ..Entry::new(decode_name(words.name_after(4 + found.words)?), EntryKind::File)
    })
}
