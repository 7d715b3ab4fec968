//! Messages besides data: notices, warnings, errors, the protocol trace, the audit log.
//!
//! Texts may contain a server's; they are escaped and written to standard error. With `--json` an
//! error is also a record on standard output. Nothing here fails: if standard error is closed,
//! there is nowhere left to report it.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use super::background::{JobMeter, LONGEST, LineForwarder, Printer, StandardStream};
use super::color::Style;
use super::escape::{escape, escape_multiline};
use super::json::{ErrorRecord, Record};
use super::progress::{TransferProgress, TreeProgress};
use super::sink::{DataFormat, DataSink, is_broken_pipe};
use super::{AuditLog, Output, ScriptLocation, lock};
use crate::error::{Kind, find_typed, io_reason, kind_of};
use crate::target::without_url_passwords;

/// Prefix of every warning and error.
const PROGRAM: &str = "ftpsh";

/// The framed warning of an alarm: with its frame 40 columns wide.
const ALARM: &str = "WARNING: THE CERTIFICATE HAS CHANGED";

/// Direction of a line of the protocol trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceDirection {
    /// A command, to the server.
    Sent,
    /// A line of a reply, from the server.
    Received,
}

/// A message without the passwords of URLs in it: a word that a command took for a path.
fn without_passwords(text: &str) -> String {
    without_url_passwords(text, char::is_whitespace).0
}

impl Output {
    /// A notice; suppressed by `--quiet`.
    pub fn notice(&self, text: &str) {
        if !self.is_quiet() {
            self.write_stderr(&format!("{}\n", escape_multiline(&without_passwords(text))));
        }
    }

    /// A line that the answer to a question asked for, such as a name; shown with `--quiet` as well.
    pub fn show_beside_question(&self, line: &str) {
        self.write_stderr(&format!("  {}\n", escape(line)));
    }

    /// A warning on one line; shown with `--quiet` as well.
    pub fn warn(&self, text: &str) {
        let warning = self.paint_err("warning:", Style::Warning);
        self.write_stderr(&format!("{PROGRAM}: {warning} {}\n", escape(&without_passwords(text))));
    }

    /// An error on one line, its place in a script, its details and its hint on separate lines. With `--json` also an
    /// `error` record on standard output, even if data is redirected. Ignores broken pipes.
    pub fn error(&self, error: &anyhow::Error) {
        let typed = find_typed(error);
        if is_broken_pipe(error) || typed.is_some_and(crate::error::Error::was_shown) {
            return;
        }
        let message = without_passwords(&message_of(error));
        let hint = typed.and_then(crate::error::Error::hint);
        let program = self.paint_err(PROGRAM, Style::Bad);
        let mut text = String::new();
        if self.shared.err.terminal && typed.is_some_and(crate::error::Error::is_alarm) {
            let edge = "@".repeat(ALARM.len() + 4);
            let frame = self.paint_err(&format!("{edge}\n@ {ALARM} @\n{edge}"), Style::Bad);
            text.push_str(&format!("{frame}\n"));
        }
        text.push_str(&format!("{program}: {}\n", escape(&message)));
        // What the user ended needs no place.
        let location = self
            .location()
            .filter(|_| !matches!(kind_of(error), Kind::Interrupted | Kind::Terminated));
        if let Some(ScriptLocation { line, command }) = &location {
            text.push_str(&format!("  at {}: {}\n", escape(line), escape(command)));
        }
        let details = typed.map_or(&[][..], crate::error::Error::details);
        for line in details {
            text.push_str(&format!("  {}\n", escape(line)));
        }
        if let Some(hint) = hint {
            let word = self.paint_err("hint:", Style::Strong);
            text.push_str(&format!("{word} {}\n", escape(&without_passwords(hint))));
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
                location,
            });
            // If standard output is closed, standard error still has the message.
            let _ = self.to_stdout().record(&record);
        }
    }

    /// Sets the place in a script that errors name; returns the one before.
    pub fn set_location(&self, location: Option<ScriptLocation>) -> Option<ScriptLocation> {
        std::mem::replace(&mut *lock(&self.location), location)
    }

    /// The place in a script that errors name.
    pub fn location(&self) -> Option<ScriptLocation> {
        lock(&self.location).clone()
    }

    /// A message for `-v` (level 1) or `-vv` (level 2).
    pub fn verbose_notice(&self, level: u8, text: &str) {
        if self.verbosity() >= level {
            self.write_stderr(&format!("{}\n", escape_multiline(text)));
        }
    }

    /// A line of the protocol trace, shown from `-vv` on. The caller has masked secrets.
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

    /// Verbosity, 0 to 2.
    pub fn verbosity(&self) -> u8 {
        self.shared.verbose.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Sets the verbosity.
    pub fn set_verbosity(&self, level: u8) {
        self.shared.verbose.store(level, std::sync::atomic::Ordering::Relaxed);
    }

    /// Sets the audit log; `None` turns it off.
    pub fn set_audit_log(&self, log: Option<AuditLog>) {
        *lock(&self.shared.log) = log;
    }

    /// Reopens the audit log by name, after log rotation. Returns whether there is one; if
    /// reopening fails, the old file stays in use, with a warning.
    pub fn reopen_audit_log(&self) -> bool {
        let log = lock(&self.shared.log);
        let Some(reopened) = log.as_ref().map(AuditLog::reopen) else { return false };
        drop(log);
        if let Err(failed) = reopened {
            self.warn(&format!("the audit log is not opened anew: {}", failed.message()));
        }
        true
    }

    /// Adds an event to the audit log, if there is one. If it cannot be written it is closed, with
    /// a warning. The fields must not contain a secret.
    pub fn audit(&self, event: &str, fields: &Map<String, Value>) {
        let mut log = lock(&self.shared.log);
        let Some(Err(failed)) = log.as_ref().map(|log| log.write(event, fields)) else { return };
        *log = None;
        drop(log);
        self.warn(&format!("no audit log from here on: {}", failed.message()));
    }

    /// A plain status line of a long transfer.
    pub(super) fn status_line(&self, text: &str) {
        self.write_stderr(&format!("{text}\n"));
    }

    /// Writes to standard error, after flushing standard output.
    pub(super) fn write_stderr(&self, text: &str) {
        let beside = self.job.is_some() && self.shared.err.terminal;
        if !(beside && self.show_beside_prompt(StandardStream::Err, text)) {
            self.write_stderr_now(text);
        }
    }

    pub(super) fn write_stderr_now(&self, text: &str) {
        let stdout = self.to_stdout();
        let mut sink = lock(&stdout.data);
        self.shared.bars.suspend(&self.shared, || {
            sink.drain_keeping_error();
            self.shared.write_err(text);
        });
    }

    /// A clone that writes data to standard output.
    pub(super) fn to_stdout(&self) -> Self {
        let data = Arc::clone(&self.shared.stdout);
        Self { data, on_stdout: true, ..self.clone() }
    }

    /// Shows the progress of one file. `total` is its size in bytes, if known.
    pub fn progress(&self, label: &str, total: Option<u64>) -> TransferProgress {
        TransferProgress::shown_on(self, label, total, None, false)
    }

    /// Shows the progress of a tree. The totals may grow while the tree is listed.
    pub fn tree_progress(&self, label: &str) -> TreeProgress {
        let total = TransferProgress::shown_on(self, label, None, None, true);
        TreeProgress::new(total, self.clone())
    }

    /// A clone for a background job: data is written in whole lines, questions are not asked, and
    /// transfers count for `meter` without showing progress.
    #[must_use]
    pub fn background(&self, meter: &JobMeter) -> Self {
        let shape = match (self.is_json(), self.on_stdout, self.is_terminal_out()) {
            (true, true, _) => DataFormat::Json,
            (true, false, _) => DataFormat::JsonRedirected,
            (false, _, true) => DataFormat::Terminal,
            (false, _, false) => DataFormat::Plain,
        };
        let lines = LineForwarder { to: self.clone(), rest: Vec::new() };
        Self {
            data: Arc::new(Mutex::new(DataSink::new(Box::new(lines), shape))),
            job: Some(meter.clone()),
            location: Arc::new(Mutex::new(lock(&self.location).clone())),
            ..self.clone()
        }
    }

    /// A line is about to be typed: output of jobs to the terminal is deferred from now on. Flushes
    /// what was deferred before.
    pub fn defer_job_output(&self) {
        self.flush_job_output();
        lock(&self.shared.prompt).typing = true;
    }

    /// The line was entered: shows deferred output.
    pub fn flush_job_output(&self) {
        let mut prompt = lock(&self.shared.prompt);
        prompt.typing = false;
        let held = std::mem::take(&mut prompt.held);
        drop(prompt);
        let stdout = self.to_stdout();
        for (side, text) in held {
            match side {
                // The next command that writes reports a failure.
                StandardStream::Out => {
                    stdout.with_sink(|sink| sink.push_formatted(text.as_bytes())).unwrap_or(())
                }
                StandardStream::Err => self.write_stderr_now(&text),
            }
        }
    }

    /// Sets how jobs print above the line being typed; without a printer, their output waits for
    /// the end of the line.
    pub fn set_printer(&self, printer: Option<Printer>) {
        lock(&self.shared.prompt).printer = printer;
    }

    /// Shows a job's output on the terminal above the line being typed; `false` if there is none.
    pub(super) fn show_beside_prompt(&self, side: StandardStream, text: &str) -> bool {
        let mut prompt = lock(&self.shared.prompt);
        if !prompt.typing {
            return false;
        }
        // The printer may wait for the line editor, so the lock must not be held meanwhile.
        if let Some(mut printer) = prompt.printer.take() {
            drop(prompt);
            let printed = printer(text.to_owned());
            prompt = lock(&self.shared.prompt);
            prompt.printer.get_or_insert(printer);
            if printed || !prompt.typing {
                return printed;
            }
        }
        let held: usize = prompt.held.iter().map(|(_, text)| text.len()).sum();
        if held + text.len() > LONGEST {
            return false;
        }
        prompt.held.push((side, text.to_owned()));
        true
    }

    /// Whether transfers have progress lines: on a terminal that can move its cursor.
    pub fn has_progress_lines(&self) -> bool {
        !self.shared.quiet && self.shared.err.capable
    }

    /// Begins a new line on the terminal if the cursor is not at the beginning of one: a command's
    /// output may end without a line feed, and the prompt would overwrite it. A dim mark shows that
    /// the line feed is not part of the output.
    ///
    /// Where the cursor is nobody knows (a local program may have written), so the mark is followed
    /// by a line of blanks: from the first column they stay in the line and are erased, from any
    /// other they wrap to the next one (zsh's PROMPT_SP does the same).
    pub fn begin_line(&self) {
        if !(self.shared.err.capable && self.is_terminal_out()) {
            return;
        }
        let look = self.shared.look();
        let mark = self.paint_err(if look.utf8 { "⏎" } else { "%" }, Style::Dim);
        let blanks = " ".repeat(look.width.saturating_sub(1));
        self.write_stderr_now(&format!("{mark}{blanks}\r\x1b[K"));
    }

    /// Clears the screen and what was scrolled out of it; nothing without a terminal.
    pub fn clear_screen(&self) {
        if self.shared.err.capable && self.is_terminal_out() {
            self.write_stderr_now("\x1b[H\x1b[2J\x1b[3J");
        }
    }

    fn paint_err(&self, text: &str, style: Style) -> String {
        if self.shared.err.color { style.paint(text) } else { text.to_owned() }
    }
}

/// Joins the messages of a chain as `what: why`, without duplicates.
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
