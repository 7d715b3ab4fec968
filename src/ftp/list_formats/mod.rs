//! Directory listings: one line in, one entry out, or the word that the line was not understood.
//!
//! LIST has no standard, so each family of servers has its own file here; MLSD and MLST (RFC 3659)
//! are in `mlsx`. A line is never guessed at: a wrong entry deceives, an unknown line is reported.
//! Names are kept exactly as sent; whether one is safe to use is asked where it is used.

mod as400;
mod connect_enterprise;
pub(super) mod date;
mod dls;
mod dos;
mod eplf;
mod fields;
mod mlsx;
mod month;
mod mvs;
mod netware;
mod nonstop;
mod nortel;
mod os2;
mod os9;
mod supertcp;
mod unix;
mod vms;
mod vshell;
mod vxworks;
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
    /// An entry. (`..` is [`Line::Skip`].)
    Entry(Entry),
    /// The directory itself, and what MLSD says that this user may do there (`perm`).
    Itself(Option<String>),
    /// Nothing to show: a heading, a total, an empty line, the directory's parent.
    Skip,
    /// Not understood. The listing cannot be relied on to be complete.
    Unknown,
}

impl From<Option<Entry>> for Line {
    /// `None` is a line that was not understood.
    fn from(entry: Option<Entry>) -> Self {
        match entry {
            Some(entry) if entry.name == "." => Line::Itself(entry.perm),
            Some(entry) if entry.name == ".." => Line::Skip,
            Some(entry) => Line::Entry(entry),
            None => Line::Unknown,
        }
    }
}

/// The families of LIST lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListFormat {
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
    VShell,
    VxWorks,
    Os9,
    Connect,
    Nortel,
    SuperTcp,
    Dls,
}

impl ListFormat {
    /// In the order in which a first line is tried.
    const ALL: [ListFormat; 17] = [
        ListFormat::Unix,
        ListFormat::Dos,
        ListFormat::Eplf,
        ListFormat::NetWare,
        ListFormat::Os2,
        ListFormat::Vms,
        ListFormat::As400,
        ListFormat::Mvs,
        ListFormat::NonStop,
        ListFormat::Zvm,
        ListFormat::VShell,
        ListFormat::VxWorks,
        ListFormat::Os9,
        ListFormat::Connect,
        ListFormat::Nortel,
        ListFormat::SuperTcp,
        ListFormat::Dls,
    ];
}

/// How the text of a reply to SYST begins, and the family that such a server sends by default.
const HINTS: [(&str, ListFormat); 8] = [
    ("WINDOWS", ListFormat::Dos),
    ("VMS", ListFormat::Vms),
    ("OPENVMS", ListFormat::Vms),
    ("NETWARE", ListFormat::NetWare),
    ("OS/2", ListFormat::Os2),
    ("OS/400", ListFormat::As400),
    ("MVS", ListFormat::Mvs),
    ("NONSTOP", ListFormat::NonStop),
];

/// Reads the lines of one LIST, in order.
///
/// The first entry decides which family the listing is of; a line of another family is not
/// understood after it.
#[derive(Debug)]
pub struct ListParser {
    now: NaiveDateTime,
    /// What the server's system sends by default.
    hint: Option<ListFormat>,
    /// What the listing is, once an entry has shown it.
    known: Option<ListFormat>,
    dos: dos::Dos,
    vms: vms::Vms,
}

impl ListParser {
    /// A parser for one listing.
    ///
    /// `syst_hint` is the text of the reply to SYST: the family to try first. A system with a format
    /// of its own sends that, or imitates Unix or DOS; nothing else is taken from it. `now` is the
    /// time by which dates without a year are understood; a zone's worth of error does no harm.
    pub fn new(syst_hint: Option<&str>, now: NaiveDateTime) -> Self {
        let syst = syst_hint.unwrap_or_default().to_ascii_uppercase();
        let hint = HINTS.iter().find(|(start, _)| syst.trim_start().starts_with(start));
        let hint = hint.map(|(_, family)| *family);
        Self { now, hint, known: None, dos: dos::Dos::default(), vms: vms::Vms::default() }
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
        if let Some(family) = self.known {
            return self.read(family, line);
        }
        for family in self.hint.into_iter().chain(ListFormat::ALL) {
            if !self.may_be(family) {
                continue;
            }
            let result = self.read(family, line);
            if matches!(result, Line::Entry(_)) || self.vms.is_waiting() {
                self.known = Some(family);
            }
            if result != Line::Unknown {
                return result;
            }
        }
        Line::Unknown
    }

    /// The end of the listing: [`Line::Unknown`] if the last line was the first half of an entry.
    pub fn finish(self) -> Line {
        if self.vms.is_waiting() { Line::Unknown } else { Line::Skip }
    }

    /// Whether the server's system allows for this family. Any server runs on Windows.
    fn may_be(&self, family: ListFormat) -> bool {
        let anything = matches!(self.hint, None | Some(ListFormat::Dos));
        anything
            || self.hint == Some(family)
            || matches!(family, ListFormat::Unix | ListFormat::Dos)
    }

    fn read(&mut self, family: ListFormat, line: &[u8]) -> Line {
        match family {
            ListFormat::Unix => unix::parse(line, self.now).into(),
            ListFormat::Dos => self.dos.parse(line).into(),
            ListFormat::Eplf => eplf::parse(line).into(),
            ListFormat::NetWare => netware::parse(line, self.now).into(),
            ListFormat::Os2 => os2::parse(line).into(),
            ListFormat::Vms => self.vms.parse(line),
            ListFormat::As400 => as400::parse(line).into(),
            ListFormat::Mvs => mvs::parse(line),
            ListFormat::NonStop => nonstop::parse(line),
            ListFormat::Zvm => zvm::parse(line).into(),
            ListFormat::VShell => vshell::parse(line).into(),
            ListFormat::VxWorks => vxworks::parse(line),
            ListFormat::Os9 => os9::parse(line),
            ListFormat::Connect => connect_enterprise::parse(line, self.now).into(),
            ListFormat::Nortel => nortel::parse(line).into(),
            ListFormat::SuperTcp => supertcp::parse(line).into(),
            ListFormat::Dls => dls::parse(line, self.known == Some(family), self.now).into(),
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
