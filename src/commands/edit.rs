//! `edit`: change a remote file in the user's editor.
//!
//! The file is downloaded into a private directory and uploaded only if it was changed here and not
//! on the server in the meantime. If the upload fails, the edited file is kept.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::Parser;

use super::entries::format::exact_size;
use super::entries::lookup::Lookup;
use super::programs::editor;
use super::transfers::batch::Batch;
use super::transfers::overwrite::atomic_replacement;
use super::transfers::{self, FileTransfer};
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::{RemotePath, safe_component};
use crate::local_path;
use crate::transfer::checksum::{Algorithm, Checksum};
use crate::transfer::download::partial::Existing;
use crate::transfer::{Direction, FileInfo, Remote as _, download, upload};

/// Edit a remote file in your editor
///
/// The file is downloaded into a private temporary directory, opened in $VISUAL or $EDITOR, and
/// uploaded if it was changed; a missing file starts empty. If the file has changed on the server
/// in the meantime, you are asked before it is replaced; in a script this is an error. Where the
/// server supports it, the new version replaces the old one atomically. If the upload fails, the
/// edited copy is kept and the message says where.
#[derive(Debug, Parser)]
pub struct Edit {
    /// The files; they are edited one after the other
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Edit {
    const NAME: &'static str = "edit";
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "edit notes.txt", about: "edit a file" },
        Example { line: "edit new.txt", about: "create a file" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::for_each_argument(ctx, &self.files, edit_remote_file)
    }
}

fn edit_remote_file(ctx: &mut Context, file: &str) -> Result<()> {
    let remote = RemotePath::new(file)?;
    if remote.file_name().is_none() {
        return Err(Error::usage(format!("edit: {file} is not a file")));
    }
    let (entry, before) = look_up_file(ctx, &remote)?;
    if entry.as_ref().is_some_and(|entry| entry.kind == EntryKind::Directory) {
        return Err(Error::new(Kind::Refused, format!("edit {file}: is a directory")));
    }
    let mut room = Room::new()?;
    let path = room.path(&remote);
    fetch_copy(ctx, &remote, before, &path)?;
    let original = local_checksum(&path)?;
    let edited = editor::edit_file(ctx, &path);
    let unchanged = local_checksum(&path)? == original;
    if unchanged {
        edited?;
        ctx.out.notice(&format!("{file}: not changed"));
        return Ok(());
    }
    // From here on there is something to lose.
    room.keep = true;
    edited
        .and_then(|()| check_unchanged(ctx, &remote, before))
        .and_then(|()| store_copy(ctx, &remote, &path, entry.as_ref()))
        .map_err(|error| {
            let error = error.with_detail(format!("the edited copy is in {}", path.display()));
            match error.hint() {
                Some(_) => error,
                None => error.with_hint("store it with `put FILE -o NAME`, then remove it"),
            }
        })?;
    room.keep = false;
    Ok(())
}

/// The remote entry, with size and time if the server sends them; nothing for a file that is
/// missing. One that is listed is there, even if nothing can be learnt about it.
fn look_up_file(
    ctx: &mut Context,
    remote: &RemotePath,
) -> Result<(Option<Entry>, Option<FileInfo>)> {
    let entry = Lookup::default().find_if_exists(ctx, remote.as_str())?;
    let facts = match ctx.client.ask_server(|session| session.file_info(remote)) {
        Ok(facts) => Some(facts),
        Err(error) if error.kind() == Kind::Refused && !error.is_transient() => {
            entry.as_ref().map(|entry| FileInfo { size: exact_size(entry), modified: None })
        }
        Err(error) => return Err(error),
    };
    Ok((entry, facts))
}

fn fetch_copy(
    ctx: &mut Context,
    remote: &RemotePath,
    facts: Option<FileInfo>,
    path: &Path,
) -> Result<()> {
    let local = |error: std::io::Error| Error::local_file(path, &error);
    match facts {
        None => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path).map_err(local)?;
        }
        Some(facts) => {
            let how = ctx.client.transfer_options(Direction::Download);
            let job = download::Download {
                existing: Existing::Keep,
                info: Some(facts),
                ..download::Download::new(remote.clone(), path.into(), how)
            };
            let job = FileTransfer::Down(job);
            transfers::transfer_file(ctx, &job, &mut Batch::single(&ctx.out))?;
        }
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(local)
}

fn local_checksum(path: &Path) -> Result<Checksum> {
    let made = File::open(path).and_then(|mut file| Algorithm::Sha256.compute(&mut file));
    made.map_err(|error| Error::local_file(path, &error))
}

/// Changes of others must not be overwritten without a question.
fn check_unchanged(ctx: &mut Context, remote: &RemotePath, before: Option<FileInfo>) -> Result<()> {
    let (_, now) = look_up_file(ctx, remote)?;
    if now == before {
        return Ok(());
    }
    let what = match (before, now) {
        (None, _) => "appeared on the server",
        (_, None) => "was removed on the server",
        _ => "was changed on the server",
    };
    let text = format!("{remote} {what} while it was edited");
    let asked = ctx.client.at_prompt && ctx.out.is_interactive();
    if asked && ctx.client.confirm(&format!("{text}. Replace it"), "put -o NAME")? {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, text))
}

/// Stores the edit: under a temporary name first where the server lets us, else in place.
fn store_copy(
    ctx: &mut Context,
    remote: &RemotePath,
    path: &Path,
    entry: Option<&Entry>,
) -> Result<()> {
    let mut options = ctx.client.transfer_options(Direction::Upload);
    options.atomic = atomic_replacement(entry);
    let job = upload::Upload { local: path.into(), dir: None, remote: remote.clone(), options };
    let mut alone = Batch::single(&ctx.out);
    transfers::transfer_file(ctx, &FileTransfer::Up(job), &mut alone)
}

/// A private directory for one file. It goes with all that is in it, unless it is to be kept.
struct Room {
    directory: PathBuf,
    keep: bool,
}

impl Room {
    fn new() -> Result<Self> {
        let above = std::env::temp_dir();
        loop {
            let name =
                format!("ftpsh-edit-{:016x}", RandomState::new().hash_one(std::process::id()));
            let directory = above.join(name);
            match DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => {
                    let room = Self { directory, keep: false };
                    // The umask may have taken from it.
                    std::fs::set_permissions(&room.directory, Permissions::from_mode(0o700))
                        .map_err(|error| Error::local_file(&room.directory, &error))?;
                    return Ok(room);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::local_file(&directory, &error)),
            }
        }
    }

    /// Where the file lies: under its own name if that can be one here, for the editor's title and
    /// its idea of the language, else under another with the same extension.
    fn path(&self, remote: &RemotePath) -> PathBuf {
        let name = remote.file_name().unwrap_or_default();
        let fallback = || {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            let plain =
                extension.chars().all(|c| c.is_ascii_alphanumeric()) && extension.len() < 20;
            if plain { format!("file.{extension}") } else { "file".to_owned() }
        };
        // Room is left for what a transfer adds to the name, and an editor.
        let fits = safe_component(name).is_ok() && name.len() <= 200 && !name.starts_with('-');
        self.directory.join(local_path::path_from_word(&if fits {
            name.to_owned()
        } else {
            fallback()
        }))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing more can be done about what cannot be removed.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
