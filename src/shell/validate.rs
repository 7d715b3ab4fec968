//! Validates a whole script before any of it runs or connects: unknown commands, invalid options
//! and settings, and what the commands themselves complain of, are reported together, each with
//! line and column.
//!
//! Commands are checked in order, so that each sees what the ones before it leave behind
//! ([`ScriptCheck`]). Aliases, `source` and commands that run commands are followed. Wildcards are
//! not expanded, so a pattern counts as one word.

use std::collections::BTreeMap;

use super::braces::expand_braces;
use super::expand::typed_words;
use super::syntax::{Element, Item, Pos, Script, Step, Target, When, Word, parse_with_errors};
use crate::commands::script_check::{InnerScript, TypedWord};
use crate::commands::{COMMANDS, Context, Globs, ScriptCheck, find_command};
use crate::error::{Error, Result};

/// Maximum nesting of commands that run commands (`repeat`, `queue`). Each is parsed again for
/// every level around it.
const MAX_NESTED: usize = 16;

/// Maximum number of commands checked inside others; more are checked when they run.
const MAX_INNER: usize = 10_000;

/// Parses and validates a script; returns what could be parsed, and all complaints.
pub fn validate_script(text: &str, name: &str, ctx: &Context) -> (Script, Vec<Error>) {
    let mut validation = Validation::new(ctx);
    let script = validation.check_text(text, name);
    (script, validation.into_errors())
}

/// Parses and validates scripts that will run in sequence: definitions of one are known to the
/// later ones. Each is a pair of its name in errors and its text. Returns all complaints.
pub fn validate_scripts(scripts: &[(String, String)], ctx: &Context) -> Vec<Error> {
    let mut validation = Validation::new(ctx);
    for (name, text) in scripts {
        validation.check_text(text, name);
    }
    validation.into_errors()
}

struct Validation {
    check: ScriptCheck,
    /// Each with whether it has the position of a file, which says enough.
    complaints: Vec<(Error, bool)>,
    /// How many commands that run commands are around the current one.
    depth: usize,
    /// How many commands inside others were checked.
    inner: usize,
    /// The aliases around the current command.
    running: Vec<String>,
}

impl Validation {
    fn new(ctx: &Context) -> Self {
        let check = ScriptCheck::new(ctx);
        Self { check, complaints: Vec::new(), depth: 0, inner: 0, running: Vec::new() }
    }

    fn into_errors(self) -> Vec<Error> {
        self.complaints.into_iter().map(|(error, _)| error).collect()
    }

    fn check_text(&mut self, text: &str, name: &str) -> Script {
        let (script, errors) = parse_with_errors(text, name);
        let mut errors = errors.into_iter().peekable();
        for item in &script.items {
            while let Some(error) = errors.next_if(|error| error.pos < item.pos) {
                self.complaints.push((error.into(), false));
            }
            self.check_item(item, name);
        }
        self.complaints.extend(errors.map(|error| (error.into(), false)));
        script
    }

    fn check_item(&mut self, item: &Item, name: &str) {
        let outer = self.check.is_tolerant();
        let directory = self.check.local_directory();
        if item.background {
            // `wait || true` may handle what a job lacks.
            self.check.set_tolerant(true);
        }
        for (index, step) in item.steps.iter().enumerate() {
            let is_caught = item.steps[index..].iter().any(|step| step.when == When::IfFailed);
            let tolerant = self.check.is_tolerant();
            self.check.set_tolerant(tolerant || is_caught);
            self.check_step(step, name);
            if is_caught {
                self.check.set_tolerant(tolerant);
            }
        }
        self.check.set_tolerant(outer);
        if item.background {
            self.check.set_local_directory(directory);
        }
    }

    fn check_step(&mut self, step: &Step, name: &str) {
        match step.redirect.as_ref().map(|redirect| &redirect.target) {
            Some(Target::File(word) | Target::Append(word)) => {
                self.check.makes_local_file(&word.unquoted_text());
            }
            Some(Target::Pipe(_)) => self.check.makes_any_local_file(),
            None => {}
        }
        match &step.element {
            Element::Simple(words) => {
                let before = self.complaints.len();
                if let Err(error) = self.check_command(words, name) {
                    self.complaints.push((error, false));
                }
                for (complaint, has_place) in &mut self.complaints[before..] {
                    if !*has_place {
                        *complaint = error_at(complaint.clone(), name, step.pos);
                    }
                }
            }
            Element::Group(inner) => {
                // A group's `lcd` ends with it.
                let directory = self.check.local_directory();
                inner.items.iter().for_each(|item| self.check_item(item, name));
                self.check.set_local_directory(directory);
            }
            Element::Local(_) => self.check.makes_any_local_file(),
        }
    }

    fn check_command(&mut self, words: &[Word], outer: &str) -> Result<()> {
        let Some(first) = words.first().map(Word::unquoted_text) else { return Ok(()) };
        let is_running = self.running.contains(&first);
        if let Some(body) = self.check.aliases.get(&first).cloned()
            && !is_running
        {
            let rest = words[1..].iter().map(|word| format!(" {}", word.to_source()));
            let text = body + &rest.collect::<String>();
            self.running.push(first.clone());
            let script = InnerScript { name: format!("alias {first}"), text, ..Default::default() };
            let result = self.check_inner(&script, &first, outer);
            self.running.pop();
            return result;
        }
        let spec = match find_command(COMMANDS, &first) {
            // An alias that runs itself may handle that failure.
            Err(_) if is_running => return Ok(()),
            found => found?,
        };
        if matches!(spec.globs, Globs::Remote | Globs::Local)
            && words.iter().any(|word| word.unquoted_text().is_empty())
        {
            // Most servers take it for the current directory.
            return Err(Error::usage(format!("{}: `''` is no name", spec.name)));
        }
        self.check.begin_command(patterns_of(words));
        let checked = spec.check_in_script(&typed_words(words, spec), &mut self.check);
        let (complaints, scripts) = self.check.take_findings();
        self.complaints.extend(complaints.into_iter().map(|error| (error, false)));
        checked?;
        scripts.iter().try_for_each(|script| self.check_inner(script, spec.name, outer))
    }

    /// Checks what a command will run. The positions of both are reported, unless it is a file.
    fn check_inner(&mut self, script: &InnerScript, command: &str, outer: &str) -> Result<()> {
        if self.depth == MAX_NESTED {
            return Err(Error::usage(format!("{command}: commands are nested too deeply")));
        }
        self.inner += 1;
        if self.inner > MAX_INNER {
            return Ok(());
        }
        let tolerant = self.check.is_tolerant();
        self.check.set_tolerant(tolerant || script.later);
        self.depth += 1;
        let one_line = outer.is_empty() && !script.is_file && !script.text.contains('\n');
        let before = self.complaints.len();
        self.check_text(&script.text, if one_line { "" } else { &script.name });
        if script.is_file {
            self.complaints[before..].iter_mut().for_each(|(_, has_place)| *has_place = true);
        }
        self.depth -= 1;
        self.check.set_tolerant(tolerant);
        Ok(())
    }
}

/// The words with unquoted wildcards or braces, by their text without quotes.
fn patterns_of(words: &[Word]) -> BTreeMap<String, TypedWord> {
    let special = |word: &&Word| {
        word.has_wildcard() || word.pieces.iter().any(|p| !p.quoted && p.text.contains('{'))
    };
    let typed = |word: &Word| {
        // Too many words are an error when the command runs.
        let variants = expand_braces(word).unwrap_or_default();
        let typed = TypedWord {
            patterns: variants.iter().map(Word::glob_pattern).collect(),
            tilde: word.has_tilde(),
            wildcard: word.has_wildcard(),
        };
        (word.unquoted_text(), typed)
    };
    words.iter().skip(1).filter(special).map(typed).collect()
}

fn error_at(error: Error, name: &str, pos: Pos) -> Error {
    if name.is_empty() { error } else { error.with_context(format_args!("{name}:{pos}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::context::testing::Fixture;
    use crate::error::Kind;

    #[test]
    fn every_example_is_in_the_language_and_would_run() {
        let fixture = Fixture::new(|_, _, _| Ok(()));
        let mut wrong = Vec::new();
        for spec in COMMANDS {
            for example in spec.examples {
                let (_, found) = validate_script(example.line, "", &fixture.ctx);
                let names = example.line.split_whitespace().any(|word| {
                    word.trim_matches(['(', ')', ';']) == spec.name
                        || spec.aliases.contains(&word.trim_matches(['(', ')', ';']))
                });
                match found.into_iter().next() {
                    // The files of examples are made by the test that runs them.
                    None if !names => {
                        wrong.push(format!("{}: does not show {}", example.line, spec.name));
                    }
                    Some(error) if error.kind() != Kind::Local => {
                        wrong.push(format!("{}: {error}", example.line));
                    }
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_one_script_defines_the_later_ones_know() {
        let fixture = Fixture::new(|_, _, _| Ok(()));
        let scripts =
            |texts: [&str; 2]| texts.map(|text| ("-c".to_owned(), text.to_owned())).to_vec();
        assert!(validate_scripts(&scripts(["alias greet echo", "greet"]), &fixture.ctx).is_empty());
        let found = validate_scripts(&scripts(["greet", "alias greet echo"]), &fixture.ctx);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message().starts_with("-c:1:1: unknown command"), "{found:?}");
    }

    #[test]
    fn commands_nested_without_end_are_refused() {
        let fixture = Fixture::new(|_, _, _| Ok(()));
        let text = format!("{}true", "repeat ".repeat(10_000));
        let (_, found) = validate_script(&text, "test", &fixture.ctx);
        assert!(found.iter().any(|error| error.message().contains("nested too deep")), "{found:?}");
    }
}
