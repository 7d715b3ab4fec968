//! Credentials: the user name and password for a site, from wherever the user keeps them.
//!
//! A host and the [`Sources`] come in, [`Found`] goes out. Called only after the host's
//! certificate was accepted. No password enters an error, a notice, a log or a child's
//! environment, and nobody becomes `anonymous` without having asked for it.

mod command_line;
pub mod keyring;
pub(crate) mod netrc;
mod source;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::command_line::CommandLineLogin;
pub use self::keyring::{Keyring, KeyringAccount};
pub use crate::target::Secret;

use crate::error::{Error, Kind, Result};

/// Where user names and passwords may come from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `--password-file`: the first line.
    pub file: Option<PathBuf>,
    /// `--password-command`, run by `/bin/sh`: the first line of its output.
    pub command: Option<String>,
    /// `--password-env`: the variable's name. Take it out of every child's environment.
    pub env: Option<String>,
    /// Whom these three are for.
    pub given: Arc<CommandLineLogin>,
    /// What stood in the URL.
    pub url: Option<Secret>,
    /// The netrc file; see [`netrc_path`].
    pub netrc: Option<PathBuf>,
    /// The keyring.
    pub keyring: Option<Arc<dyn Keyring>>,
    /// Reads an environment variable; `std::env::var_os` outside tests.
    pub var: fn(&str) -> Option<OsString>,
}

impl Default for Sources {
    /// The netrc file, and nothing else.
    fn default() -> Self {
        let var = |name: &str| std::env::var_os(name);
        let netrc = netrc_path(var);
        let given = Arc::default();
        Self { file: None, command: None, env: None, given, url: None, netrc, keyring: None, var }
    }
}

/// `$NETRC` if it is set and not empty, else `~/.netrc`.
pub fn netrc_path(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match var("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => Some(PathBuf::from(path)),
        None => Some(dirs::home_dir()?.join(".netrc")),
    }
}

/// What is asked of the user, in the words to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// A user name, which may be seen while it is typed.
    User(String),
    /// A password, which may not.
    Password(String),
}

/// Which source a password came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--password-file`.
    File,
    /// `--password-command`.
    Command,
    /// `--password-env`.
    Env,
    /// The URL, or `--user`.
    Url,
    /// The netrc file.
    Netrc,
    /// The keyring.
    Keyring,
    /// The user, just now.
    Prompt,
    /// Nowhere: anonymous users need none.
    Anonymous,
}

/// What to log in with.
#[derive(Debug)]
pub struct Found {
    /// The user name.
    pub user: String,
    /// The password.
    pub secret: Secret,
    /// For `ACCT`, should the server ask (RFC 959, section 4.1.1).
    pub account: Option<Secret>,
    /// Where the password came from.
    pub from: Origin,
    /// What the user should know about the sources; show each once.
    pub notices: Vec<String>,
}

/// What anonymous users give by custom (RFC 1635, section 3).
const ANONYMOUS_PASSWORD: &str = "ftpsh@";

/// Finds the user name and password for `host` and `port`.
///
/// `user` is that of `--user`, else of the URL; without one, netrc's login or the user's answer
/// is taken. The password comes from the first of: file, command, environment (these only for
/// whom they are, see [`CommandLineLogin`]), URL, netrc, keyring, `ask`. `verified` says that the certificate was checked against the system's roots or
/// remembered, not just let through: only such hosts get netrc's `default`. `ask` returns `None`
/// without a terminal, or if the user gives up.
///
/// # Errors
///
/// Kind login: nothing found, or a source that was named failed; kind local for an unreadable
/// password file; and what `ask` fails with.
pub fn password_for(
    host: &str,
    port: u16,
    user: Option<&str>,
    verified: bool,
    sources: &Sources,
    ask: &mut dyn FnMut(Prompt) -> Result<Option<Secret>>,
) -> Result<Found> {
    let mut notices = Vec::new();
    let mut named = match user {
        Some(user) => named_source(sources, (host, port, user), &mut notices)?,
        None => None,
    };
    let netrc = match &sources.netrc {
        // With both already known, the file is nobody's business.
        Some(path) if named.is_none() || user.is_none() => {
            let wanted = netrc::NetrcQuery { host, port, user, verified };
            netrc::find_in_file(path, wanted).unwrap_or_else(|notice| {
                notices.push(notice);
                None
            })
        }
        _ => None,
    };
    let netrc = netrc.unwrap_or_default();
    let known = user.is_some();
    let user = match user.map(str::to_owned).or(netrc.login) {
        Some(user) => user,
        None => match ask(Prompt::User(format!("User name for {host}: ")))? {
            Some(answer) if !answer.expose().is_empty() => answer.expose().to_owned(),
            _ => {
                return Err(no_password_error(
                    &format!("no user name for {host}"),
                    "--user",
                    &notices,
                ));
            }
        },
    };
    if user.contains(['\r', '\n', '\0']) {
        return Err(Error::usage(format!("user name {user:?}: holds a line break or NUL")));
    }
    if !known {
        named = named_source(sources, (host, port, &user), &mut notices)?;
    }
    let mut found = named.or(netrc.password.map(|secret| (secret, Origin::Netrc)));
    if let Some(keyring) = sources.keyring.as_ref().filter(|keyring| keyring.is_available())
        && found.is_none()
        && !is_anonymous(&user)
    {
        match keyring.load_password(KeyringAccount { host, port, user: &user }) {
            Ok(secret) => found = secret.map(|secret| (secret, Origin::Keyring)),
            // Somebody can still be asked.
            Err(error) => notices.push(error.message().to_owned()),
        }
    }
    let (secret, from) = match found {
        Some(found) => found,
        None if is_anonymous(&user) => {
            (Secret::new(ANONYMOUS_PASSWORD.to_owned())?, Origin::Anonymous)
        }
        None => match ask(Prompt::Password(format!("Password for {user}@{host}: ")))? {
            Some(secret) => (secret, Origin::Prompt),
            None => {
                let options = "--password-file, --password-command or --password-env";
                if sources.is_password_source_set()
                    && let Some(owner) = sources.given.owner_text()
                {
                    notices.push(format!("the one of the command line is for {owner}"));
                }
                return Err(no_password_error(
                    &format!("no password for {user}@{host}"),
                    options,
                    &notices,
                ));
            }
        },
    };
    Ok(Found { user, secret, account: netrc.account, from, notices })
}

impl Sources {
    /// Whether the command line says where a password is.
    fn is_password_source_set(&self) -> bool {
        let named = self.file.is_some() || self.command.is_some() || self.env.is_some();
        named || self.given.option_password().is_some()
    }
}

/// The password of the first source that was named for this user at this site.
fn named_source(
    sources: &Sources,
    (host, port, user): (&str, u16, &str),
    notices: &mut Vec<String>,
) -> Result<Option<(Secret, Origin)>> {
    let url = || sources.url.clone().map(|secret| (secret, Origin::Url));
    if !sources.is_password_source_set() || !sources.given.applies_to(host, port, user) {
        return Ok(url());
    }
    if let Some(path) = &sources.file {
        let (secret, notice) = source::read_password_file(path)?;
        notices.extend(notice);
        return Ok(Some((secret, Origin::File)));
    }
    if let Some(command) = &sources.command {
        let secret = source::run_password_command(command, sources.env.as_deref())?;
        return Ok(Some((secret, Origin::Command)));
    }
    if let Some(name) = &sources.env {
        return Ok(Some((source::read_password_variable(name, sources.var)?, Origin::Env)));
    }
    let option = || sources.given.option_password().cloned().map(|secret| (secret, Origin::Url));
    Ok(url().or_else(option))
}

fn is_anonymous(user: &str) -> bool {
    matches!(user, "anonymous" | "ftp")
}

/// Nothing found: says what to give, and why netrc was of no help, if it was not.
fn no_password_error(what: &str, options: &str, notices: &[String]) -> Error {
    let error = Error::new(Kind::Login, what);
    match notices.last() {
        Some(notice) => error.with_hint(format!("give {options}; {notice}")),
        None => error.with_hint(format!("give {options}, or an entry in ~/.netrc")),
    }
}
