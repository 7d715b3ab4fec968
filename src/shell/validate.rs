//! Validates a whole script before any of it runs or connects: unknown commands, invalid options
//! and settings are reported with line and column.
//!
//! An alias that the script itself defines counts as known. Wildcards are not expanded, so a
//! pattern counts as one word.

use std::collections::BTreeSet;

use super::expand::typed_words;
use super::syntax::{Element, Pos, Script, Word, parse_script};
use crate::commands::{COMMANDS, Context, Globs, find_command};
use crate::error::{Error, Result};

/// Maximum nesting of commands that run commands (`repeat`, `queue`). Each is parsed again for
/// every level around it.
const MAX_NESTED: usize = 16;

/// Validates a script.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage), as `name:line:column: why`.
pub fn validate_script(script: &Script, name: &str, ctx: &Context) -> Result<()> {
    let mut known: BTreeSet<String> = ctx.aliases.keys().cloned().collect();
    validate_items(script, name, 0, &mut known)
}

/// Parses and validates scripts that will run in sequence: definitions of one are known to the
/// later ones. Each is a pair of its name in errors and its text.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage), as [`validate_script`].
pub fn validate_scripts(scripts: &[(String, String)], ctx: &Context) -> Result<()> {
    let mut known: BTreeSet<String> = ctx.aliases.keys().cloned().collect();
    scripts.iter().try_for_each(|(name, text)| {
        validate_items(&parse_script(text, name)?, name, 0, &mut known)
    })
}

fn validate_items(
    script: &Script,
    name: &str,
    depth: usize,
    known: &mut BTreeSet<String>,
) -> Result<()> {
    for item in &script.items {
        for step in &item.steps {
            match &step.element {
                Element::Simple(words) => {
                    validate_command(words, depth, known)
                        .map_err(|error| error_at(error, name, step.pos))?;
                }
                Element::Group(inner) => validate_items(inner, name, depth, known)?,
                Element::Local(_) => {}
            }
        }
    }
    Ok(())
}

fn validate_command(words: &[Word], depth: usize, known: &mut BTreeSet<String>) -> Result<()> {
    let Some(first) = words.first().map(Word::unquoted_text) else { return Ok(()) };
    if known.contains(&first) {
        return Ok(());
    }
    let spec = find_command(COMMANDS, &first)?;
    if matches!(spec.globs, Globs::Remote | Globs::Local)
        && words.iter().any(|word| word.unquoted_text().is_empty())
    {
        // Most servers take it for the current directory.
        return Err(Error::usage(format!("{}: '' is no name", spec.name)));
    }
    if let Some(inner) = spec.check(&typed_words(words, spec))? {
        if depth == MAX_NESTED {
            return Err(Error::usage(format!("{}: commands are nested too deeply", spec.name)));
        }
        // Both positions are reported: the command's, and the one in the text that it runs.
        let script = parse_script(&inner, spec.name)?;
        validate_items(&script, spec.name, depth + 1, known)?;
    }
    if spec.name == "alias"
        && let Some(alias) = words.get(1).map(Word::unquoted_text)
    {
        let alias = alias.split_once('=').map_or(alias.as_str(), |(name, _)| name);
        known.insert(alias.to_owned());
    }
    Ok(())
}

fn error_at(error: Error, name: &str, pos: Pos) -> Error {
    error.with_context(format_args!("{name}:{pos}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::context::testing::Fixture;

    #[test]
    fn every_example_is_in_the_language_and_would_run() {
        let fixture = Fixture::new(|_, _, _| Ok(()));
        let mut wrong = Vec::new();
        for spec in COMMANDS {
            for example in spec.examples {
                let script = parse_script(example.line, spec.name).map_err(Error::from);
                let names = example.line.split_whitespace().any(|word| {
                    word.trim_matches(['(', ')', ';']) == spec.name
                        || spec.aliases.contains(&word.trim_matches(['(', ')', ';']))
                });
                match script.and_then(|script| validate_script(&script, spec.name, &fixture.ctx)) {
                    Ok(()) if names => {}
                    Ok(()) => wrong.push(format!("{}: does not show {}", example.line, spec.name)),
                    Err(error) => wrong.push(format!("{}: {error}", example.line)),
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
        assert!(validate_scripts(&scripts(["alias greet echo", "greet"]), &fixture.ctx).is_ok());
        let error =
            validate_scripts(&scripts(["greet", "alias greet echo"]), &fixture.ctx).unwrap_err();
        assert!(error.message().starts_with("-c:1:1: unknown command"), "{error}");
    }

    #[test]
    fn commands_nested_without_end_are_refused() {
        let fixture = Fixture::new(|_, _, _| Ok(()));
        let text = format!("{}true", "repeat ".repeat(10_000));
        let script = parse_script(&text, "test").unwrap();
        let error = validate_script(&script, "test", &fixture.ctx).unwrap_err();
        assert!(error.message().contains("nested too deep"));
    }
}
