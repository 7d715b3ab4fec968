//! Directory listings: each line becomes an entry or is reported as not understood.
//!
//! LIST has no standard, so each family of servers has its own file here; MLSD and MLST (RFC 3659)
//! are in `mlsx`. Lines are never guessed: a wrong entry misleads, an unknown line is reported.
//! Names are kept exactly as sent; whether one is safe is checked where it is used.

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

/// The type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A file that can be downloaded.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; the listing does not contain the type of its target.
    Link,
    /// A device, socket, pipe, or unspecified. Never downloaded.
    Other,
}

/// The precision of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute; the seconds are zero.
    Minute,
    /// To the day; the time is midnight.
    Day,
}

/// The time zone of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// UTC.
    Utc,
    /// The server's local time, whose zone is unknown.
    Server,
}

/// When an entry was last modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Modified {
    /// The time in `zone`.
    pub time: NaiveDateTime,
    /// The precision that the server sent.
    pub precision: Precision,
    /// The time zone.
    pub zone: Zone,
}

/// One file, directory or link. A field is `None` if the server sent no valid value for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name as sent, decoded by [`decode_name`](crate::ftp::path::decode_name). Not safe as a
    /// local name until checked by [`safe_component`](crate::ftp::path::safe_component).
    pub name: String,
    /// Its type.
    pub kind: EntryKind,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Whether `size` is only an upper bound, because the server counts in blocks.
    pub size_in_blocks: bool,
    /// Modification time.
    pub modified: Option<Modified>,
    /// Permission bits, 0 to 0o7777.
    pub mode: Option<u32>,
    /// The owner's name or number.
    pub owner: Option<String>,
    /// The group's name or number.
    pub group: Option<String>,
    /// The target of a link, as sent.
    pub target: Option<String>,
    /// The `perm` fact of MLSD: the user's permissions (RFC 3659 section 7.5.5).
    pub perm: Option<String>,
    /// The `unique` fact of MLSD, or EPLF's identifier: the same for two names of one file.
    pub unique: Option<String>,
}

impl Entry {
    /// An entry with only name and type.
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

/// A parsed line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An entry. (`..` is [`Line::Skip`].)
    Entry(Entry),
    /// The directory itself, and the `perm` fact of MLSD for it.
    Itself(Option<String>),
    /// Nothing to show: a heading, a total, an empty line, the parent directory.
    Skip,
    /// Not understood. The listing may be incomplete.
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

/// The families of LIST formats.
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
    /// In the order in which they are tried for the first line.
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

/// Prefixes of the reply to SYST, and the default format of such servers.
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

/// Parses the lines of one LIST, in order.
///
/// The first entry determines the format; later lines in another format are not understood.
#[derive(Debug)]
pub struct ListParser {
    now: NaiveDateTime,
    /// The default format of the server's system.
    hint: Option<ListFormat>,
    /// The format of the listing, known from the first entry on.
    known: Option<ListFormat>,
    dos: dos::Dos,
    vms: vms::Vms,
}

impl ListParser {
    /// A parser for one listing.
    ///
    /// `syst_hint` is the text of the reply to SYST: the format to try first. A system with its own
    /// format sends that, or imitates Unix or DOS; other formats are rejected. `now` determines the
    /// year of dates without one; it may be off by a time zone.
    pub fn new(syst_hint: Option<&str>, now: NaiveDateTime) -> Self {
        let syst = syst_hint.unwrap_or_default().to_ascii_uppercase();
        let hint = HINTS.iter().find(|(start, _)| syst.trim_start().starts_with(start));
        let hint = hint.map(|(_, family)| *family);
        Self { now, hint, known: None, dos: dos::Dos::default(), vms: vms::Vms::default() }
    }

    /// Parses one line, without its line end.
    ///
    /// A VMS name too long for its line returns [`Line::Skip`], and its entry comes with the next
    /// line; [`ListParser::finish`] reports an unfinished one.
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

    /// Whether this format is possible for the server's system. Any server may run on Windows.
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

/// `total 123`, the first line of `ls -l`; localised servers use other words.
fn is_total(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let end = line.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(line.len());
    // Most lines are not totals, and this word is enough to recognise one.
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
