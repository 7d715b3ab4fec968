//! Completion: a line and the cursor in it in, what could stand there out.
//!
//! A function of the line and of [`Sources`], which say what there is: commands, names on the
//! server, hosts. It changes nothing, and what it offers is safe to show: a name that could steer
//! the terminal is not offered, because the line editor shows what it inserts.

pub mod cursor;
mod names;
pub mod remote;
#[cfg(test)]
mod tests;
mod want;

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::{Spec, find_command};
use crate::output::{escape, fit};
use crate::settings::SETTINGS;
use crate::shell_quote::{Quote, quote_for};

use cursor::find_cursor;
pub use names::{Name, Nature, local_names};
use want::{Place, Want};

/// The most candidates that are listed: the line editor counts them in 16 bits. Beyond that only
/// what they have in common is offered.
const MOST: usize = 50_000;

/// The widest candidate in a list, in columns.
const WIDEST: usize = 120;

/// What there is to complete to.
pub struct Sources<'a> {
    /// The commands.
    pub commands: &'static [Spec],
    /// The user's aliases.
    pub aliases: &'a BTreeMap<String, String>,
    /// What is in a remote directory, given as typed, empty for the current one.
    pub remote: &'a dyn Fn(&str) -> Vec<Name>,
    /// What is in a local directory, given as typed, empty for the current one.
    pub local: &'a dyn Fn(&str) -> Vec<Name>,
    /// Hosts that are known, and bookmarks.
    pub sites: &'a dyn Fn() -> Vec<String>,
    /// Bookmarks.
    pub bookmarks: &'a dyn Fn() -> Vec<String>,
    /// The numbers of jobs, and what they are.
    pub jobs: &'a dyn Fn() -> Vec<(u64, String)>,
}

/// One thing that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What a list shows; safe for a terminal.
    pub display: String,
    /// What replaces the word, quotes and a final blank included.
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

/// What could stand at byte `pos` of `line`: the byte at which the word to replace begins (it ends
/// at `pos`), and the candidates in order.
pub fn complete_line(line: &str, pos: usize, sources: &Sources<'_>) -> (usize, Vec<Candidate>) {
    let Some(cursor) = find_cursor(line, pos) else { return (pos, Vec::new()) };
    let word = Typed {
        text: &cursor.current,
        quote: cursor.quote,
        tilde: line.get(cursor.start..).is_some_and(|rest| rest.starts_with('~')),
        // A blank that is there already is not doubled.
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
    /// Whether it begins with a `~` that is not quoted.
    tilde: bool,
    /// What follows a word that is finished.
    blank: &'static str,
}

impl Typed<'_> {
    /// Those of some words that begin with what was typed.
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

/// Command names and aliases that begin with `prefix`. A second name of a command only where its
/// first does not.
fn command_names(prefix: &str, sources: &Sources<'_>) -> Vec<String> {
    let mut words: Vec<String> = sources.aliases.keys().cloned().collect();
    for spec in sources.commands {
        let mut names = std::iter::once(&spec.name).chain(spec.aliases);
        words.extend(names.find(|name| name.starts_with(prefix)).map(|name| (*name).to_owned()));
    }
    words
}

/// What could follow these words of a command.
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

/// The candidate for the value in `--name=value`, for the whole word. A quote that begins in the
/// middle of a word is as good as one at its beginning.
fn after_equals_sign(name: &str, value: Candidate) -> Candidate {
    Candidate { replacement: format!("{name}{}", value.replacement), ..value }
}

fn candidates_for(want: &Want, word: &Typed<'_>, sources: &Sources<'_>) -> Vec<Candidate> {
    match want {
        Want::Nothing => Vec::new(),
        Want::Words(words) => word.candidates_among(words.iter().cloned()),
        Want::Remote { directories } => {
            // `~` is a name like any other there.
            let word = Typed { tilde: false, ..*word };
            names::complete_name(&word, *directories, sources.remote)
        }
        Want::Local { directories } => names::complete_name(word, *directories, sources.local),
        Want::Sites => word.candidates_among((sources.sites)()),
        Want::Bookmarks => word.candidates_among((sources.bookmarks)()),
        Want::Commands => {
            let names = sources.commands.iter().map(|spec| spec.name.to_owned());
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

/// Settings whose name begins so; if none does, those whose name behind the colon does.
fn setting_candidates(word: &Typed<'_>) -> Vec<Candidate> {
    let found = word.candidates_among(SETTINGS.iter().map(|row| row.name.to_owned()));
    if !found.is_empty() || word.text.contains(':') {
        return found;
    }
    let rest =
        |name: &str| name.split_once(':').is_some_and(|(_, rest)| rest.starts_with(word.text));
    SETTINGS.iter().filter(|row| rest(row.name)).map(|row| word.candidate_for(row.name)).collect()
}

/// The words with an alias at their beginning written out: what its last command begins with.
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

/// No more candidates than the line editor can list.
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
