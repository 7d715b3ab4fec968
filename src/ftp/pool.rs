//! Sessions to one site, shared by workers: up to a limit, kept warm, each with its own TLS.
//!
//! A server that says "too many connections" lowers the limit for the rest of the run: whoever
//! wanted the connection waits for one that comes back. A session that died is not put back.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::session::Session;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};

/// Makes one more logged-in session.
pub type Connect = Box<dyn Fn() -> Result<Session> + Send + Sync>;

/// How often a wait for a session looks at the cancel flag.
const TICK: Duration = Duration::from_millis(100);

/// Sessions to one site.
pub struct Pool {
    connect: Connect,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Session>,
    /// Sessions that exist or are being made.
    open: usize,
    limit: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool of at most `limit` sessions (at least one).
    pub fn new(limit: usize, connect: Connect) -> Arc<Self> {
        let state = State { idle: Vec::new(), open: 0, limit: limit.max(1) };
        Arc::new(Self { connect, state: Mutex::new(state), returned: Condvar::new() })
    }

    /// Puts a session into the pool that was made elsewhere.
    pub fn adopt(&self, session: Session) {
        let mut state = self.state();
        state.open += 1;
        state.idle.push(session);
        self.returned.notify_one();
    }

    /// Takes the sessions that nobody uses out of the pool.
    pub fn drain(&self) -> Vec<Session> {
        let mut state = self.state();
        state.open -= state.idle.len();
        std::mem::take(&mut state.idle)
    }

    /// How many sessions there may be now.
    pub fn limit(&self) -> usize {
        self.state().limit
    }

    /// A session for the caller alone: an idle one, a new one, or one that comes back.
    ///
    /// # Errors
    ///
    /// Those of a new connection, unless others exist that can be waited for; Ctrl-C.
    pub fn lease(self: &Arc<Self>, cancel: &Cancel) -> Result<Lease> {
        let mut state = self.state();
        loop {
            cancel.check()?;
            while let Some(mut session) = state.idle.pop() {
                drop(state);
                session.check_alive();
                if session.failure().is_none() {
                    return Ok(Lease { pool: Arc::clone(self), session: Some(session) });
                }
                state = self.state();
                state.open -= 1;
            }
            if state.open < state.limit {
                state.open += 1;
                drop(state);
                match (self.connect)() {
                    Ok(session) => {
                        return Ok(Lease { pool: Arc::clone(self), session: Some(session) });
                    }
                    Err(error) => state = self.not_one_more(error)?,
                }
                continue;
            }
            let waited = self.returned.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes one more session ahead of the need, unless one is idle or there are enough. Failures
    /// are left to whoever needs it.
    pub fn warm(&self) {
        let mut state = self.state();
        if !state.idle.is_empty() || state.open >= state.limit {
            return;
        }
        state.open += 1;
        drop(state);
        match (self.connect)() {
            Ok(session) => {
                self.state().idle.push(session);
                self.returned.notify_one();
            }
            Err(error) => drop(self.not_one_more(error)),
        }
    }

    /// A connection was refused: if it was one too many, do with those that are there.
    fn not_one_more(&self, error: Error) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.open -= 1;
        if state.open == 0 || !is_one_too_many(&error) {
            return Err(error);
        }
        state.limit = state.limit.min(state.open);
        Ok(state)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 421 and 530 at a login that has worked before with the same credentials mean "too many", as
/// do a connection that is refused or closed at once while others stand.
fn is_one_too_many(error: &Error) -> bool {
    matches!(error.kind(), Kind::Connect | Kind::Login)
}

/// A session on loan. Dropped, it goes back to the pool if it is still alive.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
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
        let mut state = self.pool.state();
        match self.session.take() {
            Some(session) if session.failure().is_none() => state.idle.push(session),
            _ => state.open -= 1,
        }
        self.pool.returned.notify_one();
    }
}
