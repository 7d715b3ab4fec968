//! Transfers one file of a mirror: download, upload, or from server to server.

use std::sync::Arc;
use std::time::Duration;

use super::local::LocalTree;
use super::plan::NextDirectory;
use super::remote::RemoteTree;
use super::same_content::SameContent;
use super::tree::{Timestamp, Tree};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::ftp::session::Session;
use crate::transfer::download::partial::Existing;
use crate::transfer::{
    FileInfo, Outcome, Progress, Remote as _, Resume, TransferOptions, download, relay, upload,
};

/// Size and time of a file, as listed.
pub type ListedFacts = (Option<u64>, Option<Timestamp>);

/// What is known before an attempt to transfer a file.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// The target had nothing under its name.
    pub fresh: bool,
    /// What the source's listing reported, if that is still valid.
    pub known: Option<ListedFacts>,
}

/// What the executor needs of the two sides of a mirror. Its tests have sides in memory.
pub trait MirrorSides: Sync {
    /// The source.
    fn source(&self) -> &dyn Tree;

    /// The target.
    fn target(&self) -> &dyn Tree;

    /// Whether the target is on a server.
    fn target_is_remote(&self) -> bool;

    /// Whether the servers still accept connections.
    fn are_reachable(&self, cancel: &Cancel) -> bool;

    /// Opens a session in advance.
    fn connect_ahead(&self);

    /// Transfers one file with the size and time of the source's listing; on a retry, when the file
    /// may have been replaced, they are queried again.
    fn transfer_file(
        &self,
        path: &str,
        attempt: Attempt,
        options: &TransferOptions,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome>;

    /// Whether a file of this size has the same content on both sides. `say` is told how that is
    /// found out.
    fn has_same_content(
        &self,
        path: &str,
        size: Option<u64>,
        options: &TransferOptions,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<bool>;

    /// Is told that both sides were looked at completely, and everything was tried.
    fn note_everything_seen(&self) {}

    /// Why nothing may be changed any more, if that is so.
    fn lost(&self) -> Option<&Error> {
        None
    }

    /// Is told by a watch what it is going to replace, remove or rename, before any of it.
    fn announce_changes(
        &self,
        _paths: &[&str],
        _workers: usize,
        _say: &dyn Fn(&str),
        _cancel: &Cancel,
    ) -> Result<()> {
        Ok(())
    }

    /// Whether there is a record that the target's file has the content of the source's.
    fn has_recorded_content(&self, _path: &str, _cancel: &Cancel) -> Result<bool> {
        Ok(false)
    }

    /// Is told by a watch that nothing has changed for so long. Returns after how long it wants to
    /// be told again.
    fn note_rest(
        &self,
        _rest: Duration,
        _say: &dyn Fn(&str),
        _cancel: &Cancel,
    ) -> Result<Option<Duration>> {
        Ok(None)
    }

    /// Whether a directory that is not empty stays in the target without being a failure: it holds
    /// what is not known.
    fn leaves_filled_directories(&self) -> bool {
        false
    }

    /// Whether the target has nothing yet that a directory could be compared with.
    fn is_new(&self, next: &NextDirectory) -> bool {
        !next.in_target || self.target().is_empty_directory(&next.path)
    }
}

/// The two sides of a mirror.
#[derive(Debug, Clone)]
pub enum Endpoints {
    /// From a server to a local directory.
    Down(Arc<RemoteTree>, Arc<LocalTree>),
    /// From a local directory to a server.
    Up(Arc<LocalTree>, Arc<RemoteTree>),
    /// From server to server.
    Across(Arc<RemoteTree>, Arc<RemoteTree>),
}

impl MirrorSides for Endpoints {
    fn source(&self) -> &dyn Tree {
        match self {
            Endpoints::Down(source, _) | Endpoints::Across(source, _) => &**source,
            Endpoints::Up(source, _) => &**source,
        }
    }

    fn target(&self) -> &dyn Tree {
        match self {
            Endpoints::Down(_, target) => &**target,
            Endpoints::Up(_, target) | Endpoints::Across(_, target) => &**target,
        }
    }

    fn target_is_remote(&self) -> bool {
        !matches!(self, Endpoints::Down(..))
    }

    fn are_reachable(&self, cancel: &Cancel) -> bool {
        let reaches = |tree: &RemoteTree| tree.pool().lease(cancel).is_ok();
        match self {
            Endpoints::Down(tree, _) | Endpoints::Up(_, tree) => reaches(tree),
            Endpoints::Across(source, target) => reaches(source) && reaches(target),
        }
    }

    fn connect_ahead(&self) {
        match self {
            Endpoints::Down(remote, _) | Endpoints::Up(_, remote) => remote.pool().connect_ahead(),
            Endpoints::Across(source, target) => {
                source.pool().connect_ahead();
                target.pool().connect_ahead();
            }
        }
    }

    fn transfer_file(
        &self,
        path: &str,
        Attempt { fresh, known }: Attempt,
        options: &TransferOptions,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        match self {
            Endpoints::Down(source, target) => {
                let remote = source.locate(path)?;
                let entry = target.entry(path)?;
                let (local, held) = (entry.path(), Some(entry.directory().clone()));
                let mut session = source.pool().lease(cancel)?;
                let ask_time = known.is_some_and(|known| may_prefetch_time(known, options));
                let info = match known {
                    Some((size, _)) if ask_time => FileInfo { size, modified: None },
                    _ => source_file_info(&mut session, &remote, known, options)?,
                };
                let listed = known.and_then(|(_, modified)| modified).map(|stamp| stamp.time);
                let (info, options) = (Some(info), options.clone());
                let job = download::Download {
                    remote,
                    local,
                    dir: held,
                    existing: if fresh { Existing::Keep } else { Existing::Replace },
                    info,
                    listed_size: None,
                    prefetch_time: ask_time,
                    fallback_time: listed,
                    options,
                };
                download::download_to_file(&mut *session, &job, progress, cancel)
            }
            Endpoints::Up(source, target) => {
                let entry = source.entry(path)?;
                let (local, remote) = (entry.path(), target.locate(path)?);
                let held = (!source.follows()).then(|| entry.directory().clone());
                let job = upload::Upload { local, dir: held, remote, options: options.clone() };
                let mut session = target.pool().lease(cancel)?;
                upload::upload_from_file(&mut *session, &job, progress, cancel)
            }
            Endpoints::Across(source, target) => {
                let from = source.locate(path)?;
                let mut fetching = source.pool().lease(cancel)?;
                let info = Some(source_file_info(&mut fetching, &from, known, options)?);
                let to = target.locate(path)?;
                let job = relay::ServerCopy { from, to, info, options: options.clone() };
                let mut storing = target.pool().lease(cancel)?;
                Ok(relay::copy_between_servers(
                    &mut *fetching,
                    &mut *storing,
                    &job,
                    progress,
                    cancel,
                )?)
            }
        }
    }

    fn has_same_content(
        &self,
        path: &str,
        size: Option<u64>,
        options: &TransferOptions,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<bool> {
        let same = SameContent { size, options, say, cancel };
        match self {
            Endpoints::Down(remote, local) | Endpoints::Up(local, remote) => {
                let (there, here) = (remote.locate(path)?, local.locate(path)?);
                let entry = local.entry(path)?;
                let mut session = remote.pool().lease(cancel)?;
                let known = |session: &mut Session| {
                    let known = remote.known_contents();
                    let manifest = known.read(session, &remote.locate("")?, cancel)?;
                    Ok(manifest.map(|manifest| (manifest.of(path, size), manifest)))
                };
                same.with_local(&mut session, &there, &here, known, || local.open_file(&entry))
            }
            Endpoints::Across(source, target) => {
                let (from, to) = (source.locate(path)?, target.locate(path)?);
                let mut fetching = source.pool().lease(cancel)?;
                let mut storing = target.pool().lease(cancel)?;
                same.between_servers((&mut fetching, &from), (&mut storing, &to))
            }
        }
    }
}

/// Smaller files are not worth resuming: their time need not be known before the download.
const SMALL_FILE: u64 = 1024 * 1024;

/// Whether only the exact time is missing, of a file that is downloaded from 0.
fn may_prefetch_time((size, modified): ListedFacts, options: &TransferOptions) -> bool {
    let small = size.is_some_and(|size| size < SMALL_FILE);
    let vague = modified.is_some_and(|stamp| !is_exact(&stamp));
    small && vague && options.preserve_times && options.resume == Resume::No
}

fn is_exact(stamp: &Timestamp) -> bool {
    stamp.precision <= 1
}

/// The information of the listing, if it is exact: this saves one or two round trips per file.
fn source_file_info(
    session: &mut Session,
    path: &crate::ftp::path::RemotePath,
    known: Option<ListedFacts>,
    options: &TransferOptions,
) -> Result<FileInfo> {
    let Some((Some(size), modified)) = known else { return session.file_info(path) };
    let size = Some(size);
    let time = modified.filter(is_exact).map(|stamp| stamp.time);
    if time.is_some() || !options.preserve_times {
        return Ok(FileInfo { size, modified: time });
    }
    match modified {
        Some(_) => Ok(FileInfo { size, modified: session.modified_time(path)? }),
        None => session.file_info(path),
    }
}
