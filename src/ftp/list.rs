//! Directory listings: MLSD where the server has it, else LIST; streamed, bounded, and only
//! whole listings count.
//!
//! A line that no parser understands is handed on as such, never guessed. The end of a listing
//! is judged like that of a file: close_notify and completion reply both, or it was cut.

use std::io::Read;

use chrono::Utc;

use super::charset::Charset;
use super::data::{Data, data_error};
use super::listing::{Entry, Line, ListParser, parse_mlsx};
use super::path::RemotePath;
use super::reply::Reply;
use super::session::{ListMode, Session};
use crate::error::{Error, Kind, Result};
use crate::tls::End;

/// The longest listing line taken, in bytes.
const LINE_MAX: usize = 64 * 1024;

/// The most bytes taken of one listing. A million names of average length fit.
const LISTING_MAX: u64 = 128 * 1024 * 1024;

/// The most lines taken of one listing: what is made of a line takes more room than the line.
const LINES_MAX: u64 = 1_000_000;

/// One line of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed {
    /// A file, directory or link.
    Entry(Entry),
    /// A line that was not understood, as sent.
    Unknown(String),
    /// The last: the server has left some out, in its words. Pure-FTPd does by default after
    /// 10 000 entries.
    Cut(String),
}

impl Listed {
    /// The memory that it takes to keep it, in bytes; a text's own takes at least 32.
    fn weight(&self) -> u64 {
        let text = |text: &String| text.len().max(16) + 16;
        let bytes = match self {
            Listed::Entry(entry) => {
                let more = [&entry.owner, &entry.group, &entry.target, &entry.perm, &entry.unique];
                let more = more.into_iter().flatten().map(text).sum::<usize>();
                size_of::<Entry>() + text(&entry.name) + more
            }
            Listed::Unknown(words) | Listed::Cut(words) => size_of::<String>() + text(words),
        };
        bytes as u64
    }
}

/// The words in which a server said that a listing is not whole, if it did.
pub type Cut = Option<String>;

/// A whole listing.
#[derive(Debug, Default)]
pub struct Listing {
    /// What is there.
    pub entries: Vec<Entry>,
    /// Lines that were not understood: the listing may be missing something.
    pub unknown: Vec<String>,
    /// Whether the server has left some out, in its words.
    pub cut: Cut,
}

impl Session {
    /// How much of a listing is kept, in bytes of memory.
    pub fn max_listing(&self) -> u64 {
        self.options.max_listing
    }

    /// Lists a directory (the current one without a path), line by line. `hidden` asks for names
    /// that begin with a dot where the server leaves them out otherwise.
    ///
    /// # Errors
    ///
    /// A refusal; [`Kind::Incomplete`] when the listing was cut short or is without end.
    pub fn list_each(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(Listed) -> Result<()>,
    ) -> Result<()> {
        if self.uses_mlsd() {
            match self.mlsd(path, each) {
                Err(error) if Self::lacks(&error) => self.no_mlsd = true,
                Ok(cut) => return cut.map_or(Ok(()), |words| each(Listed::Cut(words))),
                Err(error) => return Err(error),
            }
        }
        if self.options.list == ListMode::Mlsd {
            return Err(Error::new(Kind::Refused, "list: the server has no MLSD")
                .with_hint("`set ftp:list auto`"));
        }
        let system = self.system();
        let mut parser = ListParser::new(system.as_deref(), Utc::now().naive_utc());
        let charset = self.charset();
        let mut next = |parsed, line: &[u8]| hand_on(parsed, line, charset, each);
        let cut = self.list_inside(path, hidden, &mut |line| next(parser.push(line), line))?;
        next(parser.finish(), b"(a line that was not finished)")?;
        cut.map_or(Ok(()), |words| each(Listed::Cut(words)))
    }

    /// A whole listing at once.
    ///
    /// # Errors
    ///
    /// As [`Session::list_each`].
    pub fn list(&mut self, path: Option<&RemotePath>, hidden: bool) -> Result<Listing> {
        let mut listing = Listing::default();
        let (mut held, most) = (0, self.max_listing());
        self.list_each(path, hidden, &mut |listed| {
            held += listed.weight();
            if held > most {
                return Err(without_end());
            }
            match listed {
                Listed::Entry(entry) => listing.entries.push(entry),
                Listed::Unknown(line) => listing.unknown.push(line),
                Listed::Cut(words) => listing.cut = Some(words),
            }
            Ok(())
        })?;
        Ok(listing)
    }

    /// The lines of LIST as sent, without line ends; and whether the server left some out.
    ///
    /// # Errors
    ///
    /// As [`Session::list_each`].
    pub fn list_raw(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let what = what(path);
        if let Some(path) = path.filter(|path| !is_plain(path)) {
            return self.within(path, |session| session.list_lines(&what, "", hidden, each));
        }
        let argument = path.map(list_argument).unwrap_or_default();
        let mut lines = 0u64;
        let cut = self.list_lines(&what, &argument, hidden, &mut |line| {
            lines += 1;
            each(line)
        })?;
        match path {
            // vsftpd lists a directory that is not there as an empty one.
            Some(path) if lines == 0 => self.within(path, |_| Ok(cut)),
            _ => Ok(cut),
        }
    }

    /// As [`Session::list_raw`], but what is listed is certainly inside `path`: of a file, and of
    /// a directory that may not be read, vsftpd lists the entry itself.
    fn list_inside(
        &mut self,
        path: Option<&RemotePath>,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let Some(path) = path.filter(|path| is_plain(path)) else {
            return self.list_raw(path, hidden, each);
        };
        let mut lines = 0u64;
        let mut first = Vec::new();
        let argument = list_argument(path);
        let cut = self.list_lines(&what(Some(path)), &argument, hidden, &mut |line| {
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
            return Ok(cut);
        }
        let what = what(Some(path));
        self.within(path, |session| session.list_lines(&what, "", hidden, each))
    }

    fn list_lines(
        &mut self,
        what: &str,
        argument: &str,
        hidden: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        if hidden {
            // A server that takes no options says so, or lists nothing: a listing with `-a`
            // holds at least the directory itself.
            let with_all = format!("-a {argument}");
            let mut lines = 0u64;
            let result = self.lines(what, "LIST", with_all.trim_end(), &mut |line| {
                lines += 1;
                each(line)
            });
            match result {
                Ok(cut) if lines > 0 => return Ok(cut),
                Err(error) if lines > 0 || error.kind() != Kind::Refused => return Err(error),
                _ => {}
            }
        }
        self.lines(what, "LIST", argument, each)
    }

    fn uses_mlsd(&self) -> bool {
        match self.options.list {
            ListMode::List => false,
            ListMode::Mlsd => !self.no_mlsd,
            ListMode::Auto => !self.no_mlsd && self.features.mlst(),
        }
    }

    /// Whether a failed MLSD means that the server has none, rather than no such directory.
    fn lacks(error: &Error) -> bool {
        error
            .reply()
            .is_some_and(|reply| ["500", "502", "504"].iter().any(|code| reply.starts_with(code)))
    }

    fn mlsd(
        &mut self,
        path: Option<&RemotePath>,
        each: &mut dyn FnMut(Listed) -> Result<()>,
    ) -> Result<Cut> {
        let charset = self.charset();
        self.lines(&what(path), "MLSD", path.map_or("", RemotePath::as_str), &mut |line| {
            hand_on(parse_mlsx(line), line, charset, each)
        })
    }

    fn lines(
        &mut self,
        what: &str,
        verb: &str,
        argument: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let mut data = self.open_data(what, verb, argument, 0)?;
        let mut lost = false;
        match read_lines(&mut data, self.options.timeout, each, &mut lost) {
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
                return Err(error.about(what));
            }
        }
        let finished = data.finish()?;
        if !matches!(finished.reply.code, 226 | 250) {
            return Err(finished.failure(what));
        }
        match finished.end {
            End::Clean | End::Unknown => Ok(said_cut(&finished.reply)),
            End::Open | End::Cut => {
                let text = format!("{what}: the listing was cut short");
                Err(Error::new(Kind::Incomplete, text).transient())
            }
        }
    }
}

/// A completion reply that says that there would have been more (Pure-FTPd: `226 Output truncated
/// to 10000 matches`).
fn said_cut(reply: &Reply) -> Cut {
    let text = reply.text();
    let line = text.lines().find(|line| line.to_ascii_lowercase().contains("truncated"))?;
    Some(format!("{} {line}", reply.code))
}

fn hand_on(
    parsed: Line,
    line: &[u8],
    charset: Charset,
    each: &mut dyn FnMut(Listed) -> Result<()>,
) -> Result<()> {
    match parsed {
        Line::Entry(entry) => each(Listed::Entry(charset.reread_entry(entry))),
        Line::Skip => Ok(()),
        Line::Unknown => each(Listed::Unknown(charset.decode(line))),
    }
}

/// What a listing is about, for messages.
fn what(path: Option<&RemotePath>) -> String {
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

/// Hands on the lines; `lost` tells that it was the stream that failed, and not `each` or the bounds.
fn read_lines(
    data: &mut Data,
    timeout: std::time::Duration,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
    lost: &mut bool,
) -> Result<()> {
    let mut buffer = vec![0; LINE_MAX];
    let mut filled = 0;
    let mut total = 0u64;
    let mut lines = 0u64;
    loop {
        let n = match data.read(&mut buffer[filled..]) {
            Ok(n) => n,
            Err(error) => {
                *lost = true;
                return Err(data_error(&error, timeout));
            }
        };
        if n == 0 {
            return if filled == 0 { Ok(()) } else { each(line(&buffer[..filled])) };
        }
        filled += n;
        total += n as u64;
        let mut start = 0;
        while let Some(length) = buffer[start..filled].iter().position(|byte| *byte == b'\n') {
            let text = line(&buffer[start..start + length]);
            if !text.is_empty() {
                lines += 1;
                each(text)?;
            }
            start += length + 1;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        if filled == buffer.len() || total > LISTING_MAX || lines > LINES_MAX {
            return Err(without_end());
        }
    }
}

/// What to say of a listing that is longer than any that makes sense.
pub fn without_end() -> Error {
    Error::new(Kind::Incomplete, "the listing has no end that makes sense; gave up")
        .with_hint("if it has, `set ftp:max-listing` gives it more memory")
}

fn line(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}
