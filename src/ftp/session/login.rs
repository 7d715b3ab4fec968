//! Logging in, and what a session asks for right after it (RFC 959 section 5.4, RFC 2389).
//!
//! A login over a long path is mostly waiting. What does not depend on a reply is pipelined: the first
//! session of a site sends its questions with the password, and a further session, which knows
//! the answers, everything from USER to its first passive port. Neither sends USER before the
//! server has agreed to protect data.

use super::Session;
use super::authenticate::{LoginRequest, authenticate};
use super::config::{DataMode, ListMode, SessionConfig};
use super::directory::LoginDirectory;
use super::features::Features;
use super::quirks::{ConnectionMode, ServerQuirks};
use super::server_software::ServerSoftware;
use crate::error::Result;
use crate::ftp::control::lock;

/// What the first session of a site asks right after its password.
const QUESTIONS: [(&str, &str); 4] = [("FEAT", ""), ("TYPE", "I"), ("PWD", ""), ("SYST", "")];

/// What one session of a site has learnt. See [`Session::login_from_template`].
#[derive(Debug, Clone)]
pub struct SessionTemplate {
    features: Features,
    login_directory: LoginDirectory,
    mode: Option<ConnectionMode>,
    no_mlsd: bool,
    time_command: Option<super::file_ops::TimeCommand>,
    server_clock: super::server_clock::ServerClock,
    system_type: Option<String>,
    quirks: ServerQuirks,
}

impl SessionTemplate {
    /// What a further session says and asks after its login, up to the first passive port.
    fn commands_after_login(&self, options: &SessionConfig) -> Vec<(&'static str, String)> {
        let mut commands: Vec<_> =
            opts_to_send(&self.features).map(|wish| ("OPTS", wish)).collect();
        commands.push(("TYPE", "I".to_owned()));
        commands.push(("PWD", String::new()));
        if needs_system_type(options, &self.features) && self.system_type.is_none() {
            commands.push(("SYST", String::new()));
        }
        let mode = self.mode.or(first_mode(options));
        commands
            .extend(mode.and_then(ConnectionMode::passive_verb).map(|verb| (verb, String::new())));
        commands
    }
}

/// How the first data connection will be asked for.
fn first_mode(options: &SessionConfig) -> Option<ConnectionMode> {
    match options.mode {
        DataMode::Auto => options.quirks.data_mode().or(Some(ConnectionMode::ExtendedPassive)),
        DataMode::ExtendedPassive => Some(ConnectionMode::ExtendedPassive),
        DataMode::Passive => Some(ConnectionMode::Passive),
        DataMode::Active => None,
    }
}

/// What OPTS is sent for: UTF-8 where the server has it, and the facts of MLSD. RFC 2640 has UTF-8
/// as the default, but some servers want to be told. A refusal is no harm: names travel as bytes,
/// and the facts stay as they were.
fn opts_to_send(features: &Features) -> impl Iterator<Item = String> {
    let utf8 = features.utf8().then(|| "UTF8 ON".to_owned());
    let facts = features.facts_to_ask_for().map(|facts| format!("MLST {facts}"));
    utf8.into_iter().chain(facts)
}

/// Whether LIST will be used, which wants to know the system.
fn needs_system_type(options: &SessionConfig, features: &Features) -> bool {
    options.list == ListMode::List || !features.mlst()
}

impl Session {
    /// Logs in as another session of the same site did, without asking for what that one knows.
    ///
    /// # Errors
    ///
    /// As [`Session::login`].
    pub fn login_from_template(
        &mut self,
        known: &SessionTemplate,
        login: &LoginRequest<'_>,
    ) -> Result<()> {
        let commands = known.commands_after_login(&self.config);
        self.pipeline_after("PASS", login.password)?;
        commands.iter().try_for_each(|(verb, argument)| self.pipeline_after(verb, argument))?;
        self.authenticate(login)?;
        lock(&self.control).take_transcript();
        self.features = known.features.clone();
        self.working_mode = known.mode;
        self.no_mlsd = known.no_mlsd;
        self.time_command = known.time_command;
        self.server_clock = known.server_clock;
        self.system_type.clone_from(&known.system_type);
        self.config.quirks.copy_telnet_rules(&known.quirks);
        self.set_charset();
        let mut directory = None;
        for (verb, argument) in commands {
            // Whoever opens a data connection finds the port.
            if matches!(verb, "EPSV" | "PASV") {
                continue;
            }
            let reply = self.command(verb, &argument)?;
            match verb {
                "TYPE" => self.store_transfer_type(false, &reply)?,
                "SYST" => self.store_system_type(&reply),
                "PWD" => directory = Some(reply),
                _ => {}
            }
        }
        self.drain_pending()?;
        lock(&self.control).login_deadlines = false;
        if let Some(reply) = directory {
            self.store_login_directory(&reply, Some(&known.login_directory.path))?;
        }
        self.check_login_directory(&known.login_directory)
    }

    /// What another session of the same site need not ask again.
    pub fn template(&self) -> SessionTemplate {
        SessionTemplate {
            features: self.features.clone(),
            login_directory: self.login_directory.clone(),
            mode: self.working_mode,
            no_mlsd: self.no_mlsd,
            time_command: self.time_command,
            server_clock: self.server_clock,
            system_type: self.system_type.clone(),
            quirks: self.config.quirks.clone(),
        }
    }

    /// Where the server has no UTF-8, names are written in what the user says.
    fn set_charset(&mut self) {
        if !self.features.utf8() {
            lock(&self.control).charset = self.config.charset;
        }
    }

    /// Has the password and the questions of a first session go out together with the user name.
    fn pipeline_login(&mut self, login: &LoginRequest<'_>) -> Result<()> {
        self.pipeline_after("PASS", login.password)?;
        QUESTIONS.iter().try_for_each(|(verb, argument)| self.pipeline_after(verb, argument))?;
        let port = first_mode(&self.config).filter(|_| self.config.prefetch_first_port);
        port.and_then(ConnectionMode::passive_verb)
            .map_or(Ok(()), |verb| self.pipeline_after(verb, ""))
    }

    fn authenticate(&mut self, login: &LoginRequest<'_>) -> Result<()> {
        let host = self.config.host.clone();
        let mut send = |verb: &str, argument: &str| self.command(verb, argument);
        authenticate(&mut send, &host, login)?;
        self.user = Some(login.user.to_owned());
        Ok(())
    }

    /// Logs in, asks for the features, sets the binary type and learns the directory.
    ///
    /// # Errors
    ///
    /// [`Kind::Login`] when the server refuses; [`Kind::Connect`] when the connection is lost.
    pub fn login(&mut self, login: &LoginRequest<'_>) -> Result<()> {
        self.pipeline_login(login)?;
        self.authenticate(login)?;
        self.features = Features::parse(&self.command("FEAT", "")?);
        let words = lock(&self.control).take_transcript();
        self.config.quirks.set_software(ServerSoftware::of(&words));
        self.set_charset();
        let reply = self.command("TYPE", "I")?;
        self.store_transfer_type(false, &reply)?;
        let directory = self.command("PWD", "")?;
        // It costs nothing where it was sent already.
        if needs_system_type(&self.config, &self.features) || !self.config.quirks.is_serial() {
            let reply = self.command("SYST", "")?;
            self.store_system_type(&reply);
        }
        lock(&self.control).login_deadlines = false;
        self.store_login_directory(&directory, None)?;
        let wishes: Vec<_> = opts_to_send(&self.features).collect();
        wishes.iter().try_for_each(|wish| self.pipeline_before("OPTS", wish))?;
        // A farewell (421) is a reply like any other to the commands whose refusal does no harm;
        // but a session that it ended is not logged in.
        self.failure().map_or(Ok(()), Err)
    }
}
