//! `-E` of `get` and `put`: the source is removed when its copy is complete.
//!
//! Only if it is still what was copied: a file that was changed or exchanged meanwhile stays, and
//! that is an error.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::client::AuditSide;
use crate::commands::{Context, rm};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::transfer::Remote as _;
use crate::transfer::download::partial::system_time;

/// A local file that is to go once it was uploaded.
#[derive(Debug)]
pub struct LocalSource {
    path: PathBuf,
    before: Metadata,
}

impl LocalSource {
    /// Looks at the file before the upload.
    ///
    /// # Errors
    /// [`Kind::Local`]: it cannot be read, or is no regular file.
    pub fn examine(path: &Path) -> Result<Self> {
        let before = std::fs::symlink_metadata(path).map_err(|error| Error::local(path, &error))?;
        if !before.is_file() {
            let why = format!("{}: -E removes regular files only", path.display());
            return Err(Error::new(Kind::Local, why));
        }
        Ok(Self { path: path.to_owned(), before })
    }

    /// Removes it after the upload.
    ///
    /// # Errors
    /// [`Kind::Local`]: it is no longer what it was before.
    pub fn remove_if_unchanged(self, ctx: &Context) -> Result<()> {
        let result = std::fs::symlink_metadata(&self.path)
            .map_err(|error| Error::local(&self.path, &error))
            .and_then(|now| match is_same_file(&self.before, &now) {
                true => std::fs::remove_file(&self.path).map_err(|e| Error::local(&self.path, &e)),
                false => Err(changed_meanwhile(&self.path.display().to_string())),
            });
        let name = crate::local_path::word_from_path(&self.path);
        ctx.audit().log_delete(AuditSide::Local, &name, result.as_ref().err());
        result
    }
}

fn is_same_file(before: &Metadata, now: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |meta: &Metadata| {
        (meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec(), meta.is_file())
    };
    identity(before) == identity(now)
}

/// Removes a file on the server whose copy is `local`, if it still has the copy's size and time.
///
/// # Errors
/// [`Kind::Refused`]: it has not, or the server refuses.
pub fn remove_remote_source(ctx: &mut Context, remote: &RemotePath, local: &Path) -> Result<()> {
    let now = ctx.client.ask_server(|session| session.file_info(remote))?;
    let copy = std::fs::metadata(local).map_err(|error| Error::local(local, &error))?;
    let times = now.modified.and_then(system_time).zip(copy.modified().ok());
    // Where times are not kept, the copy is younger.
    let same_time = times.is_none_or(|(there, here)| there <= here);
    if now.size != Some(copy.len()) || !same_time {
        return Err(changed_meanwhile(remote.as_str()));
    }
    let result = ctx.client.session()?.remove_file(remote);
    rm::audit_removal(ctx, remote, result)
}

fn changed_meanwhile(name: &str) -> Error {
    Error::new(Kind::Incomplete, format!("{name}: changed during the transfer, so it was kept"))
}
