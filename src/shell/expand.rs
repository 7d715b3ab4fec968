//! Expands a command's words to its arguments: braces, wildcards, and `~` in local paths.
//!
//! Wildcards match names on the server, with one listing per directory level, or local names.
//! Results are safe as arguments: a name that begins with a dash is prefixed with `./`, so that a
//! server cannot inject an option.

use super::braces::expand_braces;
use super::syntax::Word;
use crate::commands::{Context, Globs, Spec};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::EntryKind;
use crate::ftp::path::RemotePath;
use crate::glob;
use crate::local_path;
use crate::settings::{GLOB_NOMATCH, NoMatch};

/// The words for `spec` before expansion: without quotes, or with them if they will be parsed again
/// as commands.
pub fn typed_words(words: &[Word], spec: &Spec) -> Vec<String> {
    let source = spec.globs == Globs::Source;
    let word = |(index, word): (usize, &Word)| {
        if source && index > 0 { word.to_source() } else { word.unquoted_text() }
    };
    words.iter().enumerate().map(word).collect()
}

/// Expands `words` to arguments; the first one, the command's name, is unchanged.
///
/// # Errors
/// A wildcard without matches (by `glob:nomatch`), a failed listing, too many words.
pub fn expand_arguments(words: &[Word], spec: &Spec, ctx: &mut Context) -> Result<Vec<String>> {
    (ctx.words_from_wildcard, ctx.words_from_braces) = (false, false);
    if matches!(spec.globs, Globs::None | Globs::Source) {
        return Ok(typed_words(words, spec));
    }
    let mut arguments: Vec<_> = words.first().map(Word::unquoted_text).into_iter().collect();
    for word in words.iter().skip(1) {
        let words = expand_braces(word)?;
        ctx.words_from_braces |= words.len() > 1;
        for word in words {
            expand_word(&word, spec, ctx, &mut arguments)?;
        }
    }
    Ok(arguments)
}

fn expand_word(word: &Word, spec: &Spec, ctx: &mut Context, into: &mut Vec<String>) -> Result<()> {
    let text = word.unquoted_text();
    if !word.has_wildcard() || text.starts_with('-') {
        let local = spec.globs == Globs::Local && word.has_tilde();
        into.push(if local { home_directory(&text) } else { text });
        return Ok(());
    }
    ctx.words_from_wildcard = true;
    let pattern = word.glob_pattern();
    let names = match spec.globs {
        Globs::Remote => {
            glob::expand_glob(&pattern, &mut |directory| remote_names(directory, ctx))?
        }
        _ => {
            let pattern = if word.has_tilde() { home_directory(&pattern) } else { pattern };
            glob::expand_glob(&pattern, &mut |directory| {
                local_path::list_names(&ctx.local_path(directory), directory)
            })?
        }
    };
    if names.is_empty() {
        return match ctx.client.settings.get(GLOB_NOMATCH, ctx.client.connection.host()) {
            NoMatch::Literal => {
                into.push(text);
                Ok(())
            }
            NoMatch::Empty => Ok(()),
            NoMatch::Error => {
                let side = if spec.globs == Globs::Local { Kind::Local } else { Kind::Refused };
                Err(Error::new(side, format!("{text}: nothing matches"))
                    .with_hint("quote the word if it is a name: `'…'`"))
            }
        };
    }
    into.extend(
        names.into_iter().map(
            |name| {
                if name.starts_with('-') { format!("./{name}") } else { name }
            },
        ),
    );
    Ok(())
}

fn remote_names(directory: &str, ctx: &mut Context) -> Result<glob::Listing> {
    let path = RemotePath::new(directory)?;
    let entries = ctx.client.list_directory(Some(&path), true)?;
    // A link may point to a directory; the next path component will show.
    let directory = |kind| matches!(kind, EntryKind::Directory | EntryKind::Link);
    Ok(entries.iter().map(|entry| (entry.name.clone(), directory(entry.kind))).collect())
}

/// Expands a leading `~`.
pub fn home_directory(text: &str) -> String {
    local_path::expand_tilde(text)
}
