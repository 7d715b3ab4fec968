//! The text of a manifest.
//!
//! ```text
//! # ftpsh manifest 1
//! 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 4 644 a/b.txt
//! - - - c
//! - - - images/
//! ```
//!
//! One line an entry, sorted by path: SHA-256, size, permissions in octal, and the path relative to
//! the target. `-` stands for what is not known: a file with neither hash nor size is in doubt. A
//! directory's path ends in a slash. In a path `%` and two hexadecimal digits are a byte, for
//! control bytes, `%` and what is not UTF-8. A second line `# unfinished` says that the mirror that
//! began the manifest has not ended.

use std::fmt::{self, Write as _};
use std::io;

use super::entry::{Content, ManifestEntry};
use super::index::ManifestIndex;
use super::own_paths::OwnPaths;
use crate::ftp::path::{decode_name, encode_name, safe_component};

const FIRST_LINE: &str = "# ftpsh manifest 1";
const ANY_VERSION: &str = "# ftpsh manifest ";
const UNFINISHED: &str = "# unfinished";

/// The longest line, in bytes: a path of 4096 bytes, all of them encoded, and what is before it.
const LONGEST_LINE: usize = 3 * 4096 + 128;

/// The maximum number of entries.
const MOST_ENTRIES: usize = 1_000_000;

/// The maximum size of a manifest, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is none.
    NoManifest,
    /// It is of a version that is not known.
    OtherVersion,
    /// This line, counted from 1, breaks a rule.
    Line(usize, &'static str),
    /// All of it breaks a rule.
    Whole(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NoManifest => {
                write!(f, "its first line is not `{FIRST_LINE}`")
            }
            Unreadable::OtherVersion => f.write_str("it is of a version that is not known"),
            Unreadable::Line(number, why) => write!(f, "line {number}: {why}"),
            Unreadable::Whole(why) => f.write_str(why),
        }
    }
}

/// Reads a manifest that arrives in blocks; the memory that it uses is bounded.
#[derive(Debug)]
pub struct ManifestParser<'a> {
    own: &'a OwnPaths,
    entries: Vec<(Box<str>, ManifestEntry)>,
    unfinished: bool,
    /// The beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    lines: usize,
    bytes: u64,
    most_entries: usize,
}

impl<'a> ManifestParser<'a> {
    /// Nothing has arrived. A manifest that has a path of `own` is unreadable.
    pub fn new(own: &'a OwnPaths) -> Self {
        Self {
            own,
            entries: Vec::new(),
            unfinished: false,
            rest: Vec::new(),
            lines: 0,
            bytes: 0,
            most_entries: MOST_ENTRIES,
        }
    }

    /// Reads the next block.
    ///
    /// # Errors
    ///
    /// The first rule that is broken; the rest is then not read.
    pub fn push(&mut self, block: &[u8]) -> Result<(), Unreadable> {
        self.bytes += block.len() as u64;
        if self.bytes > LARGEST {
            return Err(Unreadable::Whole("it is too large"));
        }
        let mut lines = block.split_inclusive(|byte| *byte == b'\n');
        lines.try_for_each(|part| {
            if self.rest.len() + part.len() > LONGEST_LINE {
                return Err(Unreadable::Line(self.lines + 1, "it is too long"));
            }
            self.rest.extend_from_slice(part);
            match self.rest.strip_suffix(b"\n") {
                None => Ok(()),
                Some(line) => {
                    let line = std::str::from_utf8(line).map(str::to_owned);
                    self.rest.clear();
                    self.lines += 1;
                    let line = line.map_err(|_| self.broken("it is not UTF-8"))?;
                    self.read_line(&line)
                }
            }
        })
    }

    /// The manifest, now that all of it has arrived.
    ///
    /// # Errors
    ///
    /// The last line is incomplete, or a path is both a file and a directory.
    pub fn finish(self) -> Result<ManifestIndex, Unreadable> {
        if self.lines == 0 {
            return Err(Unreadable::NoManifest);
        }
        if !self.rest.is_empty() {
            return Err(Unreadable::Whole("its last line is incomplete"));
        }
        let mut index: ManifestIndex = self.entries.into_iter().collect();
        index.unfinished = self.unfinished;
        if index.contradiction().is_some() {
            return Err(Unreadable::Whole("a path is both a file and a directory"));
        }
        Ok(index)
    }

    fn broken(&self, why: &'static str) -> Unreadable {
        Unreadable::Line(self.lines, why)
    }

    fn read_line(&mut self, line: &str) -> Result<(), Unreadable> {
        match self.lines {
            1 if line == FIRST_LINE => return Ok(()),
            1 if line.starts_with(ANY_VERSION) => return Err(Unreadable::OtherVersion),
            1 => return Err(Unreadable::NoManifest),
            2 if line == UNFINISHED => {
                self.unfinished = true;
                return Ok(());
            }
            _ => {}
        }
        if self.entries.len() >= self.most_entries {
            return Err(Unreadable::Whole("it has too many entries"));
        }
        let (path, entry) = parse_entry(line).map_err(|why| self.broken(why))?;
        if self.own.contains(&path) {
            return Err(self.broken("the path is that of a manifest"));
        }
        if self.entries.last().is_some_and(|(last, _)| *path <= **last) {
            return Err(self.broken("the paths are not in order, or one is there twice"));
        }
        self.entries.push((path.into(), entry));
        Ok(())
    }
}

/// Reads the line of an entry.
///
/// # Errors
///
/// The rule that is broken.
pub fn parse_entry(line: &str) -> Result<(String, ManifestEntry), &'static str> {
    let mut fields = line.splitn(4, ' ');
    let mut field = || fields.next().ok_or("a field is missing");
    let (hash, size, mode, path) = (field()?, field()?, field()?, field()?);
    let content = match (hash, size) {
        ("-", "-") => None,
        _ => Some(Content {
            size: parse_size(size).ok_or("the size is no number")?,
            sha256: parse_hash(hash).ok_or("the hash is not SHA-256")?,
        }),
    };
    let mode = match mode {
        "-" => None,
        mode => Some(parse_mode(mode).ok_or("the permissions are not octal")?),
    };
    let entry = match path.strip_suffix('/') {
        Some(_) if content.is_some() || mode.is_some() => {
            return Err("a directory has neither content nor permissions");
        }
        Some(_) => ManifestEntry::Directory,
        None => ManifestEntry::File { content, mode },
    };
    let path = decode_path(path.strip_suffix('/').unwrap_or(path))?;
    Ok((path, entry))
}

/// Writes the line of an entry, without its end.
pub fn write_entry(text: &mut String, path: &str, entry: &ManifestEntry) {
    match entry.content() {
        None => text.push_str("- -"),
        Some(Content { size, sha256 }) => {
            sha256.iter().for_each(|byte| push_hex(text, *byte));
            // Writing to a string cannot fail.
            let _ = write!(text, " {size}");
        }
    }
    let _ = match entry {
        ManifestEntry::File { mode: Some(mode), .. } => write!(text, " {mode:o} "),
        _ => write!(text, " - "),
    };
    encode_path(text, path);
    if entry.is_directory() {
        text.push('/');
    }
}

/// Writes the text of a manifest; the files of which `is_doubtful` says so are in doubt.
///
/// # Errors
///
/// Those of `to`.
pub fn write_manifest(
    index: &ManifestIndex,
    is_doubtful: &dyn Fn(&str) -> bool,
    to: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = format!("{FIRST_LINE}\n");
    if index.unfinished {
        line.push_str(UNFINISHED);
        line.push('\n');
    }
    to.write_all(line.as_bytes())?;
    index.iter().try_for_each(|(path, entry)| {
        let entry = match entry {
            ManifestEntry::File { mode, .. } if is_doubtful(path) => {
                ManifestEntry::File { content: None, mode }
            }
            entry => entry,
        };
        line.clear();
        write_entry(&mut line, path, &entry);
        line.push('\n');
        to.write_all(line.as_bytes())
    })
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

/// Digits as they are written: no sign, no leading zero.
fn parse_size(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Reads a hash: 64 lower-case hexadecimal digits.
pub fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

fn parse_mode(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    u16::from_str_radix(text, 8).ok().filter(|mode| plain && *mode <= 0o7777)
}

fn encode_path(text: &mut String, path: &str) {
    for c in path.chars() {
        if c == '%' || c.is_control() || crate::ftp::path::stands_for_byte(c) {
            let mut buffer = [0; 4];
            for byte in encode_name(c.encode_utf8(&mut buffer)) {
                text.push('%');
                push_hex(text, byte);
            }
        } else {
            text.push(c);
        }
    }
}

/// The path that a text stands for, each of its components safe.
fn decode_path(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "the path is not encoded properly";
    if text.chars().any(|c| c.is_control() || crate::ftp::path::stands_for_byte(c)) {
        return Err(WRONG);
    }
    let path = if text.contains('%') {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((byte, behind)) = rest.split_first() {
            rest = behind;
            if *byte != b'%' {
                bytes.push(*byte);
                continue;
            }
            let digits = rest.get(..2).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
            let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(WRONG)?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| WRONG)?);
            rest = &rest[2..];
        }
        let path = decode_name(&bytes);
        // One path has one encoding, so that none is there twice.
        let mut again = String::with_capacity(text.len());
        encode_path(&mut again, &path);
        if again != text {
            return Err(WRONG);
        }
        path
    } else {
        text.to_owned()
    };
    if path.split('/').any(|name| safe_component(name).is_err()) {
        return Err("the path leads out of the target, or a name in it cannot be used");
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
