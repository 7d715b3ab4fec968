//! Carrying one file of a mirror: down, up, or from server to server.

use std::sync::Arc;

use chrono::NaiveDateTime;

use super::local::LocalTree;
use super::remote::RemoteTree;
use super::tree::{Item, Stamp, Tree};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::transfer::{Facts, How, Outcome, Progress, Remote as _, download, relay, upload};

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

    /// Carries one file.
    ///
    /// # Errors
    ///
    /// Those of the transfer.
    pub fn carry(
        &self,
        path: &str,
        item: &Item,
        how: &How,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        match self {
            Sides::Down(source, target) => {
                let remote = source.locate(path)?;
                let local = target.locate_file(path)?;
                let mut session = source.pool().lease(cancel)?;
                let ask_time = time_to_ask_late(item, how);
                let facts = match ask_time {
                    Some(_) => Facts { size: item.size, modified: None },
                    None => facts(&mut session, &remote, item, how)?,
                };
                let facts = Some(facts);
                let job = download::Job { remote, local, facts, ask_time, how: how.clone() };
                download::to_file(&mut *session, &job, progress, cancel)
            }
            Sides::Up(source, target) => {
                let local = source.locate(path)?;
                let job = upload::Job { local, remote: target.locate(path)?, how: how.clone() };
                let mut session = target.pool().lease(cancel)?;
                upload::from_file(&mut *session, &job, progress, cancel)
            }
            Sides::Across(source, target) => {
                let from = source.locate(path)?;
                let mut fetching = source.pool().lease(cancel)?;
                let facts = Some(facts(&mut fetching, &from, item, how)?);
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
fn time_to_ask_late(item: &Item, how: &How) -> Option<NaiveDateTime> {
    let small = item.size.is_some_and(|size| size < SMALL);
    let vague = item.modified.filter(|stamp| !is_exact(stamp));
    vague.filter(|_| small && how.preserve_times && !how.resume).map(|stamp| stamp.time)
}

fn is_exact(stamp: &Stamp) -> bool {
    stamp.grain <= chrono::TimeDelta::seconds(1)
}

/// What the listing said, where that is exact: it saves a round trip or two a file.
fn facts(
    session: &mut crate::ftp::session::Session,
    path: &crate::ftp::path::RemotePath,
    item: &Item,
    how: &How,
) -> Result<Facts> {
    let time = item.modified.filter(is_exact).map(|stamp| stamp.time);
    if item.size.is_some() && (time.is_some() || !how.preserve_times) {
        return Ok(Facts { size: item.size, modified: time });
    }
    if let Some(size) = item.size
        && item.modified.is_some()
    {
        let modified = session.modified(path)?.or(item.modified.map(|stamp| stamp.time));
        return Ok(Facts { size: Some(size), modified });
    }
    session.facts(path)
}
