//! The lock of a manifest while a mirror runs: signs of life, and whether it is still held.
//!
//! A mirror whose lock was taken over changes nothing more: before each change the lock has been
//! seen to be held not long ago, or it is looked at first. A lock is taken over when it has not been
//! renewed for five minutes. With a single session nothing can be said during a long transfer; then
//! the file that is being sent is the last one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::lock::{LockTimes, ManifestLock, Moment};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::session::Session;
use crate::ftp::session_pool::SiteSessions;

/// The lock of a running mirror.
#[derive(Debug)]
pub struct LockKeeper {
    pool: Arc<SiteSessions>,
    times: LockTimes,
    /// Otherwise there is none: only this computer has the manifest, or nothing is changed.
    is_needed: bool,
    /// `None` if it was given back or lost.
    lock: Mutex<Option<ManifestLock>>,
    /// When it was last seen to be held; `None` if that says nothing any more.
    seen: Mutex<Option<Moment>>,
    /// Why nothing may be changed any more.
    lost: OnceLock<Error>,
}

impl LockKeeper {
    /// Keeps this lock.
    pub fn new(pool: Arc<SiteSessions>, times: LockTimes, lock: Option<ManifestLock>) -> Self {
        let seen = Mutex::new(lock.as_ref().map(ManifestLock::seen));
        let is_needed = lock.is_some();
        Self { pool, times, is_needed, lock: Mutex::new(lock), seen, lost: OnceLock::new() }
    }

    /// Why nothing may be changed any more, if that is so.
    pub fn lost(&self) -> Option<&Error> {
        self.lost.get()
    }

    /// Says again and again that the mirror is alive, until `stop`.
    pub fn keep(&self, stop: &Cancel) {
        while self.is_needed && self.lost().is_none() && stop.sleep(self.times.beat).is_ok() {
            // What ends a session ends it for the next command, too, which says so.
            let _ = self.pool.lease(stop).and_then(|mut session| self.beat(&mut session, stop));
        }
    }

    /// Makes sure that nobody else has taken over the lock, where that may be: it was not seen for
    /// long, because the connection was lost, or busy, or this computer has slept.
    ///
    /// # Errors
    ///
    /// It is lost; what ended the session.
    pub fn check(&self, cancel: &Cancel) -> Result<()> {
        match self.is_certain()? {
            true => Ok(()),
            false => self.check_by(&mut *self.pool.lease(cancel)?, cancel),
        }
    }

    /// [`LockKeeper::check`] with a session that is leased already.
    ///
    /// # Errors
    ///
    /// As those.
    pub fn check_by(&self, session: &mut Session, cancel: &Cancel) -> Result<()> {
        if self.is_certain()? { Ok(()) } else { self.beat(session, cancel) }
    }

    /// Lets nothing be changed any more, for another reason.
    pub fn forbid(&self, why: Error) {
        let _ = self.lost.set(why);
    }

    /// Whoever lost a connection cannot know for how long.
    pub fn note_lost_connection(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Gives the lock back, if it is held.
    ///
    /// # Errors
    ///
    /// It could not be removed.
    pub fn release(&self, cancel: &Cancel) -> Result<()> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        lock.map_or(Ok(()), |lock| lock.release(&mut *self.pool.lease(cancel)?))
    }

    fn is_certain(&self) -> Result<bool> {
        if let Some(lost) = self.lost() {
            return Err(lost.clone());
        }
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(!self.is_needed || seen.is_some_and(|seen| seen.elapsed() < 2 * self.times.beat))
    }

    fn beat(&self, session: &mut Session, cancel: &Cancel) -> Result<()> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lock) = &mut *held else { return self.lost().cloned().map_or(Ok(()), Err) };
        let said = lock.beat(session, cancel);
        match &said {
            Ok(()) => {
                let seen = lock.seen();
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
            }
            Err(error) if error.kind() == Kind::Incomplete => {
                let _ = self.lost.set(error.clone());
                *held = None;
            }
            Err(_) => {}
        }
        said
    }
}
