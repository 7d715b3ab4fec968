//! What to do with a file that already exists: a local one (`--overwrite`, `xfer:overwrite`) or
//! one on the server (`xfer:overwrite-remote`).

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::replace_question::{FileVersion, ReplaceAnswers};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::entries::lookup::Lookup;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::{EntryAt, fold_case};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;
use crate::settings::{
    AtomicUpload, OverwritePolicy, OverwriteRemote, XFER_ATOMIC, XFER_OVERWRITE,
    XFER_OVERWRITE_REMOTE,
};
use crate::transfer::atomic::temporary_name;
use crate::transfer::download::Download;
use crate::transfer::download::partial::{
    Existing, Target, examine_target, partial_path, system_time,
};
use crate::transfer::remote::may_be_link;
use crate::transfer::upload::Upload;
use crate::transfer::upload::journal::{EarlierAttempt, Source};
use crate::transfer::{Atomic, FileInfo, Remote as _, Resume};

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
    answers: &mut ReplaceAnswers,
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
        Overwrite::Ask if ctx.client.can_ask() => {
            if let Some(all) = answers.for_all_files() {
                return Ok(all);
            }
            let new = match source_info(ctx, job) {
                Ok(info) => FileVersion::of_remote(info),
                // What is wrong is said when it is transferred.
                Err(error) if error.kind() == Kind::Refused => FileVersion::default(),
                Err(error) => return Err(error),
            };
            let old = FileVersion::of_local(&job.local)?;
            answers.may_replace(&ctx.client, &ctx.shown_local_path(&job.local), old, new)
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

/// Size and time of the remote file, asked for at most once.
fn source_info(ctx: &mut Context, job: &mut Download) -> Result<FileInfo> {
    let info = match job.info {
        Some(info) => info,
        None => ctx.client.ask_server(|session| session.file_info(&job.remote))?,
    };
    job.info = Some(info);
    Ok(info)
}

fn is_newer(ctx: &mut Context, job: &mut Download) -> Result<bool> {
    let info = source_info(ctx, job)?;
    let local = std::fs::symlink_metadata(&job.local)
        .and_then(|metadata| metadata.modified())
        .map_err(|error| Error::local(&job.local, &error))?;
    // Without a time from the server, its file is not known to be newer.
    Ok(info.modified.and_then(system_time).is_some_and(|remote| remote > local))
}

/// Whether an upload may write its target, and whether that replaces a file at the prompt, which
/// then goes up under a temporary name (`xfer:atomic auto`). `false` means: leave the target alone,
/// that is no failure.
///
/// # Errors
///
/// [`Kind::Refused`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace_upload(
    ctx: &mut Context,
    job: &mut Upload,
    lookup: &mut Lookup,
    answers: &mut ReplaceAnswers,
) -> Result<bool> {
    let host = ctx.client.connection.host();
    let asks = matches!(
        ctx.client.settings.get(XFER_OVERWRITE_REMOTE, host),
        OverwriteRemote::Auto | OverwriteRemote::Ask
    );
    let atomic = ctx.client.settings.get(XFER_ATOMIC, host);
    if !(asks && ctx.client.can_ask()) {
        let new = || FileVersion::of_local(&job.local);
        return may_replace_remote(&mut ctx.client, &job.remote, new, answers);
    }
    let Some(entry) = find_replaced(ctx, &job.remote, lookup)? else { return Ok(true) };
    if entry.kind == EntryKind::Directory {
        return Ok(true);
    }
    let new = FileVersion::of_local(&job.local)?;
    let may = match answers.for_all_files() {
        Some(all) => all,
        None => {
            let old = existing_info(&mut ctx.client, &job.remote)?;
            let old = old.map(FileVersion::of_remote).unwrap_or_default();
            answers.may_replace(&ctx.client, job.remote.as_str(), old, new)?
        }
    };
    if atomic == AtomicUpload::Auto && job.options.atomic == Atomic::No {
        job.options.atomic = atomic_replacement(Some(&entry));
    }
    Ok(may)
}

/// Has an upload with `-c` continue under the temporary name, if the journals say that it was begun
/// there.
///
/// # Errors
///
/// [`Kind::Local`] for the local file; what asking the server fails with.
pub fn follow_earlier_attempt(
    ctx: &mut Context,
    job: &mut Upload,
    lookup: &mut Lookup,
) -> Result<()> {
    let Some(journals) = job.options.upload_journals.clone() else { return Ok(()) };
    let Some(directory) = ctx.client.connection.remote_directory() else { return Ok(()) };
    if job.options.atomic != Atomic::No {
        return Ok(());
    }
    let metadata = std::fs::metadata(&job.local);
    let source = Source::of_file(&metadata.map_err(|error| Error::local(&job.local, &error))?);
    let is_begun = |path: &RemotePath| {
        let earlier = journals.for_path(path).earlier_attempt(&source);
        matches!(earlier, EarlierAttempt::Same { .. })
    };
    let path = directory.resolve(job.remote.as_str())?;
    if is_begun(&temporary_name(&path)?) && !is_begun(&path) {
        let old = find_replaced(ctx, &job.remote, lookup)?;
        job.options.atomic = atomic_replacement(old.as_ref());
    }
    Ok(())
}

/// How a file is replaced without a moment in which it is incomplete: not through a link, which a
/// rename would replace.
pub fn atomic_replacement(old: Option<&Entry>) -> Atomic {
    match old {
        None => Atomic::Replacing(None),
        Some(entry) if entry.kind == EntryKind::File && !may_be_link(entry) => {
            Atomic::Replacing(entry.mode)
        }
        Some(_) => Atomic::No,
    }
}

/// What an upload would replace; `None` if there is no such file.
fn find_replaced(
    ctx: &mut Context,
    remote: &RemotePath,
    lookup: &mut Lookup,
) -> Result<Option<Entry>> {
    let found = lookup.find_if_exists(ctx, remote.as_str())?;
    // Listings may leave out hidden files.
    if found.is_some() || !remote.file_name().is_some_and(|name| name.starts_with('.')) {
        return Ok(found);
    }
    match ctx.client.ask_server(|session| session.file_info(remote)) {
        Ok(_) => Ok(Some(Entry::new(remote.as_str(), EntryKind::Other))),
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file on the server may be replaced by `new`. `false` means: leave it alone, that is no
/// failure.
///
/// # Errors
///
/// [`Kind::Refused`] where the policy refuses; what asking the server or the user fails with.
pub fn may_replace_remote(
    client: &mut Client,
    remote: &RemotePath,
    new: impl FnOnce() -> Result<FileVersion>,
    answers: &mut ReplaceAnswers,
) -> Result<bool> {
    let can_ask = client.can_ask();
    match client.settings.get(XFER_OVERWRITE_REMOTE, client.connection.host()) {
        OverwriteRemote::Yes => Ok(true),
        OverwriteRemote::Auto if !can_ask => Ok(true),
        OverwriteRemote::Auto | OverwriteRemote::Ask if can_ask => {
            ask_about_remote(client, remote, new, answers)
        }
        OverwriteRemote::Newer => {
            let Some(there) = existing_info(client, remote)? else { return Ok(true) };
            // An unknown time is no reason to keep the existing file.
            Ok(!FileVersion::of_remote(there).is_at_least_as_new_as(new()?))
        }
        _ => match existing_info(client, remote)? {
            None => Ok(true),
            Some(_) => {
                Err(Error::new(Kind::Refused, format!("{remote}: file exists on the server"))
                    .with_hint("`set xfer:overwrite-remote yes` replaces it"))
            }
        },
    }
}

fn ask_about_remote(
    client: &mut Client,
    remote: &RemotePath,
    new: impl FnOnce() -> Result<FileVersion>,
    answers: &mut ReplaceAnswers,
) -> Result<bool> {
    if answers.for_all_files() == Some(true) {
        return Ok(true);
    }
    let Some(there) = existing_info(client, remote)? else { return Ok(true) };
    answers.may_replace(client, remote.as_str(), FileVersion::of_remote(there), new()?)
}

/// Size and time of a file on the server; `None` if there is none.
fn existing_info(client: &mut Client, remote: &RemotePath) -> Result<Option<FileInfo>> {
    match client.ask_server(|session| session.file_info(remote)) {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        Err(error) => Err(error),
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
