//! What a watch needs of a deployment beside what a mirror does: renames, what need not be sent, and
//! a manifest that is true when nothing changes.
//!
//! A new file costs no more than in a watch without a manifest. Before a file is replaced, removed
//! or renamed that the manifest has, a manifest is written in which it is in doubt: an upload of all
//! of it, and a rename. That is once a batch, and not again for a file that has been replaced since
//! the last manifest: on the server it is in doubt still, and in the journal once more.

use std::sync::PoisonError;
use std::time::Duration;

use super::{Deployment, State, WRITE_AGAIN};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::transfer::manifest::entry::ManifestEntry;

impl State {
    /// Lets the journal say that a file is in doubt. `false` if it may say something else.
    pub(super) fn doubt_in_journal(&mut self, path: &str, doubt: ManifestEntry) -> bool {
        let change = (path.to_owned(), Some(doubt));
        let is_certain = self.journal.as_mut().is_none_or(|open| open.append_durably(&change));
        self.note_change(change);
        is_certain
    }
}

impl Deployment {
    /// Whether a local file has the content that the manifest has for a path.
    pub(super) fn has_content(&self, path: &str, local: &str, cancel: &Cancel) -> Result<bool> {
        let known = self.locked().index.get(path).and_then(|entry| entry.content());
        let Some(known) = known else { return Ok(false) };
        let metadata = self.open_local(local)?.metadata();
        let size = metadata.map_err(|error| Error::local_file(local, &error))?.len();
        Ok(size == known.size && self.hash_local(local, cancel)?.0 == known)
    }

    /// Renames a file that a mirror has put there, if it is still that and the local file of the new
    /// name has its content. Both ends are in doubt meanwhile: a run that is killed leaves one of
    /// them, and the next one sends or removes it. A new name, of which the server has nothing, is so
    /// in the journal only.
    pub(super) fn rename_file(
        &self,
        from: &str,
        to: &str,
        size: u64,
        cancel: &Cancel,
    ) -> Result<bool> {
        let (entry, other) = {
            let state = self.locked();
            (state.index.get(from), state.index.get(to))
        };
        let Some(entry) = entry.filter(|entry| entry.content().is_some_and(|c| c.size == size))
        else {
            return Ok(false);
        };
        let remote = &self.place.remote;
        if !self.has_content(from, to, cancel)? || remote.file_size(from, cancel)? != Some(size) {
            return Ok(false);
        }
        let is_free = other.is_none() && remote.file_size(to, cancel)?.is_none();
        self.begin_change(from, cancel)?;
        self.begin_change(to, cancel)?;
        if is_free {
            self.record_begun(to);
        }
        if let Err(error) = remote.rename(from, to, cancel) {
            if error.kind() == Kind::Refused {
                self.keep(from, entry);
                match other {
                    Some(other) => self.keep(to, other),
                    None if is_free => self.record(to, None, cancel),
                    None => {}
                }
            }
            return Err(error);
        }
        self.record(from, None, cancel);
        self.record(to, Some(entry), cancel);
        Ok(true)
    }

    /// Writes the manifest when nothing has changed for long enough. Returns how long that is, if
    /// there is something to write.
    pub(super) fn write_at_rest(
        &self,
        rest: Duration,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<Option<Duration>> {
        if self.is_written() {
            return Ok(None);
        }
        let cost = self.writing.lock().unwrap_or_else(PoisonError::into_inner).cost;
        let wanted = WRITE_AGAIN.max(cost * 20);
        if rest < wanted {
            return Ok(Some(wanted));
        }
        self.write(true, Some(say), cancel)?;
        // Hashes that are not kept are computed again.
        let _ = self.place.hashes.save();
        Ok(None)
    }
}
