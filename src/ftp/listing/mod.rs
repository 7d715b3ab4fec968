//! Directory listings: one line in, one entry out, or the word that the line was not understood.
//!
//! LIST has no standard, so each family of servers has its own file here; MLSD and MLST (RFC 3659)
//! are in `mlsx`. A line is never guessed at: a wrong entry deceives, an unknown line is reported.
//! Names are kept exactly as sent; whether one is safe to use is asked where it is used.

mod as400;
pub(super) mod date;
mod dos;
mod eplf;
mod fields;
mod mlsx;
mod month;
mod mvs;
mod netware;
mod nonstop;
mod os2;
mod unix;
mod vms;
mod zvm;

use chrono::NaiveDateTime;

pub use mlsx::{parse_mlst, parse_mlsx};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A file that can be fetched.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; what it leads to is not known from the listing.
    Link,
    /// A device, socket, pipe, or something that the server did not say. Never fetched.
    Other,
}

/// How exact a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute; the seconds are zero.
    Minute,
    /// To the day; the time is midnight.
    Day,
}

/// Whose clock a time is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// UTC.
    Utc,
    /// The server's local time, wherever that is.
    Server,
}

/// When an entry was last modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Modified {
    /// The time on the clock of `zone`.
    pub time: NaiveDateTime,
    /// How much of it the server said.
    pub precision: Precision,
    /// Whose clock it is.
    pub zone: Zone,
}

/// One file, directory or link. A field is `None` when the server did not say, or said nonsense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name as sent, decoded by [`decode_name`](crate::ftp::path::decode_name). Not safe as a
    /// local name before [`safe_component`](crate::ftp::path::safe_component) took it.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes.
    pub size: Option<u64>,
    /// Is `size` only an upper bound, because the server counts in blocks?
    pub size_in_blocks: bool,
    /// Last modified.
    pub modified: Option<Modified>,
    /// Permission bits, 0 to 0o7777.
    pub mode: Option<u32>,
    /// The owner's name or number.
    pub owner: Option<String>,
    /// The group's name or number.
    pub group: Option<String>,
    /// Where a link leads, as sent.
    pub target: Option<String>,
    /// The `perm` fact of MLSD: what this user may do (RFC 3659 section 7.5.5).
    pub perm: Option<String>,
    /// The `unique` fact of MLSD, or EPLF's identifier: the same for two names of one file.
    pub unique: Option<String>,
}

impl Entry {
    /// An entry of which nothing but name and kind is known.
    pub fn new(name: impl Into<String>, kind: EntryKind) -> Self {
        Self {
            name: name.into(),
            kind,
            size: None,
            size_in_blocks: false,
            modified: None,
            mode: None,
            owner: None,
            group: None,
            target: None,
            perm: None,
            unique: None,
        }
    }
}

/// What one line of a listing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An entry. (`.` and `..` are [`Line::Skip`].)
    Entry(Entry),
    /// Nothing to show: a heading, a total, an empty line, the directory itself or its parent.
    Skip,
    /// Not understood. The listing cannot be relied on to be complete.
    Unknown,
}

impl From<Option<Entry>> for Line {
    /// `None` is a line that was not understood.
    fn from(entry: Option<Entry>) -> Self {
        match entry {
            Some(entry) if matches!(entry.name.as_str(), "." | "..") => Line::Skip,
            Some(entry) => Line::Entry(entry),
            None => Line::Unknown,
        }
    }
}

/// The families of LIST lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Unix,
    Dos,
    Eplf,
    NetWare,
    Os2,
    Vms,
    As400,
    Mvs,
    NonStop,
    Zvm,
}

impl Family {
    /// In the order in which a first line is tried.
    const ALL: [Family; 10] = [
        Family::Unix,
        Family::Dos,
        Family::Eplf,
        Family::NetWare,
        Family::Os2,
        Family::Vms,
        Family::As400,
        Family::Mvs,
        Family::NonStop,
        Family::Zvm,
    ];
}

/// How the text of a reply to SYST begins, and the family that such a server sends by default.
const HINTS: [(&str, Family); 8] = [
    ("WINDOWS", Family::Dos),
    ("VMS", Family::Vms),
    ("OPENVMS", Family::Vms),
    ("NETWARE", Family::NetWare),
    ("OS/2", Family::Os2),
    ("OS/400", Family::As400),
    ("MVS", Family::Mvs),
    ("NONSTOP", Family::NonStop),
];

/// Reads the lines of one LIST, in order.
#[derive(Debug)]
pub struct ListParser {
    now: NaiveDateTime,
    family: Family,
    dos: dos::Dos,
    vms: vms::Vms,
}

impl ListParser {
    /// A parser for one listing.
    ///
    /// `syst_hint` is the text of the reply to SYST: the family to try first. `now` is the time by
    /// which dates without a year are understood; a zone's worth of error does no harm.
    pub fn new(syst_hint: Option<&str>, now: NaiveDateTime) -> Self {
        let syst = syst_hint.unwrap_or_default().to_ascii_uppercase();
        let family = HINTS.iter().find(|(start, _)| syst.trim_start().starts_with(start));
        let family = family.map_or(Family::Unix, |(_, family)| *family);
        Self { now, family, dos: dos::Dos::default(), vms: vms::Vms::default() }
    }

    /// Reads one line, given without its line end.
    ///
    /// A VMS name too long for its line gives [`Line::Skip`], and its entry comes with the next line;
    /// [`ListParser::finish`] tells whether one is still owed.
    pub fn push(&mut self, line: &[u8]) -> Line {
        if line.trim_ascii().is_empty() || is_total(line) {
            return Line::Skip;
        }
        if let Some(result) = self.vms.wrapped(line) {
            return result;
        }
        let first = self.family;
        match self.read(first, line) {
            Line::Unknown => {}
            known => return known,
        }
        for family in Family::ALL {
            if family != first {
                let result = self.read(family, line);
                if result != Line::Unknown {
                    self.family = family;
                    return result;
                }
            }
        }
        Line::Unknown
    }

    /// The end of the listing: [`Line::Unknown`] if the last line was the first half of an entry.
    pub fn finish(self) -> Line {
        if self.vms.is_waiting() { Line::Unknown } else { Line::Skip }
    }

    fn read(&mut self, family: Family, line: &[u8]) -> Line {
        match family {
            Family::Unix => unix::parse(line, self.now).into(),
            Family::Dos => self.dos.parse(line).into(),
            Family::Eplf => eplf::parse(line).into(),
            Family::NetWare => netware::parse(line, self.now).into(),
            Family::Os2 => os2::parse(line).into(),
            Family::Vms => self.vms.parse(line),
            Family::As400 => as400::parse(line).into(),
            Family::Mvs => mvs::parse(line),
            Family::NonStop => nonstop::parse(line),
            Family::Zvm => zvm::parse(line).into(),
        }
    }
}

/// `total 123`, as `ls -l` begins; other words for it are seen on localised servers.
fn is_total(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let end = line.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(line.len());
    // Most lines are no totals, and this word is enough to know.
    let is_named = ["total", "total:", "insgesamt", "totale", "totaal", "razem", "итого"]
        .iter()
        .any(|total| total.as_bytes().eq_ignore_ascii_case(&line[..end]));
    let words = is_named.then(|| fields::Words::split(line));
    words.is_some_and(|words| {
        let rest = words.all().get(1..).unwrap_or_default();
        let number = |w: &&[u8]| w.iter().all(|b| b.is_ascii_digit() || b".,KMGTk".contains(b));
        !rest.is_empty() && rest.iter().all(number)
    })
}

#[cfg(test)]
mod tests;
