//! Uploads under a temporary name (`xfer:atomic`): what that is called, and how it becomes the final
//! name when all of it has arrived.

use super::download::partial::SUFFIX;
use super::{Remote, TransferOptions};
use crate::error::{Kind, Result};
use crate::ftp::path::RemotePath;

/// Where the bytes of an upload go first: the final name, or a temporary one beside it.
pub fn upload_name(path: &RemotePath, options: &TransferOptions) -> Result<RemotePath> {
    if options.atomic { hidden_sibling(path, SUFFIX) } else { Ok(path.clone()) }
}

/// A hidden name beside the final one.
fn hidden_sibling(path: &RemotePath, suffix: &str) -> Result<RemotePath> {
    let name = path.file_name().unwrap_or_default();
    let directory = path.as_str().strip_suffix(name).unwrap_or_default();
    RemotePath::new(format!("{directory}.{name}{suffix}"))
}

/// Gives an uploaded file its final name. For a server that does not rename over an existing file
/// the old one makes room, and comes back if the new one is refused all the same.
pub fn give_final_name(remote: &mut dyn Remote, from: &RemotePath, to: &RemotePath) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let refused = match remote.move_file(from, to) {
        Err(error) if error.kind() == Kind::Refused && !error.is_transient() => error,
        other => return other,
    };
    let aside = hidden_sibling(to, ".ftpsh-old")?;
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
