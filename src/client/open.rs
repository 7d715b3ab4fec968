//! Connecting: dial, verify the certificate, ask if it is unknown, find the password, log in.
//!
//! The order is guaranteed: no credentials are even looked up before the certificate was accepted.
//! If the user must be asked about a certificate, the connection is closed first and reopened after
//! the answer, so that no connection waits for a human.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::connection::not_connected;
use super::keyring::update_keyring;
use super::session_config::session_config;
use super::{Client, Credentials, close_with_idle};
use crate::credentials::{Origin, Prompt, Secret, password_for};
use crate::error::{Error, Kind, Result};
use crate::ftp::connect::steps::Secured;
use crate::ftp::path::{RemotePath, decode_name};
use crate::ftp::session::Session;
use crate::ftp::session::login::log_in;
use crate::ftp::session::permit::Permit;
use crate::output::DelayedNotice;
use crate::settings as set;
use crate::target::{Site, Target};
use crate::transfer::retry::with_retry;
use crate::trust::checker::Accepted;
use crate::trust::prompt;
use crate::trust::refusal::{Refusal, Unknown};
use crate::trust::verdict::Verdict;

/// How long connecting may take before it is mentioned.
const SILENCE: Duration = Duration::from_secs(1);

/// How long a connection without a login is used: servers close it soon.
const GREETED_FOR: Duration = Duration::from_secs(15);

/// What `open` does if no user name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnknownUser {
    /// Asks for it.
    Ask,
    /// Waits for the first command that needs a login.
    Wait,
}

/// How often a password is asked for at a terminal.
const LOGIN_ATTEMPTS: usize = 3;

impl Client {
    /// Connects to a site and logs in; the previous connection is closed, at the prompt only if that
    /// succeeds. A script does not return to it: it would work on another server than it means.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`], [`Kind::Tls`], [`Kind::CertUnknown`], [`Kind::CertChanged`],
    /// [`Kind::Login`]; a start directory that is refused.
    pub fn open(&mut self, target: Target, user: Option<String>) -> Result<()> {
        self.open_with(target, user, UnknownUser::Ask)
    }

    /// As [`Client::open`], but if no user name is known, nobody is asked: the connection waits for
    /// [`Client::log_in_as`] or for the first command that needs a login.
    pub fn open_without_asking(&mut self, target: Target, user: Option<String>) -> Result<()> {
        self.open_with(target, user, UnknownUser::Wait)
    }

    fn open_with(
        &mut self,
        target: Target,
        user: Option<String>,
        unknown: UnknownUser,
    ) -> Result<()> {
        let fresh = self.connection.without_site();
        let mut before = std::mem::replace(&mut self.connection, fresh);
        let previous = before.site.as_ref().map(Site::trust_key);
        if !self.at_prompt || previous.as_ref() == Some(&target.site.trust_key()) {
            // It may be the last connection that the server allows.
            close_with_idle(&self.sessions, &mut before);
        }
        let opened = self.open_new(target, user, unknown);
        match (opened, previous) {
            (Err(error), Some(previous)) if self.at_prompt => {
                std::mem::swap(&mut self.connection, &mut before);
                close_with_idle(&self.sessions, &mut before);
                Err(match self.connection.live_session() {
                    Some(_) => error.with_detail(format!("still connected to {previous}")),
                    None => error,
                })
            }
            (opened, _) => {
                close_with_idle(&self.sessions, &mut before);
                self.listings.invalidate_all();
                opened
            }
        }
    }

    fn open_new(
        &mut self,
        target: Target,
        user: Option<String>,
        unknown: UnknownUser,
    ) -> Result<()> {
        let given = Arc::clone(&self.connection.sources.given);
        let (host, port) = (target.site.host.as_str(), target.site.port);
        given.bind_to_site((host, port), user.as_deref(), target.site.user.as_deref());
        // The command's own user takes precedence over `--user`, and that over the URL.
        let user = user.or_else(|| given.user_for(host, port)).or(target.site.user.clone());
        // A password in the URL belongs to the user in the URL.
        let same = user == target.site.user;
        self.connection.sources.url = target.password.filter(|_| same);
        let mut site = target.site;
        site.user = user;
        let start = site.path.as_deref().map(|path| RemotePath::new(decode_name(path)));
        self.connection.start_directory = start.transpose()?;
        self.connection.site = Some(site);
        if unknown == UnknownUser::Wait && !self.greet()? {
            if self.at_prompt {
                let host = self.connection.host().unwrap_or_default();
                self.console.notice(&format!(
                    "{host}: connected; `user NAME` logs in, or the next command asks for the name"
                ));
            }
            return Ok(());
        }
        match self.connection.start_directory.take() {
            None => self.establish(None),
            Some(path) => self.change_directory(Some(&path)),
        }
    }

    /// Connects without a login, unless a user name is known; returns whether one is. A server that
    /// is not trusted or cannot be reached is reported now.
    fn greet(&mut self) -> Result<bool> {
        let site = self.connection.site.clone().ok_or_else(not_connected)?;
        if site.user.is_some() {
            return Ok(true);
        }
        self.retry_while_busy(|client| {
            let permit = client.permit(&site)?;
            let mut session = client.connect_trusted(&site)?;
            session.attach_permit(permit);
            client.connection.greeted = Some((session, Instant::now()));
            Ok(())
        })?;
        let verified = self.connection.verified;
        Ok(self.connection.sources.netrc_names_user(&site.host, site.port, verified))
    }

    /// Logs in to the current site as another user, on a new connection: most servers handle a
    /// second USER badly. If that fails, nothing changes. Without a password, it is looked for as in
    /// [`Client::open`].
    pub fn log_in_as(&mut self, user: String, password: Option<Secret>) -> Result<()> {
        let connection = &mut self.connection;
        let mut site = connection.site.clone().ok_or_else(not_connected)?;
        site.user = Some(user.clone());
        let login = password
            .clone()
            .map(|secret| Arc::new(Credentials { user, secret, account: None, from: Origin::Url }));
        let before = (
            connection.site.replace(site),
            std::mem::replace(&mut connection.login, login),
            connection.session.take(),
            // The password in the URL belongs to another user.
            std::mem::replace(&mut connection.sources.url, password),
        );
        let (site, login, mut session, url) = before;
        let permit = session.as_mut().and_then(Session::take_permit);
        let result = self.establish(permit);
        let connection = &mut self.connection;
        if result.is_err() {
            (connection.site, connection.login, connection.session) = (site, login, session);
            connection.sources.url = url;
            return result;
        }
        connection.place = None;
        connection.previous_directory = None;
        self.listings.invalidate_all();
        if let Some(session) = session {
            session.close_gracefully();
        }
        self.enter_start_directory()
    }

    /// Connects and logs in, replacing a connection that is being closed, or with a permit of its
    /// own.
    pub(super) fn establish(&mut self, mut permit: Option<Permit>) -> Result<()> {
        self.retry_while_busy(|client| client.establish_with_fallback(permit.take()))
    }

    /// In a script, a server that is busy or full (421, 530) is retried `net:max-retries` times, and
    /// not again by the caller.
    fn retry_while_busy(&mut self, mut connect: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let (console, cancel, at_prompt) =
            (self.console.clone(), self.cancel.clone(), self.at_prompt);
        let is_busy = |error: &Error| error.kind() == Kind::Connect && error.reply_code().is_some();
        // Errors that must not be retried are in the inner result.
        with_retry(
            self.retries(),
            &cancel,
            |text| console.notice(text),
            |_| match connect(self) {
                Err(error) if at_prompt || !is_busy(&error) => Ok(Err(error)),
                other => other.map(Ok),
            },
        )
        .map_err(Error::as_permanent)?
    }

    /// Retries without pipelining if the server drops pipelined commands.
    fn establish_with_fallback(&mut self, permit: Option<Permit>) -> Result<()> {
        let slow = self.connection.ways.is_serial();
        match self.establish_once(permit) {
            Err(error)
                if error.kind() == Kind::Connect && !slow && self.connection.ways.is_serial() =>
            {
                let host = self.connection.host().unwrap_or_default();
                self.console.notice(&format!(
                    "{host}: the server dropped pipelined commands; pipelining is off for this site now \
                     (`set ftp:sync-mode/{host} yes` turns it off from the start)"
                ));
                self.establish_once(None)
            }
            other => other,
        }
    }

    fn establish_once(&mut self, permit: Option<Permit>) -> Result<()> {
        let site = self.connection.site.clone().ok_or_else(not_connected)?;
        if let Some(mut session) = self.connection.take_greeted(GREETED_FOR) {
            match self.log_in(&site, &mut session) {
                // The server did not want to wait that long.
                Err(error) if error.kind() == Kind::Connect => session.close_now(),
                result => {
                    result?;
                    self.connection.session = Some(session);
                    return Ok(());
                }
            }
        }
        let permit = match permit {
            Some(permit) => permit,
            None => self.permit(&site)?,
        };
        let mut session = self.connect_trusted(&site)?;
        session.attach_permit(permit);
        self.log_in(&site, &mut session)?;
        self.connection.session = Some(session);
        Ok(())
    }

    /// A connection to a trusted server, not logged in.
    fn connect_trusted(&mut self, site: &Site) -> Result<Session> {
        loop {
            let config = session_config(self, site)?;
            let text = format!("connecting to {}…", site.trust_key());
            let slow = DelayedNotice::start(&self.console, SILENCE, text);
            let begun = Instant::now();
            let secured = Secured::connect(&config);
            drop(slow);
            if let Ok(secured) = &secured {
                let text = phases_text(site, secured, begun.elapsed());
                self.console.verbose_notice(1, &text);
            }
            let secured = secured.map_err(|error| self.note_failed_connect(site, error))?;
            let policy = self.settings.get(set::TRUST_POLICY, Some(&site.host));
            let policy = policy.parse().unwrap_or_default();
            let name = self.trust_name(&site.host);
            let judged = {
                let mut checker = self.connection.trust_gate();
                checker.set_rules_of_host(policy, config.tls.ca_file.is_some());
                checker.check_identity(&name, site.port, secured.identity(), Utc::now())
            };
            match judged {
                Ok(accepted) => {
                    self.note_accepted(site, accepted);
                    let session = Session::new(secured);
                    let session = session.map_err(|error| self.note_failed_connect(site, error))?;
                    self.audit_of(&site.host, site.port).log_connect(None);
                    return Ok(session);
                }
                // The connection is closed while the user is asked.
                Err(Refusal::Unknown(unknown)) => {
                    drop(secured);
                    self.ask_to_trust(site, *unknown)?;
                }
                Err(refusal) => {
                    let shown = refusal.fingerprint();
                    let error = self.refusal_error(refusal);
                    let audit = self.audit_of(&site.host, site.port);
                    audit.log_trust("refused", error.message(), shown);
                    return Err(error);
                }
            }
        }
    }

    /// After a failure the passphrase, which may be wrong, is asked for again.
    fn note_failed_connect(&self, site: &Site, error: Error) -> Error {
        if matches!(error.kind(), Kind::Local | Kind::Tls) {
            self.connection.passphrases.forget_passphrase();
        }
        self.audit_of(&site.host, site.port).log_connect(Some(&error));
        error
    }

    /// The name under which a host's certificate is remembered (setting `trust:alias`).
    pub fn trust_name(&self, host: &str) -> String {
        let alias = self.settings.get(set::TRUST_ALIAS, Some(host));
        if alias.is_empty() { host.to_owned() } else { alias.to_owned() }
    }

    /// The error for a refused certificate, with the command to type where the user is.
    pub fn refusal_error(&self, refusal: Refusal) -> Error {
        let error = refusal.into_error();
        match error.hint().map(|hint| self.own_command(hint)) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// A text with a command for a shell, as it is typed where the user is.
    pub fn own_command(&self, text: &str) -> String {
        if self.at_prompt { text.replace("ftpsh trust ", "trust ") } else { text.to_owned() }
    }

    fn note_accepted(&mut self, site: &Site, accepted: Accepted) {
        if let Some(warning) = &accepted.warning {
            self.console.warn(&self.own_command(warning));
        }
        if let Some(notice) = &accepted.notice {
            self.console.notice(notice);
        }
        self.audit_of(&site.host, site.port).log_trust(
            "accepted",
            &accepted.why,
            Some(accepted.fingerprint),
        );
        self.connection.verified = !matches!(accepted.verdict, Verdict::Insecure);
        self.connection.trusted_for_this_run =
            matches!(accepted.verdict, Verdict::Insecure | Verdict::Once);
        self.connection.trusted = Some(accepted.why);
        self.connection.fingerprint = Some(accepted.fingerprint);
    }

    /// Asks whether to trust a server; returns if the answer was yes or once.
    ///
    /// # Errors
    ///
    /// [`Kind::CertUnknown`] without a terminal, or after the answer no; those of the store.
    pub fn ask_to_trust(&mut self, site: &Site, unknown: Unknown) -> Result<()> {
        if !self.console.is_interactive() {
            return Err(self.audit_refusal(site, unknown));
        }
        let question = prompt::trust_question(&unknown);
        let mut text = question.as_str();
        let answer = loop {
            // The end of the input is a no.
            let line = self.console.ask(text, &self.cancel)?.unwrap_or_default();
            match prompt::parse_answer(&line, &unknown.certificate.fingerprint) {
                Some(answer) => break answer,
                None => {
                    self.console.warn(prompt::unclear_answer(&line));
                    text = "Trust this server (yes/once/no/fingerprint) [no]? ";
                }
            }
        };
        let shown = Some(unknown.certificate.fingerprint);
        self.audit_of(&site.host, site.port).log_trust(
            "answered",
            &format!("{answer:?}").to_lowercase(),
            shown,
        );
        let remembered = self.connection.trust_gate().accept_answer(unknown, answer, Utc::now())?;
        if let Some(notice) = remembered {
            self.console.notice(&notice);
        }
        Ok(())
    }

    fn audit_refusal(&self, site: &Site, unknown: Unknown) -> Error {
        let shown = Some(unknown.certificate.fingerprint);
        let error = unknown.into_error();
        self.audit_of(&site.host, site.port).log_trust("refused", error.message(), shown);
        error
    }

    /// Logs in. A password that was typed and is refused is asked for again, on the same connection
    /// if the server keeps it open.
    fn log_in(&mut self, site: &Site, session: &mut Session) -> Result<()> {
        let mut site = site.clone();
        let mut refusal: Option<Error> = None;
        for attempt in 1.. {
            let (login, from) = match self.connection.login.take() {
                Some(login) => (login, None),
                None => match self.find_credentials(&site) {
                    Ok((login, from)) => (Arc::new(login), Some(from)),
                    // No answer: what was refused is the reason.
                    Err(error) if error.kind() == Kind::Login => {
                        return Err(refusal.unwrap_or(error));
                    }
                    Err(error) => return Err(error),
                },
            };
            if refusal.is_some() && session.drain_pending().is_err() {
                let permit = session.take_permit();
                *session = self.connect_trusted(&site)?;
                permit.into_iter().for_each(|permit| session.attach_permit(permit));
            }
            let begun = Instant::now();
            let result = log_in(session, &login.login_request());
            if result.is_ok() {
                let (key, took) = (site.trust_key(), begun.elapsed().as_millis());
                let text = format!("{key}: logged in as {} in {took} ms", login.user);
                self.console.verbose_notice(1, &text);
            }
            self.audit_of(&site.host, site.port).log_login(&login.user, result.as_ref().err());
            match result {
                Err(error) if error.kind() == Kind::Login => {
                    let typed = login.from == Origin::Prompt && self.console.is_interactive();
                    if typed && attempt < LOGIN_ATTEMPTS {
                        self.console.warn(error.message());
                        site.user = Some(login.user.clone());
                        refusal = Some(error);
                        continue;
                    }
                    let source = from.and_then(|from| from.text(&self.connection.sources));
                    let error = match source {
                        Some(source) => error.with_detail(format!("the password is from {source}")),
                        None => error,
                    };
                    return update_keyring(self, &site, &login, from, Err(error));
                }
                // A lost connection says nothing about the login.
                result => {
                    self.connection.login = Some(Arc::clone(&login));
                    return update_keyring(self, &site, &login, from, result);
                }
            }
        }
        Ok(())
    }

    fn find_credentials(&mut self, site: &Site) -> Result<(Credentials, Origin)> {
        let out = &self.console;
        let cancel = &self.cancel;
        let mut ask = |question: Prompt, notices: &mut Vec<String>| -> Result<Option<Secret>> {
            if out.is_interactive() {
                notices.drain(..).for_each(|notice| out.notice(&notice));
            }
            let answer = match question {
                Prompt::User(text) => out.ask_edited(&text, cancel)?,
                Prompt::Password(text) => out.ask_hidden(&text, cancel)?,
            };
            answer.map(Secret::new).transpose()
        };
        let found = password_for(
            &site.host,
            site.port,
            site.user.as_deref(),
            self.connection.verified,
            &self.connection.sources,
            &mut ask,
        )?;
        for notice in &found.notices {
            self.console.notice(notice);
        }
        let (user, secret, account, from) = (found.user, found.secret, found.account, found.from);
        Ok((Credentials { user, secret, account, from }, from))
    }
}

/// `-v`: how long the phases of connecting took, and what the handshake negotiated.
fn phases_text(site: &Site, secured: &Secured, both: Duration) -> String {
    let (key, handshake) = (site.trust_key(), secured.handshake_time());
    let reached = both.saturating_sub(handshake).as_millis();
    let tls = match secured.negotiated() {
        Some(tls) => format!("{} {}", tls.version, tls.cipher),
        None => "TLS".to_owned(),
    };
    format!("{key}: connected in {reached} ms, {tls} in {} ms", handshake.as_millis())
}
