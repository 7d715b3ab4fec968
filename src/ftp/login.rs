//! Logging in, and what a session asks for right after it (RFC 959 section 5.4, RFC 2389).

use suppaftp::Mode;

use super::brand::Brand;
use super::exchange::lock;
use super::features::Features;
use super::options::ListMode;
use super::path::RemotePath;
use super::reply::{Reply, pwd_path};
use super::session::Session;
use super::ways::Ways;
use crate::error::{Error, Kind, Result};

/// What one session of a site has learnt. See [`Session::login_like`].
#[derive(Debug, Clone)]
pub struct Known {
    features: Features,
    home: RemotePath,
    mode: Option<Mode>,
    no_mlsd: bool,
    time_command: Option<super::change::TimeCommand>,
    clock: super::zone::Clock,
    system: Option<String>,
    ways: Ways,
}

impl Session {
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
        lock(&self.exchange).words = None;
        self.features = known.features.clone();
        self.cwd = known.home.clone();
        self.home = known.home.clone();
        self.working_mode = known.mode;
        self.no_mlsd = known.no_mlsd;
        self.time_command = known.time_command;
        self.clock = known.clock;
        self.system.clone_from(&known.system);
        self.options.ways.know_like(&known.ways);
        self.prepare(false).map(drop)
    }

    /// What another session of the same site need not ask again.
    pub fn known(&self) -> Known {
        Known {
            features: self.features.clone(),
            home: self.home.clone(),
            mode: self.working_mode,
            no_mlsd: self.no_mlsd,
            time_command: self.time_command,
            clock: self.clock,
            system: self.system.clone(),
            ways: self.options.ways.clone(),
        }
    }

    /// What every session needs after its login, in one round trip: UTF-8 where the server has it
    /// (else what the user says that its names are written in), the facts of MLSD, the binary
    /// type, and if `ask` says so the directory, whose reply comes back.
    fn prepare(&mut self, ask: bool) -> Result<Option<Reply>> {
        let facts = self.features.facts_to_ask_for().map(|facts| format!("MLST {facts}"));
        let mut commands = Vec::new();
        if self.features.utf8() {
            // RFC 2640 has UTF-8 as the default; some servers want to be told. A refusal is no
            // harm, names travel as bytes.
            commands.push(("OPTS", "UTF8 ON"));
        } else {
            lock(&self.exchange).charset = self.options.charset;
        }
        if let Some(facts) = &facts {
            // A refusal leaves the facts as they were.
            commands.push(("OPTS", facts));
        }
        commands.push(("TYPE", "I"));
        if ask {
            commands.push(("PWD", ""));
        }
        // LIST will want to know.
        let lists = self.options.list == ListMode::List || !self.features.mlst();
        let ask_system = lists && self.system.is_none();
        if ask_system {
            commands.push(("SYST", ""));
        }
        let mut replies = self.commands(&commands)?;
        if ask_system && let Some(reply) = replies.pop() {
            self.take_in_system(&reply);
        }
        let directory = if ask { replies.pop() } else { None };
        if let Some(reply) = replies.pop() {
            self.type_is(false, &reply)?;
        }
        Ok(directory)
    }

    fn authenticate(&mut self, user: &str, password: &str, account: Option<&str>) -> Result<()> {
        let host = self.options.host.clone();
        let mut send = |verb: &str, argument: &str| self.command(verb, argument);
        authenticate(&mut send, &host, user, password, account)?;
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
        let words = lock(&self.exchange).words.take().unwrap_or_default();
        self.options.ways.know(Brand::of(&words));
        let reply = self.prepare(true)?;
        self.cwd = reply.and_then(|reply| pwd_path(&reply).ok()).unwrap_or_else(RemotePath::root);
        self.home = self.cwd.clone();
        // A farewell (421) is a reply like any other to the commands whose refusal does no harm;
        // but a session that it ended is not logged in.
        self.death().map_or(Ok(()), Err)
    }
}

/// USER, PASS and ACCT, by whatever sends commands; the last reply.
///
/// # Errors
///
/// [`Kind::Login`] when the server refuses; those of `send`.
pub(super) fn authenticate(
    send: &mut dyn FnMut(&str, &str) -> Result<Reply>,
    host: &str,
    user: &str,
    password: &str,
    account: Option<&str>,
) -> Result<Reply> {
    let mut reply = send("USER", user)?;
    if reply.code == 331 {
        reply = send("PASS", password)?;
    }
    if reply.code == 332 {
        let account = account.ok_or_else(|| {
            refused_login(user, host, &reply)
                .with_hint("the server wants an account: put it into the netrc file")
        })?;
        reply = send("ACCT", account)?;
    }
    if reply.is_positive_completion() { Ok(reply) } else { Err(refused_login(user, host, &reply)) }
}

fn refused_login(user: &str, host: &str, reply: &Reply) -> Error {
    if reply.code == 421 {
        return super::control::farewell(reply);
    }
    Error::new(Kind::Login, format!("login as {user} on {host} refused: \"{}\"", reply.last_text()))
        .with_hint("check the user name and the password")
        .with_reply(reply.to_string())
}
