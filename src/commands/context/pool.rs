//! The shell's session lent to a pool, for commands that need several, and taken back after them.

use std::sync::Arc;

use super::Context;
use super::connection::not_connected;
use crate::error::{Error, Kind, Result};
use crate::ftp::session::Session;
use crate::ftp::session::directory::directory_mismatch;
use crate::ftp::session_pool::SiteSessions;
use crate::target::Site;
use crate::tls::KnownGroup;

impl Context {
    /// A pool of sessions to the current site, with the shell's own one in it. Further ones are
    /// made with the same login, and only if the server shows the very same certificate.
    /// [`Context::end_pool`] gives the shell's session back.
    ///
    /// # Errors
    ///
    /// Those of a connection.
    pub fn begin_pool(&mut self) -> Result<Arc<SiteSessions>> {
        self.session()?;
        let site = self.connection.site.clone().ok_or_else(not_connected)?;
        let login = self.connection.login.clone().ok_or_else(not_connected)?;
        let mut options = self.session_config(&site)?;
        let mut session = self.connection.lend_session().ok_or_else(not_connected)?;
        session.set_prefetch(true);
        let (known, pinned) = (session.template(), session.certificate().to_vec());
        let is_lost = session.is_directory_unknown();
        options.tls.known_group = Some(KnownGroup { group: session.negotiated().group });
        let limit = self.connection_limit(&site);
        let permits = self.jobs.sessions().clone();
        let key = self.reuse_key(&site, &login.user);
        let idle = self.jobs.sessions().take_idle(&site.key(), &key);
        // They were made to a server that shows the same certificate as ours does now, and led to the
        // same directory.
        let alike = |other: &Session| {
            let same_home = other.check_login_directory(session.login_directory()).is_ok();
            other.certificate() == pinned && same_home && !is_lost
        };
        let (reusable, others): (Vec<_>, Vec<_>) = idle.into_iter().partition(alike);
        others.into_iter().for_each(Session::close_now);
        let audit = self.audit_of(&site.host, site.port);
        let connect = move || {
            if is_lost {
                return Err(directory_mismatch(
                    "another connection cannot be in the same directory",
                ));
            }
            // Without one, the pool does with what it has: the others belong to jobs.
            let permit = permits.try_permit(&site.key(), limit).ok_or_else(|| {
                let text = format!("{}: {limit} connections are open already", site.key());
                Error::new(Kind::Connect, text).with_hint("see net:connection-limit")
            })?;
            let login = login.login_request();
            let session = Session::connect(options.clone(), &mut |identity| {
                if identity.der == pinned {
                    return Ok(());
                }
                let text = "shows another certificate than on the first connection";
                Err(Error::new(Kind::CertChanged, format!("{}: {text}", site.key())))
            });
            audit.log_connect(session.as_ref().err());
            let mut session = session?;
            session.attach_permit(permit);
            session.set_prefetch(true);
            let logged_in = session.login_from_template(&known, &login);
            audit.log_login(login.user, logged_in.as_ref().err());
            logged_in.map(|()| session)
        };
        let pool = SiteSessions::new(limit, Box::new(connect));
        for mut session in reusable {
            session.set_prefetch(true);
            pool.adopt(session);
        }
        // The last one is the first to be used.
        pool.adopt(session);
        Ok(pool)
    }

    /// Does work with one transfer after the other if `many` is true: each one's data connection
    /// is then asked for with the end of the one before it.
    pub fn with_prefetch<T>(&mut self, many: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(session) = &mut self.connection.session {
            session.set_prefetch(many);
        }
        let done = work(self);
        if let Some(session) = &mut self.connection.session {
            session.set_prefetch(false);
            // If it is lost, the next command finds out.
            let _ = session.drain_pending();
        }
        done
    }

    /// Ends the sharing of sessions: one in the shell's directory becomes the shell's again, the
    /// others are kept idle. Where none is in that directory, the next command connects again.
    pub fn end_pool(&mut self, pool: &SiteSessions) {
        let before = self.connection.position();
        let login = self.connection.login.clone();
        let Some((site, login)) = self.connection.site.clone().zip(login) else { return };
        let mut sessions = pool.drain();
        sessions.retain(|session| session.failure().is_none());
        let is_ours = |session: &Session| {
            before.as_ref().is_some_and(|place| {
                *session.cwd() == place.directory && session.is_directory_unknown() == place.is_lost
            })
        };
        let ours = match self.connection.session {
            Some(_) => None,
            None => sessions.iter().rposition(is_ours).map(|index| sessions.swap_remove(index)),
        };
        let (key, idle) = (self.reuse_key(&site, &login.user), self.idle_timeout());
        let ours = self.jobs.sessions().take_back(&site.key(), &key, idle, ours, sessions);
        if ours.is_some() {
            self.connection.session = ours;
        }
    }

    /// What an idle session must have in common with one that would be made now.
    fn reuse_key(&self, site: &Site, user: &str) -> String {
        let settings = self.settings.changed().map(|item| (item.row.name, item.host, item.value));
        format!("{} {user} {:?}", site.key(), settings.collect::<Vec<_>>())
    }
}
