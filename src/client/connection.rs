//! The connection of a client: the site, the login, and the session while it is alive.
//!
//! A session that died or was idle for too long is replaced automatically, with the same checks,
//! the same login and the same directory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::credentials::{Origin, Secret, Sources};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::directory::{LoginDirectory, directory_mismatch};
use crate::ftp::session::quirks::ServerQuirks;
use crate::ftp::session::{self, Session};
use crate::target::Site;
use crate::trust::checker::TrustChecker;
use crate::trust::fingerprint::Fingerprint;

use super::passphrase::Passphrases;
use super::session_config::ProxyLoginStore;

/// The login, kept for reconnects.
#[derive(Debug)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub secret: Secret,
    /// The account (ACCT), if the server requires one.
    pub account: Option<Secret>,
    /// Where the password is from.
    pub from: Origin,
}

impl Credentials {
    /// The login as sent to the server.
    pub fn login_request(&self) -> session::LoginRequest<'_> {
        session::LoginRequest {
            user: &self.user,
            password: self.secret.expose(),
            account: self.account.as_ref().map(Secret::expose),
        }
    }
}

/// Site, login and session.
#[derive(Debug)]
pub struct Connection {
    /// Decides whether a server is trusted; jobs share it.
    pub(super) gate: Arc<Mutex<TrustChecker>>,
    /// The sources of passwords.
    pub sources: Sources,
    /// The site.
    pub site: Option<Site>,
    /// The login; `None` before the first one.
    pub login: Option<Arc<Credentials>>,
    /// Why the server is trusted.
    pub trusted: Option<String>,
    /// The accepted certificate.
    pub fingerprint: Option<Fingerprint>,
    /// Whether its certificate was verified or remembered.
    pub verified: bool,
    /// Whether the server is trusted for this run only (`--insecure`, `once`).
    pub trusted_for_this_run: bool,
    /// The remote directory before the last `cd`.
    pub previous_directory: Option<RemotePath>,
    /// The argument of `quote RNFR`, for the audit log.
    pub pending_rename: Option<String>,
    /// The logins for proxies.
    pub(super) proxy_logins: ProxyLoginStore,
    /// The server's quirks, such as dropping pipelined commands.
    pub(super) ways: ServerQuirks,
    /// The client key's passphrase.
    pub(super) passphrases: Passphrases,
    pub(super) session: Option<Session>,
    /// A connection without a login yet, and since when it waits for one.
    pub(super) greeted: Option<(Session, Instant)>,
    /// The directory to enter after the first login.
    pub(super) start_directory: Option<RemotePath>,
    /// The remote position to restore when there is no session.
    pub(super) place: Option<RemotePosition>,
}

/// The remote directory of a session, to restore it in the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemotePosition {
    /// The directory after the login.
    pub home: LoginDirectory,
    /// The current directory.
    pub directory: RemotePath,
    /// Whether the directory is unknown.
    pub is_lost: bool,
}

impl RemotePosition {
    /// Changes to this directory in a session that has just logged in.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] if it is not certain that it is the same directory.
    pub fn restore_in(&self, session: &mut Session) -> Result<()> {
        if self.is_lost {
            return Err(directory_mismatch(
                "the server did not say which directory the session was in",
            ));
        }
        session.check_login_directory(&self.home)?;
        session.return_to_directory(&self.directory)
    }
}

impl Connection {
    /// A connection that is not open yet.
    pub fn new(gate: TrustChecker, sources: Sources) -> Self {
        Self::with_shared_gate(Arc::new(Mutex::new(gate)), sources)
    }

    /// The same, with the trust gate of another connection.
    pub(super) fn with_shared_gate(gate: Arc<Mutex<TrustChecker>>, sources: Sources) -> Self {
        Self {
            gate,
            sources,
            site: None,
            login: None,
            trusted: None,
            fingerprint: None,
            verified: false,
            trusted_for_this_run: false,
            previous_directory: None,
            pending_rename: None,
            proxy_logins: ProxyLoginStore::default(),
            ways: ServerQuirks::default(),
            passphrases: Passphrases::default(),
            session: None,
            greeted: None,
            start_directory: None,
            place: None,
        }
    }

    /// Another connection to the same site, with the same gate and login, opened on demand; it
    /// starts in the same directory.
    pub(super) fn fork_for_job(&self) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            sources: self.sources.clone(),
            site: self.site.clone(),
            login: self.login.clone(),
            trusted: self.trusted.clone(),
            fingerprint: self.fingerprint,
            verified: self.verified,
            trusted_for_this_run: self.trusted_for_this_run,
            previous_directory: self.previous_directory.clone(),
            pending_rename: None,
            proxy_logins: self.proxy_logins.clone(),
            ways: self.ways.clone(),
            passphrases: self.passphrases.clone(),
            session: None,
            greeted: None,
            start_directory: self.start_directory.clone(),
            place: self.position(),
        }
    }

    /// Takes over the session of `other`, to the same site, and restores this one's directory.
    pub fn adopt_session_of(&mut self, other: &mut Self) {
        self.login = other.login.take();
        let Some(mut session) = other.session.take() else { return };
        let there = match &self.place {
            Some(place) => place.restore_in(&mut session),
            None => session.return_to_directory(&session.login_directory().path.clone()),
        };
        let there = there.and_then(|()| match &self.start_directory {
            Some(start) => session.change_directory(start),
            None => Ok(()),
        });
        if there.is_ok() {
            self.start_directory = None;
            self.session = Some(session);
        } else {
            // The command that needs the connection will report the error.
            session.close_gracefully();
        }
    }

    /// Locks the trust gate.
    pub fn trust_gate(&self) -> MutexGuard<'_, TrustChecker> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current host, for per-host settings.
    pub fn host(&self) -> Option<&str> {
        self.site.as_ref().map(|site| site.host.as_str())
    }

    /// The session, dead or alive.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The session if it is alive, without a query to the server.
    pub fn live_session(&mut self) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.failure().is_none())
    }

    /// The remote directory, if known.
    pub fn remote_directory(&self) -> Option<&RemotePath> {
        let before = self.place.as_ref().map(|place| &place.directory);
        self.session.as_ref().map(Session::cwd).or(before)
    }

    /// The current or last remote position.
    pub(super) fn position(&self) -> Option<RemotePosition> {
        let now = self.session.as_ref().map(|session| RemotePosition {
            home: session.login_directory().clone(),
            directory: session.cwd().clone(),
            is_lost: session.is_directory_unknown(),
        });
        now.or_else(|| self.place.clone())
    }

    /// Lends the session, if it is alive, to a caller that returns it with
    /// [`Connection::return_session`].
    pub fn lend_session(&mut self) -> Option<Session> {
        self.live_session()?;
        self.place = self.position();
        self.session.take()
    }

    /// Returns a session. One that was opened meanwhile takes precedence.
    pub fn return_session(&mut self, session: Session) {
        self.session.get_or_insert(session);
    }

    /// Closes the session. Site and login are kept for a reconnect.
    pub fn close(&mut self) {
        self.place = self.position();
        let greeted = self.greeted.take().map(|(session, _)| session);
        for session in self.session.take().into_iter().chain(greeted) {
            session.close_gracefully();
        }
    }

    /// A connection that is not open yet, with what this one has for every site.
    pub(super) fn without_site(&self) -> Self {
        Self {
            proxy_logins: self.proxy_logins.clone(),
            passphrases: self.passphrases.clone(),
            ..Self::with_shared_gate(Arc::clone(&self.gate), self.sources.clone())
        }
    }

    /// Whether there is a connection without a login.
    pub fn waits_for_login(&self) -> bool {
        self.greeted.is_some()
    }

    /// Takes the connection that waits for a login, unless it has waited for longer than `most`.
    pub(super) fn take_greeted(&mut self, most: Duration) -> Option<Session> {
        let (session, since) = self.greeted.take()?;
        if since.elapsed() <= most {
            return Some(session);
        }
        session.close_gracefully();
        None
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(Kind::Usage, "not connected").with_hint("`open HOST`")
}
