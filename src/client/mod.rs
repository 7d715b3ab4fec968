//! A client of one server: its connection, listings, settings and console.
//!
//! Commands, jobs and completion access a server through a [`Client`]; two servers are two clients.
//! A session that died or was idle for too long is replaced with the same checks, the same login
//! and the same directory. Commands name remote files relative to that directory, so if it cannot
//! be restored with certainty they fail, until `cd` selects another one.

mod audit;
mod clock_store;
mod connection;
pub(crate) mod keyring;
mod listings;
mod open;
mod passphrase;
mod proxy_environment;
pub(crate) mod server_url;
mod session_config;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::AppDirs;
use crate::ftp::connect::steps::Secured;
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::directory::{CHOOSE, directory_mismatch};
use crate::ftp::session::login::{login_from_template, template};
use crate::ftp::session::permit::Permit;
use crate::ftp::session_pool::{SessionPool, SiteSessions};
use crate::output::Output;
use crate::settings::{self as set, Settings, SyncMode, VerifyMode};
use crate::target::{Site, Target};
use crate::tls::KnownGroup;
use crate::transfer::rate_limit::RateLimit;
use crate::transfer::retry::{Retries, with_retry};
use crate::transfer::upload::journal::UploadJournals;
use crate::transfer::{Atomic, Direction, SyncFiles, TransferOptions, Verify};

pub use audit::{Audit, AuditSide};
pub use connection::{Connection, Credentials};
pub use listings::ListingCache;
pub use proxy_environment::ProxyEnvironment;
pub use session_config::session_config;

use clock_store::ClockStore;
use connection::{RemotePosition, not_connected};
use session_config::fixed_offset;

/// The rate limits shared by all transfers (setting `net:limit-total-rate`).
#[derive(Debug, Default)]
pub struct TotalLimits(Mutex<(set::Rate, RateLimit, RateLimit)>);

impl TotalLimits {
    fn of_direction(&self, direction: Direction, settings: &Settings) -> RateLimit {
        let rate = settings.get(set::NET_LIMIT_TOTAL_RATE, None);
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.0 != rate {
            *limits = (rate, RateLimit::new(rate.down), RateLimit::new(rate.up));
        }
        if direction == Direction::Download { limits.1.clone() } else { limits.2.clone() }
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    /// The server, the login, the session.
    pub connection: Connection,
    /// Recent listings.
    pub listings: ListingCache,
    /// The settings.
    pub settings: Settings,
    /// The console, never redirected: warnings, notices, questions.
    pub console: Output,
    /// Ctrl-C and SIGTERM.
    pub cancel: Cancel,
    /// The directories of ftpsh's own files.
    pub app_dirs: AppDirs,
    /// Whether commands come from the prompt: a busy server (421) is then not retried.
    pub at_prompt: bool,
    /// The sessions of all clients.
    pub sessions: SessionPool,
    total_limits: Arc<TotalLimits>,
    /// What is known of the servers' clocks.
    clocks: ClockStore,
    proxies: Arc<ProxyEnvironment>,
}

impl Client {
    /// A client that is not connected.
    pub fn new(
        console: Output,
        settings: Settings,
        cancel: Cancel,
        connection: Connection,
        app_dirs: AppDirs,
    ) -> Self {
        Self {
            connection,
            listings: ListingCache::default(),
            settings,
            console,
            cancel,
            app_dirs,
            at_prompt: false,
            sessions: SessionPool::default(),
            total_limits: Arc::default(),
            clocks: ClockStore::default(),
            proxies: Arc::default(),
        }
    }

    /// Uses the proxies of the environment, unless the settings say otherwise.
    #[must_use]
    pub fn with_proxies(self, proxies: ProxyEnvironment) -> Self {
        Self { proxies: Arc::new(proxies), ..self }
    }

    /// A client for a job: another connection to the same site, opened on demand.
    pub fn fork_for_job(&self) -> Self {
        Self {
            cancel: self.cancel.for_job(),
            at_prompt: false,
            ..self.with_connection(self.connection.fork_for_job())
        }
    }

    /// Connects to another server, with the same checks and questions, and the same sources of
    /// passwords, which are bound to their sites.
    pub fn connect_other(&self, target: Target) -> Result<Self> {
        let mut sources = self.connection.sources.clone();
        let user = target.site.user.clone();
        if target.password.is_some() {
            // The URL's own password takes precedence over those of the command line.
            let place = (&*target.site.host, target.site.port);
            sources.given.bind_to_site(place, user.as_deref(), None);
            (sources.file, sources.command, sources.env) = (None, None, None);
        }
        let gate = Arc::clone(&self.connection.gate);
        let mut other = self.with_connection(Connection::with_shared_gate(gate, sources));
        other.open(target, user)?;
        Ok(other)
    }

    fn with_connection(&self, connection: Connection) -> Self {
        Self {
            connection,
            listings: ListingCache::default(),
            settings: self.settings.clone(),
            console: self.console.clone(),
            cancel: self.cancel.clone(),
            app_dirs: self.app_dirs.clone(),
            at_prompt: self.at_prompt,
            sessions: self.sessions.clone(),
            total_limits: Arc::clone(&self.total_limits),
            clocks: self.clocks.clone(),
            proxies: self.proxies.clone(),
        }
    }

    /// A live session, reconnected if necessary.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] without a site; otherwise those of a connection and a login.
    pub fn session(&mut self) -> Result<&mut Session> {
        if self.session_if_alive().is_none() {
            self.reconnect()?;
        }
        let timezone = self.configured_timezone(self.connection.host());
        let session = self.connection.live_session().ok_or_else(not_connected)?;
        session.set_timezone(timezone);
        Ok(session)
    }

    /// Whether the user wants names that begin with a dot (`ftp:list-options -a`).
    pub fn lists_hidden(&self) -> bool {
        let options = self.settings.get(set::FTP_LIST_OPTIONS, self.connection.host());
        let is_all = |word: &str| {
            let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            word == "--all" || letters.is_some_and(|letters| letters.contains(['a', 'A']))
        };
        options.split_whitespace().any(is_all)
    }

    /// The zone that the user set for `host` (`ftp:timezone`); `None` for `auto`.
    pub(super) fn configured_timezone(&self, host: Option<&str>) -> Option<TimeDelta> {
        fixed_offset(&self.settings.get(set::FTP_TIMEZONE, host))
    }

    /// The session, if it is alive; if in doubt, the server is queried.
    pub(super) fn session_if_alive(&mut self) -> Option<&mut Session> {
        let idle = self.idle_timeout();
        let expired =
            self.connection.session.as_ref().is_some_and(|s| s.last_used().elapsed() > idle);
        if expired {
            self.connection.close();
        }
        if let Some(session) = self.connection.live_session() {
            session.check_alive();
        }
        self.connection.live_session()
    }

    /// A read-only query, repeated on a new connection if the connection is lost.
    pub fn ask_server<T>(&mut self, mut ask: impl FnMut(&mut Session) -> Result<T>) -> Result<T> {
        self.retry_if_lost(|client| ask(client.session()?))
    }

    /// Repeats `work`, which changes nothing on the server, after the loss of the connection: at
    /// most `net:max-retries` times. A refusal is a result and is not retried.
    pub(super) fn retry_if_lost<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let (console, cancel) = (self.console.clone(), self.cancel.clone());
        // Errors that must not be retried are in the inner result.
        with_retry(
            self.retries(),
            &cancel,
            |text| console.notice(text),
            |retries| {
                if retries.has_retried() {
                    self.prepare_retry();
                }
                match work(self) {
                    Err(error) if !is_connection_loss(&error) => Ok(Err(error)),
                    other => other.map(Ok),
                }
            },
        )?
    }

    /// Before a retry: closes a dead session, whose error was already shown, and the idle sessions
    /// to the site: the server may have no connection or port left for another one.
    pub fn prepare_retry(&mut self) {
        if let Some(site) = &self.connection.site {
            self.sessions.close_idle(&site.trust_key());
        }
        if self.connection.live_session().is_none() {
            self.connection.close();
        }
    }

    pub(super) fn idle_timeout(&self) -> Duration {
        self.settings.get(crate::settings::NET_IDLE, self.connection.host())
    }

    /// Reconnects to the current site: same checks, login and directory.
    ///
    /// # Errors
    ///
    /// As [`Client::open`]; [`Kind::Usage`] without a site; [`Kind::Connect`] if the directory
    /// cannot be restored: there is no session then.
    pub fn reconnect(&mut self) -> Result<()> {
        if let Some(place) = self.connect_and_log_in()? {
            let restored = match self.connection.live_session() {
                Some(session) => place.restore_in(session),
                None => Err(connection_lost()),
            };
            self.keep_position(place, restored)?;
        }
        self.enter_start_directory()
    }

    /// Enters the directory of the target after a login that was put off. Where that fails, there
    /// is no session: a command would change files in another directory.
    fn enter_start_directory(&mut self) -> Result<()> {
        let Some(start) = self.connection.start_directory.clone() else { return Ok(()) };
        let session = self.connection.live_session().ok_or_else(connection_lost)?;
        enter_directory(session, Some(&start)).inspect_err(|_| self.connection.close())?;
        self.connection.start_directory = None;
        Ok(())
    }

    /// Changes the remote directory; without `path`, to the one after the login. Works even if the
    /// previous directory cannot be restored.
    pub fn change_directory(&mut self, path: Option<&RemotePath>) -> Result<()> {
        if path.is_some_and(|path| !path.is_absolute()) && self.connection.start_directory.is_some()
        {
            self.session()?;
        }
        self.connection.start_directory = None;
        self.retry_if_lost(|client| {
            if let Some(session) = client.session_if_alive() {
                return enter_directory(session, path);
            }
            let before = client.connect_and_log_in()?;
            let Some(session) = client.connection.live_session() else {
                client.connection.close();
                client.connection.place = before;
                return Err(connection_lost());
            };
            let home = session.login_directory().clone();
            let (entered, place) = match (&before, path) {
                (_, None) => (enter_directory(session, None), before),
                // The path is relative to the previous directory.
                (Some(place), Some(path)) => (enter_relative_to(session, place, path), before),
                (None, Some(path)) => {
                    let directory = home.path.resolve(path.as_str())?;
                    let place = RemotePosition { home, directory, is_lost: false };
                    (enter_directory(session, Some(path)), Some(place))
                }
            };
            match place {
                Some(place) => client.keep_position(place, entered),
                None => entered,
            }
        })
    }

    /// Connects and logs in again; returns the previous position.
    fn connect_and_log_in(&mut self) -> Result<Option<RemotePosition>> {
        // Kept until there is a session: the next attempt needs it as well.
        self.connection.place = self.connection.position();
        let died = self.connection.session.take().and_then(|session| session.failure());
        if self.connection.site.is_none() {
            return Err(not_connected());
        }
        if let Some(death) = died {
            self.console.notice(&format!("reconnecting: {}", death.message()));
        }
        self.establish(None)?;
        Ok(self.connection.place.take())
    }

    /// Closes the session if its directory could not be entered.
    fn keep_position(&mut self, place: RemotePosition, entered: Result<()>) -> Result<()> {
        entered.map_err(|error| {
            self.connection.close();
            self.connection.place = Some(place);
            if error.kind() == Kind::Refused { error.with_hint(CHOOSE) } else { error }
        })
    }

    /// Sessions to the current site for several workers, including this client's own. Further ones
    /// use the same login, and are opened only if the server presents the identical certificate.
    /// [`Client::stop_sharing`] returns the client's session.
    pub fn share_sessions(&mut self) -> Result<Arc<SiteSessions>> {
        self.session()?;
        let site = self.connection.site.clone().ok_or_else(not_connected)?;
        let login = self.connection.login.clone().ok_or_else(not_connected)?;
        let mut options = session_config(self, &site)?;
        let mut session = self.connection.lend_session().ok_or_else(not_connected)?;
        session.set_prefetch(true);
        let (known, pinned) = (template(&session), session.certificate().to_vec());
        let is_lost = session.is_directory_unknown();
        options.tls.known_group = Some(KnownGroup { group: session.negotiated().group });
        let limit = self.connection_limit(&site);
        let permits = self.sessions.clone();
        let key = self.reuse_key(&site, &login.user);
        let idle = self.sessions.take_idle(&site.trust_key(), &key);
        // Reusable: same certificate as ours now, and the same directory after the login.
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
            // Without a permit the workers share the existing sessions: jobs use the others.
            let permit = permits.try_permit(&site.trust_key(), limit).ok_or_else(|| {
                let text = format!("{}: {limit} connections are open already", site.trust_key());
                Error::new(Kind::Connect, text).with_hint("see net:connection-limit")
            })?;
            let login = login.login_request();
            let session = Secured::connect(&options).and_then(|secured| {
                if secured.identity().der != pinned {
                    let text = "shows another certificate than on the first connection";
                    let text = format!("{}: {text}", site.trust_key());
                    return Err(Error::new(Kind::CertChanged, text));
                }
                Session::new(secured)
            });
            audit.log_connect(session.as_ref().err());
            let mut session = session?;
            session.attach_permit(permit);
            session.set_prefetch(true);
            let logged_in = login_from_template(&mut session, &known, &login);
            audit.log_login(login.user, logged_in.as_ref().err());
            logged_in.map(|()| session)
        };
        let pool = SiteSessions::new(limit, Box::new(connect));
        for mut session in reusable {
            session.set_prefetch(true);
            pool.adopt(session);
        }
        // The last one is used first.
        pool.adopt(session);
        Ok(pool)
    }

    /// Turns prefetching of the next passive port on or off, for consecutive transfers.
    pub fn set_prefetch(&mut self, prefetch: bool) {
        if let Some(session) = &mut self.connection.session {
            session.set_prefetch(prefetch);
        }
    }

    /// Turns prefetching off and reads the pending replies.
    pub fn end_prefetch(&mut self) {
        self.set_prefetch(false);
        if let Some(session) = &mut self.connection.session {
            // If the session is lost, the next command will report it.
            let _ = session.drain_pending();
        }
    }

    /// Ends the sharing of sessions: one in the current directory becomes the client's again, the
    /// others are kept idle. If none is in that directory, the next command reconnects.
    pub fn stop_sharing(&mut self, pool: &SiteSessions) {
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
        let ours = self.sessions.take_back(&site.trust_key(), &key, idle, ours, sessions);
        if ours.is_some() {
            self.connection.session = ours;
        }
    }

    /// The key of reusable idle sessions: everything that they share with a new session.
    fn reuse_key(&self, site: &Site, user: &str) -> String {
        let settings = self.settings.changed().map(|item| (item.row.name, item.host, item.value));
        format!("{} {user} {:?}", site.trust_key(), settings.collect::<Vec<_>>())
    }

    /// A permit for one of the connections that `net:connection-limit` allows to a site.
    pub(super) fn permit(&self, site: &Site) -> Result<Permit> {
        let limit = self.connection_limit(site);
        self.sessions.wait_for_permit(&site.trust_key(), limit, &self.cancel, || {
            self.console.notice(&format!(
                "{}: waiting for one of {limit} connections (net:connection-limit)",
                site.trust_key()
            ));
        })
    }

    /// Closes the connection and the idle sessions to its site, but keeps site and login.
    pub fn close(&mut self) {
        close_with_idle(&self.sessions, &mut self.connection);
    }

    /// Closes all sessions without waiting for replies, when the program exits.
    pub fn close_all_now(&mut self) {
        if let Some(session) = self.connection.session.take() {
            session.close_now();
        }
        self.sessions.close_all_idle();
    }

    /// The maximum number of control connections to a site.
    pub(super) fn connection_limit(&self, site: &Site) -> usize {
        let limit = self.settings.get(set::NET_CONNECTION_LIMIT, Some(&site.host));
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// The transfer options for one direction, from the settings for the current host.
    pub fn transfer_options(&self, direction: Direction) -> TransferOptions {
        let host = self.connection.host();
        let rate = self.settings.get(set::NET_LIMIT_RATE, host);
        let rate = if direction == Direction::Download { rate.down } else { rate.up };
        TransferOptions {
            preserve_times: self.settings.get(set::XFER_PRESERVE_TIMES, host),
            verify: match self.settings.get(set::XFER_VERIFY, host) {
                VerifyMode::None => Verify::None,
                VerifyMode::Hash => Verify::Hash,
                VerifyMode::Stable => Verify::Stable,
                VerifyMode::Size => Verify::Size,
            },
            mode: None,
            atomic: self.atomic_upload(host),
            sync: match self.settings.get(set::XFER_SYNC, host) {
                SyncMode::Auto => SyncFiles::Auto,
                SyncMode::Always => SyncFiles::Always,
                SyncMode::Never => SyncFiles::Never,
            },
            limits: [
                RateLimit::new(rate).with_burst(self.settings.get(set::NET_LIMIT_MAX, host)),
                self.total_limits.of_direction(direction, &self.settings),
            ],
            upload_journals: self
                .upload_journals(&self.connection)
                .filter(|_| direction != Direction::Download),
            ..TransferOptions::default()
        }
    }

    /// Whether uploads to a host go to a temporary name, if nothing is known of what they replace.
    pub fn atomic_upload(&self, host: Option<&str>) -> Atomic {
        match self.settings.get(set::XFER_ATOMIC, host) {
            set::AtomicUpload::Yes => Atomic::Yes,
            set::AtomicUpload::Auto | set::AtomicUpload::No => Atomic::No,
        }
    }

    /// Whether the user can be asked about what a command does.
    pub fn can_ask(&self) -> bool {
        self.at_prompt && self.console.is_interactive()
    }

    /// The upload journals of a connection; `None` without a login.
    pub fn upload_journals(&self, connection: &Connection) -> Option<Arc<UploadJournals>> {
        let (site, login) = (connection.site.as_ref()?, connection.login.as_ref()?);
        let account = format!("{}@{}", login.user, site.trust_key());
        Some(Arc::new(UploadJournals::new(self.app_dirs.upload_journals(), account)))
    }

    /// The retries for one operation.
    pub fn retries(&self) -> Retries {
        let host = self.connection.host();
        let max = self.settings.get(set::NET_MAX_RETRIES, host);
        let interval = self.settings.get(set::NET_RECONNECT_INTERVAL, host);
        Retries::new(u32::try_from(max).unwrap_or(u32::MAX), interval)
    }

    /// Asks a yes-or-no question at the prompt; `no` is the default.
    ///
    /// # Errors
    ///
    /// Without a terminal: the hint names `option`, which confirms in advance. Ctrl-C.
    pub fn confirm(&self, question: &str, option: &str) -> Result<bool> {
        self.check_can_ask(question, option)?;
        let answer = self.console.ask(&format!("{question} (y/N)? "), &self.cancel)?;
        Ok(answer.is_some_and(|a| matches!(a.trim().to_lowercase().as_str(), "y" | "yes")))
    }

    /// Asks before a deletion, like [`Client::confirm`]; the answer `l` lists what is deleted, and
    /// anything else that is no answer is asked again.
    pub fn confirm_deletion(
        &self,
        question: &str,
        option: &str,
        names: &dyn Fn() -> Vec<String>,
    ) -> Result<bool> {
        self.check_can_ask(question, option)?;
        let question = format!("{question}? [y]es [N]o [l]ist ");
        loop {
            let answer = self.console.ask(&question, &self.cancel)?.unwrap_or_default();
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                "l" | "list" => names().iter().for_each(|name| {
                    self.console.show_beside_question(name);
                }),
                _ => {}
            }
        }
    }

    fn check_can_ask(&self, question: &str, option: &str) -> Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        Err(Error::usage(format!("{question}: cannot ask without a terminal"))
            .with_hint(format!("confirm with `{option}`")))
    }

    /// The audit log for this connection.
    pub fn audit(&self) -> Audit {
        Audit::of_connection(&self.connection, self.console.clone())
    }

    /// The audit log for a server without a login.
    pub fn audit_of(&self, host: &str, port: u16) -> Audit {
        Audit::of_server(Some((host.to_owned(), port)), self.console.clone())
    }
}

/// Closes a connection and the idle sessions to its site.
fn close_with_idle(sessions: &SessionPool, connection: &mut Connection) {
    if let Some(site) = &connection.site {
        sessions.close_idle(&site.trust_key());
    }
    connection.close();
}

/// Whether an error is the loss of a control or data connection (425, 426).
fn is_connection_loss(error: &Error) -> bool {
    matches!(error.kind(), Kind::Connect | Kind::Tls | Kind::Incomplete)
        || error.has_reply_code(&[425, 426])
}

/// The error for a session that ended right after its login.
fn connection_lost() -> Error {
    Error::new(Kind::Connect, "the connection was lost").as_transient()
}

fn enter_directory(session: &mut Session, path: Option<&RemotePath>) -> Result<()> {
    match path {
        Some(path) => session.change_directory(path),
        None if session.login_directory().path.is_here() => {
            Err(Error::new(Kind::Other, "cd: the server does not name the login directory")
                .with_hint("`cd` to an absolute path"))
        }
        None => session.return_to_directory(&session.login_directory().path.clone()),
    }
}

/// Enters `path`, relative to the directory `from`; the session has just logged in.
fn enter_relative_to(
    session: &mut Session,
    from: &RemotePosition,
    path: &RemotePath,
) -> Result<()> {
    if from.is_lost && !path.is_absolute() {
        let text = format!("cd {path}: the server did not say which directory this begins in");
        return Err(Error::new(Kind::Connect, text).with_hint("`cd` to an absolute path"));
    }
    session.change_directory(&from.directory.resolve(path.as_str())?)
}
