//! A listing as a bounded stream of lines, and the incomplete listings that its reply reports.

use std::io::Read;

use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::control::reply::Reply;
use crate::ftp::data::{DataConnection, data_error};
use crate::ftp::list_formats::Entry;
use crate::ftp::list_formats::Line;

/// One line of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum ListedLine {
    /// A file, directory or link.
    Entry(Entry),
    /// A line that was not understood, as sent.
    Unknown(String),
    /// The last line: the listing is incomplete, and the server's reason. Pure-FTPd truncates after
    /// 10 000 entries by default; unreadable directories are listed as empty.
    Cut(String),
}

impl ListedLine {
    /// The memory needed to keep it, in bytes; a text is counted as at least 32.
    pub(super) fn memory_size(&self) -> u64 {
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

/// The longest accepted line, in bytes.
const LINE_MAX: usize = 64 * 1024;

/// The maximum size of a listing, in bytes. A million names of average length fit.
const LISTING_MAX: u64 = 128 * 1024 * 1024;

/// The maximum number of lines of a listing: a parsed line takes more memory than its text.
const LINES_MAX: u64 = 1_000_000;

/// Phrases in a completion reply that report a failure. vsftpd: `226 Transfer done (but failed to
/// open directory).` Pure-FTPd: `226-Sorry, we were unable to read [/x]`.
const FAILED: [&str; 9] = [
    "failed to",
    "unable to",
    "could not",
    "couldn't",
    "cannot",
    "can't",
    "permission denied",
    "access denied",
    "not permitted",
];

/// The line of a positive completion reply that reports an incomplete listing, if any: it was
/// truncated (Pure-FTPd: `226 Output truncated to 10000 matches`), or the directory was not read.
pub(in crate::ftp) fn incomplete_reason(reply: &Reply) -> Option<String> {
    let text = reply.text();
    let line = text.lines().find(|line| {
        let words = without_quoted_names(line).to_ascii_lowercase();
        words.contains("truncated") || FAILED.iter().any(|failed| words.contains(failed))
    })?;
    let code = reply.code.to_string();
    let line = line.strip_prefix(&code).map_or(line, |rest| rest.trim_start_matches(['-', ' ']));
    Some(format!("{code} {line}"))
}

/// A line of a reply without quoted text, which may be the name of a directory (FileZilla Server:
/// `226 Successfully transferred "/name"`).
fn without_quoted_names(line: &str) -> String {
    let outside = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    match (outside.find('['), outside.rfind(']')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &outside[..from], &outside[to..]),
        _ => outside,
    }
}

/// Passes a parsed line on. A name that could not be sent back makes the line unknown.
pub(in crate::ftp) fn forward_line(
    parsed: Line,
    line: &[u8],
    charset: Charset,
    each: &mut dyn FnMut(ListedLine) -> Result<()>,
) -> Result<()> {
    match parsed {
        Line::Entry(entry)
            if !entry.name.is_empty() && !entry.name.contains(['\r', '\n', '\0']) =>
        {
            each(ListedLine::Entry(charset.reread_entry(entry)))
        }
        Line::Skip | Line::Itself(_) => Ok(()),
        Line::Entry(_) | Line::Unknown => each(ListedLine::Unknown(charset.decode(line))),
    }
}

/// Whether a line of `LIST -a` is the entry of the directory itself.
pub(in crate::ftp) fn is_dot_entry(line: &[u8]) -> bool {
    line.starts_with(b"d") && line.ends_with(b" .")
}

/// Passes each line on; `lost` is set if the stream failed, rather than `each` or a limit.
pub(in crate::ftp) fn read_lines(
    data: &mut DataConnection,
    timeout: std::time::Duration,
    each: &mut dyn FnMut(&[u8]) -> Result<()>,
    lost: &mut bool,
) -> Result<()> {
    let mut buffer = vec![0; LINE_MAX];
    let mut filled = 0;
    let mut total = 0u64;
    let mut lines = 0u64;
    let mut ends = LineEnds::default();
    loop {
        let n = match data.read(&mut buffer[filled..]) {
            Ok(n) => n,
            Err(error) => {
                *lost = true;
                return Err(data_error(&error, timeout));
            }
        };
        if n == 0 {
            return if filled == 0 { Ok(()) } else { each(ends.strip_line_end(&buffer[..filled])) };
        }
        filled += n;
        total += n as u64;
        let mut start = 0;
        while let Some(length) = buffer[start..filled].iter().position(|byte| *byte == b'\n') {
            let text = ends.strip_line_end(&buffer[start..start + length]);
            if !text.is_empty() {
                lines += 1;
                each(text)?;
            }
            start += length + 1;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        if filled == buffer.len() || total > LISTING_MAX || lines > LINES_MAX {
            return Err(listing_too_large());
        }
    }
}

/// The error for a listing that exceeds the limits.
pub fn listing_too_large() -> Error {
    Error::new(Kind::Incomplete, "listing too large (see ftp:max-listing)")
        .with_hint("`set ftp:max-listing` allows it more memory")
}

/// The line ends of one listing. A server that writes CR LF through a stream that converts LF to CR
/// LF sends CR CR LF on every line; the first line shows it. Otherwise a further CR is part of a
/// name.
#[derive(Debug, Default)]
struct LineEnds {
    returns: Option<usize>,
}

impl LineEnds {
    fn strip_line_end<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        let found = line.iter().rev().take_while(|byte| **byte == b'\r').count();
        let returns = *self.returns.get_or_insert(found.max(1));
        &line[..line.len() - found.min(returns)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_reply_may_report_a_failure() {
        let said = |text: &str| incomplete_reason(&Reply::new(226, vec![text.into()]));
        for text in [
            "Transfer done (but failed to open directory).",
            "Sorry, we were unable to read [/a]",
            "Output truncated to 10000 matches",
            "Transfer complete: Permission denied",
        ] {
            assert_eq!(said(text), Some(format!("226 {text}")));
        }
        for text in [
            "Directory send OK.",
            "Transfer complete.",
            "4 matches total",
            "0 errors",
            "Successfully transferred \"/what I can't do\"",
            "",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn lines_end_as_the_first_one_does() {
        for (lines, stripped) in [
            (["a\r", "b\r"], ["a", "b"]),
            (["a", "b\r"], ["a", "b"]),
            (["a\r\r", "b\r\r"], ["a", "b"]),
            (["a\r\r", "b\r"], ["a", "b"]),
            (["a\r", "b\r\r"], ["a", "b\r"]),
            (["a\r\r", "b\r\r\r"], ["a", "b\r"]),
        ] {
            let mut ends = LineEnds::default();
            assert_eq!(
                lines.map(|line| ends.strip_line_end(line.as_bytes())),
                stripped.map(str::as_bytes)
            );
        }
    }
}
