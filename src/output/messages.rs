//! What the program says besides its data: notices, warnings, errors, the FTP dialogue, the audit log.
//!
//! Texts come in, possibly with a server's words in them; escaped lines go to standard error. With
//! `--json` an error is also a record on standard output. Nothing here fails: there is nobody left to
//! tell when standard error is gone.

use serde_json::{Map, Value};

use super::background::StandardStream;
use super::color::Style;
use super::escape::{escape, escape_multiline};
use super::json::{ErrorRecord, Record};
use super::sink::is_broken_pipe;
use super::{AuditLog, Output, lock};
use crate::error::{find_typed, io_reason, kind_of};

/// What every warning and error begins with.
const PROGRAM: &str = "ftpsh";

/// Which side a line of the FTP dialogue came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceDirection {
    /// A command, to the server.
    Sent,
    /// A line of a reply, from the server.
    Received,
}

impl Output {
    /// Something good to know. Not with `--quiet`.
    pub fn notice(&self, text: &str) {
        if !self.is_quiet() {
            self.write_stderr(&format!("{}\n", escape_multiline(text)));
        }
    }

    /// Something to look into, on one line. Also with `--quiet`.
    pub fn warn(&self, text: &str) {
        let warning = self.paint_err("warning:", Style::Warning);
        self.write_stderr(&format!("{PROGRAM}: {warning} {}\n", escape(text)));
    }

    /// A failure on one line, its details and its hint on lines of their own. With `--json` also an `error` record on
    /// standard output, wherever this output's data goes. A reader that has gone is not told.
    pub fn error(&self, error: &anyhow::Error) {
        let typed = find_typed(error);
        if is_broken_pipe(error) || typed.is_some_and(crate::error::Error::was_shown) {
            return;
        }
        let message = message_of(error);
        let hint = typed.and_then(crate::error::Error::hint);
        let program = self.paint_err(PROGRAM, Style::Bad);
        let mut text = format!("{program}: {}\n", escape(&message));
        let details = typed.map_or(&[][..], crate::error::Error::details);
        for line in details {
            text.push_str(&format!("  {}\n", escape(line)));
        }
        if let Some(hint) = hint {
            let word = self.paint_err("hint:", Style::Strong);
            text.push_str(&format!("{word} {}\n", escape(hint)));
        }
        self.write_stderr(&text);
        if self.is_json() {
            let kind = kind_of(error);
            let record = Record::Error(ErrorRecord {
                kind: kind.name().to_owned(),
                message: details.iter().fold(message, |all, line| format!("{all}; {line}")),
                hint: hint.map(str::to_owned),
                reply: typed.and_then(crate::error::Error::reply).map(str::to_owned),
                exit: kind.exit(),
            });
            // Should standard output be gone, the error has still been told.
            let _ = self.to_stdout().record(&record);
        }
    }

    /// Something for those who want to know more: from `-v` (1) on or `-vv` (2) on.
    pub fn verbose_notice(&self, level: u8, text: &str) {
        if self.verbosity() >= level {
            self.write_stderr(&format!("{}\n", escape_multiline(text)));
        }
    }

    /// A line of the FTP dialogue, shown from `-vv` on. Secrets have been masked by the caller.
    pub fn protocol_line(&self, direction: TraceDirection, line: &str) {
        if self.verbosity() < 2 {
            return;
        }
        let arrow = match direction {
            TraceDirection::Sent => "--->",
            TraceDirection::Received => "<---",
        };
        let line = escape(line.trim_end_matches(['\r', '\n']));
        let text = self.paint_err(&format!("{arrow} {line}"), Style::Dim);
        self.write_stderr(&format!("{text}\n"));
    }

    /// How much is told: 0 to 2.
    pub fn verbosity(&self) -> u8 {
        self.shared.verbose.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Tells more or less from now on.
    pub fn set_verbosity(&self, level: u8) {
        self.shared.verbose.store(level, std::sync::atomic::Ordering::Relaxed);
    }

    /// Uses this audit log from now on, or none.
    pub fn set_audit_log(&self, log: Option<AuditLog>) {
        *lock(&self.shared.log) = log;
    }

    /// Opens the audit log by its name again, after it was moved away. Returns whether there is one;
    /// one that cannot be opened anew stays as it is, with a warning.
    pub fn reopen_audit_log(&self) -> bool {
        let log = lock(&self.shared.log);
        let Some(reopened) = log.as_ref().map(AuditLog::reopen) else { return false };
        drop(log);
        if let Err(failed) = reopened {
            self.warn(&format!("the audit log is not opened anew: {}", failed.message()));
        }
        true
    }

    /// Adds an event to the audit log, where there is one. A log that cannot be written is closed,
    /// with a warning. The fields must not hold a secret.
    pub fn audit(&self, event: &str, fields: &Map<String, Value>) {
        let mut log = lock(&self.shared.log);
        let Some(Err(failed)) = log.as_ref().map(|log| log.write(event, fields)) else { return };
        *log = None;
        drop(log);
        self.warn(&format!("no audit log from here on: {}", failed.message()));
    }

    /// A line about a transfer that takes its time.
    pub(super) fn status_line(&self, text: &str) {
        self.write_stderr(&format!("{text}\n"));
    }

    /// Writes to standard error, after what was written to standard output before.
    pub(super) fn write_stderr(&self, text: &str) {
        let beside = self.job.is_some() && self.shared.err.terminal;
        if !(beside && self.show_beside_prompt(StandardStream::Err, text)) {
            self.write_stderr_now(text);
        }
    }

    pub(super) fn write_stderr_now(&self, text: &str) {
        let stdout = self.to_stdout();
        let mut sink = lock(&stdout.data);
        stdout.beside_bars(|| sink.drain_keeping_error());
        drop(sink);
        self.beside_bars(|| {
            let mut stderr = lock(&self.shared.stderr);
            let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        });
    }

    /// This output with its data on standard output.
    pub(super) fn to_stdout(&self) -> Self {
        let data = std::sync::Arc::clone(&self.shared.stdout);
        Self { data, on_stdout: true, ..self.clone() }
    }

    fn paint_err(&self, text: &str, style: Style) -> String {
        if self.shared.err.color { style.paint(text) } else { text.to_owned() }
    }
}

/// The messages of a chain joined to `what: why`, each said once.
fn message_of(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref::<std::io::Error>() {
            Some(io) => io_reason(io),
            None => cause.to_string(),
        };
        if message.is_empty() {
            message = text;
        } else if message != text && !message.ends_with(&format!(": {text}")) {
            message = format!("{message}: {text}");
        }
    }
    message
}
