//! The control connections of the program, by site: permits, idle sessions, and leased sessions.
//!
//! The shell, its jobs and its transfers hold a [`Permit`] for each session, so that they share one
//! limit. An idle session is kept for a while and reused by the next caller with the same site and
//! key. [`SiteSessions`] leases sessions to the workers of one command. The caller makes the
//! sessions.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::session::Session;
use super::session::permit::Permit;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::threads;

/// How often a wait for a permit checks the cancel flag.
const PERMIT_POLL: Duration = Duration::from_millis(50);

/// How often a wait for a session checks the cancel flag.
const LEASE_POLL: Duration = Duration::from_millis(100);

/// All sessions of the program. Clones are cheap and share the pool.
#[derive(Debug, Clone, Default)]
pub struct SessionPool(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    permit_returned: Condvar,
    idle_changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    permits: HashMap<String, PermitCount>,
    idle: Vec<IdleSession>,
    /// Whether the thread that closes expired idle sessions is running.
    has_reaper: bool,
}

#[derive(Debug, Default)]
struct PermitCount {
    used: usize,
    waiting: usize,
}

#[derive(Debug)]
struct IdleSession {
    site: String,
    key: String,
    session: Session,
    until: Instant,
}

impl SessionPool {
    /// Returns a permit if fewer than `limit` (at least one) are in use. At the limit it closes an
    /// idle session to the site, if there is one.
    pub fn try_permit(&self, site: &str, limit: usize) -> Option<Permit> {
        self.free_permit(site, limit)
            .or_else(|| self.close_one_idle(site).then(|| self.free_permit(site, limit)).flatten())
    }

    /// Waits for a permit. `on_wait` is called once if none is available immediately.
    pub fn wait_for_permit(
        &self,
        site: &str,
        limit: usize,
        cancel: &Cancel,
        on_wait: impl FnOnce(),
    ) -> Result<Permit> {
        if let Some(permit) = self.try_permit(site, limit) {
            return Ok(permit);
        }
        on_wait();
        self.count_waiting(site, |waiting| waiting + 1);
        let result = loop {
            if let Err(error) = cancel.check() {
                break Err(error);
            }
            if let Some(permit) = self.free_permit(site, limit) {
                break Ok(permit);
            }
            let waited = self.0.permit_returned.wait_timeout(self.0.lock_state(), PERMIT_POLL);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        };
        self.count_waiting(site, |waiting| waiting - 1);
        result
    }

    /// Whether a caller waits for a permit of this site.
    pub fn is_wanted(&self, site: &str) -> bool {
        self.0.lock_state().permits.get(site).is_some_and(|count| count.waiting > 0)
    }

    /// Takes all idle sessions of a site and key that have no unread input. Those with another key
    /// are closed: they were made with other settings, or for another user.
    pub fn take_idle(&self, site: &str, key: &str) -> Vec<Session> {
        let (usable, others) = self
            .remove_idle(|idle| idle.site == site)
            .into_iter()
            .partition::<Vec<_>, _>(|idle| idle.key == key && !idle.session.has_unread_input());
        close_all(others);
        usable.into_iter().map(|idle| idle.session).collect()
    }

    /// Takes sessions back after transfers and reads their outstanding replies. `own` is returned;
    /// the others are kept for `idle_time`, or closed if a caller waits for a permit.
    pub fn take_back(
        &self,
        site: &str,
        key: &str,
        idle_time: Duration,
        own: Option<Session>,
        others: Vec<Session>,
    ) -> Option<Session> {
        let drained = |mut session: Session| {
            session.set_prefetch(false);
            session.drain_pending().is_ok().then_some(session)
        };
        thread::scope(|scope| {
            for session in others {
                // A session is closed if no thread can be started for it.
                let _ = threads::start_scoped(scope, "sessions", || {
                    if self.is_wanted(site) {
                        session.close_gracefully();
                    } else if let Some(session) = drained(session) {
                        self.keep_idle(site, key, session, idle_time);
                    }
                });
            }
            own.and_then(drained)
        })
    }

    /// Closes all idle sessions to a site.
    pub fn close_idle(&self, site: &str) {
        close_all(self.remove_idle(|idle| idle.site == site));
    }

    /// Closes all idle sessions.
    pub fn close_all_idle(&self) {
        close_all(self.remove_idle(|_| true));
    }

    fn free_permit(&self, site: &str, limit: usize) -> Option<Permit> {
        let mut state = self.0.lock_state();
        let count = state.permits.entry(site.to_owned()).or_default();
        (count.used < limit.max(1)).then(|| {
            count.used += 1;
            // Weak: the pool's idle sessions hold permits.
            let (shared, site) = (Arc::downgrade(&self.0), site.to_owned());
            Permit::new(move || shared.upgrade().iter().for_each(|shared| shared.give_back(&site)))
        })
    }

    fn count_waiting(&self, site: &str, change: impl FnOnce(usize) -> usize) {
        let mut state = self.0.lock_state();
        let count = state.permits.entry(site.to_owned()).or_default();
        count.waiting = change(count.waiting);
    }

    fn keep_idle(&self, site: &str, key: &str, session: Session, idle_time: Duration) {
        let mut state = self.0.lock_state();
        let until = Instant::now() + idle_time;
        state.idle.push(IdleSession { site: site.to_owned(), key: key.to_owned(), session, until });
        if !state.has_reaper {
            let shared = Arc::downgrade(&self.0);
            let reaper = thread::Builder::new().name("idle sessions".to_owned());
            // Without it, sessions stay open until they are taken or closed.
            state.has_reaper = reaper.spawn(move || close_expired(&shared)).is_ok();
        }
        drop(state);
        self.0.idle_changed.notify_all();
    }

    /// Closes one idle session to a site; returns whether there was one.
    fn close_one_idle(&self, site: &str) -> bool {
        let mut is_first = true;
        let removed = self.remove_idle(|idle| idle.site == site && std::mem::take(&mut is_first));
        let found = !removed.is_empty();
        // The server must close it before the next connection arrives.
        removed.into_iter().for_each(|idle| idle.session.close_gracefully());
        found
    }

    fn remove_idle(&self, mut which: impl FnMut(&IdleSession) -> bool) -> Vec<IdleSession> {
        self.0.lock_state().idle.extract_if(.., |idle| which(idle)).collect()
    }
}

impl Shared {
    /// Called when a permit is dropped.
    fn give_back(&self, site: &str) {
        if let Some(count) = self.lock_state().permits.get_mut(site) {
            count.used -= 1;
        }
        self.permit_returned.notify_all();
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes expired idle sessions until none is left.
fn close_expired(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        let mut state = shared.lock_state();
        let now = Instant::now();
        let expired = state.idle.extract_if(.., |idle| idle.until <= now).collect();
        let Some(next) = state.idle.iter().map(|idle| idle.until).min() else {
            state.has_reaper = false;
            drop(state);
            return close_all(expired);
        };
        let waited = shared.idle_changed.wait_timeout(state, next.saturating_duration_since(now));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        close_all(expired);
    }
}

fn close_all(sessions: Vec<IdleSession>) {
    sessions.into_iter().for_each(|idle| idle.session.close_now());
}

/// Makes one more logged-in session.
pub type Connect = Box<dyn Fn() -> Result<Session> + Send + Sync>;

/// The sessions to one site that the workers of a command share: up to a limit, each with its own
/// TLS state.
///
/// A server that reports "too many connections" lowers the limit for the rest of the command: the
/// caller then waits for a session to be returned. A dead session is not put back.
pub struct SiteSessions {
    connect: Connect,
    loans: Mutex<Loans>,
    returned: Condvar,
}

#[derive(Debug)]
struct Loans {
    idle: Vec<Session>,
    /// Sessions that are open or being opened.
    open: usize,
    limit: usize,
}

impl std::fmt::Debug for SiteSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteSessions").field("loans", &self.loans).finish_non_exhaustive()
    }
}

impl SiteSessions {
    /// At most `limit` sessions (at least one), made by `connect`.
    pub fn new(limit: usize, connect: Connect) -> Arc<Self> {
        let loans = Loans { idle: Vec::new(), open: 0, limit: limit.max(1) };
        Arc::new(Self { connect, loans: Mutex::new(loans), returned: Condvar::new() })
    }

    /// Adds an existing session.
    pub fn adopt(&self, session: Session) {
        let mut state = self.lock_loans();
        state.open += 1;
        state.idle.push(session);
        self.returned.notify_one();
    }

    /// Removes the sessions that are not leased.
    pub fn drain(&self) -> Vec<Session> {
        let mut state = self.lock_loans();
        state.open -= state.idle.len();
        std::mem::take(&mut state.idle)
    }

    /// Asks an idle session for a sign of life, so that the server keeps it, and closes the others.
    pub fn keep_one_alive(&self) {
        let mut is_kept = false;
        for mut session in self.drain() {
            session.check_alive();
            if is_kept || session.failure().is_some() {
                session.close_gracefully();
            } else {
                is_kept = true;
                self.adopt(session);
            }
        }
    }

    /// The current limit.
    pub fn limit(&self) -> usize {
        self.lock_loans().limit
    }

    /// Leases a session: an idle one, a new one, or the next one returned.
    pub fn lease(self: &Arc<Self>, cancel: &Cancel) -> Result<Lease> {
        let mut state = self.lock_loans();
        loop {
            cancel.check()?;
            while let Some(mut session) = state.idle.pop() {
                drop(state);
                session.check_alive();
                if session.failure().is_none() {
                    return Ok(Lease { pool: Arc::clone(self), session: Some(session) });
                }
                state = self.lock_loans();
                state.open -= 1;
            }
            if state.open < state.limit {
                state.open += 1;
                drop(state);
                match (self.connect)() {
                    Ok(session) => {
                        return Ok(Lease { pool: Arc::clone(self), session: Some(session) });
                    }
                    Err(error) => state = self.reduce_limit(error)?,
                }
                continue;
            }
            let waited = self.returned.wait_timeout(state, LEASE_POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Connects one more session in advance, unless one is idle or the limit is reached. A failure
    /// is reported to the next caller that needs a session.
    pub fn connect_ahead(&self) {
        let mut state = self.lock_loans();
        if !state.idle.is_empty() || state.open >= state.limit {
            return;
        }
        state.open += 1;
        drop(state);
        match (self.connect)() {
            Ok(session) => {
                session.dial_ahead();
                self.lock_loans().idle.push(session);
                self.returned.notify_one();
            }
            Err(error) => drop(self.reduce_limit(error)),
        }
    }

    /// After a refused connection: if it was one too many, lowers the limit to the open sessions.
    fn reduce_limit(&self, error: Error) -> Result<MutexGuard<'_, Loans>> {
        let mut state = self.lock_loans();
        state.open -= 1;
        if state.open == 0 || !is_one_too_many(&error) {
            return Err(error);
        }
        state.limit = state.limit.min(state.open);
        Ok(state)
    }

    fn lock_loans(&self) -> MutexGuard<'_, Loans> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 421 and 530 at a login that has succeeded before with the same credentials mean "too many", as
/// does a connection that is refused or closed at once while others are open.
fn is_one_too_many(error: &Error) -> bool {
    matches!(error.kind(), Kind::Connect | Kind::Login)
}

/// A leased session. Returned on drop, if it is still alive. One for which the server had no port
/// left is closed, as long as there are others, and the limit lowered.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<SiteSessions>,
    session: Option<Session>,
}

impl Deref for Lease {
    type Target = Session;

    #[allow(clippy::expect_used)]
    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease holds its session until it is dropped")
    }
}

impl DerefMut for Lease {
    #[allow(clippy::expect_used)]
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease holds its session until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.pool.lock_loans();
        let mut surplus = None;
        match self.session.take().filter(|session| session.failure().is_none()) {
            Some(session) if session.is_one_too_many && state.open > 1 => {
                state.open -= 1;
                state.limit = state.limit.min(state.open);
                surplus = Some(session);
            }
            Some(session) => state.idle.push(session),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.returned.notify_one();
        if let Some(session) = surplus {
            session.close_gracefully();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Reason;
    use crate::error::Kind;

    #[test]
    fn there_are_no_more_permits_than_the_limit_of_each_site() {
        let pool = SessionPool::default();
        let first = pool.try_permit("a", 2).unwrap();
        let _second = pool.try_permit("a", 2).unwrap();
        assert!(pool.try_permit("a", 2).is_none());
        assert!(pool.try_permit("b", 2).is_some());
        drop(first);
        assert!(pool.try_permit("a", 2).is_some());
        assert!(SessionPool::default().try_permit("a", 0).is_some());
    }

    #[test]
    fn whoever_waits_gets_the_permit_that_comes_back_and_can_be_interrupted() {
        let pool = SessionPool::default();
        let permit = pool.try_permit("a", 1).unwrap();
        let waiter = std::thread::spawn({
            let pool = pool.clone();
            move || pool.wait_for_permit("a", 1, &Cancel::new(), || {}).is_ok()
        });
        while !pool.is_wanted("a") {
            std::thread::yield_now();
        }
        drop(permit);
        assert!(waiter.join().unwrap());
        let _permit = pool.try_permit("a", 1).unwrap();
        let cancel = Cancel::new();
        cancel.request(Reason::Interrupted);
        let error = pool.wait_for_permit("a", 1, &cancel, || {}).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
        assert!(!pool.is_wanted("a"));
    }
}
