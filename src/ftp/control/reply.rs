//! Replies on the control connection (RFC 959 section 4.2): lines in, whole replies out.
//!
//! Works on bytes and within size limits, and never reads a socket. Only the line that RFC 959
//! defines as the last one ends a reply.

use std::fmt;

use super::telnet::unescape_iac;
use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;

pub use super::reply_values::{
    epsv_port, mdtm_time, pasv_address, pwd_names, pwd_readings, size_value, transfer_size,
};

/// The longest accepted line, in bytes; the limit of curl and FileZilla as well.
pub const LINE_MAX: usize = 64 * 1024;

/// The longest accepted reply, in bytes.
pub const REPLY_MAX: usize = 256 * 1024;

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, 100 to 599.
    pub code: u16,
    /// The lines as sent, at least one; first and last without the code and the character after it.
    pub lines: Vec<Vec<u8>>,
    /// The charset of the lines.
    pub charset: Charset,
}

impl Reply {
    /// A reply in UTF-8.
    pub fn new(code: u16, lines: Vec<Vec<u8>>) -> Self {
        Self { code, lines, charset: Charset::default() }
    }

    /// The first digit: 1 preliminary, 2 completion, 3 intermediate, 4 transient, 5 permanent.
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// Whether it is a 2yz reply.
    pub fn is_positive_completion(&self) -> bool {
        self.class() == 2
    }

    /// The text: lines joined by line feeds, without codes. Not escaped for a terminal.
    pub fn text(&self) -> String {
        let last = self.lines.len().saturating_sub(1);
        let mut out = String::new();
        for (i, line) in self.lines.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            let inner = i > 0 && i < last;
            let line = if inner { self.without_code(line) } else { line };
            out.push_str(&self.charset.decode(line));
        }
        out
    }

    /// The text of the first line.
    pub fn first_line(&self) -> String {
        self.lines.first().map(|line| self.charset.decode(line)).unwrap_or_default()
    }

    /// The text of the last line.
    pub fn last_text(&self) -> String {
        self.lines.last().map(|line| self.charset.decode(line)).unwrap_or_default()
    }

    /// The text of the last line in quotes and the code, for messages: `"Login incorrect." (530)`.
    pub fn quoted_with_code(&self) -> String {
        format!("\"{}\" ({})", self.last_text(), self.code)
    }

    /// An inner line without the `ddd-` that some servers put before every line of a reply.
    pub(in crate::ftp) fn without_code<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        match code_of(line) {
            Some((code, rest)) if code == self.code => rest.strip_prefix(b"-").unwrap_or(line),
            _ => line,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

/// The code at the start of a line (100 to 599), and the rest.
fn code_of(line: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'1'..=b'5').contains(&digits[0]) {
        return None;
    }
    Some((digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')), rest))
}

/// Builds replies from lines. It holds at most [`REPLY_MAX`] bytes.
#[derive(Debug, Default)]
pub struct ReplyParser {
    open: Option<Reply>,
    bytes: usize,
    /// The server does not double 0xFF.
    plain: bool,
}

impl ReplyParser {
    /// A parser that expects the first line of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the server doubles 0xFF (Telnet's IAC), as in RFC 959; applies from the next line.
    pub(in crate::ftp) fn set_escapes_iac(&mut self, doubles: bool) {
        self.plain = !doubles;
    }

    /// Whether a multi-line reply is incomplete.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes one line without its line end; returns `Some` when the reply is complete.
    ///
    /// A multi-line reply ends only at its own code followed by a space or by nothing; a line that
    /// begins with another code is text (RFC 959 section 4.2). Doubled 0xFF (Telnet IAC) becomes
    /// one, unless the server is known not to double it.
    ///
    /// # Errors
    /// [`Kind::Connect`] if the line or the reply is too long, or if it is not an FTP reply. The
    /// connection is then unusable, and the parser is reset.
    pub fn push_line(&mut self, line: &[u8]) -> Result<Option<Reply>> {
        if line.len() > LINE_MAX {
            return self.reject(format!("reply: a line is longer than {LINE_MAX} bytes"));
        }
        self.bytes += line.len() + 1;
        if self.bytes > REPLY_MAX {
            return self.reject(format!("reply: longer than {REPLY_MAX} bytes"));
        }
        let line = if self.plain { line.into() } else { unescape_iac(line) };
        let Some(mut reply) = self.open.take() else { return self.begin_reply(&line) };
        match code_of(&line) {
            Some((code, rest))
                if code == reply.code && matches!(rest.first(), None | Some(b' ')) =>
            {
                reply.lines.push(rest.get(1..).unwrap_or_default().to_vec());
                self.bytes = 0;
                Ok(Some(reply))
            }
            _ => {
                reply.lines.push(line.into_owned());
                self.open = Some(reply);
                Ok(None)
            }
        }
    }

    /// Takes the first line of a reply.
    fn begin_reply(&mut self, line: &[u8]) -> Result<Option<Reply>> {
        let Some((code, rest)) = code_of(line) else { return self.reject_line(line) };
        let reply = |rest: &[u8]| Reply::new(code, vec![rest.to_vec()]);
        match rest.split_first() {
            None => {
                self.bytes = 0;
                Ok(Some(reply(rest)))
            }
            Some((b' ', rest)) => {
                self.bytes = 0;
                Ok(Some(reply(rest)))
            }
            Some((b'-', rest)) => {
                self.open = Some(reply(rest));
                Ok(None)
            }
            Some(_) => self.reject_line(line),
        }
    }

    fn reject_line(&mut self, line: &[u8]) -> Result<Option<Reply>> {
        // Enough to recognise an SSH or SMTP server.
        let shown = Charset::default().decode(&line[..line.len().min(60)]);
        self.reject(format!("reply: not an FTP reply: \"{}\"", shown.escape_debug()))
    }

    fn reject(&mut self, message: String) -> Result<Option<Reply>> {
        *self = Self { plain: self.plain, ..Self::default() };
        Err(Error::new(Kind::Connect, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies in `lines`; panics on an error.
    fn parse(lines: &[&[u8]]) -> Vec<Reply> {
        let mut parser = ReplyParser::new();
        let replies = lines.iter().filter_map(|line| parser.push_line(line).unwrap()).collect();
        assert!(!parser.is_open(), "the last reply is not complete");
        replies
    }

    #[test]
    fn one_line_replies_with_and_without_text() {
        let replies = parse(&[b"220 hello", b"220", b"550 ", b"200  two"]);
        let shown: Vec<_> = replies.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["220 hello", "220 ", "550 ", "200  two"]);
        assert_eq!(replies[2].class(), 5);
        assert!(replies[3].is_positive_completion());
    }

    #[test]
    fn only_the_opening_code_ends_a_multi_line_reply() {
        let replies = parse(&[
            b"230-Hi",
            b"123 users online",
            b" 230 indented",
            b"230-more",
            b"2300 far",
            b"",
            b"230 ok",
            b"200 next",
        ]);
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[0].text(), "Hi\n123 users online\n 230 indented\nmore\n2300 far\n\nok");
        assert_eq!(replies[0].first_line(), "Hi");
        assert_eq!(replies[0].last_text(), "ok");
        assert_eq!(replies[0].lines[3], b"230-more");
    }

    #[test]
    fn a_bare_code_ends_a_multi_line_reply() {
        assert_eq!(parse(&[b"211-Features", b" SIZE", b"211"])[0].text(), "Features\n SIZE\n");
    }

    #[test]
    fn what_is_not_an_ftp_reply_is_an_error() {
        for line in [
            b"SSH-2.0-x".as_slice(),
            b"",
            b"20",
            b"620 x",
            b"020 x",
            b"2x0 y",
            b"2200 z",
            b"220:x",
            b"\xff\xff\xff",
        ] {
            let error = ReplyParser::new().push_line(line).unwrap_err();
            assert_eq!(error.kind(), Kind::Connect, "{line:?}");
        }
        let error = ReplyParser::new().push_line(b"SSH-2.0-x\x1b[2J").unwrap_err();
        assert_eq!(error.message(), "reply: not an FTP reply: \"SSH-2.0-x\\u{1b}[2J\"");
    }

    #[test]
    fn endless_lines_and_replies_end_at_their_caps() {
        let mut parser = ReplyParser::new();
        assert!(
            parser
                .push_line(&[b'2'; LINE_MAX + 1])
                .unwrap_err()
                .message()
                .contains("line is longer")
        );
        parser.push_line(b"220-x").unwrap();
        let error = (0..REPLY_MAX).find_map(|_| parser.push_line(b"").err()).unwrap();
        assert_eq!(error.message(), "reply: longer than 262144 bytes");
        assert!(!parser.is_open());
        assert_eq!(parser.push_line(b"220 ok").unwrap().unwrap().code, 220);
    }

    #[test]
    fn many_short_replies_do_not_add_up_to_the_cap() {
        let mut parser = ReplyParser::new();
        for _ in 0..REPLY_MAX / 4 {
            parser.push_line(b"200 x").unwrap().unwrap();
        }
    }

    #[test]
    fn telnet_doubling_is_undone_and_other_bytes_are_kept() {
        let reply = parse(&[b"257 \"/a\xff\xff\xff\xff\xffb\xe9\""]).remove(0);
        assert_eq!(reply.lines[0], b"\"/a\xff\xff\xffb\xe9\"");
        assert_eq!(reply.text(), "\"/a\u{F7FF}\u{F7FF}\u{F7FF}b\u{F7E9}\"");
        let mut parser = ReplyParser::new();
        parser.set_escapes_iac(false);
        let reply = parser.push_line(b"257 \"/a\xff\xffb\"").unwrap().unwrap();
        assert_eq!(reply.lines[0], b"\"/a\xff\xffb\"");
    }
}
