//! The question whether a file may be replaced, with the sizes and times of both, and the answers
//! that hold for the rest of a command.

use std::path::Path;

use chrono::{DateTime, Local, Utc};

use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::output::{human_bytes, time_text};
use crate::transfer::FileInfo;

/// Size and time of a file, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileVersion {
    size: Option<u64>,
    modified: Option<DateTime<Utc>>,
}

impl FileVersion {
    /// A local file.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] if it cannot be examined.
    pub fn of_local(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).or_else(|_| std::fs::symlink_metadata(path));
        let metadata = metadata.map_err(|error| Error::local(path, &error))?;
        let modified = metadata.modified().map_err(|error| Error::local(path, &error))?;
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Self { size, modified: Some(modified.into()) })
    }

    /// A file on a server.
    pub fn of_remote(info: FileInfo) -> Self {
        Self { size: info.size, modified: info.modified.map(|time| time.and_utc()) }
    }

    /// Whether this is known to be newer, in the whole seconds that servers count in.
    fn is_newer_than(self, other: Self) -> bool {
        let seconds = |version: Self| version.modified.map(|time| time.timestamp());
        seconds(self).zip(seconds(other)).is_some_and(|(this, other)| this > other)
    }

    /// Whether this is known not to be older.
    pub fn is_at_least_as_new_as(self, other: Self) -> bool {
        let known = self.modified.is_some() && other.modified.is_some();
        known && !other.is_newer_than(self)
    }

    /// `5.3 KiB, 14:35`; with its date if `dated`; nothing if nothing is known.
    fn text(self, dated: bool) -> Option<String> {
        let time = self.modified.map(|time| {
            let clock = time.with_timezone(&Local).format("%H:%M").to_string();
            if dated { time_text(time) } else { clock }
        });
        let parts: Vec<_> = self.size.map(human_bytes).into_iter().chain(time).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    All,
    None,
    Newer,
    Quit,
}

impl Answer {
    fn parse(line: &str) -> Option<Self> {
        Some(match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Answer::Yes,
            "n" | "no" => Answer::No,
            "a" | "all" => Answer::All,
            "o" | "none" => Answer::None,
            "w" | "newer" => Answer::Newer,
            "q" | "quit" => Answer::Quit,
            _ => return None,
        })
    }
}

/// The answers of one command.
#[derive(Debug, Default)]
pub struct ReplaceAnswers {
    /// All, none or newer: for all further files.
    standing: Option<Answer>,
}

impl ReplaceAnswers {
    /// Whether all further files are replaced, or kept, whatever they are.
    pub fn for_all_files(&self) -> Option<bool> {
        match self.standing {
            Some(Answer::All) => Some(true),
            Some(Answer::None) => Some(false),
            _ => None,
        }
    }

    /// Asks whether to replace the file `name`, unless an earlier answer decides. The end of the
    /// input means quit.
    ///
    /// # Errors
    ///
    /// One that ends the command without a message, after quit; Ctrl-C.
    pub fn may_replace(
        &mut self,
        client: &Client,
        name: &str,
        old: FileVersion,
        new: FileVersion,
    ) -> Result<bool> {
        let answer = match self.standing {
            Some(answer) => answer,
            None => ask(client, &question(name, old, new, Utc::now()))?,
        };
        if matches!(answer, Answer::All | Answer::None | Answer::Newer) {
            self.standing = Some(answer);
        }
        match answer {
            Answer::Yes | Answer::All => Ok(true),
            Answer::No | Answer::None => Ok(false),
            Answer::Newer => Ok(new.is_newer_than(old)),
            Answer::Quit => Err(Error::already_shown(Kind::Other)),
        }
    }
}

fn ask(client: &Client, question: &str) -> Result<Answer> {
    loop {
        let Some(line) = client.console.ask(question, &client.cancel)? else {
            return Ok(Answer::Quit);
        };
        if let Some(answer) = Answer::parse(&line) {
            return Ok(answer);
        }
    }
}

fn question(name: &str, old: FileVersion, new: FileVersion, now: DateTime<Utc>) -> String {
    let day = |time: DateTime<Utc>| time.with_timezone(&Local).date_naive();
    let dated = [old, new].iter().filter_map(|it| it.modified).any(|time| day(time) != day(now));
    let old = old.text(dated).map(|text| format!(" ({text})")).unwrap_or_default();
    let new = new.text(dated).map(|text| format!(" with {text}")).unwrap_or_default();
    format!("Replace {name}{old}{new}? [y]es [n]o [a]ll n[o]ne ne[w]er [q]uit ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::context::testing::Fixture;
    use crate::output::{Output, OutputOptions};
    use chrono::{Duration, TimeZone as _};

    fn version(size: u64, time: DateTime<Utc>) -> FileVersion {
        FileVersion { size: Some(size), modified: Some(time) }
    }

    #[test]
    fn the_question_has_sizes_and_times_and_dates_only_where_they_differ_from_today() {
        let noon = Local.with_ymd_and_hms(2026, 3, 4, 12, 0, 0).unwrap().to_utc();
        let (old, new) = (version(5427, noon), version(7373, noon + Duration::minutes(27)));
        let answers = "[y]es [n]o [a]ll n[o]ne ne[w]er [q]uit ";
        assert_eq!(
            question("f00.bin", old, new, noon),
            format!("Replace f00.bin (5.3 KiB, 12:00) with 7.2 KiB, 12:27? {answers}")
        );
        let later = question("f", old, new, noon + Duration::days(1));
        assert!(later.contains("(5.3 KiB, 2026-03-04 12:00) with 7.2 KiB, 2026-03-04 12:27?"));
        let nothing = FileVersion::default();
        assert_eq!(question("f", nothing, nothing, noon), format!("Replace f? {answers}"));
        let size = FileVersion { size: Some(1), modified: None };
        assert_eq!(question("f", nothing, size, noon), format!("Replace f with 1 B? {answers}"));
    }

    #[test]
    fn answers_hold_as_long_as_they_say_and_anything_else_is_asked_again() {
        let time = Utc::now();
        let (old, new) = (version(1, time), version(2, time + Duration::hours(1)));
        for (typed, results) in [
            (&["y", "N"][..], &[Some(true), Some(false)][..]),
            (&["", "x", "ja", "yes", "no"], &[Some(true), Some(false)]),
            (&["a"], &[Some(true), Some(true), Some(true)]),
            (&["n", "none"], &[Some(false), Some(false), Some(false)]),
            (&["w"], &[Some(true), Some(false), Some(true)]),
            (&["y", "q"], &[Some(true), None]),
            (&[], &[None]),
        ] {
            let out = Output::memory_answering(OutputOptions::default(), typed);
            let fixture = Fixture::with(out, |_, _, _| Ok(()));
            let client = &fixture.ctx.client;
            let mut answers = ReplaceAnswers::default();
            for (index, result) in results.iter().enumerate() {
                // Every other file is older.
                let (old, new) = if index % 2 == 0 { (old, new) } else { (new, old) };
                let said = answers.may_replace(client, "f", old, new);
                assert_eq!(said.ok(), *result, "{typed:?} {index}");
            }
            let asked = fixture.ctx.out.stderr_text().matches("Replace f").count();
            assert_eq!(asked, typed.len().max(1), "{typed:?}");
        }
    }
}
