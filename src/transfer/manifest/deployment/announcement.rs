//! What is going to be replaced and removed is announced: the manifest says that it is in doubt,
//! before the first of it is touched.
//!
//! While that is written, the mirror goes on planning, and waits only where something known would be
//! changed. While files are sent, the manifest that is right if nothing fails is uploaded under
//! another name: at the end it only gets its own.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Ahead, Deployment};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::transfer::manifest::entry::ManifestEntry;
use crate::transfer::manifest::store::ManifestStore;
use crate::transfer::manifest::text::ManifestText;

/// How often a wait checks the cancel flag.
const POLL: Duration = Duration::from_millis(100);

/// With more changes than these, the time that is saved at the end does not matter.
const MOST_AHEAD: usize = 100;

/// Something that a mirror is going to do.
#[derive(Debug)]
pub struct PlannedChange {
    /// Relative to the tree's root.
    pub path: Box<str>,
    /// What it becomes.
    pub becomes: Becomes,
}

/// What a path of the target is going to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Becomes {
    /// The local file, with these permissions.
    File(Option<u16>),
    /// Nothing, after a file.
    NoFile,
    /// Something else.
    Other,
}

/// Whether the announcement is still to be waited for.
#[derive(Debug, Default)]
pub(super) struct Announcement {
    is_awaited: Mutex<bool>,
    changed: Condvar,
}

impl Announcement {
    fn locked(&self) -> MutexGuard<'_, bool> {
        self.is_awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_awaited(&self, is_awaited: bool) {
        *self.locked() = is_awaited;
        self.changed.notify_all();
    }

    /// Waits until it was made, or has failed.
    pub(super) fn wait(&self, cancel: &Cancel) -> Result<()> {
        let mut is_awaited = self.locked();
        while *is_awaited {
            cancel.check()?;
            let waited = self.changed.wait_timeout(is_awaited, POLL);
            is_awaited = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// All that a mirror is going to do.
#[derive(Debug, Default)]
pub struct PlannedChanges(pub Vec<PlannedChange>);

impl PlannedChanges {
    /// Whether they have to be announced. Then nothing is replaced or removed until
    /// [`PlannedChanges::announce`] has ended.
    pub fn await_announcement(&self, deployment: &Deployment) -> bool {
        let state = deployment.locked();
        let is_known = |path: &str| state.index.get(path).is_some_and(|e| e.content().is_some());
        let is_needed = self.0.iter().any(|change| is_known(&change.path));
        drop(state);
        deployment.announcement.set_awaited(is_needed);
        is_needed
    }

    /// Announces them; meanwhile the sessions of that many workers are opened. Then
    /// uploads the manifest that is expected. Where it cannot be announced, nothing may be changed.
    pub fn announce(
        &self,
        deployment: &Deployment,
        workers: usize,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) {
        // The one that is there is for what is uploaded ahead.
        let sessions = self.0.len().min(workers);
        let paths = self.0.iter().map(|change| &*change.path);
        match deployment.announce(paths, sessions, say, cancel) {
            // Whoever waits is told by the flag.
            Err(error) if error.is_interruption() => {}
            Err(error) => {
                deployment.keeper.forbid(error.with_context("the manifest was not written"));
                deployment.announcement.set_awaited(false);
            }
            Ok(()) => {
                deployment.announcement.set_awaited(false);
                let mut writing = deployment.lock_writing();
                writing.ahead = self.upload_ahead(deployment, cancel);
            }
        }
    }

    /// Uploads the manifest that is expected, without giving it its name. What fails is tried again at
    /// the end.
    fn upload_ahead(&self, deployment: &Deployment, cancel: &Cancel) -> Option<Ahead> {
        let pool = deployment.place.remote.pool();
        let is_worth_it = self.0.len() <= MOST_AHEAD && deployment.knows_all() && pool.limit() > 1;
        if !is_worth_it || matches!(deployment.place.store, ManifestStore::Local(_)) {
            return None;
        }
        let mut text = self.expected_text(deployment, cancel)?;
        let mut session = pool.lease(cancel).ok()?;
        let note = deployment.place.store.upload(&mut session, &mut text, None, cancel).ok()?;
        Some(Ahead { digest: text.digest, note })
    }

    /// The manifest as it will be if all that is planned succeeds; `None` if that is not known.
    fn expected_text(&self, deployment: &Deployment, cancel: &Cancel) -> Option<ManifestText> {
        let mut entries = Vec::with_capacity(self.0.len());
        for PlannedChange { path, becomes } in &self.0 {
            entries.push(match becomes {
                Becomes::File(mode) => {
                    let content = Some(deployment.hash_local(path, cancel).ok()?.0);
                    (path, Some(ManifestEntry::File { content, mode: *mode }))
                }
                Becomes::NoFile => (path, None),
                Becomes::Other => return None,
            });
        }
        let mut state = deployment.locked();
        let is_plain = |path: &str| match state.index.get(path) {
            Some(entry) => !entry.is_directory(),
            // A new file in a known directory.
            None => {
                let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                state.index.has_directory(above) && !state.index.has_directory(path)
            }
        };
        if !entries.iter().all(|(path, _)| is_plain(path)) {
            return None;
        }
        let before: Vec<_> =
            entries.iter().map(|(path, _)| (*path, state.index.get(path))).collect();
        entries.iter().for_each(|(path, entry)| state.index.record(path, *entry));
        let text = ManifestText::write(&state.index, &|_| false, &deployment.place.journal.0);
        before.iter().for_each(|(path, entry)| state.index.record(path, *entry));
        text.ok()
    }
}
