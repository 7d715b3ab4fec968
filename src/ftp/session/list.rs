//! Directory listings: MLSD where the server has it, else LIST; streamed, bounded, and only
//! whole listings count.
//!
//! A line that no parser understands is handed on as such, never guessed. The end of a listing
//! is judged like that of a file: close_notify and completion reply both, or it was cut.

use chrono::Utc;

pub use super::list_lines::listing_too_large;
use super::list_lines::{forward_line, incomplete_reason, is_dot_entry, read_lines};
use super::{ListMode, Session};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, Line, ListParser, parse_mlsx};
use crate::ftp::path::RemotePath;
use crate::tls::End;

/// One line of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum ListedLine {
    /// A file, directory or link.
    Entry(Entry),
    /// A line that was not understood, as sent.
    Unknown(String),
    /// The last: the listing is incomplete, and the server's words for it. Pure-FTPd leaves some
    /// out after 10 000 entries by default; directories that cannot be read come as empty ones.
    Cut(String),
}

impl ListedLine {
    /// The memory that it takes to keep it, in bytes; a text's own takes at least 32.
    fn memory_size(&self) -> u64 {
        let text = |text: &String| text.len().max(16) + 16;
        let bytes = match self {
            ListedLine::Entry(entry) => {
                let more = [&entry.owner, &entry.group, &entry.target, &entry.perm, &entry.unique];
                let more = more.into_iter().flatten().map(text).sum::<usize>();
                size_of::<Entry>() + text(&entry.name) + more
            }
            ListedLine::Unknown(words) | ListedLine::Cut(words) => {
                size_of::<String>() + text(words)
            }
        };
        bytes as u64
    }
}

/// Why a listing that ended well is incomplete all the same, if it is: mostly the server's words.
pub type Cut = Option<String>;

/// What came of a listing: its lines, those about the directory itself among them, and whether it
/// is incomplete.
#[derive(Debug, Default)]
struct ListOutcome {
    lines: u64,
    cut: Cut,
}

/// A whole listing.
#[derive(Debug, Default)]
pub struct RemoteListing {
    /// What is there.
    pub entries: Vec<Entry>,
    /// Lines that were not understood: the listing may be missing something.
    pub unknown: Vec<String>,
    /// Why it is incomplete, if it is.
    pub cut: Cut,
}

impl Session {
    /// How much of a listing is kept, in bytes of memory.
    pub fn max_listing(&self) -> u64 {
        self.config.max_listing
    }

    /// Lists a directory (the current one without a path), line by line. `hidden` asks for names
    /// that begin with a dot where the server leaves them out otherwise.
    ///
    /// # Errors
    ///
    /// A refusal; [`Kind::Incomplete`] when the listing was cut short or is without end.
    pub fn list_each_line(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(ListedLine) -> Result<()>,
    ) -> Result<()> {
        if self.uses_mlsd() {
            match self.list_by_mlsd(path, each) {
                Err(error) if Self::is_unsupported(&error) => self.no_mlsd = true,
                Ok(cut) => return cut.map_or(Ok(()), |words| each(ListedLine::Cut(words))),
                Err(error) => return Err(error),
            }
        }
        if self.config.list == ListMode::Mlsd {
            return Err(Error::new(Kind::Refused, "list: the server has no MLSD")
                .with_hint("`set ftp:list auto`"));
        }
        let system = self.system_type();
        let mut parser = ListParser::new(system.as_deref(), Utc::now().naive_utc());
        let charset = self.charset();
        let mut next = |parsed, line: &[u8]| forward_line(parsed, line, charset, each);
        let came = self.list_contents(path, hidden, &mut |line| next(parser.push(line), line))?;
        next(parser.finish(), b"(a line that was not finished)")?;
        let cut = self.judge_empty_listing(path, hidden, came)?;
        cut.map_or(Ok(()), |words| each(ListedLine::Cut(words)))
    }

    /// A whole listing at once.
    ///
    /// # Errors
    ///
    /// As [`Session::list_each_line`].
    pub fn list_directory(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
    ) -> Result<RemoteListing> {
        let mut listing = RemoteListing::default();
        let (mut held, most) = (0, self.max_listing());
        self.list_each_line(path, hidden, &mut |listed| {
            held += listed.memory_size();
            if held > most {
                return Err(listing_too_large());
            }
            match listed {
                ListedLine::Entry(entry) => listing.entries.push(entry),
                ListedLine::Unknown(line) => listing.unknown.push(line),
                ListedLine::Cut(words) => listing.cut = Some(words),
            }
            Ok(())
        })?;
        Ok(listing)
    }

    /// The lines of LIST as sent, without line ends; and why they are incomplete, if they are.
    ///
    /// # Errors
    ///
    /// As [`Session::list_each_line`].
    pub fn list_raw_lines(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let came = self.list_path(path, hidden, each)?;
        self.judge_empty_listing(path, hidden, came)
    }

    fn list_path(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<ListOutcome> {
        let what = listing_subject(path);
        if let Some(path) = path.filter(|path| !is_plain(path)) {
            return self
                .in_directory(path, |session| session.list_with_options(&what, "", hidden, each));
        }
        let argument = path.map(list_argument).unwrap_or_default();
        let came = self.list_with_options(&what, &argument, hidden, each)?;
        match path {
            // vsftpd lists a directory that is not there as an empty one.
            Some(path) if came.lines == 0 => self.in_directory(path, |_| Ok(came)),
            _ => Ok(came),
        }
    }

    /// As [`Session::list_path`], but what is listed is certainly inside `path`: of a file, and of
    /// a directory that may not be read, vsftpd lists the entry itself.
    fn list_contents(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<ListOutcome> {
        let Some(path) = path.filter(|path| is_plain(path)) else {
            return self.list_path(path, hidden, each);
        };
        let mut lines = 0u64;
        let mut first = Vec::new();
        let argument = list_argument(path);
        let came =
            self.list_with_options(&listing_subject(Some(path)), &argument, hidden, &mut |line| {
                lines += 1;
                match lines {
                    1 => {
                        first = line.to_vec();
                        Ok(())
                    }
                    2 => each(&first).and_then(|()| each(line)),
                    _ => each(line),
                }
            })?;
        if lines > 1 {
            return Ok(came);
        }
        let what = listing_subject(Some(path));
        self.in_directory(path, |session| session.list_with_options(&what, "", hidden, each))
    }

    fn list_with_options(
        &mut self,
        what: &str,
        argument: &str,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<ListOutcome> {
        if hidden {
            // A server that takes no options says so, or lists nothing: a listing with `-a`
            // holds at least the directory itself.
            let with_all = format!("-a {argument}");
            let (mut lines, mut itself) = (0u64, false);
            let result = self.read_listing(what, "LIST", with_all.trim_end(), &mut |line| {
                lines += 1;
                itself |= is_dot_entry(line);
                each(line)
            });
            if itself || lines > 1 {
                self.config.quirks.record_dot_entry(itself);
            }
            match result {
                Ok(cut) if lines > 0 => return Ok(ListOutcome { lines, cut }),
                Err(error) if lines > 0 || error.kind() != Kind::Refused => return Err(error),
                _ => {}
            }
        }
        let mut lines = 0u64;
        let cut = self.read_listing(what, "LIST", argument, &mut |line| {
            lines += 1;
            each(line)
        })?;
        Ok(ListOutcome { lines, cut })
    }

    /// Judges an empty LIST of a directory that could be entered. ProFTPD sends one, and `226`, for
    /// a directory that it cannot read; only that `.` is not in it gives it away.
    fn judge_empty_listing(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        came: ListOutcome,
    ) -> Result<Cut> {
        if !hidden || came.lines > 0 || came.cut.is_some() {
            return Ok(came.cut);
        }
        if self.config.quirks.has_dot_entry().is_none() && self.failure().is_none() {
            if self.features.mlst() && !self.no_mlsd {
                match self.list_by_mlsd(path, &mut |_| Ok(())) {
                    Err(error) if Self::is_unsupported(&error) => self.no_mlsd = true,
                    other => return other,
                }
            }
            // The directory above is not empty, and shows what the server's listings hold.
            let directory =
                path.map_or_else(|| Ok(self.cwd.clone()), |p| self.cwd.resolve(p.as_str()))?;
            if let Some(above) = directory.parent().filter(|above| *above != directory) {
                let listed = self.in_directory(&above, |session| {
                    session.list_with_options(&listing_subject(Some(&above)), "", true, &mut |_| {
                        Ok(())
                    })
                });
                listed.map(drop).or_else(|error| match error.kind() {
                    Kind::Refused => Ok(()),
                    _ => Err(error),
                })?;
            }
        }
        let itself = self.config.quirks.has_dot_entry() == Some(true);
        Ok(itself.then(|| "not even the directory itself was listed".to_owned()))
    }

    fn uses_mlsd(&self) -> bool {
        match self.config.list {
            ListMode::List => false,
            ListMode::Mlsd => !self.no_mlsd,
            ListMode::Auto => !self.no_mlsd && self.features.mlst(),
        }
    }

    /// Whether a failed MLSD means that the server has none, rather than no such directory.
    fn is_unsupported(error: &Error) -> bool {
        error.has_reply_code(&[500, 502, 504])
    }

    fn list_by_mlsd(
        &mut self,
        path: Option<&RemotePath>,
        each: &mut dyn FnMut(ListedLine) -> Result<()>,
    ) -> Result<Cut> {
        let charset = self.charset();
        let (mut lines, mut entries, mut own) = (0u64, 0u64, None);
        let argument = path.map_or("", RemotePath::as_str);
        let cut = self.read_listing(&listing_subject(path), "MLSD", argument, &mut |line| {
            lines += 1;
            match parse_mlsx(line) {
                Line::Itself(perm) => own = perm,
                Line::Skip => {}
                parsed => {
                    entries += 1;
                    forward_line(parsed, line, charset, each)?;
                }
            }
            Ok(())
        })?;
        if cut.is_some() || entries > 0 {
            return Ok(cut);
        }
        // ProFTPD cannot look at the files of a directory that it may not enter, and leaves
        // them all out.
        if let Some(perm) = own.filter(|perm| !perm.contains('e') || !perm.contains('l')) {
            return Ok(Some(format!("the directory may not be read (perm={perm})")));
        }
        match path {
            // So does pyftpdlib, and Apache's server lists what is not there as empty.
            Some(path) if lines == 0 => self.in_directory(path, |_| Ok(None)),
            _ => Ok(None),
        }
    }

    fn read_listing(
        &mut self,
        what: &str,
        verb: &str,
        argument: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let mut data = self.open_data(what, verb, argument, 0)?;
        let mut lost = false;
        match read_lines(&mut data, self.config.timeout, each, &mut lost) {
            Ok(()) => {}
            Err(error) => {
                // A cut listing's reply says why it was cut, unless it was we who gave up.
                if error.kind() == Kind::Incomplete
                    && let Ok(finished) = data.finish()
                    && finished.reply.class() >= 4
                    && lost
                {
                    return Err(finished.failure(what));
                }
                return Err(error.with_context(what));
            }
        }
        let finished = data.finish()?;
        if !matches!(finished.reply.code, 226 | 250) {
            return Err(finished.failure(what));
        }
        match finished.end {
            End::Clean | End::Unknown => Ok(incomplete_reason(&finished.reply)),
            End::Open | End::Cut => {
                let text = format!("{what}: the listing was cut short");
                Err(Error::new(Kind::Incomplete, text).as_transient())
            }
        }
    }
}

/// What a listing is about, for messages.
fn listing_subject(path: Option<&RemotePath>) -> String {
    path.map_or_else(|| "list".to_owned(), |path| format!("list {path}"))
}

/// Whether every server takes this as one path in LIST. Measured: vsftpd, ProFTPD and Pure-FTPd
/// read wildcards, `~` and braces; ProFTPD and others split at blanks.
fn is_plain(path: &RemotePath) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | ',');
    path.as_str().chars().all(plain)
}

/// A path as LIST takes it: one that begins with a dash would be read as options.
fn list_argument(path: &RemotePath) -> String {
    if path.as_str().starts_with('-') { format!("./{path}") } else { path.as_str().to_owned() }
}
