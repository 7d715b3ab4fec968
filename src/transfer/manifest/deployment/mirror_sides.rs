//! A deployment as the two sides of a mirror: the target is listed from the index, and what is done
//! to it is recorded.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::NaiveDateTime;

use super::Deployment;
use super::begun_upload::BegunUpload;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::transfer::manifest::entry::ManifestEntry;
use crate::transfer::manifest::hash_cache::FileIdentity;
use crate::transfer::mirror::plan::CompareBy;
use crate::transfer::mirror::transfer_file::{Attempt, MirrorSides};
use crate::transfer::mirror::tree::{Followed, Item, ItemKind, ListResult, Tree, join_path};
use crate::transfer::upload::journal::is_racy;
use crate::transfer::{Atomic, Outcome, Progress, TransferOptions};

impl MirrorSides for Deployment {
    fn source(&self) -> &dyn Tree {
        self.sides.source()
    }

    fn target(&self) -> &dyn Tree {
        self
    }

    fn target_is_remote(&self) -> bool {
        true
    }

    fn are_reachable(&self, cancel: &Cancel) -> bool {
        // A connection was lost, for who knows how long.
        self.keeper.note_lost_connection();
        self.sides.are_reachable(cancel)
    }

    fn lost(&self) -> Option<&Error> {
        self.keeper.lost()
    }

    fn connect_ahead(&self) {
        // Otherwise no session is needed before there is something to be sent.
        if self.listing.is_some() {
            self.sides.connect_ahead();
        }
    }

    fn transfer_file(
        &self,
        path: &str,
        attempt: Attempt,
        options: &TransferOptions,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcome> {
        self.begin_change(path, cancel)?;
        let shown = self.place.local.display_path(path);
        let before = self.open_local(path)?.metadata();
        let before = before.map_err(|error| Error::local_file(&shown, &error))?;
        // Its times may not show a change from now on: its hash does.
        let racy = if is_racy(&before) { Some(self.hash_local(path, cancel)?.0) } else { None };
        let progress = BegunUpload::new(self, path, options.atomic == Atomic::No, progress);
        let outcome = self.sides.transfer_file(path, attempt, options, &progress, cancel)?;
        // The upload has made sure that the file did not change while it was sent. If it has not
        // changed before and since, either, its hash is that of what was sent.
        let content = match self.hash_local(path, cancel) {
            Ok((content, identity)) if identity == FileIdentity::of(&before) => {
                Some(content).filter(|content| racy.is_none_or(|racy| racy == *content))
            }
            Ok(_) => None,
            Err(error) if error.is_interruption() => {
                return Err(error);
            }
            Err(_) => None,
        };
        let mode = options.mode.and_then(|mode| u16::try_from(mode).ok());
        self.record(path, Some(ManifestEntry::File { content, mode }), cancel);
        Ok(outcome)
    }

    fn has_same_content(
        &self,
        path: &str,
        size: Option<u64>,
        options: &TransferOptions,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<bool> {
        let known = self.locked().index.get(path);
        let same = match (known, self.listing) {
            (Some(entry), _) => {
                let Some(there) = entry.content() else { return Ok(false) };
                return Ok(self.hash_local(path, cancel)?.0 == there);
            }
            (None, Some(CompareBy::Content)) => {
                self.sides.has_same_content(path, size, options, say, cancel)?
            }
            (None, Some(CompareBy::Time)) => self.is_same_by_time(path)?,
            (None, _) => true,
        };
        if same {
            let content = Some(self.hash_local(path, cancel)?.0);
            self.record(path, Some(ManifestEntry::File { content, mode: None }), cancel);
            self.times.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
        Ok(same)
    }

    fn note_everything_seen(&self) {
        self.finished.store(true, Ordering::Relaxed);
    }

    fn announce_changes(
        &self,
        paths: &[&str],
        workers: usize,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<()> {
        // One session is there already.
        let sessions = paths.len().min(workers).saturating_sub(1);
        self.announce(paths.iter().copied(), sessions, say, cancel)
    }

    fn has_recorded_content(&self, path: &str, cancel: &Cancel) -> Result<bool> {
        self.has_content(path, path, cancel)
    }

    fn note_rest(
        &self,
        rest: Duration,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<Option<Duration>> {
        self.write_at_rest(rest, say, cancel)
    }

    fn leaves_filled_directories(&self) -> bool {
        true
    }
}

impl Tree for Deployment {
    fn list_directory(&self, path: &str, cancel: &Cancel) -> Result<ListResult> {
        if self.listing.is_some() {
            let listed = self.place.remote.list_directory(path, cancel)?;
            if let ListResult::Directory(listing) = &listed {
                if self.listing == Some(CompareBy::Time) {
                    let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
                    let files = listing.iter().filter(|item| item.kind == ItemKind::File);
                    let timed = files.filter_map(|i| Some((join_path(path, i.name), i.modified?)));
                    times.extend(timed);
                }
                if !path.is_empty() && !self.place.dry_run {
                    self.record(path, Some(ManifestEntry::Directory), cancel);
                }
            }
            return Ok(listed);
        }
        let state = self.locked();
        if state.index.has_directory(path) {
            return Ok(ListResult::Directory(state.index.list_directory(path)));
        }
        let text = format!("{}: no such directory", self.display_path(path));
        Ok(ListResult::Nothing(Error::new(Kind::Refused, text)))
    }

    fn follow_link<'a>(&self, path: &str, link: Item<'a>, cancel: &Cancel) -> Result<Followed<'a>> {
        self.place.remote.follow_link(path, link, cancel)
    }

    fn exact_time(&self, path: &str, cancel: &Cancel) -> Result<Option<NaiveDateTime>> {
        self.place.remote.exact_time(path, cancel)
    }

    fn make_directory(
        &self,
        path: &str,
        mode: Option<u16>,
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        self.keeper.check(cancel)?;
        let note = self.place.remote.make_directory(path, mode, cancel)?;
        if !path.is_empty() {
            self.record(path, Some(ManifestEntry::Directory), cancel);
        }
        Ok(note)
    }

    fn set_mode(&self, path: &str, mode: u16, cancel: &Cancel) -> Result<Option<String>> {
        self.keeper.check(cancel)?;
        let note = self.place.remote.set_mode(path, mode, cancel)?;
        // Whether it was refused or not: it is not asked for again.
        let entry = self.locked().index.get(path);
        if let Some(ManifestEntry::File { content, .. }) = entry {
            self.record(path, Some(ManifestEntry::File { content, mode: Some(mode) }), cancel);
        }
        Ok(note)
    }

    fn rename_unchanged(&self, from: &str, to: &str, size: u64, cancel: &Cancel) -> Result<bool> {
        self.rename_file(from, to, size, cancel)
    }

    fn remove_unchanged(&self, path: &str, _size: Option<u64>, cancel: &Cancel) -> Result<()> {
        self.remove_file(path, cancel)
    }

    fn remove_entry(&self, path: &str, kind: ItemKind, cancel: &Cancel) -> Result<()> {
        if kind != ItemKind::Directory {
            return self.remove_file(path, cancel);
        }
        self.keeper.check(cancel)?;
        let removed = self.place.remote.remove_entry(path, kind, cancel);
        let is_refusal = |error: &Error| error.kind() == Kind::Refused && !error.is_transient();
        // One that is not empty holds what no mirror has put there: it is no longer ours.
        if removed.as_ref().err().is_none_or(is_refusal) {
            self.record(path, None, cancel);
        }
        removed
    }

    fn display_path(&self, path: &str) -> String {
        self.place.remote.display_path(path)
    }
}
