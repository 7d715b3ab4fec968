//! JSON Lines: the records that `--json` writes on standard output.
//!
//! Each record is written as one line, with `type` as its first field. Fields are only ever added.
//! Unknown values are `null`; times are RFC 3339 in UTC, sizes are integers. In a name that is not
//! UTF-8, invalid bytes become U+FFFD, and a second field `<name>_base64` has the bytes.
//!
//! Serialisation is not derived, because a name can become two fields and terminal control
//! characters are escaped.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::escape::{BYTES, is_unsafe};
use super::{NameEncoder, ScriptLocation};

/// A file, directory or link in a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryRecord<'a> {
    /// The last component of the path.
    pub name: Cow<'a, str>,
    /// The whole remote path.
    pub path: Cow<'a, str>,
    /// `file`, `directory`, `link` or `other`.
    pub kind: &'static str,
    /// Bytes.
    pub size: Option<u64>,
    /// Modification time.
    pub modified: Option<DateTime<Utc>>,
    /// The modification time as the server said it.
    pub modified_text: Option<String>,
    /// `second`, `minute` or `day`.
    pub modified_precision: Option<&'static str>,
    /// Permission bits (`0o644`); written as octal text.
    pub mode: Option<u32>,
    /// The owner, by name or number.
    pub owner: Option<Cow<'a, str>>,
    /// The group, by name or number.
    pub group: Option<Cow<'a, str>>,
    /// Target of a link.
    pub target: Option<Cow<'a, str>>,
}

/// The transfer of one file, after it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferRecord {
    /// `download`, `upload` or `copy`.
    pub direction: &'static str,
    /// The remote path or URL.
    pub remote: String,
    /// The local path; for a copy between servers the other URL.
    pub local: String,
    /// Bytes transferred, without those before a resume offset.
    pub bytes: u64,
    /// Wall-clock time.
    pub seconds: f64,
    /// The offset at which it was resumed; `None` if it started at 0.
    pub resumed_from: Option<u64>,
    /// `done`, `failed`, `skipped`, ...
    pub status: String,
}

/// A server in the trust store, or a decision about one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustRecord {
    /// `listed`, `added`, `removed`, `renewed`, ...
    pub action: String,
    /// Host name or address.
    pub host: String,
    /// Port of the control connection.
    pub port: u16,
    /// `SHA256:...` of the certificate.
    pub fingerprint: Option<String>,
    /// `SHA256:...` of the public key.
    pub public_key: Option<String>,
    /// When it was first accepted.
    pub first_seen: Option<DateTime<Utc>>,
    /// When it was last seen.
    pub last_seen: Option<DateTime<Utc>>,
    /// Why it was accepted.
    pub reason: Option<String>,
    /// `expired`, `early`, `name`: problems that were accepted.
    pub exceptions: Vec<String>,
    /// `user` or `system`: the file that has the entry.
    pub store: Option<String>,
    /// When the certificate expires, if it was shown.
    pub expires: Option<DateTime<Utc>>,
    /// Why it is not valid by the system's roots, if it was shown.
    pub problems: Vec<String>,
}

/// One check of `doctor`: a `text` record with more fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckRecord {
    /// What was checked: `dns`, `certificate`, ...
    pub check: String,
    /// `ok`, `note`, `bad` or `skip`.
    pub mark: String,
    /// The result.
    pub seen: String,
    /// What that means.
    pub meaning: Option<String>,
    /// What the user can do.
    pub advice: Option<String>,
    /// What the server's administrator can do.
    pub server: Option<String>,
}

/// A background job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobRecord {
    /// Its number.
    pub id: u64,
    /// The command line, without secrets.
    pub command: String,
    /// `running`, `queued`, `done`, `failed`, `killed`.
    pub state: String,
    /// Its exit status, once it is over.
    pub exit: Option<u8>,
    /// Bytes transferred so far.
    pub bytes: u64,
}

/// A failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorRecord {
    /// The name of the error kind ([`crate::error::Kind::name`]).
    pub kind: String,
    /// `what: why`.
    pub message: String,
    /// The next thing to type.
    pub hint: Option<String>,
    /// The server's full reply.
    pub reply: Option<String>,
    /// The exit status for this error.
    pub exit: u8,
    /// In a script: its name and the line as `at`, and the `command` without secrets.
    pub location: Option<ScriptLocation>,
}

/// The last record of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SummaryRecord {
    /// Commands run.
    pub commands: u64,
    /// Commands that failed.
    pub failed: u64,
    /// Files transferred.
    pub files: u64,
    /// Bytes transferred.
    pub bytes: u64,
    /// The process's exit status.
    pub exit: u8,
}

/// One line of JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Record<'a> {
    /// `entry`
    Entry(EntryRecord<'a>),
    /// `transfer`
    Transfer(TransferRecord),
    /// `text`: a line of a command's other output.
    Text(String),
    /// `text` with what the line says as fields of their own.
    TextFields(String, Vec<(&'static str, Option<String>)>),
    /// `text` with the fields of a check.
    Check(CheckRecord),
    /// `trust`
    Trust(TrustRecord),
    /// `job`
    Job(JobRecord),
    /// `error`
    Error(ErrorRecord),
    /// `summary`
    Summary(SummaryRecord),
}

impl Record<'_> {
    /// Appends the record as one line, with its line feed. `encode` returns the bytes of a name.
    pub fn write_to(&self, lines: &mut Vec<u8>, encode: NameEncoder) {
        let mut line = Object::behind(std::mem::take(lines));
        match self {
            Record::Entry(e) => {
                line.field("type", "entry");
                line.name("name", &e.name, encode);
                line.name("path", &e.path, encode);
                line.field("kind", e.kind);
                line.field("size", &e.size);
                line.field("modified", &e.modified.map(timestamp));
                line.field("modified_text", &e.modified_text);
                line.field("modified_precision", &e.modified_precision);
                line.field("mode", &e.mode.map(|mode| format!("{mode:04o}")));
                line.field("owner", &e.owner);
                line.field("group", &e.group);
                line.optional_name("target", e.target.as_deref(), encode);
            }
            Record::Transfer(t) => {
                line.field("type", "transfer");
                line.field("direction", t.direction);
                line.name("remote", &t.remote, encode);
                line.name("local", &t.local, encode);
                line.field("bytes", &t.bytes);
                // Milliseconds: more digits would be noise.
                line.field("seconds", &((t.seconds * 1000.0).round() / 1000.0));
                line.field("resumed_from", &t.resumed_from);
                line.field("status", &t.status);
            }
            Record::Text(text) => {
                line.field("type", "text");
                line.name("text", text, encode);
            }
            Record::TextFields(text, fields) => {
                line.field("type", "text");
                line.name("text", text, encode);
                for (name, value) in fields {
                    line.optional_name(name, value.as_deref(), encode);
                }
            }
            Record::Check(c) => {
                line.field("type", "text");
                line.name("text", &format!("{} {}: {}", c.mark, c.check, c.seen), encode);
                line.field("check", &c.check);
                line.field("mark", &c.mark);
                line.name("seen", &c.seen, encode);
                line.optional_name("meaning", c.meaning.as_deref(), encode);
                line.optional_name("advice", c.advice.as_deref(), encode);
                line.field("server", &c.server);
            }
            Record::Trust(t) => {
                line.field("type", "trust");
                line.field("action", &t.action);
                line.field("host", &t.host);
                line.field("port", &t.port);
                line.field("fingerprint", &t.fingerprint);
                line.field("public_key", &t.public_key);
                line.field("first_seen", &t.first_seen.map(timestamp));
                line.field("last_seen", &t.last_seen.map(timestamp));
                line.field("reason", &t.reason);
                line.field("exceptions", &t.exceptions);
                line.field("store", &t.store);
                line.field("expires", &t.expires.map(timestamp));
                line.field("problems", &t.problems);
            }
            Record::Job(j) => {
                line.field("type", "job");
                line.field("id", &j.id);
                line.name("command", &j.command, encode);
                line.field("state", &j.state);
                line.field("exit", &j.exit);
                line.field("bytes", &j.bytes);
            }
            Record::Error(e) => {
                line.field("type", "error");
                line.field("kind", &e.kind);
                line.name("message", &e.message, encode);
                line.optional_name("hint", e.hint.as_deref(), encode);
                line.optional_name("reply", e.reply.as_deref(), encode);
                line.field("exit", &e.exit);
                if let Some(ScriptLocation { line: at, command }) = &e.location {
                    line.name("at", at, encode);
                    line.name("command", command, encode);
                }
            }
            Record::Summary(s) => {
                line.field("type", "summary");
                line.field("commands", &s.commands);
                line.field("failed", &s.failed);
                line.field("files", &s.files);
                line.field("bytes", &s.bytes);
                line.field("exit", &s.exit);
            }
        }
        *lines = line.into_line();
    }
}

/// A `text` record for a file's bytes that are not UTF-8.
pub(super) fn binary_line(bytes: &[u8]) -> Vec<u8> {
    let mut line = Object::new();
    line.field("type", "text");
    line.field("text", &None::<&str>);
    line.field("text_base64", &STANDARD.encode(bytes));
    line.into_line()
}

/// A time as RFC 3339 in UTC, with milliseconds only where there are any.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    let format = match time.timestamp_subsec_millis() {
        0 => SecondsFormat::Secs,
        _ => SecondsFormat::Millis,
    };
    time.to_rfc3339_opts(format, true)
}

/// A JSON object whose fields keep the order in which they are added.
#[derive(Debug)]
pub(super) struct Object {
    /// Preceding output, then the object itself. UTF-8.
    text: Vec<u8>,
    start: usize,
}

impl Object {
    pub(super) fn new() -> Self {
        Self::behind(Vec::new())
    }

    /// An object appended to `text`.
    pub(super) fn behind(mut text: Vec<u8>) -> Self {
        text.push(b'{');
        Self { start: text.len(), text }
    }

    /// Adds a field.
    pub(super) fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if self.text.len() > self.start {
            self.text.push(b',');
        }
        self.value(name);
        self.text.push(b':');
        self.value(value);
    }

    /// Adds a value. Characters that are unsafe on a terminal are written as `\uNNNN`, which JSON
    /// reads back as the same text.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        let start = self.text.len();
        // Strings, numbers and lists of them always serialise.
        if serde_json::to_writer(&mut self.text, value).is_err() {
            self.text.truncate(start);
            self.text.extend_from_slice(b"null");
        }
        if self.text[start..].iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return;
        }
        let raw = self.text.split_off(start);
        for c in String::from_utf8_lossy(&raw).chars() {
            if is_unsafe(c) {
                // serde_json escapes C0; all others occur only within strings.
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.text.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            } else {
                self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }

    /// Adds a name, and its bytes if they are not UTF-8.
    fn name(&mut self, name: &str, value: &str, encode: NameEncoder) {
        if value.is_ascii() || !value.contains(|c| BYTES.contains(&c)) {
            return self.field(name, value);
        }
        let bytes = encode(value);
        self.field(name, &value.replace(|c| BYTES.contains(&c), "\u{fffd}"));
        self.field(&format!("{name}_base64"), &STANDARD.encode(bytes));
    }

    /// Adds a name, or `null`.
    fn optional_name(&mut self, name: &str, value: Option<&str>, encode: NameEncoder) {
        match value {
            Some(value) => self.name(name, value, encode),
            None => self.field(name, &value),
        }
    }

    /// The preceding output, the whole object and a line feed.
    pub(super) fn into_line(mut self) -> Vec<u8> {
        self.text.extend_from_slice(b"}\n");
        self.text
    }
}

#[cfg(test)]
mod tests;
