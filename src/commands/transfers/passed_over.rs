//! Directories that a wildcard matched and that `get` and `put` pass over without -r.

use crate::commands::Context;
use crate::error::{Error, Kind, Result};

/// Takes the directories out of arguments that come from a wildcard, and tells about them once.
///
/// # Errors
/// [`Kind::Refused`]: nothing else was matched.
pub fn pass_over_directories(
    ctx: &Context,
    command: &str,
    files: &mut Vec<String>,
    is_directory: impl Fn(&str) -> bool,
) -> Result<()> {
    if !ctx.words_from_wildcard {
        return Ok(());
    }
    let count = files.len();
    files.retain(|file| !is_directory(file));
    let directories = match count - files.len() {
        0 => return Ok(()),
        1 => "1 directory".to_owned(),
        many => format!("{many} directories"),
    };
    if files.is_empty() {
        return Err(Error::new(Kind::Refused, format!("{command}: only directories match"))
            .with_hint(format!("`{command} -r` takes them")));
    }
    ctx.out.notice(&format!("{directories} passed over; `{command} -r` takes them"));
    Ok(())
}
