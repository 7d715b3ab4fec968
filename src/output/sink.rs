//! A destination of data and its format: standard output, a file, a local command, or memory.
//!
//! Data is written escaped for a terminal, as JSON Lines, or unchanged, in blocks of 64 KiB.
//! Notices and errors do not pass through here.

use std::io::{ErrorKind, Write};

use super::NameEncoder;
use super::escape::{BYTES, escape_multiline, push_byte};
use super::json::{Record, binary_line};
use crate::error::{Error, Kind, Result, io_reason};

/// Buffer size before data is written.
const BUFFER: usize = 64 * 1024;

/// The error message that [`is_broken_pipe`] recognises.
const BROKEN_PIPE: &str = "output: broken pipe";

/// Whether the error means only that the reader closed the pipe, which is not worth reporting.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    crate::error::find_typed(error).is_some_and(|e| e.message() == BROKEN_PIPE)
}

/// The format of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataFormat {
    /// Unchanged: a pipe or a file.
    Plain,
    /// Escaped.
    Terminal,
    /// Everything is a JSON record.
    Json,
    /// Lines are JSON records, file contents are unchanged: a redirection with `--json`.
    JsonRedirected,
}

pub(super) struct DataSink {
    to: Box<dyn Write + Send>,
    shape: DataFormat,
    /// Formatted data that is not written yet.
    buffer: Vec<u8>,
    /// An incomplete character (or CR of CR LF) at the end of the last piece of data.
    tail: Vec<u8>,
    /// An error that was not reported yet.
    failed: Option<Error>,
}

impl DataSink {
    pub(super) fn new(to: Box<dyn Write + Send>, shape: DataFormat) -> Self {
        Self { to, shape, buffer: Vec::new(), tail: Vec::new(), failed: None }
    }

    /// File contents, in pieces of any size.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        match self.shape {
            DataFormat::Plain | DataFormat::JsonRedirected => self.buffer.extend_from_slice(bytes),
            DataFormat::Terminal | DataFormat::Json => {
                self.tail.extend_from_slice(bytes);
                let whole = complete(&self.tail);
                let rest = self.tail.split_off(whole);
                let piece = std::mem::replace(&mut self.tail, rest);
                self.text(&piece);
            }
        }
    }

    /// A line of text, without its line feed.
    pub(super) fn line(&mut self, text: &str, encode: NameEncoder) {
        self.end_tail();
        match self.shape {
            DataFormat::Json | DataFormat::JsonRedirected => {
                Record::Text(text.to_owned()).write_to(&mut self.buffer, encode);
            }
            DataFormat::Terminal => {
                self.buffer.extend_from_slice(escape_multiline(text).as_bytes());
                self.buffer.push(b'\n');
            }
            DataFormat::Plain if text.contains(|c| BYTES.contains(&c)) => {
                self.buffer.extend(encode(text));
                self.buffer.push(b'\n');
            }
            DataFormat::Plain => {
                self.buffer.extend_from_slice(text.as_bytes());
                self.buffer.push(b'\n');
            }
        }
    }

    /// A record, as one line of JSON.
    pub(super) fn record(&mut self, record: &Record<'_>, encode: NameEncoder) {
        self.end_tail();
        record.write_to(&mut self.buffer, encode);
    }

    /// Formatted bytes: a table laid out for this terminal.
    pub(super) fn push_formatted(&mut self, bytes: &[u8]) {
        self.end_tail();
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the buffer is full.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER
    }

    /// End of data: formats an incomplete character as its bytes.
    pub(super) fn end_tail(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.text(&tail);
    }

    /// Writes the buffer; an error is kept for the next [`DataSink::drain`].
    pub(super) fn drain_keeping_error(&mut self) {
        if let Err(failed) = self.drain() {
            self.failed = Some(failed);
        }
    }

    /// Writes the buffer.
    pub(super) fn drain(&mut self) -> Result<()> {
        if let Some(failed) = self.failed.take() {
            self.buffer.clear();
            return Err(failed);
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.to.write_all(&self.buffer).and_then(|()| self.to.flush());
        // A failed write is not retried: part of it may have been written.
        self.buffer.clear();
        written.map_err(|why| match why.kind() {
            ErrorKind::BrokenPipe => Error::new(Kind::Other, BROKEN_PIPE),
            _ => Error::new(Kind::Local, format!("output: {}", io_reason(&why))),
        })
    }

    /// Formats file contents for a terminal or as a record.
    fn text(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        if self.shape == DataFormat::Terminal {
            for chunk in piece.utf8_chunks() {
                self.buffer.extend_from_slice(escape_multiline(chunk.valid()).as_bytes());
                let mut spelt = String::new();
                chunk.invalid().iter().for_each(|&byte| push_byte(&mut spelt, byte));
                self.buffer.extend_from_slice(spelt.as_bytes());
            }
            return;
        }
        match std::str::from_utf8(piece) {
            // File contents have no mapped bytes.
            Ok(text) => Record::Text(text.to_owned()).write_to(&mut self.buffer, own_bytes),
            Err(_) => self.buffer.extend(binary_line(piece)),
        }
    }
}

impl Drop for DataSink {
    /// Writes what was not flushed; errors are lost, so callers that care flush.
    fn drop(&mut self) {
        self.end_tail();
        let _ = self.drain();
    }
}

/// The encoder for text without mapped bytes.
pub(super) fn own_bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Number of bytes that can be shown now: all but an incomplete character or CR LF.
fn complete(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return bytes.len() - 1;
    }
    // A character has at most four bytes, so only the last three can be incomplete.
    let start = bytes.len().saturating_sub(3);
    for at in start..bytes.len() {
        if bytes[at] < 0xc0 {
            continue;
        }
        if let Err(error) = std::str::from_utf8(&bytes[at..])
            && error.error_len().is_none()
            && error.valid_up_to() == 0
        {
            return at;
        }
    }
    bytes.len()
}
