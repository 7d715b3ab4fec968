//! A look over a whole script before anything of it runs or connects: unknown commands, wrong
//! options and wrong settings, with line and column.
//!
//! An alias that the script itself defines counts as known. Wildcards are not expanded here, so a
//! pattern counts as one word.

use std::collections::BTreeSet;

use super::suggest::closest;
use super::syntax::{Element, Pos, Script, Word};
use crate::commands::{COMMANDS, Context, Spec, find};
use crate::error::{Error, Result};

/// Looks a script over.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage), as `name:line:column: why`.
pub fn check(script: &Script, name: &str, ctx: &Context) -> Result<()> {
    let mut known: BTreeSet<String> = ctx.aliases.keys().cloned().collect();
    script_in(script, name, &mut known)
}

fn script_in(script: &Script, name: &str, known: &mut BTreeSet<String>) -> Result<()> {
    for item in &script.items {
        if item.background {
            let why = Error::usage("background jobs (`&`) are not supported yet");
            return Err(at(why, name, item.pos));
        }
        for step in &item.steps {
            match &step.element {
                Element::Simple(words) => {
                    simple(words, known).map_err(|error| at(error, name, step.pos))?;
                }
                Element::Group(inner) => script_in(inner, name, known)?,
                Element::Local(_) => {}
            }
        }
    }
    Ok(())
}

fn simple(words: &[Word], known: &mut BTreeSet<String>) -> Result<()> {
    let words: Vec<String> = words.iter().map(Word::text).collect();
    let Some(first) = words.first() else { return Ok(()) };
    if known.contains(first) {
        return Ok(());
    }
    let spec = lookup(first)?;
    spec.check(&words)?;
    if spec.name == "alias"
        && let Some(alias) = words.get(1)
    {
        let alias = alias.split_once('=').map_or(alias.as_str(), |(name, _)| name);
        known.insert(alias.to_owned());
    }
    Ok(())
}

/// The command that a word means, or an error with a suggestion.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage).
pub fn lookup(word: &str) -> Result<&'static Spec> {
    find(COMMANDS, word).map_err(|error| {
        let names =
            COMMANDS.iter().flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied()));
        match closest(word, names) {
            Some(name) if error.hint().is_none() => {
                error.with_hint(format!("did you mean `{name}`?"))
            }
            _ => error.with_hint("`help` lists the commands"),
        }
    })
}

fn at(error: Error, name: &str, pos: Pos) -> Error {
    error.about(format_args!("{name}:{pos}"))
}
