//! Names and paths on the server: no byte is lost, and none is trusted.
//!
//! Converts bytes from replies and listings and words from the user to `String`s in which bytes
//! that are not UTF-8 are represented by U+F780 to U+F7FF, and to paths that cannot inject a
//! command. Nothing here queries a server or touches a file.

use std::fmt;

use crate::error::{Error, Result};

/// The offset from a byte 0x80..=0xFF to the character that represents it.
const BYTE_BASE: u32 = 0xF700;

/// The longest file name on Linux, in bytes.
const COMPONENT_MAX: usize = 255;

/// Whether `c` is one of the characters that represent a byte.
pub fn stands_for_byte(c: char) -> bool {
    ('\u{F780}'..='\u{F7FF}').contains(&c)
}

/// Appends the characters that represent `bytes`, all of them 0x80 or above.
fn push_bytes(out: &mut String, bytes: &[u8]) {
    out.extend(bytes.iter().filter_map(|b| char::from_u32(BYTE_BASE + u32::from(*b))));
}

/// A name from the server, as a `String` that [`encode_name`] converts back to exactly these bytes.
///
/// Bytes that are not UTF-8 become U+F780 to U+F7FF (0x80 to 0xFF). Valid UTF-8 of one of those
/// characters is treated as undecodable too; otherwise two names would become one.
pub fn decode_name(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        if chunk.valid().chars().any(stands_for_byte) {
            for c in chunk.valid().chars() {
                if stands_for_byte(c) {
                    push_bytes(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    out.push(c);
                }
            }
        } else {
            out.push_str(chunk.valid());
        }
        push_bytes(&mut out, chunk.invalid());
    }
    out
}

/// The bytes to send for a name: UTF-8, and single bytes for U+F780 to U+F7FF.
pub fn encode_name(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for c in name.chars() {
        match u8::try_from(u32::from(c).wrapping_sub(BYTE_BASE)) {
            Ok(byte) if stands_for_byte(c) => out.push(byte),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Whether a path begins as a URL of a file transfer does.
fn is_url(path: &str) -> bool {
    let scheme = path.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|s| matches!(&*s, "ftp" | "ftps" | "ftpes" | "sftp" | "http" | "https"))
}

/// A path on the server, absolute or relative. It cannot contain CR, LF or NUL, which would end the
/// command it is sent in; every other byte is legal in a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemotePath(String);

impl RemotePath {
    /// A path as typed or as decoded by [`decode_name`].
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) if it contains CR, LF or NUL: the message shows
    /// it escaped. If it is a URL: that would be sent, and logged, with its password.
    pub fn new(path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        if is_url(&path) {
            return Err(Error::usage(
                "a URL is no path on the server (not shown: it may hold a password)",
            )
            .with_hint("`open URL` connects to another server"));
        }
        let what = match path.bytes().find(|b| matches!(b, b'\r' | b'\n' | 0)) {
            None => return Ok(Self(path)),
            Some(b'\r') => "a carriage return",
            Some(b'\n') => "a line feed",
            Some(_) => "a NUL",
        };
        Err(Error::usage(format!("{}: a remote path cannot hold {what}", path.escape_debug())))
    }

    /// The directory `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The current directory of a session whose server does not report its name. Names resolved
    /// against it stay relative.
    pub fn here() -> Self {
        Self(".".to_owned())
    }

    /// Whether it is [`RemotePath::here`]; another session may be in another directory.
    pub fn is_here(&self) -> bool {
        self.0 == "."
    }

    /// The path as text; [`encode_name`] gives the bytes to send.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it starts with `/`.
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }

    /// Whether some servers take it for a pattern or for options, even where only a path is allowed.
    pub fn may_be_pattern(&self) -> bool {
        self.0.starts_with('-') || self.0.contains(['*', '?', '['])
    }

    /// Whether `other`, in a reply, names the same entry. Servers reply with a whole path or with
    /// the name alone, and some with the name as it is spelled there.
    pub fn is_named(&self, other: &str) -> bool {
        let Some(name) = self.file_name() else { return true };
        let last = other.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        last.to_lowercase() == name.to_lowercase()
    }

    /// Appends `name` unchanged; an absolute `name` replaces the path.
    ///
    /// # Errors
    /// As [`RemotePath::new`].
    pub fn join(&self, name: &str) -> Result<Self> {
        if name.starts_with('/') || self.0.is_empty() {
            return Self::new(name);
        }
        let slash = if self.0.ends_with('/') { "" } else { "/" };
        Self::new(format!("{}{slash}{name}", self.0))
    }

    /// The parent directory; `None` for `/` and for a relative path of one component.
    pub fn parent(&self) -> Option<Self> {
        let path = self.0.trim_end_matches('/');
        match path.rsplit_once('/')?.0.trim_end_matches('/') {
            "" => Some(Self::root()),
            parent => Some(Self(parent.to_owned())),
        }
    }

    /// The last component; `None` for `/`, the empty path, and one that ends in `.` or `..`.
    pub fn file_name(&self) -> Option<&str> {
        let path = self.0.trim_end_matches('/');
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        (!matches!(name, "" | "." | "..")).then_some(name)
    }

    /// Resolves `path`, as typed in this directory: joined, then `.`, `..` and `//` are resolved
    /// textually, never above `/`. A relative result keeps its leading `..`.
    ///
    /// # Errors
    /// As [`RemotePath::new`].
    pub fn resolve(&self, path: &str) -> Result<Self> {
        let joined = self.join(path)?;
        let absolute = joined.is_absolute();
        let mut parts: Vec<&str> = Vec::new();
        for part in joined.0.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                ".." if absolute => {}
                part => parts.push(part),
            }
        }
        let text = parts.join("/");
        Ok(Self(match (absolute, text.is_empty()) {
            (true, _) => format!("/{text}"),
            (false, true) => ".".to_owned(),
            (false, false) => text,
        }))
    }

    /// Whether this is `base` or below it; compares whole components, textually.
    pub fn starts_with(&self, base: &RemotePath) -> bool {
        let mut own = self.0.split('/').filter(|part| !part.is_empty());
        self.is_absolute() == base.is_absolute()
            && base
                .0
                .split('/')
                .filter(|part| !part.is_empty())
                .all(|part| own.next() == Some(part))
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name from the server is not used as a local name. Displays as the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(&'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refused {}

/// Checks that a name from the server is usable as exactly one component of a local path.
///
/// # Errors
/// [`Refused`] if it is empty, `.` or `..`, contains a separator, a control byte or `..` between
/// backslashes, or is longer than 255 bytes.
pub fn safe_component(name: &str) -> Result<&str, Refused> {
    if name.is_empty() {
        return Err(Refused("the name is empty"));
    }
    if matches!(name, "." | "..") {
        return Err(Refused("the name stands for a directory that is already there"));
    }
    if name.contains('/') {
        return Err(Refused("the name holds a slash"));
    }
    // A backslash is an ordinary byte here, but a separator where the files may be copied next.
    if name.split('\\').any(|part| part == "..") {
        return Err(Refused("the name climbs out of its directory with a backslash"));
    }
    if name.bytes().any(|b| b == 0) {
        return Err(Refused("the name holds a NUL"));
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return Err(Refused("the name holds a control byte"));
    }
    if encode_name(name).len() > COMPONENT_MAX {
        return Err(Refused("the name is longer than 255 bytes"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
