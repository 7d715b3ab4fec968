//! The connection of a shell: which site, which login, and the session while it lives.
//!
//! A session that has died or was idle too long is replaced without being asked for, with the
//! same checks, the same login and the same directory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::credentials::{Secret, Sources};
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

/// Who is logged in, for logging in again.
#[derive(Debug)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub secret: Secret,
    /// The account (ACCT), if the server wants one.
    pub account: Option<Secret>,
}

impl Credentials {
    /// What the server is shown of it.
    pub fn login_request(&self) -> session::LoginRequest<'_> {
        session::LoginRequest {
            user: &self.user,
            password: self.secret.expose(),
            account: self.account.as_ref().map(Secret::expose),
        }
    }
}

/// Site, login and session. See the module's text.
#[derive(Debug)]
pub struct Connection {
    /// Decides whether a server is trusted; jobs share it.
    pub(super) gate: Arc<Mutex<TrustChecker>>,
    /// Where passwords come from.
    pub sources: Sources,
    /// Where to.
    pub site: Option<Site>,
    /// As whom; `None` before the first login.
    pub login: Option<Arc<Credentials>>,
    /// Why the server is trusted.
    pub trusted: Option<String>,
    /// The certificate that was accepted.
    pub fingerprint: Option<Fingerprint>,
    /// Whether its certificate was checked or is remembered.
    pub verified: bool,
    /// Whether the server is trusted for this run only, because the user said so (`--insecure`,
    /// `once`).
    pub trusted_for_this_run: bool,
    /// The remote directory before the last `cd`.
    pub previous_directory: Option<RemotePath>,
    /// What `quote RNFR` has named, for the audit log.
    pub pending_rename: Option<String>,
    /// Who we are to proxies.
    pub(super) proxy_logins: ProxyLoginStore,
    /// Whether the server takes commands that come together.
    pub(super) ways: ServerQuirks,
    /// The client key's passphrase.
    pub(super) passphrases: Passphrases,
    pub(super) session: Option<Session>,
    /// Where the session was, while there is none.
    pub(super) place: Option<RemotePosition>,
}

/// Where a session is on the server, for the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemotePosition {
    /// The directory that the login led to.
    pub home: LoginDirectory,
    /// The current directory.
    pub directory: RemotePath,
    /// Whether the directory is unknown.
    pub is_lost: bool,
}

impl RemotePosition {
    /// Has a session that has just logged in go there.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when it is not certain that it is the same place.
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
    /// No connection yet.
    pub fn new(gate: TrustChecker, sources: Sources) -> Self {
        Self::with_shared_gate(Arc::new(Mutex::new(gate)), sources)
    }

    /// No connection yet, with the gate of another.
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
            place: None,
        }
    }

    /// A connection of its own to the same site, with the same gate and login, made when it is
    /// needed; it begins in the same directory.
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
            place: self.position(),
        }
    }

    /// Takes over the session of `other`, a connection to the same site, in this one's directory.
    pub fn adopt_session_of(&mut self, other: &mut Self) {
        self.login = other.login.take();
        let Some(mut session) = other.session.take() else { return };
        let there = match &self.place {
            Some(place) => place.restore_in(&mut session),
            None => session.return_to_directory(&session.login_directory().path.clone()),
        };
        if there.is_ok() {
            self.session = Some(session);
        } else {
            // The command that needs the connection will say why.
            session.close_gracefully();
        }
    }

    /// Locks the trust gate.
    pub fn trust_gate(&self) -> MutexGuard<'_, TrustChecker> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host connected to, for settings with a value of their own for it.
    pub fn host(&self) -> Option<&str> {
        self.site.as_ref().map(|site| site.host.as_str())
    }

    /// The session as it is, dead or alive.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The session, if it is alive, without asking it.
    pub fn live_session(&mut self) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.failure().is_none())
    }

    /// The remote directory, as far as known.
    pub fn remote_directory(&self) -> Option<&RemotePath> {
        let before = self.place.as_ref().map(|place| &place.directory);
        self.session.as_ref().map(Session::cwd).or(before)
    }

    /// Where the session is, or was.
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

    /// Gives a session back. One that was made meanwhile goes before it.
    pub fn return_session(&mut self, session: Session) {
        self.session.get_or_insert(session);
    }

    /// Closes the session. The site and the login stay for a reconnect.
    pub fn close(&mut self) {
        self.place = self.position();
        if let Some(session) = self.session.take() {
            session.close_gracefully();
        }
    }

    /// Forgets the site and the login as well.
    pub fn forget_site(&mut self) {
        self.close();
        self.site = None;
        self.login = None;
        self.place = None;
        self.previous_directory = None;
        self.trusted = None;
        self.fingerprint = None;
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(Kind::Usage, "not connected").with_hint("`open HOST`")
}
