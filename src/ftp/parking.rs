//! Logged-in sessions that nobody uses, kept for whoever needs several next.
//!
//! They are parked under a key that says what they are good for; whoever takes one checks that it
//! still lives. Each is closed when it was idle for too long, or when another connection to its
//! site is wanted and there may be no more of them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::session::Session;

/// The parked sessions of a program. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Parking(Arc<Lot>);

#[derive(Debug, Default)]
struct Lot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    parked: Vec<Parked>,
    /// A thread closes what is idle for too long.
    watched: bool,
}

#[derive(Debug)]
struct Parked {
    site: String,
    key: String,
    session: Session,
    until: Instant,
}

impl Parking {
    /// Keeps a session to `site` for those who ask by the same `key`, for `idle`.
    pub fn park(&self, site: &str, key: &str, session: Session, idle: Duration) {
        let mut state = self.0.lock();
        let until = Instant::now() + idle;
        state.parked.push(Parked { site: site.to_owned(), key: key.to_owned(), session, until });
        if !state.watched {
            let lot = Arc::downgrade(&self.0);
            let watch = thread::Builder::new().name("idle sessions".to_owned());
            // Without it they live until they are taken or dismissed.
            state.watched = watch.spawn(move || watch_over(&lot)).is_ok();
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// All that is parked under a key, as far as nothing was heard of it since. What is parked for
    /// this site under another key is closed: it was made with other settings, or for another
    /// user.
    pub fn take(&self, site: &str, key: &str) -> Vec<Session> {
        let (mine, others) =
            self.pull(|parked| parked.site == site).into_iter().partition::<Vec<_>, _>(|parked| {
                parked.key == key && !parked.session.has_unread_input()
            });
        close(others);
        mine.into_iter().map(|parked| parked.session).collect()
    }

    /// Closes one session to a site, to make room for another; whether there was one.
    pub fn make_room(&self, site: &str) -> bool {
        let mut one = true;
        let pulled = self.pull(|parked| parked.site == site && std::mem::take(&mut one));
        let found = !pulled.is_empty();
        // The server has to know before the next one comes.
        pulled.into_iter().for_each(|parked| parked.session.close_gracefully());
        found
    }

    /// Closes all sessions to a site.
    pub fn dismiss(&self, site: &str) {
        close(self.pull(|parked| parked.site == site));
    }

    /// Closes all of them.
    pub fn clear(&self) {
        close(self.pull(|_| true));
    }

    fn pull(&self, mut which: impl FnMut(&Parked) -> bool) -> Vec<Parked> {
        self.0.lock().parked.extract_if(.., |parked| which(parked)).collect()
    }
}

impl Lot {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes sessions when their time is over, until none is left.
fn watch_over(lot: &Weak<Lot>) {
    while let Some(lot) = lot.upgrade() {
        let mut state = lot.lock();
        let now = Instant::now();
        let over = state.parked.extract_if(.., |parked| parked.until <= now).collect();
        let Some(next) = state.parked.iter().map(|parked| parked.until).min() else {
            state.watched = false;
            drop(state);
            return close(over);
        };
        let waited = lot.changed.wait_timeout(state, next.saturating_duration_since(now));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        close(over);
    }
}

fn close(sessions: Vec<Parked>) {
    sessions.into_iter().for_each(|parked| parked.session.close_now());
}
