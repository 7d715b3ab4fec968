//! Executes batches of changes on the server, and keeps the index of what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::{Gone, LocalView, WatchBatch, plan_batch};
use super::change_queue::ChangedPaths;
use super::index::{ServerIndex, Stamp};
use super::scan::{self, Local, is_included, is_of_an_editor};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::transfer::mirror::delete::for_each_parallel;
use crate::transfer::mirror::executor::{MirrorSettings, is_fatal, transfer_files, with_retry};
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::observer::MirrorObserver;
use crate::transfer::mirror::plan::{MirrorAction, Reason};
use crate::transfer::mirror::transfer_file::MirrorSides;
use crate::transfer::mirror::tree::{Item, ItemKind, ListResult, Tree, join_path};
use crate::transfer::{Outcome, Progress};

/// What a watch has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WatchCounts {
    /// Files sent, and their bytes.
    pub sent: (u64, u64),
    /// Files renamed.
    pub renamed: u64,
    /// Files and directories deleted.
    pub deleted: u64,
}

/// A mirror that goes on.
pub struct WatchRun<'a> {
    local: Arc<LocalTree>,
    sides: &'a dyn MirrorSides,
    settings: MirrorSettings,
    index: Mutex<ServerIndex>,
    counts: Mutex<WatchCounts>,
    /// Paths whose last attempt failed, with the state of the file that was sent.
    failing: Mutex<BTreeMap<String, Option<Stamp>>>,
    /// Paths that changed while they were sent.
    again: Mutex<BTreeSet<String>>,
}

impl<'a> WatchRun<'a> {
    /// Goes on after a mirror that ended with this index; `local` is the source of `sides`.
    pub fn new(
        (local, sides): (Arc<LocalTree>, &'a dyn MirrorSides),
        settings: MirrorSettings,
        (index, failing): (ServerIndex, BTreeSet<String>),
    ) -> Self {
        let failing = failing.into_iter().map(|path| (path, None)).collect();
        let (index, failing) = (Mutex::new(index), Mutex::new(failing));
        let (counts, again) = (Mutex::default(), Mutex::default());
        Self { local, sides, settings, index, counts, failing, again }
    }

    /// The two sides.
    pub fn sides(&self) -> &'a dyn MirrorSides {
        self.sides
    }

    /// What was done until now.
    pub fn counts(&self) -> WatchCounts {
        *lock(&self.counts)
    }

    /// How many paths could not be brought up to date.
    pub fn failures(&self) -> usize {
        let index = lock(&self.index);
        // What has gone on both sides is.
        let is_nowhere = |path: &str| {
            let is_known = index.has_file(path) || index.has_directory(path);
            !is_known && matches!(scan::look_at(&self.local, path), Ok(Local::Missing))
        };
        lock(&self.failing).keys().filter(|path| !is_nowhere(path)).count()
    }

    /// The number of files and directories known to be on the server.
    pub fn known(&self) -> usize {
        lock(&self.index).len()
    }

    /// Plans what to do about changed paths. `watch_below` is told each directory that is looked
    /// into.
    ///
    /// # Errors
    ///
    /// The watched directory is not there any more.
    pub fn plan(
        &self,
        changed: &ChangedPaths,
        watch_below: &mut dyn FnMut(&str),
        cancel: &Cancel,
    ) -> Result<WatchBatch> {
        let rules = &self.settings.rules;
        let mut view = TreeView { local: &self.local, watch_below, cancel };
        let batch = plan_batch(changed, &lock(&self.index), rules, &mut view);
        // Where it has gone, everything in it seems to have.
        self.local.check_root()?;
        Ok(batch)
    }

    /// Executes a batch. Failures of single paths are reported and remembered. Returns the paths
    /// that have changed meanwhile.
    ///
    /// # Errors
    ///
    /// Ctrl-C; the loss of the server, or what else concerns all paths: the batch can be planned and
    /// executed again.
    pub fn execute(
        &self,
        batch: WatchBatch,
        observer: &dyn MirrorObserver,
        cancel: &Cancel,
    ) -> Result<BTreeSet<String>> {
        for (path, error) in &batch.failures {
            self.report(path, None, Err(error), observer);
        }
        let step = Step { run: self, observer, cancel };
        let mut files = batch.files;
        step.leave_out_unchanged(&mut files, &batch.renames)?;
        let gone = batch.in_the_way.files.iter().chain(&batch.gone.files);
        let changed = files.keys().chain(batch.renames.values()).chain(gone);
        let changed: Vec<&str> = changed.map(String::as_str).collect();
        let say = |text: &str| observer.show_note(text);
        self.sides.announce_changes(&changed, self.settings.workers, &say, cancel)?;
        step.delete(&batch.in_the_way)?;
        step.make_directories(&batch.directories)?;
        let renames: Vec<_> = batch.renames.iter().collect();
        let refused: Mutex<BTreeSet<String>> = Mutex::default();
        for_each_parallel(&renames, self.settings.workers, cancel, |(to, from)| {
            let size = files.get(*to).map(|(stamp, _)| stamp.size);
            let is_renamed = size.map_or(Ok(false), |size| step.rename(from, to, size))?;
            if !is_renamed {
                lock(&refused).insert((*to).clone());
            }
            Ok(())
        })?;
        let refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.retain(|path, _| !batch.renames.contains_key(path) || refused.contains(path));
        step.send(&files)?;
        // What could not be renamed was sent: the old name goes as others do.
        let mut gone = batch.gone;
        if self.settings.rules.delete {
            let left = refused.iter().filter_map(|to| batch.renames.get(to).cloned());
            gone.files.extend(left.filter(|from| !from.starts_with('.')));
        }
        step.delete(&gone)?;
        Ok(std::mem::take(&mut *lock(&self.again)))
    }

    /// Looks at the whole tree for what messages of the system have not told; `changed` is told each
    /// path that is not as it was.
    pub fn rescan(&self, changed: &mut dyn FnMut(&str), cancel: &Cancel) -> Result<()> {
        let (index, failing) = (lock(&self.index), lock(&self.failing));
        let rules = &self.settings.rules;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut unreadable: Vec<String> = Vec::new();
        let mut visit = |path: &str, item: Item<'_>| {
            seen.insert(path.to_owned());
            let is_directory = item.kind == ItemKind::Directory;
            if !is_included(rules, path, is_directory) {
                return false;
            }
            let is_known = match item.kind {
                ItemKind::Directory => index.has_directory(path),
                ItemKind::File if is_of_an_editor(path) && !index.has_file(path) => true,
                ItemKind::File => match scan::look_at(&self.local, path) {
                    Ok(Local::File(stamp, _)) => {
                        let failed = failing.get(path).and_then(Option::as_ref);
                        let known = [index.stamp(path), failed].into_iter().flatten();
                        known.into_iter().any(|known| known.is_same(&stamp))
                    }
                    _ => false,
                },
                ItemKind::Link | ItemKind::Other => true,
            };
            if !is_known {
                changed(path);
            }
            true
        };
        let mut failed = |path: &str, _: Error| unreadable.push(path.to_owned());
        scan::scan(&self.local, "", cancel, &mut visit, &mut failed)?;
        let is_unread = |path: &str| {
            unreadable.iter().any(|above| {
                above.is_empty()
                    || path.strip_prefix(&**above).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let known = index.files().chain(index.directories()).filter(|_| rules.delete);
        let is_gone =
            |path: &&str| !seen.contains(*path) && !is_unread(path) && !failing.contains_key(*path);
        known.filter(is_gone).for_each(changed);
        drop((index, failing));
        self.local.check_root()
    }

    /// Reports the end of an action on a path, if there was one, and remembers whether it failed.
    fn report(
        &self,
        path: &str,
        action: Option<&MirrorAction>,
        result: Result<Option<&Outcome>, &Error>,
        observer: &dyn MirrorObserver,
    ) {
        let mut failing = lock(&self.failing);
        match &result {
            Ok(_) => failing.remove(path),
            Err(_) => failing.insert(path.to_owned(), None),
        };
        drop(failing);
        match (action, result) {
            (Some(action), result) => observer.action_done(action, result),
            (None, Err(error)) => observer.planning_failed(error),
            (None, Ok(_)) => {}
        }
    }
}

/// The steps of one batch.
struct Step<'a> {
    run: &'a WatchRun<'a>,
    observer: &'a dyn MirrorObserver,
    cancel: &'a Cancel,
}

impl Step<'_> {
    /// Tries something with the retries of a mirror; a failure that concerns all paths is an error.
    fn attempt<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<Result<T, Error>> {
        let (settings, cancel) = (&self.run.settings, self.cancel);
        match with_retry(settings, self.observer, cancel, &mut attempt) {
            Err(error) if is_fatal(self.run.sides, &error, cancel) => Err(error),
            other => Ok(other),
        }
    }

    fn target(&self) -> &dyn Tree {
        self.run.sides.target()
    }

    /// Takes files out that are to be sent under their own names, and whose content is recorded to
    /// be on the server.
    fn leave_out_unchanged(
        &self,
        files: &mut BTreeMap<String, (Stamp, u16)>,
        renames: &BTreeMap<String, String>,
    ) -> Result<()> {
        let same: Mutex<BTreeSet<String>> = Mutex::default();
        let paths: Vec<&String> =
            files.keys().filter(|path| !renames.contains_key(*path)).collect();
        for_each_parallel(&paths, self.run.settings.workers, self.cancel, |path| {
            // What cannot be read is told when it cannot be sent.
            if self.run.sides.has_recorded_content(path, self.cancel).unwrap_or(false) {
                lock(&same).insert((*path).clone());
            }
            Ok(())
        })?;
        for path in same.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let stamp = files.remove(&path).map(|(stamp, _)| stamp);
            lock(&self.run.index).add_file(&path, stamp);
            lock(&self.run.failing).remove(&path);
        }
        Ok(())
    }

    fn make_directories(&self, directories: &BTreeMap<String, Option<u16>>) -> Result<()> {
        let mut paths: Vec<_> = directories.iter().collect();
        paths.sort_by_key(|(path, _)| depth(path));
        for level in paths.chunk_by(|a, b| depth(a.0) == depth(b.0)) {
            for_each_parallel(level, self.run.settings.workers, self.cancel, |(path, mode)| {
                let mode = self.run.settings.rules.copied_mode(**mode);
                let mode = mode.filter(|mode| mode & 0o700 == 0o700);
                let made =
                    self.attempt(|| self.target().make_directory(path, mode, self.cancel))?;
                let action = MirrorAction::MakeDirectory { path: (*path).clone() };
                if let Ok(note) = &made {
                    note.iter().for_each(|note| self.observer.show_note(note));
                    lock(&self.run.index).add_directory(path);
                }
                let made = made.as_ref().map(|_| None);
                self.run.report(path, Some(&action), made, self.observer);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Renames a file on the server, if it is still as large as what was put there. Returns whether
    /// that was done.
    fn rename(&self, from: &str, to: &str, size: u64) -> Result<bool> {
        let renamed =
            self.attempt(|| self.target().rename_unchanged(from, to, size, self.cancel))?;
        if !matches!(renamed, Ok(true)) {
            return Ok(false);
        }
        lock(&self.run.index).rename(from, to);
        lock(&self.run.counts).renamed += 1;
        lock(&self.run.failing).remove(from);
        let action = MirrorAction::Rename { from: from.to_owned(), path: to.to_owned() };
        self.run.report(to, Some(&action), Ok(None), self.observer);
        Ok(true)
    }

    fn send(&self, files: &BTreeMap<String, (Stamp, u16)>) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let actions = files.iter().map(|(path, (stamp, mode))| MirrorAction::Transfer {
            path: path.clone(),
            size: Some(stamp.size),
            modified: None,
            mode: Some(*mode),
            reason: Reason::Newer,
        });
        let bytes = files.values().map(|(stamp, _)| stamp.size).sum();
        self.observer.add_to_total(files.len() as u64, bytes);
        let observer = SendObserver { step: self, files };
        let settings = &self.run.settings;
        transfer_files(self.run.sides, settings, &observer, self.cancel, actions)
    }

    /// Deletes what is known and still as large as what was put there; directories at last, the
    /// deepest first, if they are empty.
    fn delete(&self, gone: &Gone) -> Result<()> {
        let workers = self.run.settings.workers;
        let files: Vec<&String> = gone.files.iter().collect();
        for_each_parallel(&files, workers, self.cancel, |path| self.delete_file(path))?;
        let mut directories: Vec<&String> = gone.directories.iter().collect();
        directories.sort_by_key(|path| std::cmp::Reverse(depth(path)));
        for level in directories.chunk_by(|a, b| depth(a) == depth(b)) {
            for_each_parallel(level, workers, self.cancel, |path| self.delete_directory(path))?;
        }
        Ok(())
    }

    fn delete_file(&self, path: &str) -> Result<()> {
        let known = lock(&self.run.index).stamp(path).map(|stamp| stamp.size);
        let deleted = self.attempt(|| self.target().remove_unchanged(path, known, self.cancel))?;
        match deleted {
            Err(error) if error.kind() == Kind::Incomplete => {
                self.observer.show_note(error.message());
                lock(&self.run.index).remove(path);
                Ok(())
            }
            deleted => self.note_deletion(path, ItemKind::File, deleted),
        }
    }

    fn delete_directory(&self, path: &str) -> Result<()> {
        let target = self.target();
        let deleted =
            self.attempt(|| target.remove_entry(path, ItemKind::Directory, self.cancel))?;
        match deleted {
            // It holds what is not known.
            Err(error) if error.kind() == Kind::Refused => {
                let there = target.display_path(path);
                self.observer.show_note(&format!("{there}: left: {}", error.message()));
                lock(&self.run.index).remove(path);
                Ok(())
            }
            deleted => self.note_deletion(path, ItemKind::Directory, deleted),
        }
    }

    fn note_deletion(&self, path: &str, kind: ItemKind, deleted: Result<(), Error>) -> Result<()> {
        if deleted.is_ok() {
            lock(&self.run.index).remove(path);
            lock(&self.run.counts).deleted += 1;
        }
        let action = MirrorAction::Delete { path: path.to_owned(), kind };
        self.run.report(path, Some(&action), deleted.as_ref().map(|()| None), self.observer);
        Ok(())
    }
}

/// Takes what was sent into the index. The failure of a file that is not what it was when it was
/// planned is none: it will be sent again.
struct SendObserver<'a> {
    step: &'a Step<'a>,
    files: &'a BTreeMap<String, (Stamp, u16)>,
}

impl MirrorObserver for SendObserver<'_> {
    fn add_to_total(&self, files: u64, bytes: u64) {
        self.step.observer.add_to_total(files, bytes);
    }

    fn begin_file(&self, path: &str, size: Option<u64>) -> Box<dyn Progress> {
        self.step.observer.begin_file(path, size)
    }

    fn show_planned(&self, action: &MirrorAction) -> Result<()> {
        self.step.observer.show_planned(action)
    }

    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>) {
        let (run, path) = (self.step.run, action.path());
        let planned = self.files.get(path).map(|(stamp, _)| *stamp);
        match result {
            Ok(outcome) => {
                lock(&run.index).add_file(path, planned);
                let mut counts = lock(&run.counts);
                counts.sent.0 += 1;
                counts.sent.1 += outcome.map_or(0, |outcome| outcome.bytes);
            }
            Err(_) => {
                let now = scan::look_at(&run.local, path);
                let is_same = match (&now, &planned) {
                    (Ok(Local::File(now, _)), Some(planned)) => now.is_same(planned),
                    (Ok(_), _) => false,
                    (Err(_), _) => true,
                };
                if !is_same {
                    lock(&run.again).insert(path.to_owned());
                    return;
                }
            }
        }
        let has_failed = result.is_err();
        run.report(path, Some(action), result, self.step.observer);
        if has_failed {
            lock(&run.failing).insert(path.to_owned(), planned);
        }
    }

    fn planning_failed(&self, error: &Error) {
        self.step.observer.planning_failed(error);
    }

    fn show_note(&self, text: &str) {
        self.step.observer.show_note(text);
    }
}

/// Takes what a mirror sends and finds equal into an index.
pub struct IndexingObserver<'a> {
    inner: &'a dyn MirrorObserver,
    /// When it began, in seconds: what changed later may have changed again.
    since: i64,
    index: Mutex<ServerIndex>,
    failing: Mutex<BTreeSet<String>>,
}

impl<'a> IndexingObserver<'a> {
    /// Passes everything on to `inner`.
    pub fn new(inner: &'a dyn MirrorObserver) -> Self {
        // The clocks of a disk and of this program may differ by a little.
        let since = chrono::Utc::now().timestamp() - 2;
        Self { inner, since, index: Mutex::default(), failing: Mutex::default() }
    }

    /// What is on the server, and which paths failed.
    pub fn finish(self) -> (ServerIndex, BTreeSet<String>) {
        let index = self.index.into_inner().unwrap_or_else(PoisonError::into_inner);
        (index, self.failing.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MirrorObserver for IndexingObserver<'_> {
    fn add_to_total(&self, files: u64, bytes: u64) {
        self.inner.add_to_total(files, bytes);
    }

    fn begin_file(&self, path: &str, size: Option<u64>) -> Box<dyn Progress> {
        self.inner.begin_file(path, size)
    }

    fn show_planned(&self, action: &MirrorAction) -> Result<()> {
        self.inner.show_planned(action)
    }

    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>) {
        let path = action.path();
        match (action, &result) {
            (MirrorAction::Transfer { size, modified, .. }, Ok(_)) => {
                let stamp = Stamp::of_listed(*size, *modified);
                let stamp = stamp.filter(|stamp| !stamp.is_from(self.since));
                lock(&self.index).add_file(path, stamp);
            }
            (MirrorAction::MakeDirectory { .. }, Ok(_)) => lock(&self.index).add_directory(path),
            (MirrorAction::Transfer { .. }, Err(_)) => {
                lock(&self.failing).insert(path.to_owned());
            }
            _ => {}
        }
        self.inner.action_done(action, result);
    }

    fn file_interrupted(&self, path: &str, position: u64) {
        self.inner.file_interrupted(path, position);
    }

    fn planning_failed(&self, error: &Error) {
        self.inner.planning_failed(error);
    }

    fn visiting(&self, path: &str) {
        lock(&self.index).add_directory(path);
        self.inner.visiting(path);
    }

    fn kept(&self, path: &str, item: Item<'_>) {
        lock(&self.index).add_listed(path, item, self.since);
    }

    fn not_deleted(&self, path: &str) {
        self.inner.not_deleted(path);
    }

    fn show_note(&self, text: &str) {
        self.inner.show_note(text);
    }
}

/// The local tree, for planning.
struct TreeView<'a> {
    local: &'a LocalTree,
    watch_below: &'a mut dyn FnMut(&str),
    cancel: &'a Cancel,
}

impl LocalView for TreeView<'_> {
    fn look_at(&mut self, path: &str) -> Result<Local> {
        scan::look_at(self.local, path)
    }

    fn list(&mut self, directory: &str) -> Result<Vec<String>> {
        (self.watch_below)(directory);
        match self.local.list_directory(directory, self.cancel)? {
            ListResult::Directory(listing) => {
                Ok(listing.iter().map(|item| join_path(directory, item.name)).collect())
            }
            // It has gone meanwhile.
            ListResult::Nothing(_) => Ok(Vec::new()),
        }
    }
}

fn depth(path: &str) -> usize {
    path.matches('/').count()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
