//! The remote directory of a session, as the server names it (RFC 959, CWD and PWD).
//!
//! A directory that the server does not name is unknown ([`RemotePath::here`]), never `/`. No
//! session returns to an unknown directory, or continues in a directory other than the intended
//! one.

use super::Session;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::{Reply, pwd_names, pwd_readings};
use crate::ftp::error_text::refusal_error;
use crate::ftp::path::RemotePath;

/// The hint for a session without a known directory.
pub const CHOOSE: &str = "`cd DIR` chooses the directory to work in";

/// The directory after a login, to be compared with that of a later login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginDirectory {
    /// Its name; [`RemotePath::here`] if the server does not report it.
    pub path: RemotePath,
    /// The whole reply to PWD.
    reply: String,
}

impl Default for LoginDirectory {
    fn default() -> Self {
        Self { path: RemotePath::here(), reply: String::new() }
    }
}

impl LoginDirectory {
    /// Whether both are the same, as far as is known: servers without PWD always reply the same.
    fn is_same(&self, other: &Self) -> bool {
        self.path == other.path && (!self.path.is_here() || self.reply == other.reply)
    }
}

impl Session {
    /// Changes the remote directory and asks for its real name.
    pub fn change_directory(&mut self, path: &RemotePath) -> Result<()> {
        let what = format!("cd {path}");
        let meant = self.cwd.resolve(path.as_str())?;
        self.checked_command(&what, "CWD", path.as_str())?;
        let reply = self.command("PWD", "")?;
        self.cwd = match self.directory_named(&reply, Some(&meant))? {
            Some(directory) => directory,
            None if path.is_absolute() => meant,
            // Without PWD the target of `..` is uncertain: change to the absolute path instead.
            None if meant.is_absolute() => {
                self.checked_command(&what, "CWD", meant.as_str()).inspect_err(|error| {
                    self.poison(Error::new(Kind::Connect, error.message()));
                })?;
                meant
            }
            None => RemotePath::here(),
        };
        self.is_directory_unknown = self.cwd.is_here();
        Ok(())
    }

    /// Asks for the remote directory again, after a command that may have changed it.
    pub fn refresh_directory(&mut self) -> Result<()> {
        let reply = self.command("PWD", "")?;
        let directory = self.directory_named(&reply, None)?;
        self.is_directory_unknown = directory.is_none();
        self.cwd = directory.unwrap_or_else(RemotePath::here);
        Ok(())
    }

    /// Stores the reply to the PWD right after the login; the expected directory is `expected`.
    pub(in crate::ftp) fn store_login_directory(
        &mut self,
        reply: &Reply,
        expected: Option<&RemotePath>,
    ) -> Result<()> {
        let path = self.directory_named(reply, expected)?.unwrap_or_else(RemotePath::here);
        self.cwd = path.clone();
        self.login_directory = LoginDirectory { path, reply: reply.to_string() };
        Ok(())
    }

    /// Whether the current directory is unknown: the server accepted a relative path and does not
    /// report the directory.
    pub fn is_directory_unknown(&self) -> bool {
        self.is_directory_unknown
    }

    /// Changes to the directory of an earlier session. `directory` is [`RemotePath::here`] for a
    /// login directory without a name: this session must still be in it.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] if it is not certain that this is the same directory. The session must not
    /// be used then.
    pub fn return_to_directory(&mut self, directory: &RemotePath) -> Result<()> {
        if self.cwd == *directory && !self.is_directory_unknown {
            return Ok(());
        }
        if directory.is_here() {
            return Err(directory_mismatch("the server does not name the directory to return to"));
        }
        let reply = self.command("CWD", directory.as_str())?;
        if !reply.is_positive_completion() {
            let why = refusal_error(&format!("cannot return to {directory}"), &reply);
            let error = directory_mismatch(why.message()).with_reply(reply.code, reply.to_string());
            return Err(if why.is_transient() { error.as_transient() } else { error });
        }
        let reply = self.command("PWD", "")?;
        match self.directory_named(&reply, Some(directory))? {
            Some(now) if now != *directory => {
                Err(directory_mismatch(&format!("the server went to {now} instead of {directory}")))
            }
            // A server without PWD accepted the same path as before.
            _ => {
                self.cwd = directory.clone();
                self.is_directory_unknown = false;
                Ok(())
            }
        }
    }

    /// Checks that this login led to `home`, the directory of an earlier login.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] if it did not. The session must not be used then: its paths may refer to
    /// other files.
    pub fn check_login_directory(&self, home: &LoginDirectory) -> Result<()> {
        if self.login_directory.is_same(home) {
            return Ok(());
        }
        let text = format!(
            "this login leads to {}, the one before led to {}",
            self.login_directory.path, home.path
        );
        Err(directory_mismatch(&text).as_transient())
    }

    /// Runs an action with `path` as the remote directory, and changes back. A session that cannot
    /// change back is poisoned, because it would be in the wrong directory; so is one whose
    /// directory has no name: the next login leads back to it.
    pub(in crate::ftp) fn in_directory<T>(
        &mut self,
        path: &RemotePath,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let back = self.cwd().clone();
        if self.is_directory_unknown {
            let text = format!("{path}: the server does not say which directory this is");
            return Err(Error::new(Kind::Other, text).with_hint("`cd` to an absolute path"));
        }
        self.checked_command(path.as_str(), "CWD", path.as_str())?;
        let result = act(self);
        if back.is_here() {
            let why = "the server does not name directories, and a login leads back";
            self.poison(Error::new(Kind::Connect, why).as_transient());
            return result;
        }
        match self.command("CWD", back.as_str()) {
            Ok(reply) if reply.is_positive_completion() => result,
            Ok(reply) => {
                let error = refusal_error(&format!("no way back to {back}"), &reply);
                self.poison(Error::new(Kind::Connect, error.message()));
                result.and(Err(error))
            }
            Err(error) => result.and(Err(error)),
        }
    }

    /// The name that the server gives to a directory, which may be that of a link's target; `None` if
    /// it does not say, or this session could not return.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] if it is not a directory.
    pub fn real_directory(&mut self, path: &RemotePath) -> Result<Option<RemotePath>> {
        if self.is_directory_unknown || self.cwd.is_here() {
            return Ok(None);
        }
        self.in_directory(path, |session| {
            let reply = session.command("PWD", "")?;
            session.directory_named(&reply, None)
        })
    }

    /// The directory in a reply to PWD, if any. `meant` is the expected directory. If the quotes
    /// allow two readings and neither is expected, each is tried: the server accepts the right one
    /// and repeats the same reply to PWD.
    fn directory_named(
        &mut self,
        reply: &Reply,
        meant: Option<&RemotePath>,
    ) -> Result<Option<RemotePath>> {
        if let Some(meant) = meant.filter(|meant| pwd_names(reply, meant)) {
            return Ok(Some(meant.clone()));
        }
        let readings = pwd_readings(reply).unwrap_or_default();
        if let [directory] = readings.as_slice() {
            return normalized(directory).map(Some);
        }
        for directory in readings {
            let accepted = self.command("CWD", directory.as_str())?;
            if !accepted.is_positive_completion() {
                continue;
            }
            if self.command("PWD", "")?.lines == reply.lines {
                return normalized(&directory).map(Some);
            }
            let error = directory_mismatch("the name of the current directory cannot be made out");
            self.poison(error.clone());
            return Err(error);
        }
        Ok(None)
    }
}

/// Some servers echo a trailing slash.
fn normalized(directory: &RemotePath) -> Result<RemotePath> {
    if directory.is_absolute() { directory.resolve(".") } else { Ok(directory.clone()) }
}

/// The error for a session in the wrong directory, which must not be used.
pub fn directory_mismatch(why: &str) -> Error {
    Error::new(Kind::Connect, why.to_owned()).with_hint(CHOOSE)
}
