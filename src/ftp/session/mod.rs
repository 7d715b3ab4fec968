//! One logged-in control connection, and at most one data connection on it.
//!
//! A session is either in step or dead. Any failure to read or write the control connection, any
//! failed data handshake and any surplus reply kills it; a dead session answers every call with
//! the reason, and its owner connects a new one. Refusals (4yz, 5yz) leave it in step.

pub mod config;
pub mod directory;
pub mod features;
mod file_ops;
pub mod list;
mod list_lines;
pub mod login;
pub mod metadata;
mod pipeline;
pub mod quirks;
pub mod server_clock;
pub mod server_software;

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use suppaftp::{FtpError, Mode};

use crate::error::{Error, Kind, Result};
use crate::ftp::charset::Charset;
use crate::ftp::connect::secure::{refused_protection, secure};
use crate::ftp::control::exchange::{Exchange, Shared, lock};
use crate::ftp::control::expect::{Fit, needs_confirmation, reply_fit};
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{farewell, foreign};
use crate::ftp::data::engine::{Connector, Engine, start};
use crate::ftp::error_text::refusal_error;
use crate::ftp::path::RemotePath;
use crate::ftp::session_pool::Permit;
use crate::tls::{KnownGroup, Negotiated};
use directory::LoginDirectory;
use features::Features;

pub use config::{Admit, DataMode, ListMode, SessionConfig};
use login::command_text;
pub use login::{LoginRequest, SessionTemplate};

/// After this much silence a session is asked whether it still lives before it is used.
const DOUBT: Duration = Duration::from_secs(15);

/// One control connection. See the module's text.
pub struct Session {
    pub(in crate::ftp) engine: Engine,
    pub(in crate::ftp) exchange: Shared,
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
    pub(in crate::ftp) working_mode: Option<Mode>,
    pub(in crate::ftp) no_mlsd: bool,
    pub(in crate::ftp) no_mlst: bool,
    pub(in crate::ftp) time_command: Option<file_ops::TimeCommand>,
    pub(in crate::ftp) server_clock: server_clock::ServerClock,
    pub(in crate::ftp) system_type: Option<String>,
    /// The type in force; `None` before the first TYPE.
    ascii_type: Option<bool>,
    /// Its place among the connections to the site.
    permit: Option<Permit>,
    /// Whether a data command is likely to be the next one, again and again.
    pub(in crate::ftp) prefetch_port: bool,
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
    /// Connects, secures, has the certificate judged by `admit`, and sends `PBSZ 0` and `PROT P`.
    /// [`Session::login`] or [`Session::login_from_template`] has to follow.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`], [`Kind::Tls`], and whatever `admit` says.
    pub fn connect(mut config: SessionConfig, admit: &mut Admit<'_>) -> Result<Self> {
        match (Self::connect_once(config.clone(), admit), config.tls.known_group) {
            // Another machine of the same name may want another group.
            (Err(error), Some(KnownGroup { group: Some(_) })) if error.kind() == Kind::Tls => {
                config.tls.known_group = Some(KnownGroup { group: None });
                Self::connect_once(config, admit)
            }
            (other, _) => other,
        }
    }

    fn connect_once(config: SessionConfig, admit: &mut Admit<'_>) -> Result<Self> {
        let exchange = Exchange::shared(config.timeout, config.trace.clone());
        lock(&exchange).ways = config.quirks.clone();
        let mut certificate = Vec::new();
        let (control, greeting, tls) = secure(&config, &exchange, &mut |identity| {
            certificate.clone_from(&identity.der);
            admit(identity)
        })?;
        let where_to = format!("{}:{}", config.host, config.port);
        let peer = control.stream().socket().tcp().peer_addr().map_err(|error| {
            Error::new(Kind::Connect, crate::error::io_reason(&error)).with_context(&where_to)
        })?;
        let negotiated = control.stream().negotiated().cloned().unwrap_or_default();
        if !config.quirks.is_serial() {
            // PBSZ 0 goes first, and its reply decides nothing that PROT's does not.
            let protection = if config.clear_data { "PROT C" } else { "PROT P" };
            lock(&exchange).along = vec![protection.to_owned()];
        }
        let connector = Connector {
            control: Mutex::new(Some(Box::new(control))),
            tls,
            exchange: Arc::clone(&exchange),
            dialer: config.dialer.clone(),
            clear_data: config.clear_data,
        };
        let engine =
            start(connector, &config.host, peer).map_err(|_| refused_protection(&exchange))?;
        Ok(Self {
            engine,
            exchange,
            config,
            features: Features::default(),
            cwd: RemotePath::here(),
            login_directory: LoginDirectory::default(),
            is_directory_unknown: false,
            user: None,
            negotiated,
            certificate,
            data_negotiated: None,
            greeting,
            working_mode: None,
            no_mlsd: false,
            no_mlst: false,
            time_command: None,
            server_clock: server_clock::ServerClock::default(),
            system_type: None,
            ascii_type: None,
            permit: None,
            prefetch_port: false,
        })
    }

    /// Sends a command and reads its whole reply, whatever it is.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] for CR, LF or NUL in it (nothing is sent); the reason of death when the
    /// connection is or gets lost, or the reply cannot be one to this command.
    pub fn command(&mut self, verb: &str, argument: &str) -> Result<Reply> {
        let line = self.command_line(verb, argument)?;
        let result = self.engine.custom_command(&line, &[]);
        let reply = self.outcome(result.err())?;
        if reply.code == 421 {
            return Err(self.failure().unwrap_or_else(|| farewell(&reply)));
        }
        let verb = verb.to_ascii_uppercase();
        if needs_confirmation(&verb) && reply_fit(&verb, reply.code) == Fit::Unusual {
            // The next reply is the one to PWD, unless this one was a reply too many.
            let result = self.engine.custom_command("PWD", &[]);
            if self.outcome(result.err())?.code != 257 {
                let error = foreign(&verb, &reply);
                self.poison(error.clone());
                return Err(error);
            }
        }
        Ok(reply)
    }

    /// Sends a command that must succeed (2yz).
    ///
    /// # Errors
    ///
    /// As [`Session::command`], and [`Kind::Refused`] and its kin for every other reply, about
    /// `what`.
    pub fn checked_command(&mut self, what: &str, verb: &str, argument: &str) -> Result<Reply> {
        let reply = self.command(verb, argument)?;
        if reply.is_positive_completion() { Ok(reply) } else { Err(refusal_error(what, &reply)) }
    }

    pub(in crate::ftp) fn command_line(&self, verb: &str, argument: &str) -> Result<String> {
        if let Some(death) = self.failure() {
            return Err(death);
        }
        if argument.contains(['\r', '\n', '\0']) {
            return Err(Error::usage(format!(
                "{}: CR, LF and NUL cannot be sent to a server",
                argument.escape_debug()
            )));
        }
        let argument = self.charset().outgoing(argument)?;
        Ok(command_text(verb, &argument))
    }

    /// What a command really brought: its reply, or the reason of death.
    pub(in crate::ftp) fn outcome(&self, error: Option<FtpError>) -> Result<Reply> {
        let mut exchange = lock(&self.exchange);
        match exchange.reply.take() {
            Some(reply) => Ok(reply),
            None => {
                let why = match error {
                    Some(FtpError::ConnectionError(error))
                        if error.kind() == std::io::ErrorKind::InvalidInput =>
                    {
                        return Err(Error::usage("the command holds a character that FTP forbids"));
                    }
                    Some(error) => error.to_string(),
                    None => "the connection was lost".to_owned(),
                };
                exchange.kill(Error::new(Kind::Connect, why));
                Err(exchange.death.clone().unwrap_or_else(|| Error::new(Kind::Connect, "lost")))
            }
        }
    }

    /// Why the session is of no use any more, if it is not.
    pub fn failure(&self) -> Option<Error> {
        lock(&self.exchange).death.clone()
    }

    /// Gives the session up.
    pub fn poison(&self, why: Error) {
        lock(&self.exchange).kill(why);
    }

    /// Whether anything has come since the last reply: a farewell, the end of the connection, or
    /// something that no command asked for. The next command finds out which.
    pub fn has_unread_input(&self) -> bool {
        let exchange = lock(&self.exchange);
        // Replies that are to come are no news.
        if !exchange.early.is_empty() {
            return false;
        }
        if exchange.has_unread {
            return true;
        }
        drop(exchange);
        // The socket does not block.
        let peeked = self.engine.get_ref().peek(&mut [0; 1]);
        !peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Asks the server whether the session still lives, if there is doubt: servers and NAT routers
    /// end idle connections without a word. Whatever the answer is: no answer kills the session.
    pub fn check_alive(&mut self) {
        if self.last_used().elapsed() > DOUBT || self.has_unread_input() {
            let _ = self.command("NOOP", "");
        }
    }

    /// When it was last used.
    pub fn last_used(&self) -> Instant {
        lock(&self.exchange).used
    }

    /// How it was connected.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// What the server says it can do.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// What the server's names are written in.
    pub fn charset(&self) -> Charset {
        lock(&self.exchange).charset
    }

    /// The remote directory; [`RemotePath::here`] where the server does not name it.
    pub fn cwd(&self) -> &RemotePath {
        &self.cwd
    }

    /// The directory that the login led to.
    pub fn login_directory(&self) -> &LoginDirectory {
        &self.login_directory
    }

    /// Who is logged in.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What the control connection's handshake agreed.
    pub fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// The server's certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// What the last data connection's handshake agreed; `None` before the first.
    pub fn data_negotiated(&self) -> Option<&Negotiated> {
        self.data_negotiated.as_ref()
    }

    /// The server's greeting.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// The server's system type (SYST), asked for once.
    pub fn system_type(&mut self) -> Option<String> {
        if self.system_type.is_none() {
            let reply = self.command("SYST", "").ok()?;
            self.store_system_type(&reply);
        }
        self.system_type.clone().filter(|system| !system.is_empty())
    }

    /// Takes in the reply to SYST; a refusal is remembered as an empty name.
    pub(in crate::ftp) fn store_system_type(&mut self, reply: &Reply) {
        let known = reply.is_positive_completion();
        self.system_type = Some(if known { reply.last_text() } else { String::new() });
    }

    /// Switches between ASCII and binary type (RFC 959 section 3.1.1), where it differs.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    pub fn set_ascii_type(&mut self, ascii: bool) -> Result<()> {
        if self.ascii_type == Some(ascii) {
            return Ok(());
        }
        let reply = self.command("TYPE", if ascii { "A" } else { "I" })?;
        self.store_transfer_type(ascii, &reply)
    }

    /// Takes in the reply to TYPE.
    pub(in crate::ftp) fn store_transfer_type(&mut self, ascii: bool, reply: &Reply) -> Result<()> {
        if !reply.is_positive_completion() {
            return Err(refusal_error("type", reply));
        }
        self.ascii_type = Some(ascii);
        Ok(())
    }

    /// Keeps the site's slot for as long as the session lasts.
    pub fn attach_permit(&mut self, slot: Permit) {
        self.permit = Some(slot);
    }

    /// Gives its slot to another session that takes its place.
    pub fn take_permit(&mut self) -> Option<Permit> {
        self.permit.take()
    }

    /// Says QUIT and waits until the server has ended the connection, for at most a second: it
    /// counts for it no longer then.
    pub fn close_gracefully(self) {
        self.send_quit(Duration::from_secs(1));
    }

    /// Says QUIT and waits for nothing.
    pub fn close_now(self) {
        self.send_quit(Duration::ZERO);
    }

    fn send_quit(mut self, grace: Duration) {
        if self.failure().is_some() {
            return;
        }
        {
            let mut exchange = lock(&self.exchange);
            exchange.grace = Some(grace);
            exchange.first.clear();
        }
        let until = Instant::now() + grace;
        if self.command("QUIT", "").is_ok() {
            self.wait_for_close(until);
        }
    }

    /// Reads what else may come, and throws it away, until the server closes the connection.
    fn wait_for_close(&self, until: Instant) {
        let tcp = self.engine.get_ref();
        let mut scrap = [0; 512];
        let _ = tcp.set_nonblocking(false);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A duration of zero would be for ever.
            if left.is_zero() || tcp.set_read_timeout(Some(left)).is_err() {
                return;
            }
            if !matches!((&*tcp).read(&mut scrap), Ok(n) if n > 0) {
                return;
            }
        }
    }
}
