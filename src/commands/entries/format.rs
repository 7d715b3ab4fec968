//! Entries of listings as commands show them: rows, lines and records.
//!
//! Nothing here asks a server. What the server did not say stays empty.

use std::borrow::Cow;

use chrono::TimeDelta;

use crate::commands::Context;
use crate::commands::entries::timezone;
use crate::error::Result;
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::output::{self, NameKind, Record, Style};

/// The kind's name in JSON and in `stat`.
pub fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Directory => "directory",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    }
}

/// Kind and permissions as `ls -l` writes them; the kind alone where the server says no more.
pub fn mode_text(entry: &Entry) -> String {
    let mut text = String::from(match entry.kind {
        EntryKind::File => "-",
        EntryKind::Directory => "d",
        EntryKind::Link => "l",
        EntryKind::Other => "?",
    });
    let Some(mode) = entry.mode else { return text };
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// A time as people read it: UTC in the user's zone, the server's own clock as it is.
pub fn modified_text(modified: &Modified) -> String {
    match (modified.precision, modified.zone) {
        (Precision::Day, _) => modified.time.format("%Y-%m-%d").to_string(),
        (_, Zone::Utc) => output::time_text(modified.time.and_utc()),
        (_, Zone::Server) => modified.time.format("%Y-%m-%d %H:%M").to_string(),
    }
}

/// As [`modified_text`] with all that the server said: seconds, and the zone where it is known.
pub fn full_modified_text(modified: &Modified) -> String {
    match (modified.precision, modified.zone) {
        (Precision::Second, Zone::Utc) => output::full_time_text(modified.time.and_utc()),
        (Precision::Second, Zone::Server) => modified.time.format("%Y-%m-%d %H:%M:%S").to_string(),
        _ => modified_text(modified),
    }
}

/// A time as far as the server said it, in the zone in which it did; `Z` is UTC.
fn said_time_text(modified: &Modified) -> String {
    let text = match modified.precision {
        Precision::Second => modified.time.format("%Y-%m-%d %H:%M:%S"),
        Precision::Minute => modified.time.format("%Y-%m-%d %H:%M"),
        Precision::Day => return modified.time.format("%Y-%m-%d").to_string(),
    };
    format!("{text}{}", if modified.zone == Zone::Utc { "Z" } else { "" })
}

/// The name of a precision in JSON.
fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::Second => "second",
        Precision::Minute => "minute",
        Precision::Day => "day",
    }
}

/// An exact size in bytes.
pub fn exact_size(entry: &Entry) -> Option<u64> {
    entry.size.filter(|_| !entry.size_in_blocks)
}

/// The entry at an absolute path, for `--json`. `offset` is that of the server's clock.
pub fn entry_record<'a>(
    entry: &'a Entry,
    name: &'a str,
    path: &'a RemotePath,
    offset: Option<TimeDelta>,
) -> Record<'a> {
    let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
    Record::Entry(output::EntryRecord {
        name: name.into(),
        path: path.as_str().into(),
        kind: kind_name(entry.kind),
        size: exact_size(entry),
        modified: entry
            .modified
            .filter(|modified| modified.precision != Precision::Day)
            .and_then(|modified| timezone::to_utc(&modified, offset)),
        modified_text: entry.modified.map(|modified| said_time_text(&modified)),
        modified_precision: entry.modified.map(|modified| precision_name(modified.precision)),
        mode: entry.mode,
        owner: text(&entry.owner),
        group: text(&entry.group),
        target: text(&entry.target),
    })
}

/// The style of the entry's name.
pub fn name_style(ctx: &Context, entry: &Entry) -> Style {
    let kind = match entry.kind {
        EntryKind::Directory => NameKind::Directory,
        EntryKind::Link => NameKind::Link,
        _ if entry.mode.is_some_and(|mode| mode & 0o111 != 0) => NameKind::Executable,
        _ => NameKind::File,
    };
    ctx.out.name_style(&entry.name, kind)
}

/// The name, and where a link leads.
pub fn name_with_suffix(entry: &Entry) -> String {
    match &entry.target {
        Some(target) => format!("{} -> {target}", entry.name),
        None => entry.name.clone(),
    }
}

/// A name or path as a line of its own: always a single line on a terminal.
pub fn write_name(ctx: &Context, text: &str) -> Result<()> {
    if ctx.out.is_terminal_out() && !ctx.out.is_json() {
        return ctx.out.line(&output::escape(text));
    }
    ctx.out.line(text)
}

/// The absolute path of one as typed, as far as the directory is known. Asks no server.
pub fn absolute_name(ctx: &Context, path: &RemotePath) -> RemotePath {
    let resolved =
        ctx.client.connection.remote_directory().and_then(|cwd| cwd.resolve(path.as_str()).ok());
    resolved.unwrap_or_else(|| path.clone())
}

/// Drops what the cache says of a path that a command has changed, or tried to.
pub fn invalidate_and_report(ctx: &mut Context, path: &RemotePath) {
    let path = absolute_name(ctx, path);
    ctx.client.listings.invalidate(&path);
}

/// Whether a name from a listing is one component of a path, and not the directory itself or its
/// parent. Anything else would lead a recursive command out of its tree.
pub fn is_component(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\r', '\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn entry(kind: EntryKind, mode: Option<u32>) -> Entry {
        Entry { mode, ..Entry::new("x", kind) }
    }

    #[test]
    fn permissions_read_as_ls_writes_them() {
        let table = [
            (EntryKind::File, Some(0o644), "-rw-r--r--"),
            (EntryKind::Directory, Some(0o1777), "drwxrwxrwt"),
            (EntryKind::File, Some(0o6755), "-rwsr-sr-x"),
            (EntryKind::File, Some(0o7644), "-rwSr-Sr-T"),
            (EntryKind::Link, None, "l"),
            (EntryKind::Other, None, "?"),
        ];
        for (kind, mode, text) in table {
            assert_eq!(mode_text(&entry(kind, mode)), text);
        }
    }

    #[test]
    fn the_servers_own_clock_is_shown_as_it_is() {
        let time = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(7, 15, 30).unwrap();
        let utc = Modified { time, precision: Precision::Second, zone: Zone::Utc };
        let server = Modified { zone: Zone::Server, ..utc };
        assert_eq!(modified_text(&server), "2026-11-20 07:15");
        assert_eq!(modified_text(&Modified { precision: Precision::Day, ..utc }), "2026-11-20");
        assert_eq!(full_modified_text(&server), "2026-11-20 07:15:30");
        let minute = Modified { precision: Precision::Minute, ..server };
        assert_eq!(full_modified_text(&minute), "2026-11-20 07:15");
        let (date, zone) =
            full_modified_text(&utc).split_at_checked(19).map(|(d, z)| (d.len(), z.len())).unwrap();
        assert_eq!((date, zone), ("2026-11-20 07:15:30".len(), " +0000".len()));
    }

    #[test]
    fn names_that_lead_elsewhere_are_no_components() {
        for name in ["", ".", "..", "a/b", "/etc", "../x", "a\rb", "a\nb", "a\0"] {
            assert!(!is_component(name), "{name:?}");
        }
        for name in ["...", "-rf", "a b", "\x1b[2J", "a\\b", "*"] {
            assert!(is_component(name), "{name:?}");
        }
    }
}
