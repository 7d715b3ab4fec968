//! The shell's session lent to a pool, for commands that need several, and taken back after them.

use std::sync::Arc;

use super::Context;
use super::connection::not_connected;
use crate::credentials::Secret;
use crate::error::{Error, Kind, Result};
use crate::ftp::pool::Pool;
use crate::ftp::session::Session;

impl Context {
    /// A pool of sessions to the current site, with the shell's own one in it. Further ones are
    /// made with the same login, and only if the server shows the very same certificate.
    /// [`Context::end_pool`] gives the shell's session back.
    ///
    /// # Errors
    ///
    /// Those of a connection.
    pub fn begin_pool(&mut self) -> Result<Arc<Pool>> {
        self.session()?;
        let site = self.connection.site.clone().ok_or_else(not_connected)?;
        let login = self.connection.login.clone().ok_or_else(not_connected)?;
        let options = self.session_options(&site)?;
        let mut session = self.connection.session.take().ok_or_else(not_connected)?;
        session.set_busy(true);
        self.connection.directory = Some(session.cwd().clone());
        let (known, pinned) = (session.known(), session.certificate().to_vec());
        let limit = self.connection_limit(&site);
        let slots = self.jobs.slots().clone();
        let audit = self.audit_of(&site.host, site.port);
        let connect = move || {
            // Without one, the pool does with what it has: the others belong to jobs.
            let slot = slots.try_take(&site.key(), limit).ok_or_else(|| {
                let text = format!("{}: {limit} connections are open already", site.key());
                Error::new(Kind::Connect, text).with_hint("see net:connection-limit")
            })?;
            let (user, secret) = (&login.user, login.secret.expose());
            let session = Session::connect_like(options.clone(), user, secret, &mut |identity| {
                if identity.der == pinned {
                    return Ok(());
                }
                let text = "shows another certificate than on the first connection";
                Err(Error::new(Kind::CertChanged, format!("{}: {text}", site.key())))
            });
            audit.connect(session.as_ref().err());
            let mut session = session?;
            session.hold(slot);
            session.set_busy(true);
            let account = login.account.as_ref().map(Secret::expose);
            let logged_in = session.login_like(&known, user, secret, account);
            audit.login(user, logged_in.as_ref().err());
            logged_in.map(|()| session)
        };
        let pool = Pool::new(limit, Box::new(connect));
        pool.adopt(session);
        Ok(pool)
    }

    /// Does work with one transfer after the other if `many` is true: each one's data connection
    /// is then asked for with the end of the one before it.
    pub fn in_a_row<T>(&mut self, many: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(session) = &mut self.connection.session {
            session.set_busy(many);
        }
        let done = work(self);
        if let Some(session) = &mut self.connection.session {
            session.set_busy(false);
            // If it is lost, the next command finds out.
            let _ = session.settle();
        }
        done
    }

    /// Takes a session out of the pool for the shell, and says goodbye to the others. The shell's
    /// is one in the shell's directory; where none is, the next command connects again.
    pub fn end_pool(&mut self, pool: &Pool) {
        let directory = self.connection.directory.clone();
        // Each goodbye waits for its answer.
        std::thread::scope(|scope| {
            for mut session in pool.drain().into_iter().filter(|session| session.death().is_none())
            {
                let is_ours = Some(session.cwd()) == directory.as_ref();
                if self.connection.session.is_none() && is_ours {
                    session.set_busy(false);
                    if session.settle().is_ok() {
                        self.connection.session = Some(session);
                    }
                } else {
                    scope.spawn(|| session.quit());
                }
            }
        });
    }
}
