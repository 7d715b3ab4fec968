//! What to do with a file that is there already: a local one (`--overwrite`, `xfer:overwrite`) or
//! one on the server (`xfer:overwrite-remote`).

use std::time::SystemTime;

use clap::ValueEnum;

use super::Context;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::settings::{XFER_OVERWRITE, XFER_OVERWRITE_REMOTE};
use crate::transfer::Remote as _;
use crate::transfer::download::Job;
use crate::transfer::partial::{Target, examine, partial_path, system_time};

/// A policy for files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Overwrite {
    /// Ask at the prompt, refuse in a script
    Ask,
    /// Replace them
    Yes,
    /// Refuse
    No,
    /// Replace them if the remote file is newer, leave them alone otherwise
    Newer,
}

/// Whether the job's target may be written. `false` means: leave it alone, that is no failure.
///
/// # Errors
///
/// [`Kind::Local`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace(ctx: &mut Context, job: &mut Job, asked: Option<Overwrite>) -> Result<bool> {
    let target = examine(&job.spot()?)?;
    job.fresh = target == Target::Absent;
    if target != Target::Replaceable || is_unfinished(job) {
        return Ok(true);
    }
    let policy =
        asked.unwrap_or_else(|| match ctx.settings.text(XFER_OVERWRITE, ctx.connection.host()) {
            "yes" => Overwrite::Yes,
            "no" => Overwrite::No,
            "newer" => Overwrite::Newer,
            _ => Overwrite::Ask,
        });
    match policy {
        Overwrite::Yes => Ok(true),
        Overwrite::Newer => newer(ctx, job),
        Overwrite::Ask if ctx.at_prompt && ctx.out.interactive() => {
            let question = format!("{} exists. Replace it", job.local.display());
            ctx.confirm(&question, "--overwrite")
        }
        Overwrite::Ask | Overwrite::No => Err(Error::new(
            Kind::Local,
            format!("{}: the file exists already", job.local.display()),
        )
        .with_hint("`--overwrite` replaces it, `--overwrite=newer` if it is older")),
    }
}

/// With `-c`, a file without a partial file beside it is what is gone on with.
fn is_unfinished(job: &Job) -> bool {
    job.how.resume && partial_path(&job.local).is_ok_and(|partial| !partial.exists())
}

fn newer(ctx: &mut Context, job: &mut Job) -> Result<bool> {
    let facts = match job.facts {
        Some(facts) => facts,
        None => ctx.session()?.facts(&job.remote)?,
    };
    job.facts = Some(facts);
    let local = std::fs::symlink_metadata(&job.local)
        .and_then(|metadata| metadata.modified())
        .map_err(|error| Error::local(&job.local, &error))?;
    // A server that does not tell the time cannot show that its file is newer.
    Ok(facts.modified.and_then(system_time).is_some_and(|remote| remote > local))
}

/// Whether a file on the server may be replaced by one that was last modified at `modified`.
/// `false` means: leave it alone, that is no failure.
///
/// # Errors
///
/// [`Kind::Refused`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace_remote(
    ctx: &mut Context,
    remote: &RemotePath,
    modified: impl FnOnce() -> Result<Option<SystemTime>>,
) -> Result<bool> {
    let policy = ctx.settings.text(XFER_OVERWRITE_REMOTE, ctx.connection.host()).to_owned();
    if policy == "yes" {
        return Ok(true);
    }
    let there = match ctx.session()?.facts(remote) {
        Ok(facts) => facts,
        Err(error) if error.kind() == Kind::Refused => return Ok(true),
        Err(error) => return Err(error),
    };
    match policy.as_str() {
        "newer" => {
            let there = there.modified.and_then(system_time);
            // A time that nobody tells is no reason to keep what is there.
            Ok(there.zip(modified()?).is_none_or(|(there, here)| here > there))
        }
        "ask" if ctx.at_prompt && ctx.out.interactive() => {
            ctx.confirm(&format!("{remote} exists. Replace it"), "set xfer:overwrite-remote yes")
        }
        _ => Err(Error::new(
            Kind::Refused,
            format!("{remote}: the file exists already on the server"),
        )
        .with_hint("`set xfer:overwrite-remote yes` replaces it")),
    }
}
