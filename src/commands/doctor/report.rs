//! Findings, printed as they are made: a mark, a check, what was seen, and what to do about it.
//!
//! The first finding that keeps transfers from working decides how the command ends.

use std::time::Duration;

use super::advice::{Topic, advice};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::session::server_software::ServerSoftware;
use crate::output::{Cell, CheckRecord, Column, Output, Overflow, Record, Style, Table};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Ok,
    /// Worth knowing; transfers work all the same.
    Note,
    /// Wrong.
    Bad,
    /// Not tried.
    Skip,
}

impl Mark {
    fn mark_word(self) -> &'static str {
        match self {
            Mark::Ok => "ok",
            Mark::Note => "note",
            Mark::Bad => "bad",
            Mark::Skip => "skip",
        }
    }

    fn style(self) -> Style {
        match self {
            Mark::Ok => Style::Good,
            Mark::Note => Style::Warning,
            Mark::Bad => Style::Bad,
            Mark::Skip => Style::Dim,
        }
    }
}

/// One line of the report and the lines below it.
#[derive(Debug)]
pub(super) struct Finding {
    check: &'static str,
    mark: Mark,
    seen: String,
    meaning: Option<String>,
    advice: Option<String>,
    topic: Option<Topic>,
    reply: Option<(u16, String)>,
    /// Whether the advice is an error's hint, which may recommend what `doctor` has tried.
    is_hint: bool,
}

impl Finding {
    /// A finding; a note or a fault should say what it means.
    pub(super) fn new(mark: Mark, check: &'static str, seen: impl Into<String>) -> Self {
        let seen = seen.into();
        let (meaning, advice, topic, reply) = (None, None, None, None);
        Self { check, mark, seen, meaning, advice, topic, reply, is_hint: false }
    }

    /// All is well.
    pub(super) fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(Mark::Ok, check, seen)
    }

    /// Worth knowing, and what it means.
    pub(super) fn note(
        check: &'static str,
        seen: impl Into<String>,
        meaning: impl Into<String>,
    ) -> Self {
        Self::new(Mark::Note, check, seen).means(meaning)
    }

    /// Not tried, and why.
    pub(super) fn skip(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(Mark::Skip, check, why)
    }

    /// A failure, in the words that a command would have used.
    pub(super) fn error(mark: Mark, check: &'static str, error: &Error) -> Self {
        let seen: Vec<&str> = std::iter::once(error.message())
            .chain(error.details().iter().map(String::as_str))
            .collect();
        let advice = error.hint().map(str::to_owned);
        let reply = error.reply_code().zip(error.reply().map(str::to_owned));
        Self { advice, reply, is_hint: true, ..Self::new(mark, check, seen.join("; ")) }
    }

    /// What it means.
    #[must_use]
    pub(super) fn means(self, meaning: impl Into<String>) -> Self {
        Self { meaning: Some(meaning.into()), ..self }
    }

    /// What the user can do.
    #[must_use]
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), is_hint: false, ..self }
    }

    /// The same without a hint to try what was tried.
    fn without_tried(self, tried: &[&str]) -> Self {
        if !self.is_hint {
            return self;
        }
        let advice = self.advice.as_deref().and_then(|advice| untried_clauses(advice, tried));
        Self { advice, ..self }
    }

    /// Whether something is wrong.
    pub(super) fn is_bad(&self) -> bool {
        self.mark == Mark::Bad
    }

    /// The mark and all words.
    #[cfg(test)]
    pub(super) fn mark_and_text(&self) -> (Mark, String) {
        let words = [Some(&self.seen), self.meaning.as_ref(), self.advice.as_ref()];
        (self.mark, words.into_iter().flatten().cloned().collect::<Vec<_>>().join(" / "))
    }

    /// What the server's administrator can do.
    #[must_use]
    pub(super) fn server(self, topic: Topic) -> Self {
        Self { topic: Some(topic), ..self }
    }
}

/// The clauses of a hint that recommend nothing of `tried`; `None` if there are none.
fn untried_clauses(hint: &str, tried: &[&str]) -> Option<String> {
    let clauses = hint.split("; ").flat_map(|clause| clause.split(", or "));
    let clauses = clauses.flat_map(|clause| clause.split(": try "));
    let is_new = |clause: &&str| !tried.iter().any(|tried| clause.contains(tried));
    let clauses = clauses.filter(is_new).collect::<Vec<_>>().join("; ");
    (!clauses.is_empty()).then_some(clauses)
}

/// The report of one run.
pub(super) struct Report {
    out: Output,
    cancel: Cancel,
    /// Which program the server is.
    pub(super) brand: ServerSoftware,
    /// What a run tries itself, as hints name it.
    pub(super) tried: Vec<&'static str>,
    /// The last passive port that the server named.
    pub(super) passive_port: Option<u16>,
    cause: Option<Error>,
}

/// The columns of the check's name and of its mark.
const NAME: usize = 18;
const MARK: usize = 4;

impl Report {
    /// Nothing found yet.
    pub(super) fn new(out: Output, cancel: Cancel) -> Self {
        let tried = vec!["`doctor`", "ftp:mode", "tls:max-version 1.2", "net:connection-limit 1`"];
        let brand = ServerSoftware::Unknown;
        Self { out, cancel, brand, tried, passive_port: None, cause: None }
    }

    /// Adds a finding and shows it.
    ///
    /// # Errors
    ///
    /// Ctrl-C: findings after it are meaningless. Also when the output was closed.
    pub(super) fn add_finding(&mut self, finding: Finding) -> Result<()> {
        self.cancel.check()?;
        self.print(&finding.without_tried(&self.tried))
    }

    /// Adds a finding with which no transfer would work, for this cause.
    pub(super) fn block(&mut self, kind: Kind, finding: Finding) -> Result<()> {
        self.cancel.check()?;
        let finding = finding.without_tried(&self.tried);
        self.print(&finding)?;
        if self.cause.is_none() {
            let cause = Error::new(kind, format!("{}: {}", finding.check, finding.seen));
            let cause = match finding.reply {
                Some((code, reply)) => cause.with_reply(code, reply),
                None => cause,
            };
            self.cause = Some(match finding.advice {
                Some(advice) => cause.with_hint(advice),
                None => cause,
            });
        }
        Ok(())
    }

    /// Why no transfer would work, if that was found.
    pub(super) fn into_cause(self) -> Option<Error> {
        self.cause
    }

    fn print(&self, finding: &Finding) -> Result<()> {
        let server = finding.topic.map(|topic| advice(topic, self.brand, self.passive_port));
        if self.out.is_json() {
            let Finding { check, mark, seen, meaning, advice, .. } = finding;
            return self.out.record(&Record::Check(CheckRecord {
                check: (*check).to_owned(),
                mark: mark.mark_word().to_owned(),
                seen: seen.clone(),
                meaning: meaning.clone(),
                advice: advice.clone(),
                server,
            }));
        }
        let columns =
            [Column::left(""), Column::left(""), Column::left("").overflow(Overflow::Wrap)];
        let mut table = Table::new(&columns).without_header();
        table.row(vec![
            Cell::styled(format!("{:<MARK$}", finding.mark.mark_word()), finding.mark.style()),
            Cell::new(format!("{:<NAME$}", finding.check)),
            Cell::new(finding.seen.clone()),
        ]);
        let below = [
            ("meaning", finding.meaning.clone()),
            ("advice", finding.advice.clone()),
            ("server", server),
        ];
        for (label, text) in below {
            if let Some(text) = text {
                table.row(vec!["".into(), format!("  {label}").into(), text.into()]);
            }
        }
        self.out.table(&table)
    }
}

/// A short time: `0.3 ms`, `120 ms`.
pub(super) fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::untried_clauses;

    #[test]
    fn of_a_hint_only_what_was_not_tried_is_left() {
        let tried = ["`doctor`", "ftp:mode", "net:connection-limit 1`"];
        for (hint, left) in [
            (
                "a firewall may block the data ports: try `set ftp:mode pasv` or `epsv`, or `doctor`",
                Some("a firewall may block the data ports"),
            ),
            ("check `tls:cert-file`; else try `doctor`", Some("check `tls:cert-file`")),
            ("wait, or use fewer: `set net:connection-limit 1`; ask", Some("wait; ask")),
            ("try `set ftp:mode pasv`", None),
            ("check the name", Some("check the name")),
        ] {
            assert_eq!(untried_clauses(hint, &tried).as_deref(), left, "{hint}");
        }
    }
}
