//! What to do with a file that already exists: a local one (`--overwrite`, `xfer:overwrite`) or
//! one on the server (`xfer:overwrite-remote`).

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::ValueEnum;

use crate::client::Client;
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, fold_case};
use crate::ftp::path::RemotePath;
use crate::settings::{OverwritePolicy, XFER_OVERWRITE, XFER_OVERWRITE_REMOTE};
use crate::transfer::download::Download;
use crate::transfer::download::partial::{
    Existing, Target, examine_target, partial_path, system_time,
};
use crate::transfer::{Remote as _, Resume};

/// A policy for files that already exist.
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

/// The files that one command writes, by what the disk takes them for: it must not take two names
/// for one file, as on case-insensitive disks.
#[derive(Debug, Default)]
pub struct WrittenFiles {
    by_number: HashMap<(u64, u64), PathBuf>,
    /// By the path with the name in lower case: some disks have another inode number for each
    /// spelling.
    by_likeness: HashMap<PathBuf, PathBuf>,
}

impl WrittenFiles {
    /// Takes in the target of another download.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] when it is that of an earlier one under another name.
    pub fn check_unwritten(&mut self, target: &Path) -> Result<()> {
        let Ok(there) = target.symlink_metadata() else { return Ok(()) };
        // Hard links are two names by intention, and replaced one by one.
        if there.nlink() > 1 || !there.is_file() {
            return Ok(());
        }
        let number = (there.dev(), there.ino());
        let same = self.by_number.insert(number, target.to_owned()).filter(|it| it != target);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let alike =
            self.by_likeness.insert(target.with_file_name(fold_case(&name)), target.to_owned());
        // Either may be what the disk calls it.
        let folds = |path: &Path| EntryAt::at(path).is_ok_and(|spot| spot.case_variant().is_some());
        let is_one = |other: &PathBuf| other != target && (folds(target) || folds(other));
        match same.or_else(|| alike.filter(is_one)) {
            Some(other) => {
                let (target, other) = (target.display(), other.display());
                let text = format!("{target}: the same file as {other} on this disk");
                Err(Error::new(Kind::Local, text).with_hint("give it another name with -o"))
            }
            None => Ok(()),
        }
    }

    /// Takes note of a download that is complete: its target is another file now.
    pub fn note_written(&mut self, target: &Path) {
        self.by_number.retain(|_, written| written != target);
        // Only this command can have put it there.
        let _ = self.check_unwritten(target);
    }
}

/// Whether the job's target may be written. `false` means: leave it alone, that is no failure.
///
/// # Errors
///
/// [`Kind::Local`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace(
    ctx: &mut Context,
    job: &mut Download,
    asked: Option<Overwrite>,
) -> Result<bool> {
    let spot = job.local_entry()?;
    let target = examine_target(&spot)?;
    let policy = asked.unwrap_or_else(|| {
        match ctx.client.settings.get(XFER_OVERWRITE, ctx.client.connection.host()) {
            OverwritePolicy::Yes => Overwrite::Yes,
            OverwritePolicy::No => Overwrite::No,
            OverwritePolicy::Newer => Overwrite::Newer,
            OverwritePolicy::Ask => Overwrite::Ask,
        }
    });
    job.existing = match (target, policy) {
        (Target::Absent, Overwrite::Yes) => Existing::ReplaceSameName,
        (Target::Absent, _) => Existing::Keep,
        _ => Existing::Replace,
    };
    if target != Target::Replaceable || is_unfinished(job) {
        return Ok(true);
    }
    match policy {
        Overwrite::Yes => Ok(true),
        Overwrite::Newer => is_newer(ctx, job),
        Overwrite::Ask if ctx.client.at_prompt && ctx.out.is_interactive() => {
            let question = format!("{} exists. Replace it", job.local.display());
            ctx.client.confirm(&question, "--overwrite")
        }
        Overwrite::Ask | Overwrite::No if spot.case_variant().is_some() => {
            Err(spot.already_exists_error())
        }
        Overwrite::Ask | Overwrite::No => {
            Err(Error::new(Kind::Local, format!("{}: file exists", job.local.display()))
                .with_hint("`--overwrite` replaces it, `--overwrite=newer` if it is older"))
        }
    }
}

/// With `-c`, a file without a partial file beside it is the one to resume.
fn is_unfinished(job: &Download) -> bool {
    job.options.resume == Resume::Asked
        && partial_path(&job.local).is_ok_and(|partial| !partial.exists())
}

fn is_newer(ctx: &mut Context, job: &mut Download) -> Result<bool> {
    let facts = match job.info {
        Some(facts) => facts,
        None => ctx.client.ask_server(|session| session.file_info(&job.remote))?,
    };
    job.info = Some(facts);
    let local = std::fs::symlink_metadata(&job.local)
        .and_then(|metadata| metadata.modified())
        .map_err(|error| Error::local(&job.local, &error))?;
    // Without a time from the server, its file is not known to be newer.
    Ok(facts.modified.and_then(system_time).is_some_and(|remote| remote > local))
}

/// Whether a file on the server may be replaced by one that was last modified at `modified`.
/// `false` means: leave it alone, that is no failure.
///
/// # Errors
///
/// [`Kind::Refused`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace_remote(
    client: &mut Client,
    remote: &RemotePath,
    modified: impl FnOnce() -> Result<Option<SystemTime>>,
) -> Result<bool> {
    let policy = client.settings.get(XFER_OVERWRITE_REMOTE, client.connection.host());
    if policy == OverwritePolicy::Yes {
        return Ok(true);
    }
    let there = match client.ask_server(|session| session.file_info(remote)) {
        Ok(facts) => facts,
        Err(error) if error.kind() == Kind::Refused => return Ok(true),
        Err(error) => return Err(error),
    };
    match policy {
        OverwritePolicy::Newer => {
            let there = there.modified.and_then(system_time);
            // An unknown time is no reason to keep the existing file.
            Ok(there.zip(modified()?).is_none_or(|(there, here)| here > there))
        }
        OverwritePolicy::Ask if client.at_prompt && client.console.is_interactive() => {
            client.confirm(&format!("{remote} exists. Replace it"), "set xfer:overwrite-remote yes")
        }
        _ => Err(Error::new(Kind::Refused, format!("{remote}: file exists on the server"))
            .with_hint("`set xfer:overwrite-remote yes` replaces it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_file_are_found_out_and_hard_links_are_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("Same"), "x").unwrap();
        std::fs::create_dir(path("sub")).unwrap();
        let mut written = WrittenFiles::default();
        written.check_unwritten(&path("absent")).unwrap();
        written.check_unwritten(&path("Same")).unwrap();
        written.check_unwritten(&path("Same")).unwrap();
        // A case-insensitive disk: one file, two paths.
        let error = written.check_unwritten(&path("sub/../Same")).unwrap_err();
        assert!(error.message().contains("the same file as"), "{error}");

        // A complete download is another file.
        std::fs::write(path("new"), "y").unwrap();
        std::fs::rename(path("new"), path("Same")).unwrap();
        written.note_written(&path("Same"));
        assert!(written.check_unwritten(&path("sub/../Same")).is_err());

        std::fs::write(path("a"), "x").unwrap();
        std::fs::hard_link(path("a"), path("b")).unwrap();
        written.check_unwritten(&path("a")).unwrap();
        written.check_unwritten(&path("b")).unwrap();
    }
}
