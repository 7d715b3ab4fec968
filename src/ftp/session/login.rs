//! Logging in, and the commands right after it (RFC 959 section 5.4, RFC 2389).
//!
//! On a connection with high latency, round trips dominate a login. Commands that do not depend on
//! a reply are pipelined: the first session of a site sends its queries with the password; a
//! further session, which knows the results, sends everything from USER to its first passive port
//! at once. Neither sends USER before the server has agreed to protect data, unless it wants the
//! login first.

use super::Session;
use super::authenticate::{LoginRequest, authenticate};
use super::config::{DataMode, ListMode, SessionConfig};
use super::directory::LoginDirectory;
use super::features::Features;
use super::pipeline::{pipeline_after, pipeline_before};
use super::protection::{LoginState, protect_data};
use super::quirks::{ConnectionMode, ServerQuirks};
use super::server_software::ServerSoftware;
use crate::error::Result;
use crate::ftp::control::lock;

/// The queries that the first session of a site sends right after its password.
const POST_LOGIN_COMMANDS: [(&str, &str); 4] =
    [("FEAT", ""), ("TYPE", "I"), ("PWD", ""), ("SYST", "")];

/// What one session of a site has learnt, for further ones. See [`login_from_template`].
#[derive(Debug, Clone)]
pub struct SessionTemplate {
    features: Features,
    login_directory: LoginDirectory,
    mode: Option<ConnectionMode>,
    no_mlsd: bool,
    time_command: Option<super::file_ops::TimeCommand>,
    system_type: Option<String>,
    quirks: ServerQuirks,
}

impl SessionTemplate {
    /// The commands of a further session after its login, up to the first passive command.
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

/// The mode of the first data connection.
fn first_mode(options: &SessionConfig) -> Option<ConnectionMode> {
    match options.mode {
        DataMode::Auto => options.quirks.data_mode().or(Some(ConnectionMode::ExtendedPassive)),
        DataMode::ExtendedPassive => Some(ConnectionMode::ExtendedPassive),
        DataMode::Passive => Some(ConnectionMode::Passive),
        DataMode::Active => None,
    }
}

/// The arguments of OPTS: UTF-8 if the server supports it, and the facts of MLSD. UTF-8 is the
/// default of RFC 2640, but some servers require the command. A refusal is harmless: names are sent
/// as bytes, and the facts stay unchanged.
fn opts_to_send(features: &Features) -> impl Iterator<Item = String> {
    let utf8 = features.utf8().then(|| "UTF8 ON".to_owned());
    let facts = features.facts_to_ask_for().map(|facts| format!("MLST {facts}"));
    utf8.into_iter().chain(facts)
}

/// Whether LIST will be used, whose parser needs the system type.
fn needs_system_type(options: &SessionConfig, features: &Features) -> bool {
    options.list == ListMode::List || !features.mlst()
}

/// Logs in without querying what another session of the same site has learnt.
pub fn login_from_template(
    session: &mut Session,
    known: &SessionTemplate,
    login: &LoginRequest<'_>,
) -> Result<()> {
    let commands = known.commands_after_login(&session.config);
    let pipeline = |session: &mut Session, commands: &[(&str, String)]| {
        commands.iter().try_for_each(|(verb, argument)| pipeline_after(session, verb, argument))
    };
    pipeline_after(session, "PASS", login.password)?;
    if session.is_protected {
        pipeline(session, &commands)?;
        authenticate_user(session, login)?;
    } else {
        authenticate_and_protect(session, login)?;
        pipeline(session, &commands[1..])?;
    }
    lock(&session.control).take_transcript();
    session.features = known.features.clone();
    session.working_mode = known.mode;
    session.no_mlsd = known.no_mlsd;
    session.time_command = known.time_command;
    session.system_type.clone_from(&known.system_type);
    session.config.quirks.copy_telnet_rules(&known.quirks);
    set_charset(session);
    let mut directory = None;
    for (verb, argument) in commands {
        // The port is used when a data connection is opened.
        if matches!(verb, "EPSV" | "PASV") {
            continue;
        }
        let reply = session.command(verb, &argument)?;
        match verb {
            "TYPE" => session.store_transfer_type(false, &reply)?,
            "SYST" => session.store_system_type(&reply),
            "PWD" => directory = Some(reply),
            _ => {}
        }
    }
    session.drain_pending()?;
    lock(&session.control).login_deadlines = false;
    if let Some(reply) = directory {
        session.store_login_directory(&reply, Some(&known.login_directory.path))?;
    }
    session.check_login_directory(&known.login_directory)
}

/// What further sessions of the same site need not query again.
pub fn template(session: &Session) -> SessionTemplate {
    SessionTemplate {
        features: session.features.clone(),
        login_directory: session.login_directory.clone(),
        mode: session.working_mode,
        no_mlsd: session.no_mlsd,
        time_command: session.time_command,
        system_type: session.system_type.clone(),
        quirks: session.config.quirks.clone(),
    }
}

/// Uses the configured charset if the server has no UTF-8.
fn set_charset(session: &mut Session) {
    if !session.features.utf8() {
        lock(&session.control).charset = session.config.charset;
    }
}

/// Pipelines a first session's queries, and its first passive port, behind the next command.
fn pipeline_queries(session: &mut Session, queries: &[(&str, &str)]) -> Result<()> {
    queries.iter().try_for_each(|(verb, argument)| pipeline_after(session, verb, argument))?;
    let port = first_mode(&session.config).filter(|_| session.config.prefetch_first_port);
    port.and_then(ConnectionMode::passive_verb)
        .map_or(Ok(()), |verb| pipeline_after(session, verb, ""))
}

fn authenticate_user(session: &mut Session, login: &LoginRequest<'_>) -> Result<()> {
    let host = session.config.host.clone();
    let mut send = |verb: &str, argument: &str| session.command(verb, argument);
    authenticate(&mut send, &host, login)?;
    session.user = Some(login.user.to_owned());
    Ok(())
}

/// For a server that takes PBSZ and PROT only after the login. Nothing else is pipelined with them:
/// a reply to another command must not be taken for one of theirs.
fn authenticate_and_protect(session: &mut Session, login: &LoginRequest<'_>) -> Result<()> {
    authenticate_user(session, login)?;
    let mut control = lock(&session.control);
    protect_data(&mut control, session.config.clear_data, LoginState::After)?;
    session.is_protected = true;
    Ok(())
}

/// Logs in, queries the features, sets the binary type and gets the remote directory.
pub fn log_in(session: &mut Session, login: &LoginRequest<'_>) -> Result<()> {
    pipeline_after(session, "PASS", login.password)?;
    if session.is_protected {
        pipeline_queries(session, &POST_LOGIN_COMMANDS)?;
        authenticate_user(session, login)?;
    } else {
        authenticate_and_protect(session, login)?;
        pipeline_queries(session, &POST_LOGIN_COMMANDS[1..])?;
    }
    session.features = Features::parse(&session.command("FEAT", "")?);
    let words = lock(&session.control).take_transcript();
    let software = ServerSoftware::of(&words);
    session.config.quirks.set_software(software);
    if software == ServerSoftware::Vsftpd {
        session.config.clock.set_vsftpd();
    }
    set_charset(session);
    let reply = session.command("TYPE", "I")?;
    session.store_transfer_type(false, &reply)?;
    let directory = session.command("PWD", "")?;
    // It costs nothing if it was already sent.
    if needs_system_type(&session.config, &session.features) || !session.config.quirks.is_serial() {
        let reply = session.command("SYST", "")?;
        session.store_system_type(&reply);
    }
    lock(&session.control).login_deadlines = false;
    session.store_login_directory(&directory, None)?;
    let wishes: Vec<_> = opts_to_send(&session.features).collect();
    wishes.iter().try_for_each(|wish| pipeline_before(session, "OPTS", wish))?;
    // For a command whose refusal is harmless, a 421 is a reply like any other; but a session that
    // it ended is not logged in.
    session.failure().map_or(Ok(()), Err)
}
