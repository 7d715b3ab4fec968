//! The user's editor.

use std::path::Path;

use crate::commands::Context;
use crate::error::{Error, Kind, Result, io_reason};

/// Opens a local file in the user's editor (`VISUAL`, else `EDITOR`, else `vi`) and waits for its
/// end. The variable may hold options (`code --wait`), so a shell reads it.
///
/// # Errors
///
/// [`Kind::Usage`] in a job; [`Kind::Local`] when the editor cannot be started; [`Kind::Other`] when it fails.
pub fn edit_file(ctx: &Context, path: &Path) -> Result<()> {
    if ctx.job.is_some() {
        return Err(Error::usage("a background job has no terminal for an editor"));
    }
    let set = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    ctx.out.flush()?;
    let mut command = ctx.local_command("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path);
    let status = command.status().map_err(|error| {
        Error::new(Kind::Local, format!("cannot run `{editor}`: {}", io_reason(&error)))
    })?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::new(Kind::Other, format!("the editor `{editor}` failed"))
            .with_hint("set VISUAL or EDITOR to an editor")),
    }
}
