//! The connection of a shell: which site, which login, and the session while it lives.
//!
//! A session that has died or was idle too long is replaced without being asked for, with the
//! same checks, the same login and the same directory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::credentials::{Secret, Sources};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::directory::{LoginDirectory, directory_mismatch};
use crate::ftp::session::quirks::ServerQuirks;
use crate::ftp::session::{self, Session};
use crate::target::Site;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::gate::Gate;

use super::Context;
use super::dialer::ProxyLogins;
use super::passphrase::Passphrases;

/// Who is logged in, for logging in again.
#[derive(Debug)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password.
    pub secret: Secret,
    /// The account (ACCT), if the server wants one.
    pub account: Option<Secret>,
}

impl Login {
    /// What the server is shown of it.
    pub fn shown(&self) -> session::LoginRequest<'_> {
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
    pub(super) gate: Arc<Mutex<Gate>>,
    /// Where passwords come from.
    pub sources: Sources,
    /// Where to.
    pub site: Option<Site>,
    /// As whom; `None` before the first login.
    pub login: Option<Arc<Login>>,
    /// Why the server is trusted.
    pub trusted: Option<String>,
    /// The certificate that was accepted.
    pub fingerprint: Option<Fingerprint>,
    /// Whether its certificate was checked or is remembered.
    pub verified: bool,
    /// Whether the server is trusted for this run only, because the user said so (`--insecure`,
    /// `once`).
    pub fleeting: bool,
    /// The remote directory before the last `cd`.
    pub previous: Option<RemotePath>,
    /// What `quote RNFR` has named, for the audit log.
    pub renaming: Option<String>,
    /// Who we are to proxies.
    pub(super) proxy_logins: ProxyLogins,
    /// Whether the server takes commands that come together.
    pub(super) ways: ServerQuirks,
    /// The client key's passphrase.
    pub(super) passphrases: Passphrases,
    pub(super) session: Option<Session>,
    /// Where the session was, while there is none.
    pub(super) place: Option<Place>,
}

/// Where a session is on the server, for the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The directory that the login led to.
    pub home: LoginDirectory,
    /// The current directory.
    pub directory: RemotePath,
    /// Whether nobody knows which one that is.
    pub is_lost: bool,
}

impl Place {
    /// Has a session that has just logged in go there.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when it is not certain that it is the same place.
    pub fn restore(&self, session: &mut Session) -> Result<()> {
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
    pub fn new(gate: Gate, sources: Sources) -> Self {
        Self::sharing(Arc::new(Mutex::new(gate)), sources)
    }

    /// No connection yet, with the gate of another.
    pub(super) fn sharing(gate: Arc<Mutex<Gate>>, sources: Sources) -> Self {
        Self {
            gate,
            sources,
            site: None,
            login: None,
            trusted: None,
            fingerprint: None,
            verified: false,
            fleeting: false,
            previous: None,
            renaming: None,
            proxy_logins: ProxyLogins::default(),
            ways: ServerQuirks::default(),
            passphrases: Passphrases::default(),
            session: None,
            place: None,
        }
    }

    /// A connection of its own to the same site, with the same gate and login, made when it is
    /// needed; it begins in the same directory.
    pub(super) fn another(&self) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            sources: self.sources.clone(),
            site: self.site.clone(),
            login: self.login.clone(),
            trusted: self.trusted.clone(),
            fingerprint: self.fingerprint,
            verified: self.verified,
            fleeting: self.fleeting,
            previous: self.previous.clone(),
            renaming: None,
            proxy_logins: self.proxy_logins.clone(),
            ways: self.ways.clone(),
            passphrases: self.passphrases.clone(),
            session: None,
            place: self.place(),
        }
    }

    /// Takes over the session of `other`, a connection to the same site, in this one's directory.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        self.login = other.login.take();
        let Some(mut session) = other.session.take() else { return };
        let there = match &self.place {
            Some(place) => place.restore(&mut session),
            None => session.return_to_directory(&session.login_directory().path.clone()),
        };
        if there.is_ok() {
            self.session = Some(session);
        } else {
            // The command that needs the connection will say why.
            session.close_gracefully();
        }
    }

    /// The gate, for as long as nobody else needs it.
    pub fn gate(&self) -> MutexGuard<'_, Gate> {
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
    pub fn live(&mut self) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.failure().is_none())
    }

    /// The remote directory, as far as known.
    pub fn cwd(&self) -> Option<&RemotePath> {
        let before = self.place.as_ref().map(|place| &place.directory);
        self.session.as_ref().map(Session::cwd).or(before)
    }

    /// Where the session is, or was.
    pub(super) fn place(&self) -> Option<Place> {
        let now = self.session.as_ref().map(|session| Place {
            home: session.login_directory().clone(),
            directory: session.cwd().clone(),
            is_lost: session.is_directory_unknown(),
        });
        now.or_else(|| self.place.clone())
    }

    /// Lends the session, if it is alive, to whoever gives it back with
    /// [`Connection::put_session`].
    pub fn take_session(&mut self) -> Option<Session> {
        self.live()?;
        self.place = self.place();
        self.session.take()
    }

    /// Gives a session back. One that was made meanwhile goes before it.
    pub fn put_session(&mut self, session: Session) {
        self.session.get_or_insert(session);
    }

    /// Says goodbye and forgets the session. The site and the login stay for a reconnect.
    pub fn close(&mut self) {
        self.place = self.place();
        if let Some(session) = self.session.take() {
            session.close_gracefully();
        }
    }

    /// Forgets the site and the login as well.
    pub fn leave(&mut self) {
        self.close();
        self.site = None;
        self.login = None;
        self.place = None;
        self.previous = None;
        self.trusted = None;
        self.fingerprint = None;
    }
}

impl Context {
    /// A session that lives, connected again if it has to be.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] when there is no site; those of a connection and a login otherwise.
    pub fn session(&mut self) -> Result<&mut Session> {
        if self.checked_session().is_none() {
            self.reconnect()?;
        }
        self.connection.live().ok_or_else(not_connected)
    }

    /// The session, if it still lives; the server is asked where there is doubt.
    pub(super) fn checked_session(&mut self) -> Option<&mut Session> {
        let idle = self.idle();
        let expired =
            self.connection.session.as_ref().is_some_and(|s| s.last_used().elapsed() > idle);
        if expired {
            self.connection.close();
        }
        if let Some(session) = self.connection.live() {
            session.check_alive();
        }
        self.connection.live()
    }

    /// Asks the server something that changes nothing. A lost connection is made again, and the
    /// question repeated.
    ///
    /// # Errors
    ///
    /// As [`Context::session`]; what `ask` fails with.
    pub fn ask_server<T>(&mut self, mut ask: impl FnMut(&mut Session) -> Result<T>) -> Result<T> {
        self.with_retries(|ctx| ask(ctx.session()?))
    }

    /// Repeats `work`, which changes nothing on the server, after the loss of the connection:
    /// `net:max-retries` times at most. A refusal is an answer, and is not repeated.
    pub(super) fn with_retries<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut retries = self.retries();
        loop {
            let error = match work(self) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let lost = matches!(error.kind(), Kind::Connect | Kind::Tls | Kind::Incomplete);
            // The data connection did not come about, or was lost.
            let no_data = |reply: &str| reply.starts_with("425") || reply.starts_with("426");
            if !lost && !error.reply().is_some_and(no_data) {
                return Err(error);
            }
            retries.wait(error, &self.cancel, |text| self.out.notice(text))?;
            if self.connection.live().is_none() {
                // Why it was lost has just been said.
                self.connection.close();
            }
        }
    }

    pub(super) fn idle(&self) -> Duration {
        self.settings.duration(crate::settings::NET_IDLE, self.connection.host())
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(Kind::Usage, "not connected").with_hint("`open HOST`")
}
