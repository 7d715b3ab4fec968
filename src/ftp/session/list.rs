//! Directory listings: MLSD if the server supports it, otherwise LIST; streamed and bounded.
//!
//! A line that no parser understands is passed on as unknown, never guessed. Like a file, a listing
//! is complete only with both close_notify and a completion reply.

use crate::ftp::data::open::open_data;
use chrono::Utc;

pub use super::list_lines::{ListedLine, listing_too_large};
use super::list_lines::{forward_line, incomplete_reason, is_dot_entry, read_lines};
use super::{ListMode, Session};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Line, ListParser, parse_mlsx};
use crate::ftp::path::RemotePath;
use crate::tls::End;

/// Why a listing that ended without an error is incomplete, if it is: usually the server's text.
pub type Cut = Option<String>;

/// The result of a listing: its number of lines, including those about the directory itself, and
/// whether it is incomplete.
#[derive(Debug, Default)]
struct ListOutcome {
    lines: u64,
    cut: Cut,
}

/// A whole listing.
#[derive(Debug, Default)]
pub struct RemoteListing {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Lines that were not understood: entries may be missing.
    pub unknown: Vec<String>,
    /// Why it is incomplete, if it is.
    pub cut: Cut,
}

/// Lists a directory (the current one without a path), line by line. `hidden` requests names that
/// begin with a dot if the server omits them by default.
///
/// # Errors
///
/// A refusal; [`Kind::Incomplete`] if the listing was cut short or is endless.
pub fn list_each_line(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    each: &mut dyn FnMut(ListedLine) -> Result<()>,
) -> Result<()> {
    list_parsed(session, path, hidden, each).map_err(|error| missing_or(session, path, error))
}

fn list_parsed(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    each: &mut dyn FnMut(ListedLine) -> Result<()>,
) -> Result<()> {
    if uses_mlsd(session) {
        match list_by_mlsd(session, path, each) {
            Err(error) if is_unsupported(&error) => session.no_mlsd = true,
            Ok(cut) => return cut.map_or(Ok(()), |words| each(ListedLine::Cut(words))),
            Err(error) => return Err(error),
        }
    }
    if session.config.list == ListMode::Mlsd {
        return Err(Error::new(Kind::Refused, "list: the server has no MLSD")
            .with_hint("`set ftp:list auto`"));
    }
    let system = session.system_type();
    let mut parser = ListParser::new(system.as_deref(), Utc::now().naive_utc());
    let charset = session.charset();
    let mut next = |parsed, line: &[u8]| forward_line(parsed, line, charset, each);
    let came = list_contents(session, path, hidden, &mut |line| next(parser.push(line), line))?;
    next(parser.finish(), b"(a line that was not finished)")?;
    let cut = judge_empty_listing(session, path, hidden, came)?;
    cut.map_or(Ok(()), |words| each(ListedLine::Cut(words)))
}

/// Lists a directory and returns the whole listing.
pub fn list_directory(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
) -> Result<RemoteListing> {
    let mut listing = RemoteListing::default();
    let (mut held, most) = (0, session.max_listing());
    list_each_line(session, path, hidden, &mut |listed| {
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
pub fn list_raw_lines(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Cut> {
    let came = list_path(session, path, hidden, each);
    let came = came.map_err(|error| missing_or(session, path, error))?;
    judge_empty_listing(session, path, hidden, came)
}

/// The reason for which a directory cannot be entered, if it was refused as if it were only busy:
/// many servers send a 450 in reply to LIST for a directory that does not exist (ProFTPD, Apache
/// FtpServer, ftpserverlib). Otherwise `error`.
fn missing_or(session: &mut Session, path: Option<&RemotePath>, error: Error) -> Error {
    let is_doubtful = matches!(error.reply_code(), Some(450..460)) && session.failure().is_none();
    let Some(path) = path.filter(|_| is_doubtful) else { return error };
    match session.in_directory(path, |_| Ok(())) {
        Err(refused) if refused.kind() == Kind::Refused && !refused.is_transient() => refused,
        _ => error,
    }
}

fn list_path(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<ListOutcome> {
    let what = listing_subject(path);
    if let Some(path) = path.filter(|path| !is_plain(path)) {
        return session
            .in_directory(path, |session| list_with_options(session, &what, "", hidden, each));
    }
    let argument = path.map(list_argument).unwrap_or_default();
    let came = list_with_options(session, &what, &argument, hidden, each)?;
    match path {
        // vsftpd lists a missing directory as an empty one.
        Some(path) if came.lines == 0 => session.in_directory(path, |_| Ok(came)),
        _ => Ok(came),
    }
}

/// As [`list_path`], but what is listed is certain to be inside `path`: for a file or an
/// unreadable directory, vsftpd lists the entry itself.
fn list_contents(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<ListOutcome> {
    let Some(path) = path.filter(|path| is_plain(path)) else {
        return list_path(session, path, hidden, each);
    };
    let mut lines = 0u64;
    let mut first = Vec::new();
    let argument = list_argument(path);
    let came =
        list_with_options(session, &listing_subject(Some(path)), &argument, hidden, &mut |line| {
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
    session.in_directory(path, |session| list_with_options(session, &what, "", hidden, each))
}

fn list_with_options(
    session: &mut Session,
    what: &str,
    argument: &str,
    hidden: bool,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<ListOutcome> {
    if hidden {
        // A server without options refuses them or lists nothing: a listing with `-a` has at least
        // the directory itself.
        let with_all = format!("-a {argument}");
        let (mut lines, mut itself) = (0u64, false);
        let result = read_listing(session, what, "LIST", with_all.trim_end(), &mut |line| {
            lines += 1;
            itself |= is_dot_entry(line);
            each(line)
        });
        if itself || lines > 1 {
            session.config.quirks.record_dot_entry(itself);
        }
        match result {
            Ok(cut) if lines > 0 => return Ok(ListOutcome { lines, cut }),
            Err(error) if lines > 0 || error.kind() != Kind::Refused => return Err(error),
            _ => {}
        }
    }
    let mut lines = 0u64;
    let cut = read_listing(session, what, "LIST", argument, &mut |line| {
        lines += 1;
        each(line)
    })?;
    Ok(ListOutcome { lines, cut })
}

/// Judges an empty LIST of a directory that could be entered. ProFTPD sends one, and `226`, for a
/// directory that it cannot read; only the missing `.` distinguishes it.
fn judge_empty_listing(
    session: &mut Session,
    path: Option<&RemotePath>,
    hidden: bool,
    came: ListOutcome,
) -> Result<Cut> {
    if !hidden || came.lines > 0 || came.cut.is_some() {
        return Ok(came.cut);
    }
    if session.config.quirks.has_dot_entry().is_none() && session.failure().is_none() {
        if session.features.mlst() && !session.no_mlsd {
            match list_by_mlsd(session, path, &mut |_| Ok(())) {
                Err(error) if is_unsupported(&error) => session.no_mlsd = true,
                other => return other,
            }
        }
        // The parent directory is not empty and shows whether the server lists `.`.
        let directory =
            path.map_or_else(|| Ok(session.cwd.clone()), |p| session.cwd.resolve(p.as_str()))?;
        if let Some(above) = directory.parent().filter(|above| *above != directory) {
            let listed = session.in_directory(&above, |session| {
                list_with_options(
                    session,
                    &listing_subject(Some(&above)),
                    "",
                    true,
                    &mut |_| Ok(()),
                )
            });
            listed.map(drop).or_else(|error| match error.kind() {
                Kind::Refused => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    let itself = session.config.quirks.has_dot_entry() == Some(true);
    Ok(itself.then(|| "not even the directory itself was listed".to_owned()))
}

fn uses_mlsd(session: &Session) -> bool {
    match session.config.list {
        ListMode::List => false,
        ListMode::Mlsd => !session.no_mlsd,
        ListMode::Auto => !session.no_mlsd && session.features.mlst(),
    }
}

/// Whether a failed MLSD means that it is unsupported, rather than a missing directory.
fn is_unsupported(error: &Error) -> bool {
    error.has_reply_code(&[500, 502, 504])
}

fn list_by_mlsd(
    session: &mut Session,
    path: Option<&RemotePath>,
    each: &mut dyn FnMut(ListedLine) -> Result<()>,
) -> Result<Cut> {
    let charset = session.charset();
    let (mut lines, mut entries, mut own) = (0u64, 0u64, None);
    let mut named_as_path = false;
    let what = listing_subject(path);
    let mut next = |line: &[u8]| {
        lines += 1;
        match parse_mlsx(line) {
            Line::Itself(perm) => own = perm,
            Line::Skip => {}
            parsed => {
                entries += 1;
                named_as_path = matches!((&parsed, path), (Line::Entry(entry), Some(path))
                    if entry.kind == EntryKind::File && path.file_name() == Some(&entry.name));
                forward_line(parsed, line, charset, each)?;
            }
        }
        Ok(())
    };
    let cut = match path {
        // Apache FtpServer takes it for a pattern, and lists what it matches in the parent.
        Some(path) if path.may_be_pattern() => session
            .in_directory(path, |session| read_listing(session, &what, "MLSD", "", &mut next))?,
        _ => {
            let argument = path.map_or("", RemotePath::as_str);
            read_listing(session, &what, "MLSD", argument, &mut next)?
        }
    };
    if cut.is_some() || entries > 0 {
        return match path {
            // Apache FtpServer lists a file as a directory with itself in it.
            Some(path) if named_as_path && entries == 1 => session.in_directory(path, |_| Ok(cut)),
            _ => Ok(cut),
        };
    }
    // ProFTPD cannot stat the files of a directory that it may not enter, and omits them all.
    if let Some(perm) = own.filter(|perm| !perm.contains('e') || !perm.contains('l')) {
        return Ok(Some(format!("the directory may not be read (perm={perm})")));
    }
    match path {
        // So does pyftpdlib, and Apache's server lists a missing directory as empty.
        Some(path) if lines == 0 => session.in_directory(path, |_| Ok(None)),
        _ => Ok(None),
    }
}

fn read_listing(
    session: &mut Session,
    what: &str,
    verb: &str,
    argument: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Cut> {
    let mut data = open_data(session, what, verb, argument, 0)?;
    if data.is_unsecured() {
        data.finish()?;
        let text = "the server closed the data connection before its TLS handshake";
        return Ok(Some(text.to_owned()));
    }
    let mut lost = false;
    match read_lines(&mut data, session.config.timeout, each, &mut lost) {
        Ok(()) => {}
        Err(error) => {
            // The completion reply of a cut listing contains the reason, unless we stopped it.
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
        End::Open | End::Cut | End::Unsecured => {
            let text = format!("{what}: the listing was cut short");
            Err(Error::new(Kind::Incomplete, text).as_transient())
        }
    }
}

/// What is listed, for messages.
fn listing_subject(path: Option<&RemotePath>) -> String {
    path.map_or_else(|| "list".to_owned(), |path| format!("list {path}"))
}

/// Whether every server takes this as one path in LIST. Measured: vsftpd, ProFTPD and Pure-FTPd
/// expand wildcards, `~` and braces; ProFTPD and others split at blanks.
fn is_plain(path: &RemotePath) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | ',');
    path.as_str().chars().all(plain)
}

/// A path as an argument of LIST: a leading dash would be parsed as options.
fn list_argument(path: &RemotePath) -> String {
    if path.as_str().starts_with('-') { format!("./{path}") } else { path.as_str().to_owned() }
}
