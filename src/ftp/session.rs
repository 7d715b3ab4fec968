//! One logged-in control connection, and at most one data connection on it.
//!
//! A session is either in step or dead. Any failure to read or write the control connection, any
//! failed data handshake and any surplus reply kills it; a dead session answers every call with
//! the reason, and its owner connects a new one. Refusals (4yz, 5yz) leave it in step.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use suppaftp::{FtpError, Mode, Status};

use super::channel::{Connector, Engine, start};
use super::control::{Control, Exchange, Shared, ask_for_tls, check_greeting, lock, socket};
use super::data::Data;
use super::dial::Dialer;
use super::dialogue::Dialogue;
use super::explain::{refusal, reuse_demanded};
use super::features::Features;
use super::path::RemotePath;
use super::reply::{Reply, pwd_path};
use crate::error::{Error, Kind, Result};
use crate::tls::{Agreed, Config, Tls};
use crate::trust::identity::Identity;

/// How data connections are made (setting `ftp:mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataMode {
    /// EPSV (RFC 2428), then PASV (RFC 959).
    #[default]
    Auto,
    /// EPSV only.
    ExtendedPassive,
    /// PASV only.
    Passive,
    /// The server connects to us.
    Active,
}

/// How lists are asked for (setting `ftp:list`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListMode {
    /// MLSD (RFC 3659), then LIST.
    #[default]
    Auto,
    /// MLSD only.
    Mlsd,
    /// LIST only.
    List,
}

/// How to reach and treat a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Host name or address.
    pub host: String,
    /// Port of the control connection.
    pub port: u16,
    /// TLS from the first byte (`ftps://`) instead of AUTH TLS.
    pub implicit: bool,
    /// TLS library, versions, roots, client certificate.
    pub tls: Config,
    /// Addresses, source address, deadline, cancel.
    pub dialer: Dialer,
    /// How long a whole reply may take, and how long a transfer may stall.
    pub timeout: Duration,
    /// How data connections are made.
    pub mode: DataMode,
    /// How lists are asked for.
    pub list: ListMode,
    /// `PROT C`: data connections without TLS.
    pub clear_data: bool,
    /// Who sees the dialogue.
    pub dialogue: Dialogue,
}

/// Decides whether a server is trusted, before anything is sent to it.
pub type Admit<'a> = dyn FnMut(&Identity) -> Result<()> + 'a;

/// One control connection. See the module's text.
pub struct Session {
    engine: Engine,
    pub(super) exchange: Shared,
    pub(super) options: Options,
    pub(super) features: Features,
    cwd: RemotePath,
    home: RemotePath,
    user: Option<String>,
    agreed: Agreed,
    /// The server's certificate, DER.
    certificate: Vec<u8>,
    data_agreed: Option<Agreed>,
    greeting: String,
    working_mode: Option<Mode>,
    pub(super) no_mlsd: bool,
    pub(super) no_mlst: bool,
    pub(super) time_command: Option<super::change::TimeCommand>,
    pub(super) clock: super::zone::Clock,
    system: Option<String>,
    /// The type in force; `None` before the first TYPE.
    ascii: Option<bool>,
}

/// What one session of a site has learnt. See [`Session::login_like`].
#[derive(Debug, Clone)]
pub struct Known {
    features: Features,
    home: RemotePath,
    mode: Option<Mode>,
    no_mlsd: bool,
    time_command: Option<super::change::TimeCommand>,
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
        let tls = Arc::new(Tls::new(&options.tls, &options.host)?);
        let exchange = Exchange::shared(options.timeout, options.dialogue.clone());
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
        let connector = Connector {
            control: Mutex::new(Some(Box::new(control))),
            tls,
            exchange: Arc::clone(&exchange),
            dialer: options.dialer.clone(),
            clear_data: options.clear_data,
        };
        let engine = start(connector, peer).map_err(|_| refused_protection(&exchange))?;
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
        })
    }

    /// Logs in as another session of the same site did, without asking for what that one knows.
    ///
    /// # Errors
    ///
    /// As [`Session::login`].
    pub fn login_like(
        &mut self,
        known: &Known,
        user: &str,
        password: &str,
        account: Option<&str>,
    ) -> Result<()> {
        self.authenticate(user, password, account)?;
        self.features = known.features.clone();
        self.cwd = known.home.clone();
        self.home = known.home.clone();
        self.working_mode = known.mode;
        self.no_mlsd = known.no_mlsd;
        self.time_command = known.time_command;
        if self.features.utf8() {
            self.command("OPTS", "UTF8 ON")?;
        }
        self.set_ascii(false)
    }

    /// What another session of the same site need not ask again.
    pub fn known(&self) -> Known {
        Known {
            features: self.features.clone(),
            home: self.home.clone(),
            mode: self.working_mode,
            no_mlsd: self.no_mlsd,
            time_command: self.time_command,
        }
    }

    fn authenticate(&mut self, user: &str, password: &str, account: Option<&str>) -> Result<()> {
        let mut reply = self.command("USER", user)?;
        if reply.code == 331 {
            reply = self.command("PASS", password)?;
        }
        if reply.code == 332 {
            let account = account.ok_or_else(|| {
                refused_login(user, &self.options.host, &reply)
                    .with_hint("the server wants an account: put it into the netrc file")
            })?;
            reply = self.command("ACCT", account)?;
        }
        if !reply.is_positive_completion() {
            return Err(refused_login(user, &self.options.host, &reply));
        }
        self.user = Some(user.to_owned());
        Ok(())
    }

    /// Logs in, asks for the features, sets the binary type and learns the directory.
    ///
    /// # Errors
    ///
    /// [`Kind::Login`] when the server refuses; [`Kind::Connect`] when the connection is lost.
    pub fn login(&mut self, user: &str, password: &str, account: Option<&str>) -> Result<()> {
        self.authenticate(user, password, account)?;
        self.features = Features::parse(&self.command("FEAT", "")?);
        if self.features.utf8() {
            // RFC 2640 has UTF-8 as the default; some servers want to be told. A refusal is no
            // harm, names travel as bytes.
            self.command("OPTS", "UTF8 ON")?;
        }
        if let Some(facts) = self.features.facts_to_ask_for() {
            // A refusal leaves the facts as they were.
            self.command("OPTS", &format!("MLST {facts}"))?;
        }
        self.set_ascii(false)?;
        let reply = self.command("PWD", "")?;
        self.cwd = pwd_path(&reply).unwrap_or_else(|_| RemotePath::root());
        self.home = self.cwd.clone();
        // A farewell (421) is a reply like any other to the commands whose refusal does no harm;
        // but a session that it ended is not logged in.
        self.death().map_or(Ok(()), Err)
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

    /// Opens a data connection and sends `verb argument` on the control connection.
    ///
    /// # Errors
    ///
    /// A refusal leaves the session in step; a failed data handshake kills it. `what` is what the
    /// message is about.
    pub fn open_data(
        &mut self,
        what: &str,
        verb: &str,
        argument: &str,
        offset: u64,
    ) -> Result<Data> {
        let line = self.command_line(verb, argument)?;
        let offset = usize::try_from(offset)
            .map_err(|_| Error::new(Kind::Other, format!("{what}: the offset is too large")))?;
        let mut last = None;
        for mode in self.modes() {
            self.engine.set_mode(mode);
            // An offset of 0 needs no REST: none is ever left over from an earlier command.
            let _ = self.engine.resume_transfer(offset);
            let expected = [Status::AboutToSend, Status::AlreadyOpen];
            match self.engine.custom_data_command(&line, &expected) {
                Ok((_, transfer)) => {
                    self.working_mode = Some(mode);
                    let mut data = Data::new(transfer, Arc::clone(&self.exchange));
                    if let Some(agreed) = data.agreed() {
                        self.data_agreed = Some(agreed);
                    }
                    return Ok(data);
                }
                Err(error) => match self.data_refusal(what, verb, error) {
                    Refusal::Mode(error) => last = Some(error),
                    Refusal::Final(error) => return Err(error),
                },
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Kind::Connect, format!("{what}: no data mode"))))
    }

    /// Sorts a failed data command: whether another passive mode may do better.
    fn data_refusal(&mut self, what: &str, verb: &str, error: FtpError) -> Refusal {
        let dial_failure = lock(&self.exchange).data_failure.take();
        let sent = lock(&self.exchange).verb.clone();
        match error {
            FtpError::UnexpectedResponse(_) => match self.outcome(Some(error)) {
                Ok(reply) if sent != verb && sent != "REST" => {
                    Refusal::Mode(refusal(&format!("{what}: {sent}"), &reply))
                }
                Ok(reply) => Refusal::Final(self.about_reuse(refusal(what, &reply), &reply)),
                Err(error) => Refusal::Final(error),
            },
            // The port could not be reached, and nothing was sent after EPSV or PASV.
            FtpError::ConnectionError(_) if dial_failure.is_some() && sent != verb => {
                match dial_failure {
                    Some(error) if error.kind() == Kind::Connect => {
                        Refusal::Mode(error.about(what))
                    }
                    Some(error) => Refusal::Final(error),
                    None => Refusal::Final(Error::new(Kind::Connect, what)),
                }
            }
            FtpError::SecureError(_) => Refusal::Final(self.failed_handshake(what, dial_failure)),
            other => Refusal::Final(match self.outcome(Some(other)) {
                Err(error) => error.about(what),
                Ok(reply) => refusal(what, &reply),
            }),
        }
    }

    /// The data connection's handshake failed after the command was accepted. The server's own
    /// words come a moment later, and say more than the handshake did; then the session is dead.
    fn failed_handshake(&mut self, what: &str, failure: Option<Error>) -> Error {
        let failure = failure.unwrap_or_else(|| Error::new(Kind::Tls, "the data handshake failed"));
        // The data connection showed another certificate.
        if let Some(death) = self.death() {
            return death.about(what);
        }
        if matches!(failure.kind(), Kind::Interrupted | Kind::Terminated) {
            lock(&self.exchange).kill(failure.clone());
            return failure;
        }
        {
            let mut exchange = lock(&self.exchange);
            exchange.grace = Some(Duration::from_secs(1));
            exchange.listen = true;
        }
        let late = self.engine.noop().err();
        let late = match self.outcome(late) {
            Ok(reply) if reply.class() >= 4 => Some(reply),
            _ => None,
        };
        let error = match late {
            Some(reply) => self.about_reuse(refusal(what, &reply), &reply),
            None => failure.about(what),
        };
        lock(&self.exchange).kill(error.clone());
        error
    }

    /// A refusal, with what it means to a backend that cannot resume sessions.
    fn about_reuse(&self, error: Error, reply: &Reply) -> Error {
        let native = self.options.tls.backend == crate::tls::Backend::Native;
        if native && !self.options.clear_data { reuse_demanded(error, reply) } else { error }
    }

    fn modes(&self) -> Vec<Mode> {
        if let Some(mode) = self.working_mode {
            return vec![mode];
        }
        let v6 = peer_is_v6(&self.engine);
        match self.options.mode {
            DataMode::Auto if v6 => vec![Mode::ExtendedPassive],
            DataMode::Auto => vec![Mode::ExtendedPassive, Mode::Passive],
            DataMode::ExtendedPassive => vec![Mode::ExtendedPassive],
            DataMode::Passive => vec![Mode::Passive],
            DataMode::Active => vec![Mode::Active],
        }
    }

    fn command_line(&self, verb: &str, argument: &str) -> Result<String> {
        if let Some(death) = self.death() {
            return Err(death);
        }
        if argument.contains(['\r', '\n', '\0']) {
            return Err(Error::usage(format!(
                "{}: CR, LF and NUL cannot be sent to a server",
                argument.escape_debug()
            )));
        }
        Ok(if argument.is_empty() { verb.to_owned() } else { format!("{verb} {argument}") })
    }

    /// What a command really brought: its reply, or the reason of death.
    fn outcome(&self, error: Option<FtpError>) -> Result<Reply> {
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
            self.system = Some(if reply.is_positive_completion() {
                reply.last_text()
            } else {
                String::new()
            });
        }
        self.system.clone().filter(|system| !system.is_empty())
    }

    /// Switches between ASCII and binary type (RFC 959 section 3.1.1), where it differs.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection.
    pub fn set_ascii(&mut self, ascii: bool) -> Result<()> {
        if self.ascii != Some(ascii) {
            self.run("type", "TYPE", if ascii { "A" } else { "I" })?;
            self.ascii = Some(ascii);
        }
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

    /// Says QUIT and waits for the answer, for at most a second.
    pub fn quit(mut self) {
        if self.death().is_none() {
            lock(&self.exchange).grace = Some(Duration::from_secs(1));
            let _ = self.command("QUIT", "");
        }
    }
}

enum Refusal {
    /// This way of making data connections does not work; the session is in step.
    Mode(Error),
    Final(Error),
}

fn peer_is_v6(engine: &Engine) -> bool {
    engine.get_ref().peer_addr().is_ok_and(|peer| match peer.ip() {
        std::net::IpAddr::V4(_) => false,
        std::net::IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
    })
}

/// Dial, greeting, handshake and judgement; on success nothing but these has happened.
pub(super) fn secure(
    options: &Options,
    tls: &Tls,
    exchange: &Shared,
    admit: &mut Admit<'_>,
) -> Result<(Control, String)> {
    match secure_once(options, tls, exchange, admit) {
        // The platform's TLS checks during the handshake; the second one tells what it found.
        Err(_) if tls.wants_unchecked_retry() => secure_once(options, tls, exchange, admit),
        other => other,
    }
}

fn secure_once(
    options: &Options,
    tls: &Tls,
    exchange: &Shared,
    admit: &mut Admit<'_>,
) -> Result<(Control, String)> {
    let where_to = format!("{}:{}", options.host, options.port);
    let tcp = options.dialer.connect(&options.host, options.port)?;
    let mut raw = socket(tcp, options.dialer.cancel.clone())?;
    let mut greeting = String::new();
    if !options.implicit {
        (raw, greeting) = ask_for_tls(raw, exchange).map_err(|error| {
            let silent = error.kind() == Kind::Connect && error.reply().is_none();
            // An implicit server waits for our handshake, as we wait for its greeting.
            let error =
                if silent { error.with_hint("ftps:// if TLS is implicit there") } else { error };
            error.about(&where_to)
        })?;
    }
    raw.set_patience(crate::tls::Patience::within(options.timeout));
    let (stream, identity) = tls.control(raw).map_err(|error| {
        let error = error.into_error(&where_to);
        match (error.kind(), options.implicit) {
            (Kind::Tls, true) => error
                .with_hint("ftps:// is implicit TLS; use ftp:// if the server expects AUTH TLS"),
            _ => error,
        }
    })?;
    admit(&identity)?;
    let mut control = Control::new(stream, Arc::clone(exchange), options.clear_data);
    if options.implicit {
        let reply = control.greeting().map_err(|error| error.about(&where_to))?;
        check_greeting(&reply).map_err(|error| error.about(&where_to))?;
        greeting = reply.text();
    }
    Ok((control, greeting))
}

/// `PBSZ 0` or `PROT P` failed: without them there is no session.
fn refused_protection(exchange: &Shared) -> Error {
    let mut exchange = lock(exchange);
    let verb = exchange.verb.clone();
    match (exchange.reply.take(), exchange.death.take()) {
        (Some(reply), None) => Error::new(
            Kind::Tls,
            format!(
                "the server refuses to protect data connections: {verb}: \"{}\"",
                reply.last_text()
            ),
        )
        .with_hint("if clear-text data is acceptable: `--set tls:data=clear`")
        .with_reply(reply.to_string()),
        (_, Some(death)) => death,
        (None, None) => Error::new(Kind::Connect, "the connection was lost"),
    }
}

fn refused_login(user: &str, host: &str, reply: &Reply) -> Error {
    if reply.code == 421 {
        return super::control::farewell(reply);
    }
    Error::new(Kind::Login, format!("login as {user} on {host} refused: \"{}\"", reply.last_text()))
        .with_hint("check the user name and the password")
        .with_reply(reply.to_string())
}
