//! One logged-in control connection, and at most one data connection on it.
//!
//! A session is either in step or dead. Any failure to read or write the control connection, any
//! failed data handshake and any surplus reply kills it; a dead session answers every call with
//! the reason, and its owner connects a new one. Refusals (4yz, 5yz) leave it in step.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use suppaftp::{FtpError, Mode};

use super::channel::{Connector, Engine, start};
use super::charset::Charset;
use super::exchange::{Exchange, Shared, lock};
use super::explain::refusal;
use super::features::Features;
use super::path::RemotePath;
use super::reply::{Reply, pwd_path};
use super::secure::{refused_protection, secure};
use super::slots::Slot;
use crate::error::{Error, Kind, Result};
use crate::tls::{Agreed, Tls};

pub use super::login::Known;
pub use super::options::{Admit, DataMode, ListMode, Options};

/// One control connection. See the module's text.
pub struct Session {
    pub(super) engine: Engine,
    pub(super) exchange: Shared,
    pub(super) options: Options,
    pub(super) features: Features,
    pub(super) cwd: RemotePath,
    pub(super) home: RemotePath,
    pub(super) user: Option<String>,
    agreed: Agreed,
    /// The server's certificate, DER.
    certificate: Vec<u8>,
    pub(super) data_agreed: Option<Agreed>,
    greeting: String,
    pub(super) working_mode: Option<Mode>,
    pub(super) no_mlsd: bool,
    pub(super) no_mlst: bool,
    pub(super) time_command: Option<super::change::TimeCommand>,
    pub(super) clock: super::zone::Clock,
    pub(super) system: Option<String>,
    /// The type in force; `None` before the first TYPE.
    ascii: Option<bool>,
    /// Its place among the connections to the site.
    slot: Option<Slot>,
    /// Whether a data command is likely to be the next one, again and again.
    pub(super) busy: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("host", &self.options.host)
            .field("port", &self.options.port)
            .field("user", &self.user)
            .field("cwd", &self.cwd)
            .field("death", &self.death())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, secures, has the certificate judged by `admit`, and sends `PBSZ 0` and `PROT P`.
    /// No user name or password is sent; that is [`Session::login`].
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`], [`Kind::Tls`], and whatever `admit` says.
    pub fn connect(options: Options, admit: &mut Admit<'_>) -> Result<Self> {
        Self::connect_ahead(options, Vec::new(), admit)
    }

    /// As [`Session::connect`], and sends a login together with `PROT P`, to save round trips:
    /// only for a further connection, to a server that has taken this login and protected its
    /// data. [`Session::login_like`] has to follow.
    ///
    /// # Errors
    ///
    /// As [`Session::connect`].
    pub fn connect_like(
        options: Options,
        user: &str,
        password: &str,
        admit: &mut Admit<'_>,
    ) -> Result<Self> {
        // What cannot be sent is complained about when its turn comes.
        let can_be_sent = |word: &str| !word.contains(['\r', '\n', '\0']);
        let ahead = if can_be_sent(user) && can_be_sent(password) {
            vec![format!("USER {user}"), format!("PASS {password}")]
        } else {
            Vec::new()
        };
        Self::connect_ahead(options, ahead, admit)
    }

    fn connect_ahead(options: Options, ahead: Vec<String>, admit: &mut Admit<'_>) -> Result<Self> {
        let tls = Arc::new(Tls::new(&options.tls, &options.host)?);
        let exchange = Exchange::shared(options.timeout, options.dialogue.clone());
        lock(&exchange).ways = options.ways.clone();
        let mut certificate = Vec::new();
        let admit: &mut Admit<'_> = &mut |identity| {
            certificate.clone_from(&identity.der);
            admit(identity)
        };
        let (control, greeting) = secure(&options, &tls, &exchange, admit)?;
        let where_to = format!("{}:{}", options.host, options.port);
        let peer = control.stream().socket().tcp().peer_addr().map_err(|error| {
            Error::new(Kind::Connect, crate::error::io_reason(&error)).about(&where_to)
        })?;
        let agreed = control.stream().agreed().cloned().unwrap_or_else(|| Agreed {
            version: String::new(),
            cipher: String::new(),
            resumed: false,
        });
        if !options.ways.is_slow() {
            // PBSZ 0 goes first, and its reply decides nothing that PROT's does not.
            let protection = if options.clear_data { "PROT C" } else { "PROT P" };
            lock(&exchange).along = [vec![protection.to_owned()], ahead].concat();
        }
        let connector = Connector {
            control: Mutex::new(Some(Box::new(control))),
            tls,
            exchange: Arc::clone(&exchange),
            dialer: options.dialer.clone(),
            clear_data: options.clear_data,
        };
        let engine =
            start(connector, &options.host, peer).map_err(|_| refused_protection(&exchange))?;
        Ok(Self {
            engine,
            exchange,
            options,
            features: Features::default(),
            cwd: RemotePath::root(),
            home: RemotePath::root(),
            user: None,
            agreed,
            certificate,
            data_agreed: None,
            greeting,
            working_mode: None,
            no_mlsd: false,
            no_mlst: false,
            time_command: None,
            clock: super::zone::Clock::default(),
            system: None,
            ascii: None,
            slot: None,
            busy: false,
        })
    }

    /// Sends a command and reads its whole reply, whatever it is.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`] for CR, LF or NUL in it (nothing is sent); the reason of death when the
    /// connection is or gets lost.
    pub fn command(&mut self, verb: &str, argument: &str) -> Result<Reply> {
        let line = self.command_line(verb, argument)?;
        let result = self.engine.custom_command(&line, &[]);
        self.outcome(result.err())
    }

    /// Sends a command that must succeed (2yz).
    ///
    /// # Errors
    ///
    /// As [`Session::command`], and [`Kind::Refused`] and its kin for every other reply, about
    /// `what`.
    pub fn run(&mut self, what: &str, verb: &str, argument: &str) -> Result<Reply> {
        let reply = self.command(verb, argument)?;
        if reply.is_positive_completion() { Ok(reply) } else { Err(refusal(what, &reply)) }
    }

    pub(super) fn command_line(&self, verb: &str, argument: &str) -> Result<String> {
        if let Some(death) = self.death() {
            return Err(death);
        }
        if argument.contains(['\r', '\n', '\0']) {
            return Err(Error::usage(format!(
                "{}: CR, LF and NUL cannot be sent to a server",
                argument.escape_debug()
            )));
        }
        let argument = self.charset().outgoing(argument)?;
        Ok(if argument.is_empty() { verb.to_owned() } else { format!("{verb} {argument}") })
    }

    /// What a command really brought: its reply, or the reason of death.
    pub(super) fn outcome(&self, error: Option<FtpError>) -> Result<Reply> {
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
    pub fn death(&self) -> Option<Error> {
        lock(&self.exchange).death.clone()
    }

    /// Gives the session up.
    pub fn kill(&self, why: Error) {
        lock(&self.exchange).kill(why);
    }

    /// Whether anything has come since the last reply: a farewell, the end of the connection, or
    /// something that no command asked for. The next command finds out which.
    pub fn has_news(&self) -> bool {
        // Replies that are to come are no news.
        if !lock(&self.exchange).early.is_empty() {
            return false;
        }
        // The socket does not block.
        let peeked = self.engine.get_ref().peek(&mut [0; 1]);
        !peeked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// When it was last used.
    pub fn used(&self) -> Instant {
        lock(&self.exchange).used
    }

    /// How it was connected.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What the server says it can do.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// What the server's names are written in.
    pub fn charset(&self) -> Charset {
        lock(&self.exchange).charset
    }

    /// The remote directory.
    pub fn cwd(&self) -> &RemotePath {
        &self.cwd
    }

    /// The directory that the login led to.
    pub fn home(&self) -> &RemotePath {
        &self.home
    }

    /// Who is logged in.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What the control connection's handshake agreed.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The server's certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// What the last data connection's handshake agreed; `None` before the first.
    pub fn data_agreed(&self) -> Option<&Agreed> {
        self.data_agreed.as_ref()
    }

    /// The server's greeting.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// The server's system type (SYST), asked for once.
    pub fn system(&mut self) -> Option<String> {
        if self.system.is_none() {
            let reply = self.command("SYST", "").ok()?;
            self.take_in_system(&reply);
        }
        self.system.clone().filter(|system| !system.is_empty())
    }

    /// Takes in the reply to SYST; a refusal is remembered as an empty name.
    pub(super) fn take_in_system(&mut self, reply: &Reply) {
        let known = reply.is_positive_completion();
        self.system = Some(if known { reply.last_text() } else { String::new() });
    }

    /// Switches between ASCII and binary type (RFC 959 section 3.1.1), where it differs.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    pub fn set_ascii(&mut self, ascii: bool) -> Result<()> {
        if self.ascii == Some(ascii) {
            return Ok(());
        }
        let reply = self.command("TYPE", if ascii { "A" } else { "I" })?;
        self.type_is(ascii, &reply)
    }

    /// Takes in the reply to TYPE.
    pub(super) fn type_is(&mut self, ascii: bool, reply: &Reply) -> Result<()> {
        if !reply.is_positive_completion() {
            return Err(refusal("type", reply));
        }
        self.ascii = Some(ascii);
        Ok(())
    }

    /// Changes the remote directory and learns its real name.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    pub fn change_directory(&mut self, path: &RemotePath) -> Result<()> {
        self.run(&format!("cd {path}"), "CWD", path.as_str())?;
        let reply = self.command("PWD", "")?;
        let cwd = pwd_path(&reply).or_else(|_| self.cwd.resolve(path.as_str()))?;
        // Some servers give back the slash at the end of what was typed.
        self.cwd = if cwd.is_absolute() { cwd.resolve(".")? } else { cwd };
        Ok(())
    }

    /// Keeps the site's slot for as long as the session lasts.
    pub fn hold(&mut self, slot: Slot) {
        self.slot = Some(slot);
    }

    /// Gives its slot to another session that takes its place.
    pub fn release(&mut self) -> Option<Slot> {
        self.slot.take()
    }

    /// Says QUIT and waits for the answer, for at most a second.
    pub fn quit(mut self) {
        if self.death().is_none() {
            lock(&self.exchange).grace = Some(Duration::from_secs(1));
            let _ = self.command("QUIT", "");
        }
    }
}
