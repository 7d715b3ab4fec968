//! Uploads under a temporary name (`xfer:atomic`): the name, and the rename to the final name.

use super::download::partial::SUFFIX;
use super::{Atomic, Remote, TransferOptions};
use crate::error::{Kind, Result};
use crate::ftp::path::RemotePath;

/// The path that an upload is written to: the final one, or a temporary one next to it.
pub fn upload_name(path: &RemotePath, options: &TransferOptions) -> Result<RemotePath> {
    match options.atomic {
        Atomic::No => Ok(path.clone()),
        Atomic::Yes | Atomic::Replacing(_) => temporary_name(path),
    }
}

/// The name that a file has until it is complete.
pub fn temporary_name(path: &RemotePath) -> Result<RemotePath> {
    hidden_sibling(path, SUFFIX)
}

/// A hidden name next to the final one.
fn hidden_sibling(path: &RemotePath, suffix: &str) -> Result<RemotePath> {
    let name = path.file_name().unwrap_or_default();
    let directory = path.as_str().strip_suffix(name).unwrap_or_default();
    RemotePath::new(format!("{directory}.{name}{suffix}"))
}

/// The name that an old file has while its successor gets its name.
pub fn aside_name(path: &RemotePath) -> Result<RemotePath> {
    hidden_sibling(path, ".ftpsh-old")
}

/// Renames an uploaded file to its final name. If the server does not replace an existing file, the
/// old one is renamed first, and restored if the new one is refused nevertheless.
pub fn give_final_name(remote: &mut dyn Remote, from: &RemotePath, to: &RemotePath) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let refused = match remote.move_file(from, to) {
        Err(error) if error.kind() == Kind::Refused && !error.is_transient() => error,
        other => return other,
    };
    let aside = aside_name(to)?;
    if remote.move_file(to, &aside).is_err() {
        return Err(refused);
    }
    match remote.move_file(from, to) {
        Ok(()) => remote.remove_file(&aside),
        Err(error) => match remote.move_file(&aside, to) {
            Ok(()) => Err(error),
            Err(_) => Err(error.with_hint(format!("the old file is now {aside}"))),
        },
    }
}
