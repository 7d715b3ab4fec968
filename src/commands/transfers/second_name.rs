//! `put A B` and `get A B` in the way of sftp, ftp and WinSCP, where B is A's name on the other side.
//!
//! Here both are sources. Where B is none, the prompt asks and a script is told what to write;
//! nothing moves before that.

use crate::commands::Context;
use crate::error::{Error, Kind, Result};

/// Where the only source goes instead.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// To this name: -o.
    Name(String),
    /// Into this directory: -O.
    Directory(String),
}

/// The two names of a command that was given nothing else.
pub fn two_names<'a>(ctx: &Context, files: &'a [String]) -> Option<(&'a str, &'a str)> {
    match files {
        [from, to] if !ctx.words_from_wildcard && !ctx.words_from_braces => Some((from, to)),
        _ => None,
    }
}

/// Asks where a second name that is no source shall be the target; `kind` is the failure without
/// an answer.
///
/// # Errors
/// In a script, or if the answer is no: what to write.
pub fn ask_for_target(
    ctx: &Context,
    command: &str,
    (from, to): (&str, &str),
    kind: Kind,
    into_directory: bool,
) -> Result<Target> {
    let (lacking, there) = match kind {
        Kind::Local => ("here", "on the server"),
        _ => ("on the server", "here"),
    };
    let target = if into_directory { "in the directory" } else { "as" };
    let question = format!("{to}: no such file {lacking}. Store {from} {there} {target} {to}");
    if !(ctx.client.at_prompt && ctx.out.is_interactive() && ctx.client.confirm(&question, "-o")?) {
        return Err(no_second_source(command, (from, to), kind));
    }
    Ok(match into_directory {
        true => Target::Directory(to.to_owned()),
        false => Target::Name(to.to_owned()),
    })
}

/// The message for a second name that is no source.
pub fn no_second_source(command: &str, (from, to): (&str, &str), kind: Kind) -> Error {
    Error::new(kind, format!("{to}: no such file")).with_hint(format!(
        "to store {from} as {to}: `{command} {from} -o {to}`, into a directory: \
         `{command} -O {to} {from}`"
    ))
}
