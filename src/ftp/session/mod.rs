//! One logged-in control connection, and at most one data connection on it.
//!
//! A session is either in step or dead. Any failure to read or write the control connection, any
//! failed data handshake and any extra reply kills it; every call to a dead session fails with the
//! reason, and its owner connects a new one. Refusals (4yz, 5yz) leave it in step.

pub(crate) mod authenticate;
pub(crate) mod config;
pub(crate) mod directory;
pub mod features;
mod file_ops;
pub(crate) mod list;
mod list_lines;
pub(crate) mod list_times;
pub mod login;
pub(crate) mod permit;
pub(in crate::ftp) mod pipeline;
pub mod protection;
pub mod quirks;
pub mod server_clock;
pub(crate) mod server_software;

use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::error::{Error, Result};
use crate::ftp::charset::Charset;
use crate::ftp::connect::steps::Secured;
use crate::ftp::control::expect::Command;
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{self, Control, Position, SharedControl};
use crate::ftp::data::engine::Engine;
use crate::ftp::error_text::refusal_error;
use crate::ftp::path::RemotePath;
use crate::tls::Negotiated;
use directory::LoginDirectory;
use features::Features;
use permit::Permit;
use protection::{LoginState, protect_data};
use quirks::ConnectionMode;

pub use authenticate::LoginRequest;
pub use config::{DataMode, ListMode, SessionConfig};
pub use login::SessionTemplate;

/// After this idle time, a NOOP checks the session before it is used.
const DOUBT: Duration = Duration::from_secs(15);

/// One control connection; see the module documentation.
pub struct Session {
    pub(in crate::ftp) engine: Engine,
    pub(in crate::ftp) control: SharedControl,
    pub(in crate::ftp) config: SessionConfig,
    pub(in crate::ftp) features: Features,
    pub(in crate::ftp) cwd: RemotePath,
    pub(in crate::ftp) login_directory: LoginDirectory,
    pub(in crate::ftp) is_directory_unknown: bool,
    pub(in crate::ftp) user: Option<String>,
    negotiated: Negotiated,
    /// The server's certificate, DER.
    certificate: Vec<u8>,
    pub(in crate::ftp) data_negotiated: Option<Negotiated>,
    greeting: String,
    pub(in crate::ftp) working_mode: Option<ConnectionMode>,
    pub(in crate::ftp) no_mlsd: bool,
    pub(in crate::ftp) no_mlst: bool,
    pub(in crate::ftp) time_command: Option<file_ops::TimeCommand>,
    /// The server's zone, if the user set it.
    timezone: Option<TimeDelta>,
    /// The file that is being stored, if its time is to show the server's clock.
    clock_sample: Option<RemotePath>,
    pub(in crate::ftp) system_type: Option<String>,
    /// The current transfer type; `None` before the first TYPE.
    ascii_type: Option<bool>,
    /// The algorithm of HASH; `None` before the first OPTS HASH: the one that FEAT marks.
    selected_hash: Option<&'static str>,
    /// The permit for this connection to the site.
    permit: Option<Permit>,
    /// Whether to prefetch passive ports because data commands are likely to follow.
    pub(in crate::ftp) prefetch_port: bool,
    /// Whether the server had no port or no transfer left for the last data connection: other
    /// sessions use them.
    pub(in crate::ftp) is_one_too_many: bool,
    /// Whether the server has agreed to `PBSZ 0` and `PROT`.
    pub(in crate::ftp) is_protected: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("host", &self.config.host)
            .field("port", &self.config.port)
            .field("user", &self.user)
            .field("cwd", &self.cwd)
            .field("death", &self.failure())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Starts a session on a connection whose certificate was judged: reads the greeting of an
    /// implicit server, and sends `PBSZ 0` and `PROT`, unless the server wants the login first.
    /// [`login::log_in`] or [`login::login_from_template`] follows.
    pub fn new(mut secured: Secured) -> Result<Self> {
        let greeting = secured.await_greeting().map_err(|error| {
            error.with_context(format!("{}:{}", secured.config.host, secured.config.port))
        })?;
        let certificate = secured.identity().der.clone();
        let Secured { control, tls, config, peer, negotiated, .. } = secured;
        let is_protected = !config.quirks.protects_after_login()
            && protect_data(&mut control::lock(&control), config.clear_data, LoginState::Before)?;
        if !is_protected {
            config.quirks.protect_after_login();
        }
        let engine = Engine::start(&control, tls, &config, peer)?;
        let timezone = config.timezone;
        Ok(Self {
            engine,
            control,
            config,
            features: Features::default(),
            cwd: RemotePath::here(),
            login_directory: LoginDirectory::default(),
            is_directory_unknown: false,
            user: None,
            negotiated: negotiated.unwrap_or_default(),
            certificate,
            data_negotiated: None,
            greeting: greeting.text(),
            working_mode: None,
            no_mlsd: false,
            no_mlst: false,
            time_command: None,
            timezone,
            clock_sample: None,
            system_type: None,
            ascii_type: None,
            selected_hash: None,
            permit: None,
            prefetch_port: false,
            is_one_too_many: false,
            is_protected,
        })
    }

    /// Sends a command and reads its whole reply, whatever its code.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage) for CR, LF or NUL in it (nothing is sent); the
    /// connection's error if it is lost or the reply is impossible for this command.
    pub fn command(&mut self, verb: &str, argument: &str) -> Result<Reply> {
        let command = self.new_command(verb, argument)?;
        self.control().call(&command)
    }

    /// Sends a command that must succeed (2yz); `what` is the subject of error messages.
    ///
    /// # Errors
    ///
    /// As [`Session::command`], and [`Kind::Refused`](crate::error::Kind::Refused) or similar for
    /// every other reply.
    pub fn checked_command(&mut self, what: &str, verb: &str, argument: &str) -> Result<Reply> {
        let reply = self.command(verb, argument)?;
        if reply.is_positive_completion() { Ok(reply) } else { Err(refusal_error(what, &reply)) }
    }

    /// A command in the server's charset; fails if the session is dead.
    pub(in crate::ftp) fn new_command(&self, verb: &str, argument: &str) -> Result<Command> {
        match self.failure() {
            Some(failure) => Err(failure),
            None => Command::new(verb, &self.charset().outgoing(argument)?),
        }
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        control::lock(&self.control)
    }

    /// The error that killed the session, if any.
    pub fn failure(&self) -> Option<Error> {
        self.control().failure().cloned()
    }

    /// Ends the session with this error.
    pub fn poison(&self, why: Error) {
        self.control().poison(why);
    }

    /// Whether there is unread input: a 421, the end of the connection or a stray reply.
    pub fn has_unread_input(&self) -> bool {
        self.control().has_unread_input()
    }

    /// Sends a NOOP if the session was idle for long or has unread input: servers and NAT routers
    /// drop idle connections silently. Any reply is accepted; a missing one kills the session.
    pub fn check_alive(&mut self) {
        if self.last_used().elapsed() > DOUBT || self.has_unread_input() {
            let _ = self.command("NOOP", "");
        }
    }

    /// When it was last used.
    pub fn last_used(&self) -> Instant {
        self.control().last_used()
    }

    /// The configuration it was connected with.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Whether the user set the server's zone: whether it is that of MDTM, too, is to be found out.
    pub fn has_timezone(&self) -> bool {
        self.timezone.is_some()
    }

    /// Sets the server's zone, as the user has it now.
    pub fn set_timezone(&mut self, timezone: Option<TimeDelta>) {
        self.timezone = timezone;
    }

    /// The server's features.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The charset of the server's names.
    pub fn charset(&self) -> Charset {
        self.control().charset
    }

    /// The remote directory; [`RemotePath::here`] if the server does not report it.
    pub fn cwd(&self) -> &RemotePath {
        &self.cwd
    }

    /// The directory after the login.
    pub fn login_directory(&self) -> &LoginDirectory {
        &self.login_directory
    }

    /// The user who is logged in.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What the control connection's handshake negotiated.
    pub fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// The server's certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// What the last data connection's handshake negotiated; `None` before the first.
    pub fn data_negotiated(&self) -> Option<&Negotiated> {
        self.data_negotiated.as_ref()
    }

    /// The server's greeting.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// The server's system type (SYST), queried once.
    pub fn system_type(&mut self) -> Option<String> {
        if self.system_type.is_none() {
            let reply = self.command("SYST", "").ok()?;
            self.store_system_type(&reply);
        }
        self.system_type.clone().filter(|system| !system.is_empty())
    }

    /// Stores the reply to SYST; a refusal is stored as an empty name.
    pub(in crate::ftp) fn store_system_type(&mut self, reply: &Reply) {
        let known = reply.is_positive_completion();
        self.system_type = Some(if known { reply.last_text() } else { String::new() });
    }

    /// Switches between ASCII and binary type (RFC 959 section 3.1.1) if necessary.
    pub fn set_ascii_type(&mut self, ascii: bool) -> Result<()> {
        if self.ascii_type == Some(ascii) {
            return Ok(());
        }
        let reply = self.command("TYPE", if ascii { "A" } else { "I" })?;
        self.store_transfer_type(ascii, &reply)
    }

    /// Selects the algorithm of HASH (draft-bryan-ftpext-hash section 4), if it is not the selected
    /// one; `is_default`: FEAT marks it. Returns whether the server accepted it.
    pub fn select_hash(&mut self, name: &'static str, is_default: bool) -> Result<bool> {
        if self.selected_hash.map_or(is_default, |selected| selected == name) {
            return Ok(true);
        }
        let is_selected = self.command("OPTS", &format!("HASH {name}"))?.is_positive_completion();
        if is_selected {
            self.selected_hash = Some(name);
        }
        Ok(is_selected)
    }

    /// Stores the transfer type if TYPE succeeded.
    pub(in crate::ftp) fn store_transfer_type(&mut self, ascii: bool, reply: &Reply) -> Result<()> {
        if !reply.is_positive_completion() {
            return Err(refusal_error("type", reply));
        }
        self.ascii_type = Some(ascii);
        Ok(())
    }

    /// Maximum memory for a listing, in bytes.
    pub fn max_listing(&self) -> u64 {
        self.config.max_listing
    }

    /// Turns prefetching of the next passive port on or off: while it is on, the port of the next
    /// data connection is requested before the completion reply to the last one.
    pub fn set_prefetch(&mut self, prefetch: bool) {
        self.prefetch_port = prefetch;
    }

    /// Begins the next data connection now, if its port was prefetched and a transfer is certain to
    /// follow soon: it saves that a round trip.
    pub fn dial_ahead(&self) {
        self.engine.dial_ahead(&self.config);
    }

    /// Reads the outstanding replies. A passive port among them is kept for the next data command.
    pub fn drain_pending(&mut self) -> Result<()> {
        self.control().drain()
    }

    /// Holds the permit for as long as the session lasts.
    pub fn attach_permit(&mut self, slot: Permit) {
        self.permit = Some(slot);
    }

    /// Removes the permit, for the session that replaces this one.
    pub fn take_permit(&mut self) -> Option<Permit> {
        self.permit.take()
    }

    /// Sends QUIT and waits for at most a second until the server has closed the connection, so
    /// that it no longer counts against the server's limit.
    pub fn close_gracefully(self) {
        self.send_quit(Duration::from_secs(1));
    }

    /// Sends QUIT without waiting for the reply.
    pub fn close_now(self) {
        self.send_quit(Duration::ZERO);
    }

    fn send_quit(self, grace: Duration) {
        if self.failure().is_some() {
            return;
        }
        let until = Instant::now() + grace;
        let mut control = self.control();
        control.unqueue(Position::Before);
        let quit = Command::new("QUIT", "");
        if quit.and_then(|quit| control.call_within(&quit, grace)).is_ok() {
            control.wait_for_close(until);
        }
    }
}

#[cfg(test)]
mod tests;
