//! Where data goes, and in which shape: standard output, a file, a local command, or memory.
//!
//! Bytes and lines come in; they leave escaped for a terminal, as JSON Lines, or as they are. A sink
//! collects up to 64 KiB before it writes, and knows nothing of notices and errors.

use std::io::{ErrorKind, Write};

use super::NameEncoder;
use super::escape::{BYTES, escape_multiline, push_byte};
use super::json::{Record, binary_line};
use crate::error::{Error, Kind, Result, io_reason};

/// Bytes that are collected before they are written.
const BUFFER: usize = 64 * 1024;

/// The message of the failure that [`is_broken_pipe`] knows.
const BROKEN_PIPE: &str = "output: broken pipe";

/// Whether this failure only says that the reader of the output has gone: nobody wants to be told.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    crate::error::find_typed(error).is_some_and(|e| e.message() == BROKEN_PIPE)
}

/// In which shape data leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataFormat {
    /// As it is: a pipe or a file.
    Plain,
    /// Escaped.
    Terminal,
    /// Everything is a JSON record.
    Json,
    /// Lines are JSON records, a file's bytes are themselves: a redirection with `--json`.
    JsonRedirected,
}

/// A destination of data.
pub(super) struct DataSink {
    to: Box<dyn Write + Send>,
    shape: DataFormat,
    /// Data that is ready but not written.
    buffer: Vec<u8>,
    /// The beginning of a character (or of CR LF) at the end of the last piece of data.
    tail: Vec<u8>,
    /// A failure that nobody was told yet.
    failed: Option<Error>,
}

impl DataSink {
    pub(super) fn new(to: Box<dyn Write + Send>, shape: DataFormat) -> Self {
        Self { to, shape, buffer: Vec::new(), tail: Vec::new(), failed: None }
    }

    /// A piece of a file, in whatever pieces it comes.
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

    /// Bytes that have their shape already: a table made for this terminal.
    pub(super) fn push_formatted(&mut self, bytes: &[u8]) {
        self.end_tail();
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether so much is collected that it should be written.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER
    }

    /// Nothing follows what was given so far: makes an unfinished character ready as it is.
    pub(super) fn end_tail(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        self.text(&tail);
    }

    /// Writes all that is ready; a failure is kept for the next [`DataSink::drain`].
    pub(super) fn drain_keeping_error(&mut self) {
        if let Err(failed) = self.drain() {
            self.failed = Some(failed);
        }
    }

    /// Writes all that is ready.
    pub(super) fn drain(&mut self) -> Result<()> {
        if let Some(failed) = self.failed.take() {
            self.buffer.clear();
            return Err(failed);
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.to.write_all(&self.buffer).and_then(|()| self.to.flush());
        // What could not be written once is not tried again: it may be half there.
        self.buffer.clear();
        written.map_err(|why| match why.kind() {
            ErrorKind::BrokenPipe => Error::new(Kind::Other, BROKEN_PIPE),
            _ => Error::new(Kind::Local, format!("output: {}", io_reason(&why))),
        })
    }

    /// Makes a piece of a file ready for a terminal or as a record.
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
            // The characters are the file's own: none of them stands for a byte.
            Ok(text) => Record::Text(text.to_owned()).write_to(&mut self.buffer, own_bytes),
            Err(_) => self.buffer.extend(binary_line(piece)),
        }
    }
}

impl Drop for DataSink {
    /// The last chance for what nobody flushed; who wants to know whether it was written flushes.
    fn drop(&mut self) {
        self.end_tail();
        let _ = self.drain();
    }
}

/// The encoder of text that has no mapped bytes.
pub(super) fn own_bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// How many of the bytes can be shown now: all but the beginning of a character or of CR LF.
fn complete(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return bytes.len() - 1;
    }
    // A character has at most four bytes: only the last three can be an unfinished one.
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
