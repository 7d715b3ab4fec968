//! The audit log: what the program did, one JSON object per line.
//!
//! Lines are appended to a file that only its owner can read. Each line is a single write, so that
//! several processes can share a file. Callers must never pass a secret.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::Utc;
use serde_json::{Map, Value};

use super::json::{Object, timestamp};
use crate::error::{Error, Result};

/// An audit log, open for appending.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl AuditLog {
    /// Opens the log for appending; creates it with mode 0600 if it does not exist.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        // An absolute path, so that `lcd` does not change which file is reopened.
        let path = std::path::absolute(&path).unwrap_or(path);
        let file = append(&path)?;
        Ok(Self { path, file: Mutex::new(file) })
    }

    /// Reopens the file by name: after log rotation, later lines go to a new file.
    pub fn reopen(&self) -> Result<()> {
        let file = append(&self.path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// Appends one line: `time` (RFC 3339, UTC, milliseconds), `pid`, `event`, then the fields,
    /// except those with one of these three names.
    pub fn write(&self, event: &str, fields: &Map<String, Value>) -> Result<()> {
        let mut line = Object::new();
        line.field("time", &timestamp(Utc::now()));
        line.field("pid", &std::process::id());
        line.field("event", event);
        let own = ["time", "pid", "event"];
        for (name, value) in fields.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
            line.field(name, value);
        }
        let line = line.into_line();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(|why| Error::local(&self.path, &why))
    }
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|why| Error::local(path, &why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn each_event_is_one_object_with_time_and_event_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let log = AuditLog::open(&path).unwrap();
        log.write("login", &fields(serde_json::json!({"host": "h", "time": "forged"}))).unwrap();
        log.write("get", &fields(serde_json::json!({"remote": "a\nb", "bytes": 3}))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(text.starts_with("{\"time\":\"2"), "{text}");
        assert!(lines[0]["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(lines[0]["event"], "login");
        assert_eq!(lines[1]["remote"], "a\nb");
        assert_eq!(lines[1]["bytes"], 3);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn lines_are_appended_and_reopen_follows_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        std::fs::write(&path, "old\n").unwrap();
        let log = AuditLog::open(&path).unwrap();
        log.write("one", &Map::new()).unwrap();
        let moved = dir.path().join("audit.log.1");
        std::fs::rename(&path, &moved).unwrap();
        log.reopen().unwrap();
        log.write("two", &Map::new()).unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap().lines().count(), 2);
        assert!(std::fs::read_to_string(&path).unwrap().contains("\"two\""));
    }

    #[test]
    fn a_log_that_cannot_be_opened_says_which() {
        let error = AuditLog::open("/nonexistent/audit.log").unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Local);
        assert_eq!(error.message(), "/nonexistent/audit.log: no such file or directory");
    }
}
