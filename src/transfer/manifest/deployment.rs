//! A mirror with a manifest: its target is what the manifest says, and is not listed.
//!
//! It stands for the two sides of an upload. Directories of the target are listed from the index,
//! contents are compared by hash, and what arrives or is removed is recorded: at once in the journal
//! of this computer, and every few seconds in the manifest. Before the first file is replaced or
//! removed, the manifest says of all of them that they are in doubt: whatever ends the run, no later
//! run takes an old or half a file for what it was.

pub mod announcement;
mod begun_upload;
pub mod foreign_changes;
mod mirror_sides;
mod watched;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::DateTime;

use super::entry::ManifestEntry;
use super::format::Unreadable;
use super::hash_cache::{FileIdentity, HashCache};
use super::index::ManifestIndex;
use super::journal::{Change, ManifestDigest, ManifestJournal};
use super::lock::{LockOwner, LockTimes, ManifestLock};
use super::lock_keeper::LockKeeper;
use super::own_paths::OwnPaths;
use super::real_directories::RealDirectories;
use super::store::{ManifestStore, StoredManifest};
use super::text::ManifestText;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::threads;
use crate::transfer::Remote as _;
use crate::transfer::checksum::commands_offered;
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::plan::CompareBy;
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides};
use crate::transfer::mirror::tree::{Timestamp, Tree};
use crate::transfer::retry::{Retries, with_retry};
use announcement::Announcement;

/// The manifest is written again after so long at the earliest, and not more than a twentieth of
/// the time.
const WRITE_AGAIN: Duration = Duration::from_secs(10);

/// What a deployment is between, and where it keeps what.
#[derive(Debug)]
pub struct DeploymentPlace {
    /// The source.
    pub local: Arc<LocalTree>,
    /// The target.
    pub remote: Arc<RemoteTree>,
    /// The manifest.
    pub store: ManifestStore,
    /// The directory that locks it; `None` if only this computer has it.
    pub lock: Option<RemotePath>,
    /// The intervals of that.
    pub lock_times: LockTimes,
    /// The paths in the tree that are not part of it.
    pub own: OwnPaths,
    /// The directory of journals, and the key of this one's.
    pub journal: (PathBuf, String),
    /// The hashes of local files.
    pub hashes: Arc<HashCache>,
    /// How files are compared that the manifest does not know, where it does not know all.
    pub compare: CompareBy,
    /// The retries of each task.
    pub retries: Retries,
    /// Nothing is changed.
    pub dry_run: bool,
}

/// A mirror with a manifest, under way.
#[derive(Debug)]
pub struct Deployment {
    sides: Endpoints,
    place: DeploymentPlace,
    token: String,
    /// The manifest does not know all: the target is listed, and compared like this.
    listing: Option<CompareBy>,
    /// The times of the files that were listed and are to be compared by time.
    times: Mutex<HashMap<String, Timestamp>>,
    state: Mutex<State>,
    real: RealDirectories,
    writing: Mutex<Writing>,
    announcement: Announcement,
    keeper: LockKeeper,
    /// Everything was looked at and tried.
    finished: AtomicBool,
    /// It was said that others can read the manifest.
    has_said: AtomicBool,
}

#[derive(Debug)]
struct State {
    index: ManifestIndex,
    journal: Option<ManifestJournal>,
    /// The manifest on the server may not have all that is recorded; the journal has.
    is_ahead: bool,
    /// What is recorded while a manifest is written.
    meanwhile: Option<Vec<Change>>,
    /// Files that are to be replaced or removed: the manifest says that they are in doubt.
    doubtful: HashSet<Box<str>>,
    /// Those of them that are known again, which only the next manifest will say.
    settled: HashSet<Box<str>>,
}

impl State {
    fn note_change(&mut self, change: Change) {
        self.is_ahead = true;
        if let Some(changes) = &mut self.meanwhile {
            changes.push(change);
        }
    }
}

#[derive(Debug)]
struct Writing {
    last: Instant,
    cost: Duration,
    ahead: Option<Ahead>,
}

/// A manifest that was uploaded ahead, and has not its name yet.
#[derive(Debug)]
struct Ahead {
    digest: ManifestDigest,
    /// What to tell the user.
    note: Option<String>,
}

impl Deployment {
    /// Takes the lock and reads the manifest. Also returns what to tell the user.
    ///
    /// # Errors
    ///
    /// Another mirror runs; the manifest is of a newer version; what ended the connection.
    pub fn begin(
        place: DeploymentPlace,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<(Self, Option<String>)> {
        let (directory, key) = &place.journal;
        let mut journal = match ManifestJournal::open(directory, key) {
            Ok(journal) => Some(journal),
            Err(error) if error.kind() == Kind::Refused && !place.dry_run => return Err(error),
            // Without it a crash costs files that are sent twice.
            Err(_) => None,
        };
        let left = journal.as_ref().and_then(|journal| journal.read(&place.own));
        let owner = LockOwner::here();
        let token = owner.token().to_owned();
        let tokens = left.as_ref().map(|left| left.tokens.clone()).unwrap_or_default();
        if let Some(open) = journal.as_mut().filter(|_| !place.dry_run) {
            // A crash from here on leaves a lock with this token, and not less than there was.
            let all: Vec<&str> = tokens.iter().map(String::as_str).chain([&*token]).collect();
            let (base, changes) =
                left.as_ref().map_or((None, &[][..]), |left| (left.base, &*left.changes));
            if open.restart(base, &all, changes).is_err() {
                journal = None;
            }
        }
        let (pool, retries) = (place.remote.pool(), &place.retries);
        let lock = Cell::new(None);
        let stored = with_retry(retries.clone(), cancel, say, |_| {
            let mut session = pool.lease(cancel)?;
            session.dial_ahead();
            let mut taken = match place.lock.as_ref().filter(|_| !place.dry_run) {
                Some(path) => Some(ManifestLock::acquire(
                    &mut session,
                    path,
                    &owner,
                    &tokens,
                    place.lock_times,
                    cancel,
                )?),
                None => None,
            };
            let stored = loop {
                let stored = place.store.read(&mut session, &place.own, cancel);
                let confirmed = match &mut taken {
                    Some(lock) => lock.confirm(&mut session, cancel),
                    None => Ok(true),
                };
                match confirmed {
                    Ok(false) if stored.is_ok() => {}
                    Ok(_) => {
                        lock.set(taken);
                        break stored?;
                    }
                    Err(error) => {
                        // Where somebody else has it, there is nothing to give back.
                        lock.set(taken.filter(|_| error.kind() != Kind::Refused));
                        return Err(error);
                    }
                }
            };
            Ok((stored, !commands_offered(session.features()).is_empty()))
        });
        let lock = lock.into_inner();
        let stored = stored.and_then(|(stored, has_checksums)| {
            let path = place.store.display_path();
            Ok(match stored {
                StoredManifest::Found(index, digest) => {
                    let note = index.unfinished.then(|| {
                        format!("{path}: the mirror that began the manifest has not ended")
                    });
                    (index, digest, note, has_checksums)
                }
                StoredManifest::Missing => {
                    let note = Some(format!("{path}: no manifest yet"));
                    (ManifestIndex::default(), None, note, has_checksums)
                }
                StoredManifest::Unreadable(why @ Unreadable::OtherVersion) => {
                    let text = format!("mirror: {path}: {why}");
                    return Err(Error::new(Kind::Incomplete, text)
                        .with_hint("a newer ftpsh wrote it: use that, or another --manifest"));
                }
                StoredManifest::Unreadable(why @ Unreadable::NoManifest)
                    if !place.store.has_default_name() =>
                {
                    let text = format!("mirror: {path}: it is no manifest: {why}");
                    return Err(Error::new(Kind::Incomplete, text)
                        .with_hint("it would be replaced: remove it, or give another --manifest"));
                }
                StoredManifest::Unreadable(why) => {
                    let note = format!("{path}: the manifest cannot be read: {why}");
                    (ManifestIndex::default(), None, Some(note), has_checksums)
                }
            })
        });
        let (mut index, digest, note, has_checksums) = match stored {
            Ok(stored) => stored,
            Err(error) => {
                if let Some(lock) = lock {
                    // The first error is the one that matters.
                    let _ = pool.lease(cancel).and_then(|mut session| lock.release(&mut session));
                }
                return Err(error);
            }
        };
        let incomplete = note.is_some();
        index.unfinished = incomplete;
        let changes = left.filter(|left| left.base == digest).map(|left| left.changes);
        let changes = changes.unwrap_or_default();
        changes.iter().for_each(|(path, entry)| index.record(path, *entry));
        let listing = incomplete.then_some(match place.compare {
            CompareBy::Time if has_checksums => CompareBy::Content,
            compare => compare,
        });
        if !place.dry_run {
            let restarted = journal.as_mut().map(|j| j.restart(digest, &[&*token], &changes));
            journal = journal.filter(|_| restarted.is_some_and(|restarted| restarted.is_ok()));
        }
        let note = note.zip(listing).map(|(note, compare)| {
            let how = match compare {
                CompareBy::Time => "sizes and times",
                CompareBy::Size => "sizes",
                CompareBy::Content => "contents",
            };
            format!("{note}: the target is listed this once, to compare {how}; nothing is deleted")
        });
        // What it has not recorded itself is compared with what is there.
        place.remote.known_contents().ignore();
        let sides = Endpoints::Up(Arc::clone(&place.local), Arc::clone(&place.remote));
        let state = State {
            index,
            journal,
            is_ahead: !changes.is_empty(),
            meanwhile: None,
            doubtful: HashSet::new(),
            settled: HashSet::new(),
        };
        let writing = Writing { last: Instant::now(), cost: Duration::ZERO, ahead: None };
        let keeper = LockKeeper::new(Arc::clone(place.remote.pool()), place.lock_times, lock);
        let deployment = Self {
            sides,
            place,
            token,
            listing,
            times: Mutex::default(),
            state: Mutex::new(state),
            real: RealDirectories::default(),
            writing: Mutex::new(writing),
            announcement: Announcement::default(),
            keeper,
            finished: AtomicBool::new(false),
            has_said: AtomicBool::new(false),
        };
        Ok((deployment, note))
    }

    /// Whether the manifest knows all that a mirror has put into the target. Only then is something
    /// known to be extraneous.
    pub fn knows_all(&self) -> bool {
        self.listing.is_none()
    }

    /// Whether it has no entry at all.
    pub fn knows_nothing(&self) -> bool {
        self.locked().index.is_empty()
    }

    /// Announces the files that are going to be replaced or removed: the manifest says so before the
    /// first of them is. Meanwhile so many further sessions are opened.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn announce<'p>(
        &self,
        paths: impl Iterator<Item = &'p str>,
        sessions: usize,
        say: &dyn Fn(&str),
        cancel: &Cancel,
    ) -> Result<()> {
        let state = self.locked();
        let State { index, doubtful, .. } = &*state;
        let known = paths.filter(|path| index.get(path).is_some_and(|e| e.content().is_some()));
        let paths: Vec<Box<str>> =
            known.filter(|path| !doubtful.contains(*path)).map(Box::from).collect();
        drop(state);
        if paths.is_empty() {
            return Ok(());
        }
        std::thread::scope(|scope| {
            let connect = || {
                for _ in 0..sessions {
                    // If no thread can be started, the worker connects when it needs a session.
                    let _ = threads::start_scoped(scope, "manifest", || self.sides.connect_ahead());
                }
            };
            self.put_in_doubt(&paths, || {
                let mut writing = self.lock_writing();
                self.write_locked(&mut writing, false, Some(say), &connect, cancel)
            })
        })
    }

    /// Lets the manifest that `write` writes say that files are in doubt.
    fn put_in_doubt(&self, paths: &[Box<str>], write: impl FnOnce() -> Result<()>) -> Result<()> {
        self.locked().doubtful.extend(paths.iter().cloned());
        let written = write();
        if let Err(error) = &written {
            // It may say so or not.
            let mut state = self.locked();
            for path in paths {
                state.doubtful.remove(path);
            }
            if error.kind() == Kind::Connect {
                self.keeper.note_lost_connection();
            }
        }
        written
    }

    /// Says once a minute that the mirror is alive, until `stop`.
    pub fn keep_lock(&self, stop: &Cancel) {
        self.keeper.keep(stop);
    }

    /// Writes what is not written, and gives back the lock.
    ///
    /// # Errors
    ///
    /// The manifest could not be written; the journal keeps what it lacks.
    pub fn end(&self, say: &dyn Fn(&str), cancel: &Cancel) -> Result<()> {
        if self.place.dry_run {
            return Ok(());
        }
        // Hashes that are not kept are computed again.
        let _ = self.place.hashes.save();
        let written = match self.lost() {
            Some(error) => Err(error.clone()),
            None if self.is_written() => Ok(()),
            None => self.write(true, Some(say), cancel),
        };
        let released = self.keeper.release(cancel);
        if written.is_ok() && released.is_ok() {
            self.locked().journal.iter_mut().for_each(ManifestJournal::remove);
        }
        written.map_err(|error| error.with_context("the manifest was not written"))?;
        released.map_err(|error| error.with_context("the lock was not given back"))
    }

    /// Whether the manifest says what is known now.
    fn is_written(&self) -> bool {
        let state = self.locked();
        let lacks_end = state.index.unfinished && self.ends_first_run();
        !state.is_ahead && state.doubtful.is_empty() && !lacks_end
    }

    /// Whether this is the run that began the manifest, and has seen everything.
    fn ends_first_run(&self) -> bool {
        self.listing.is_some() && self.finished.load(Ordering::Relaxed)
    }

    /// Replaces the manifest by what is known now; `last`: no file is being replaced just now.
    fn write(&self, last: bool, say: Option<&dyn Fn(&str)>, cancel: &Cancel) -> Result<()> {
        self.write_locked(&mut self.lock_writing(), last, say, &|| {}, cancel)
    }

    fn lock_writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_locked(
        &self,
        writing: &mut Writing,
        last: bool,
        say: Option<&dyn Fn(&str)>,
        has_session: &dyn Fn(),
        cancel: &Cancel,
    ) -> Result<()> {
        let begun = Instant::now();
        let mut text = {
            let mut state = self.locked();
            (state.is_ahead, state.meanwhile) = (true, Some(Vec::new()));
            let State { index, doubtful, settled, .. } = &mut *state;
            if last {
                // What was announced and not begun is as it was.
                doubtful.clear();
                index.unfinished &= !self.ends_first_run();
            }
            doubtful.retain(|path| !settled.contains(path));
            settled.clear();
            let is_doubtful = |path: &str| doubtful.contains(path);
            ManifestText::write(index, &is_doubtful, &self.place.journal.0)?
        };
        let digest = text.digest;
        let ahead = writing.ahead.take().filter(|_| last && digest.is_some());
        let ahead = ahead.filter(|ahead| ahead.digest == digest);
        let written = match ahead.map(|ahead| self.publish(ahead, cancel)) {
            Some(Ok(note)) => Ok(note),
            // A session that was lost meanwhile is no failure of the manifest.
            _ => self.upload_and_publish(&mut text, has_session, cancel),
        };
        let mut state = self.locked();
        let changes = state.meanwhile.take().unwrap_or_default();
        let note = written?;
        state.is_ahead = !changes.is_empty();
        let State { journal, .. } = &mut *state;
        if let Some(open) = journal
            && open.restart(digest, &[&*self.token], &changes).is_err()
        {
            *journal = None;
        }
        drop(state);
        *writing = Writing { last: Instant::now(), cost: begun.elapsed(), ahead: None };
        if let Some((note, say)) = note.zip(say)
            && !self.has_said.swap(true, Ordering::Relaxed)
        {
            say(&note);
        }
        Ok(())
    }

    /// Gives a manifest that was uploaded ahead its name. Returns what to tell the user.
    fn publish(&self, ahead: Ahead, cancel: &Cancel) -> Result<Option<String>> {
        let mut session = self.place.remote.pool().lease(cancel)?;
        self.keeper.check_by(&mut session, cancel)?;
        self.place.store.publish(&mut session).map(|()| ahead.note)
    }

    /// Replaces the manifest by a text. Returns what to tell the user.
    fn upload_and_publish(
        &self,
        text: &mut ManifestText,
        has_session: &dyn Fn(),
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        // Sending it may take long.
        let may_replace = |session: &mut Session| self.keeper.check_by(session, cancel);
        with_retry(
            self.place.retries.clone(),
            cancel,
            |_| {},
            |_| {
                self.keeper.check(cancel)?;
                let mut session = self.place.remote.pool().lease(cancel)?;
                has_session();
                self.place.store.write(&mut session, text, &may_replace, cancel)
            },
        )
    }

    /// Writes the manifest if that was long ago, unless another worker does.
    fn write_again(&self, cancel: &Cancel) -> Result<()> {
        let Ok(mut writing) = self.writing.try_lock() else { return Ok(()) };
        if self.place.dry_run {
            return Ok(());
        }
        if writing.last.elapsed() < WRITE_AGAIN.max(writing.cost * 20) {
            return Ok(());
        }
        self.write_locked(&mut writing, false, None, &|| {}, cancel)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a file is replaced or removed: from now on it is in doubt, and the manifest says so.
    fn begin_change(&self, path: &str, cancel: &Cancel) -> Result<()> {
        self.announcement.wait(cancel)?;
        self.keeper.check(cancel)?;
        let mut state = self.locked();
        let Some(ManifestEntry::File { content: Some(_), mode }) = state.index.get(path) else {
            return Ok(());
        };
        let doubt = ManifestEntry::File { content: None, mode };
        // The manifest says so already; where the journal has what was there since, it has to, too.
        let is_announced = state.doubtful.contains(path)
            && (!state.settled.remove(path) || state.doubt_in_journal(path, doubt));
        if !is_announced {
            drop(state);
            self.put_in_doubt(&[path.into()], || self.write(false, None, cancel))?;
            state = self.locked();
        }
        state.index.insert(path, doubt);
        Ok(())
    }

    /// Records what was done.
    fn record(&self, path: &str, entry: Option<ManifestEntry>, cancel: &Cancel) {
        if self.record_here(path, entry) {
            // The last write says whether it can be written.
            let _ = self.write_again(cancel);
        }
    }

    /// Records a file that begins to be there under a name that had nothing: in no manifest yet, but
    /// a run of this computer that goes on after a crash knows whose it is.
    fn record_begun(&self, path: &str) {
        if self.locked().index.get(path).is_none() {
            self.record_here(path, Some(ManifestEntry::File { content: None, mode: None }));
        }
    }

    /// Records something in the index and in the journal. Returns whether it is new.
    fn record_here(&self, path: &str, entry: Option<ManifestEntry>) -> bool {
        let mut state = self.locked();
        if state.index.get(path) == entry {
            return false;
        }
        state.index.record(path, entry);
        if state.doubtful.contains(path) {
            state.settled.insert(path.into());
        }
        let change = (path.to_owned(), entry);
        if let Some(journal) = &mut state.journal {
            journal.append(&change);
        }
        state.note_change(change);
        true
    }

    fn open_local(&self, path: &str) -> Result<File> {
        let entry = self.place.local.entry(path)?;
        let opened = self.place.local.open_file(&entry);
        opened.map_err(|error| Error::local_file(entry.path(), &error))
    }

    fn hash_local(
        &self,
        path: &str,
        cancel: &Cancel,
    ) -> Result<(super::entry::Content, FileIdentity)> {
        let shown = self.place.local.display_path(path);
        self.place.hashes.content_of(&mut self.open_local(path)?, &shown, cancel)
    }

    /// Whether a file that was listed is the local one, as far as size and time tell; the sizes are
    /// equal.
    fn is_same_by_time(&self, path: &str) -> Result<bool> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(there) = times.get(path).copied() else { return Ok(true) };
        drop(times);
        let metadata = self.open_local(path)?.metadata();
        let metadata = metadata.map_err(|error| Error::local_file(path, &error))?;
        let modified = std::os::unix::fs::MetadataExt::mtime(&metadata);
        let here = DateTime::from_timestamp(modified, 0).map(|time| time.naive_utc());
        Ok(here.is_none_or(|here| !Timestamp::exact(here).is_after(&there)))
    }

    /// Removes a file that a mirror has put there, if it is still what that mirror has put there.
    fn remove_file(&self, path: &str, cancel: &Cancel) -> Result<()> {
        let located = self.place.remote.locate(path)?;
        let left = |why: String| {
            Error::new(Kind::Incomplete, format!("{located}: not deleted: {why}"))
                .with_hint("`rm` deletes it, and the next mirror takes note of that")
        };
        let Some(entry) = self.locked().index.get(path) else {
            return Err(left("the manifest does not have it".to_owned()));
        };
        // What is seen now is to be what is deleted.
        self.announcement.wait(cancel)?;
        let mut session = self.place.remote.pool().lease(cancel)?;
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let root = self.place.remote.locate("")?;
        if let Some(there) = self.real.elsewhere(&mut session, &root, directory)? {
            return Err(left(format!("the directory that it was put into leads to {there} now")));
        }
        let size = match session.file_info(&located) {
            Ok(info) => info.size,
            Err(error) if error.has_reply_code(&[550, 501, 553]) => None,
            Err(error) if error.kind() == Kind::Refused && error.reply_code().is_none() => {
                return Err(left("it is no longer a file".to_owned()));
            }
            Err(error) => return Err(error),
        };
        if let Some((size, content)) = size.zip(entry.content())
            && size != content.size
        {
            let text = "it was changed there since a mirror has put it there";
            return Err(left(format!("{text} ({size} bytes, not {})", content.size)));
        }
        drop(session);
        // A retry has to know what it was: only now is it in doubt.
        self.begin_change(path, cancel)?;
        let mut session = self.place.remote.pool().lease(cancel)?;
        match session.remove_file(&located) {
            // It is not there, or may not be deleted.
            Err(error) if size.is_none() && error.has_reply_code(&[550]) => {}
            Err(error) => {
                if error.kind() == Kind::Refused {
                    self.keep(path, entry);
                }
                return Err(error);
            }
            Ok(()) => {}
        }
        drop(session);
        self.record(path, None, cancel);
        Ok(())
    }

    /// A file that was to be removed or renamed is still there, as it was.
    fn keep(&self, path: &str, entry: ManifestEntry) {
        self.locked().index.insert(path, entry);
    }
}
