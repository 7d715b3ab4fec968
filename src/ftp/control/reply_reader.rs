//! Reads whole replies from a control connection and explains why none arrived.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Duration;

use super::reply::{self, Reply, ReplyParser};
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::error_text::explain_tls_error;
use crate::tls::socket::cancel_reason;

/// Bytes of the control connection that are not yet a whole line, and the unfinished reply.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    start: usize,
    parser: ReplyParser,
    /// Whole replies that [`ReplyReader::read_ahead`] has read.
    ahead: VecDeque<Reply>,
}

/// How many replies are read ahead: a preliminary and a completion reply, and what servers repeat.
const AHEAD_MAX: usize = 64;

impl ReplyReader {
    /// Reads from `source` until a reply is complete.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if no reply can follow; nothing more may be read then.
    pub fn read_reply(&mut self, source: &mut impl Read) -> Result<Reply, ReadError> {
        match self.ahead.pop_front() {
            Some(reply) => Ok(reply),
            None => self.parse_reply(source),
        }
    }

    /// Reads replies from a source that does not block, up to a final one (2yz to 5yz), and keeps
    /// them for [`ReplyReader::read_reply`]. Returns the last one that has arrived, if any.
    ///
    /// # Errors
    ///
    /// As [`ReplyReader::read_reply`].
    pub(super) fn read_ahead(
        &mut self,
        source: &mut impl Read,
    ) -> Result<Option<&Reply>, ReadError> {
        while self.ahead.back().is_none_or(|reply| reply.class() == 1) {
            match self.parse_reply(source) {
                Ok(_) if self.ahead.len() == AHEAD_MAX => {
                    let text = "the server sends preliminary replies without end";
                    return Err(ReadError::Protocol(Error::new(Kind::Connect, text)));
                }
                Ok(reply) => self.ahead.push_back(reply),
                Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.ahead.back())
    }

    fn parse_reply(&mut self, source: &mut impl Read) -> Result<Reply, ReadError> {
        loop {
            while let Some(length) = self.unread().iter().position(|byte| *byte == b'\n') {
                let line = &self.buffer[self.start..self.start + length];
                let parsed = self.parser.push_line(line.strip_suffix(b"\r").unwrap_or(line));
                self.start += length + 1;
                if let Some(reply) = parsed.map_err(ReadError::Protocol)? {
                    return Ok(reply);
                }
            }
            if self.unread().len() > reply::LINE_MAX {
                let parsed = self.parser.push_line(&self.buffer[self.start..]);
                return Err(ReadError::Protocol(parsed.err().unwrap_or_else(|| {
                    Error::new(Kind::Connect, "the server's reply is not a line of text")
                })));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let mut chunk = [0; 4096];
            match source.read(&mut chunk).map_err(ReadError::Io)? {
                0 => return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into())),
                n => self.buffer.extend_from_slice(&chunk[..n]),
            }
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// See [`ReplyParser::set_escapes_iac`].
    pub(in crate::ftp) fn set_escapes_iac(&mut self, doubles: bool) {
        self.parser.set_escapes_iac(doubles);
    }

    /// Appends a byte that was read elsewhere.
    pub(in crate::ftp) fn push_byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    /// Whether no input is buffered.
    pub fn is_empty(&self) -> bool {
        self.unread().is_empty() && !self.parser.is_open() && self.ahead.is_empty()
    }
}

/// Why no reply arrived.
#[derive(Debug)]
pub enum ReadError {
    /// The connection failed or was closed.
    Io(io::Error),
    /// The input is not an FTP reply.
    Protocol(Error),
}

impl ReadError {
    /// Whether the read timed out.
    pub(in crate::ftp) fn is_timeout(&self) -> bool {
        matches!(self, ReadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
    }

    pub(in crate::ftp) fn into_error(self, timeout: Duration) -> Error {
        match self {
            ReadError::Protocol(error) => error,
            ReadError::Io(error) => lost_connection(&error, timeout),
        }
    }
}

/// The error for a lost control connection.
pub(in crate::ftp) fn lost_connection(error: &io::Error, timeout: Duration) -> Error {
    if let Some(reason) = cancel_reason(error) {
        return reason.into();
    }
    let why = match error.kind() {
        io::ErrorKind::TimedOut => {
            format!("no reply from the server within {} s", timeout.as_secs_f32())
        }
        io::ErrorKind::UnexpectedEof => "the server closed the control connection".to_owned(),
        _ => format!("the control connection was lost: {}", io_reason(error)),
    };
    // With TLS 1.3 a client certificate is rejected only after the handshake; a retry is useless.
    match explain_tls_error(&error.to_string()) {
        Some((cause, next)) if next.contains("tls:cert-file") => {
            Error::new(Kind::Tls, format!("{cause} ({})", io_reason(error))).with_hint(next)
        }
        _ => Error::new(Kind::Connect, why).as_transient(),
    }
}
