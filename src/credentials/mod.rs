//! Credentials: the user name and password for a site, from the sources that the user has.
//!
//! [`password_for`] turns a host and the [`Sources`] into [`Found`]. Called only after the host's
//! certificate was accepted. No password appears in an error, a notice, a log or a child's
//! environment, and the login is never `anonymous` unless requested.

mod command_line;
pub(crate) mod keyring;
pub(crate) mod netrc;
mod source;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::command_line::CommandLineLogin;
pub use self::keyring::{Keyring, KeyringAccount};
pub use crate::target::Secret;

use crate::error::{Error, Kind, Result};

/// Possible sources of user names and passwords.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `--password-file`: the first line.
    pub file: Option<PathBuf>,
    /// `--password-command`, run by `/bin/sh`: the first line of its output.
    pub command: Option<String>,
    /// `--password-env`: the variable's name. Remove it from the environment of every child.
    pub env: Option<String>,
    /// The site and user that these three are for.
    pub given: Arc<CommandLineLogin>,
    /// The password in the URL.
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

/// The variable of `--env-password`.
pub const LFTP_PASSWORD: &str = "LFTP_PASSWORD";

/// The password of `open --env-password`.
///
/// # Errors
/// Kind login: the variable is not set, or holds no valid password.
pub fn lftp_password() -> Result<Secret> {
    source::read_password_variable(LFTP_PASSWORD, |name| std::env::var_os(name))
}

/// `$NETRC` if it is set and not empty, else `~/.netrc`.
pub fn netrc_path(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match var("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => Some(PathBuf::from(path)),
        None => Some(dirs::home_dir()?.join(".netrc")),
    }
}

/// What to ask the user; contains the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// A user name, typed with echo.
    User(String),
    /// A password, typed without echo.
    Password(String),
}

/// The source of a password.
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
    /// Typed by the user.
    Prompt,
    /// None: anonymous users need no password.
    Anonymous,
}

impl Origin {
    /// The source in words; `None` if the user knows it.
    pub fn text(self, sources: &Sources) -> Option<String> {
        let path = |path: &Option<PathBuf>| path.as_deref().map(shown_path);
        match self {
            Origin::File => path(&sources.file),
            Origin::Command => Some("--password-command".to_owned()),
            Origin::Env => sources.env.as_ref().map(|name| format!("the variable {name}")),
            Origin::Url => Some("the command line".to_owned()),
            Origin::Netrc => path(&sources.netrc),
            Origin::Keyring => Some("the keyring".to_owned()),
            Origin::Prompt | Origin::Anonymous => None,
        }
    }
}

/// A path, shortened with `~`.
fn shown_path(path: &Path) -> String {
    match dirs::home_dir().as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// Credentials for a login.
#[derive(Debug)]
pub struct Found {
    /// The user name.
    pub user: String,
    /// The password.
    pub secret: Secret,
    /// For `ACCT`, if the server asks for it (RFC 959, section 4.1.1).
    pub account: Option<Secret>,
    /// The source of the password.
    pub from: Origin,
    /// Notices about the sources; show each once.
    pub notices: Vec<String>,
}

/// The customary password of anonymous users (RFC 1635, section 3).
const ANONYMOUS_PASSWORD: &str = "ftpsh@";

/// Asks the user. It may show and remove the notices that there are until then.
type Ask<'a> = &'a mut dyn FnMut(Prompt, &mut Vec<String>) -> Result<Option<Secret>>;

/// Finds the user name and password for `host` and `port`.
///
/// `user` is from `--user` or else the URL; without one, netrc's login or the user's answer is
/// used. The password comes from the first of: file, command, environment (only for their owner,
/// see [`CommandLineLogin`]), URL, netrc, keyring, `ask`. `verified` means that the certificate was
/// checked against the system's roots or the store, not merely accepted: only such hosts get
/// netrc's `default`. `ask` returns `None` without a terminal, or if the user gives up.
///
/// # Errors
/// Kind login: nothing found, or a source on the command line failed; kind local: an unreadable
/// password file; or the error of `ask`.
pub fn password_for(
    host: &str,
    port: u16,
    user: Option<&str>,
    verified: bool,
    sources: &Sources,
    ask: Ask<'_>,
) -> Result<Found> {
    let mut notices = Vec::new();
    let mut named = match user {
        Some(user) => named_source(sources, (host, port, user), &mut notices)?,
        None => None,
    };
    let netrc = match &sources.netrc {
        // If both are known, the file is not read.
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
        None => match ask_user_name(host, sources, &mut |prompt| ask(prompt, &mut notices))? {
            Some(answer) => answer,
            None => {
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
            // The user can still be asked.
            Err(error) => notices.push(error.message().to_owned()),
        }
    }
    let (secret, from) = match found {
        Some(found) => found,
        None if is_anonymous(&user) => {
            (Secret::new(ANONYMOUS_PASSWORD.to_owned())?, Origin::Anonymous)
        }
        None => match ask(Prompt::Password(format!("Password for {user}@{host}: ")), &mut notices)?
        {
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
    /// Whether the netrc file has a user name for this site.
    pub fn netrc_names_user(&self, host: &str, port: u16, verified: bool) -> bool {
        let wanted = netrc::NetrcQuery { host, port, user: None, verified };
        let entry = self.netrc.as_deref().map(|path| netrc::find_in_file(path, wanted));
        matches!(entry, Some(Ok(Some(entry))) if entry.login.is_some())
    }

    /// Whether the command line names a password source.
    fn is_password_source_set(&self) -> bool {
        let named = self.file.is_some() || self.command.is_some() || self.env.is_some();
        named || self.given.option_password().is_some()
    }
}

/// The answer to the question for the user name, which offers that of the local user.
fn ask_user_name(
    host: &str,
    sources: &Sources,
    ask: &mut dyn FnMut(Prompt) -> Result<Option<Secret>>,
) -> Result<Option<String>> {
    let local = (sources.var)("USER").and_then(|user| user.into_string().ok());
    let local = local.filter(|user| !user.is_empty() && !user.contains(char::is_control));
    let offer = local.as_ref().map_or_else(String::new, |user| format!(" [{user}]"));
    let answer = ask(Prompt::User(format!("User name for {host}{offer}: ")))?;
    Ok(answer.and_then(|answer| match answer.expose().trim() {
        "" => local,
        typed => Some(typed.to_owned()),
    }))
}

/// The password of the first command-line source for this user at this site.
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

/// The error if no password was found: names the options, and the problem with netrc, if any.
fn no_password_error(what: &str, options: &str, notices: &[String]) -> Error {
    let error = Error::new(Kind::Login, what);
    match notices.last() {
        Some(notice) => error.with_hint(format!("give {options}; {notice}")),
        None => error.with_hint(format!("give {options}, or an entry in ~/.netrc")),
    }
}
