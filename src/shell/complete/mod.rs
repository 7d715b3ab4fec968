//! Completion: the candidates at the cursor of a line.
//!
//! Depends only on the line and on [`Sources`]: commands, names on the server, hosts. No side
//! effects. The line editor prints what it inserts, so names with terminal control characters are
//! not offered.

pub mod cursor;
mod names;
pub(crate) mod remote;
#[cfg(test)]
mod tests;
mod want;

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::{Spec, find_command, topic_names};
use crate::output::{escape, fit};
use crate::settings::{LFTP_SETTINGS, SETTINGS};
use crate::shell_quote::{Quote, quote_for};

use cursor::find_cursor;
pub use names::{Name, Nature, local_names};
use want::{Place, Want};

/// Maximum candidates listed: the line editor counts them in 16 bits. If there are more, only their
/// common prefix is offered.
const MOST: usize = 50_000;

/// Maximum width of a candidate in a list, in columns.
const WIDEST: usize = 120;

/// The sources of candidates.
pub struct Sources<'a> {
    /// The commands.
    pub commands: &'static [Spec],
    /// The user's aliases.
    pub aliases: &'a BTreeMap<String, String>,
    /// Lists a remote directory, given as typed; empty for the current one.
    pub remote: &'a dyn Fn(&str) -> Vec<Name>,
    /// Lists a local directory, given as typed; empty for the current one.
    pub local: &'a dyn Fn(&str) -> Vec<Name>,
    /// Known hosts and bookmarks.
    pub sites: &'a dyn Fn() -> Vec<String>,
    /// Bookmarks.
    pub bookmarks: &'a dyn Fn() -> Vec<String>,
    /// Job numbers with descriptions.
    pub jobs: &'a dyn Fn() -> Vec<(u64, String)>,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text shown in a list; safe for a terminal.
    pub display: String,
    /// The replacement for the word, including quotes and a final blank.
    pub replacement: String,
}

impl rustyline::completion::Candidate for Candidate {
    fn display(&self) -> &str {
        &self.display
    }

    fn replacement(&self) -> &str {
        &self.replacement
    }
}

/// The completions at byte `pos` of `line`: the offset of the word to replace (which ends at
/// `pos`), and the candidates in order.
pub fn complete_line(line: &str, pos: usize, sources: &Sources<'_>) -> (usize, Vec<Candidate>) {
    let Some(cursor) = find_cursor(line, pos) else { return (pos, Vec::new()) };
    let word = Typed {
        text: &cursor.current,
        quote: cursor.quote,
        tilde: line.get(cursor.start..).is_some_and(|rest| rest.starts_with('~')),
        // An existing blank is not doubled.
        blank: if line.get(pos..).is_some_and(|rest| rest.starts_with(' ')) { "" } else { " " },
    };
    let found = if cursor.in_pipe {
        let shell = |directory: &str| names::quote_for_shell((sources.local)(directory));
        match cursor.command.is_empty() && !cursor.after_redirect && !word.text.contains('/') {
            true => Vec::new(),
            false => names::complete_name(&word, false, &shell),
        }
    } else if cursor.after_redirect {
        names::complete_name(&word, false, sources.local)
    } else {
        command_line(&without_aliases(&cursor.command, sources.aliases), &word, sources)
    };
    (cursor.start, limit_candidates(found))
}

/// The word under the cursor.
struct Typed<'a> {
    /// Up to the cursor, without quotes.
    text: &'a str,
    quote: Quote,
    /// Whether it begins with an unquoted `~`.
    tilde: bool,
    /// Appended to a complete word.
    blank: &'static str,
}

impl Typed<'_> {
    /// The words that begin with what was typed.
    fn candidates_among(&self, words: impl IntoIterator<Item = String>) -> Vec<Candidate> {
        let words: BTreeSet<String> =
            words.into_iter().filter(|word| word.starts_with(self.text)).collect();
        words.into_iter().map(|word| self.candidate_for(&word)).collect()
    }

    fn candidate_for(&self, word: &str) -> Candidate {
        Candidate {
            display: word.to_owned(),
            replacement: quote_for(word, self.quote) + self.blank,
        }
    }
}

/// Command names and aliases that begin with `prefix`. A second name of a command is offered only
/// if its first does not match.
fn command_names(prefix: &str, sources: &Sources<'_>) -> Vec<String> {
    let mut words: Vec<String> = sources.aliases.keys().cloned().collect();
    for spec in sources.commands {
        let mut names = std::iter::once(&spec.name).chain(spec.aliases);
        words.extend(names.find(|name| name.starts_with(prefix)).map(|name| (*name).to_owned()));
    }
    words
}

/// What can follow these words of a command.
fn command_line(words: &[String], word: &Typed<'_>, sources: &Sources<'_>) -> Vec<Candidate> {
    if words.is_empty() {
        return word.candidates_among(command_names(word.text, sources));
    }
    let Some((spec, words)) = words.split_first().and_then(|(name, rest)| {
        find_command(sources.commands, name).ok().map(|spec| (spec, rest))
    }) else {
        return Vec::new();
    };
    let definition = spec.definition();
    let place = Place::after_words(&definition, words);
    if place.takes_options() && word.text.starts_with('-') {
        if let Some((name, value)) = word.text.split_once('=') {
            let value = Typed { text: value, tilde: false, ..*word };
            let found = candidates_for(&place.value_of_option(spec, name), &value, sources);
            return found
                .into_iter()
                .map(|found| after_equals_sign(&format!("{name}="), found))
                .collect();
        }
        return word.candidates_among(place.option_names());
    }
    candidates_for(&place.want(spec), word, sources)
}

/// The candidate for the value in `--name=value`, as a whole word. A quote in the middle of a word
/// works as well as one at its start.
fn after_equals_sign(name: &str, value: Candidate) -> Candidate {
    Candidate { replacement: format!("{name}{}", value.replacement), ..value }
}

fn candidates_for(want: &Want, word: &Typed<'_>, sources: &Sources<'_>) -> Vec<Candidate> {
    match want {
        Want::Nothing => Vec::new(),
        Want::Words(words) => word.candidates_among(words.iter().cloned()),
        Want::Remote { directories } => {
            // `~` is an ordinary character there.
            let word = Typed { tilde: false, ..*word };
            names::complete_name(&word, *directories, sources.remote)
        }
        Want::Local { directories } => names::complete_name(word, *directories, sources.local),
        Want::Sites => word.candidates_among((sources.sites)()),
        Want::Bookmarks => word.candidates_among((sources.bookmarks)()),
        Want::HelpTopics => {
            let names = sources.commands.iter().map(|spec| spec.name).chain(topic_names());
            let names = names.map(str::to_owned);
            word.candidates_among(names.chain(sources.aliases.keys().cloned()))
        }
        Want::Jobs { all } => {
            let mut found: Vec<_> = (sources.jobs)()
                .into_iter()
                .filter(|(id, _)| id.to_string().starts_with(word.text))
                .map(|(id, title)| Candidate {
                    display: format!("{id}  {title}"),
                    ..word.candidate_for(&id.to_string())
                })
                .collect();
            found.extend(word.candidates_among(all.then(|| "all".to_owned())));
            found
        }
        Want::Aliases => word.candidates_among(sources.aliases.keys().cloned()),
        Want::Settings => setting_candidates(word),
        Want::CommandLine(words) => command_line(words, word, sources),
    }
}

/// Settings whose name has this prefix; if there are none, those whose name after the colon has it.
fn setting_candidates(word: &Typed<'_>) -> Vec<Candidate> {
    // Those of lftp where a group is named: they would hide ours.
    let of_lftp = LFTP_SETTINGS.iter().filter(|_| word.text.contains(':'));
    let names = SETTINGS.iter().map(|row| row.name).chain(of_lftp.map(|row| row.name));
    let found = word.candidates_among(names.map(str::to_owned));
    if !found.is_empty() || word.text.contains(':') {
        return found;
    }
    let rest =
        |name: &str| name.split_once(':').is_some_and(|(_, rest)| rest.starts_with(word.text));
    SETTINGS.iter().filter(|row| rest(row.name)).map(|row| word.candidate_for(row.name)).collect()
}

/// Expands an alias at the start: returns the words of its last command, followed by the rest.
fn without_aliases(words: &[String], aliases: &BTreeMap<String, String>) -> Vec<String> {
    let mut words = words.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(first) = words.first().cloned()
        && let Some(body) = aliases.get(&first)
        && seen.insert(first)
    {
        let body = format!("{body} ");
        let Some(inner) = find_cursor(&body, body.len()) else { break };
        words.splice(..1, inner.command);
    }
    words
}

/// Limits the candidates to what the line editor can list.
fn limit_candidates(mut found: Vec<Candidate>) -> Vec<Candidate> {
    for candidate in &mut found {
        candidate.display = fit(&escape(&candidate.display), WIDEST).into_owned();
    }
    if found.len() <= MOST {
        return found;
    }
    let common = rustyline::completion::longest_common_prefix(&found).map(str::to_owned);
    let only = |common: String| Candidate { display: common.clone(), replacement: common };
    common.map(only).into_iter().collect()
}
