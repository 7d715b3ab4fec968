//! Carrying one file of a mirror: down, up, or from server to server.

use std::sync::Arc;

use chrono::NaiveDateTime;

use super::local::LocalTree;
use super::plan::Next;
use super::remote::RemoteTree;
use super::tree::{Stamp, Tree};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::transfer::{Facts, How, Outcome, Progress, Remote as _, download, relay, upload};

/// Size and time of a file, as a listing told them.
pub type Known = (Option<u64>, Option<Stamp>);

/// The two sides of a mirror, and with them how a file goes from the one to the other.
#[derive(Debug, Clone)]
pub enum Sides {
    /// From a server to a local directory.
    Down(Arc<RemoteTree>, Arc<LocalTree>),
    /// From a local directory to a server.
    Up(Arc<LocalTree>, Arc<RemoteTree>),
    /// From server to server.
    Across(Arc<RemoteTree>, Arc<RemoteTree>),
}

impl Sides {
    /// Where files come from.
    pub fn source(&self) -> &dyn Tree {
        match self {
            Sides::Down(source, _) | Sides::Across(source, _) => &**source,
            Sides::Up(source, _) => &**source,
        }
    }

    /// Where they go.
    pub fn target(&self) -> &dyn Tree {
        match self {
            Sides::Down(_, target) => &**target,
            Sides::Up(_, target) | Sides::Across(_, target) => &**target,
        }
    }

    /// Whether the target has nothing yet that a directory's source could be compared with.
    pub fn is_new(&self, next: &Next) -> bool {
        !next.in_target || self.target().is_bare(&next.path)
    }

    /// Whether the servers still take connections.
    pub fn are_reachable(&self, cancel: &Cancel) -> bool {
        let reaches = |tree: &RemoteTree| tree.pool().lease(cancel).is_ok();
        match self {
            Sides::Down(tree, _) | Sides::Up(_, tree) => reaches(tree),
            Sides::Across(source, target) => reaches(source) && reaches(target),
        }
    }

    /// Makes a session ahead of the need.
    pub fn warm(&self) {
        match self {
            Sides::Down(remote, _) | Sides::Up(_, remote) => remote.pool().warm(),
            Sides::Across(source, target) => {
                source.pool().warm();
                target.pool().warm();
            }
        }
    }

    /// Carries one file, of which size and time are known as the source's listing told them;
    /// `fresh` if the target had nothing of its name.
    ///
    /// # Errors
    ///
    /// Those of the transfer.
    pub fn carry(
        &self,
        (path, fresh): (&str, bool),
        known: Known,
        how: &How,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        match self {
            Sides::Down(source, target) => {
                let remote = source.locate(path)?;
                let spot = target.spot(path)?;
                let (local, held) = (spot.path(), Some(spot.directory().clone()));
                let mut session = source.pool().lease(cancel)?;
                let ask_time = time_to_ask_late(known, how);
                let facts = match ask_time {
                    Some(_) => Facts { size: known.0, modified: None },
                    None => facts(&mut session, &remote, known, how)?,
                };
                let facts = Some(facts);
                let how = how.clone();
                let job = download::Job { remote, local, held, fresh, facts, ask_time, how };
                download::to_file(&mut *session, &job, progress, cancel)
            }
            Sides::Up(source, target) => {
                let spot = source.spot(path)?;
                let (local, remote) = (spot.path(), target.locate(path)?);
                let held = (!source.follows()).then(|| spot.directory().clone());
                let job = upload::Job { local, held, remote, how: how.clone() };
                let mut session = target.pool().lease(cancel)?;
                upload::from_file(&mut *session, &job, progress, cancel)
            }
            Sides::Across(source, target) => {
                let from = source.locate(path)?;
                let mut fetching = source.pool().lease(cancel)?;
                let facts = Some(facts(&mut fetching, &from, known, how)?);
                let to = target.locate(path)?;
                let job = relay::Job { from, to, facts, how: how.clone() };
                let mut storing = target.pool().lease(cancel)?;
                Ok(relay::copy(&mut *fetching, &mut *storing, &job, progress, cancel)?)
            }
        }
    }
}

/// A file that is not worth resuming: its time need not be known before it is fetched.
const SMALL: u64 = 1024 * 1024;

/// The time in the listing, if that told all but the exact one of a file fetched in one go.
fn time_to_ask_late((size, modified): Known, how: &How) -> Option<NaiveDateTime> {
    let small = size.is_some_and(|size| size < SMALL);
    let vague = modified.filter(|stamp| !is_exact(stamp));
    vague.filter(|_| small && how.preserve_times && !how.resume).map(|stamp| stamp.time)
}

fn is_exact(stamp: &Stamp) -> bool {
    stamp.grain <= 1
}

/// What the listing said, where that is exact: it saves a round trip or two a file.
fn facts(
    session: &mut crate::ftp::session::Session,
    path: &crate::ftp::path::RemotePath,
    (size, modified): Known,
    how: &How,
) -> Result<Facts> {
    let time = modified.filter(is_exact).map(|stamp| stamp.time);
    if size.is_some() && (time.is_some() || !how.preserve_times) {
        return Ok(Facts { size, modified: time });
    }
    if let Some(size) = size
        && modified.is_some()
    {
        let listed = modified.map(|stamp| stamp.time);
        return Ok(Facts { size: Some(size), modified: session.modified(path)?.or(listed) });
    }
    session.facts(path)
}
