//! The remote directory across connections: a session that takes the place of another one is in the
//! same directory, or it is not used.
//!
//! Commands name remote files relative to this directory. Work in another one than the user meant
//! would delete and overwrite the wrong files, so whatever is uncertain fails here, until `cd`
//! says where to go on.

use super::Context;
use super::connection::{RemotePosition, not_connected};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::directory::CHOOSE;

impl Context {
    /// Connects to the current site again: same checks, login and directory.
    ///
    /// # Errors
    ///
    /// As [`Context::open`]; [`Kind::Usage`] when there is no site; [`Kind::Connect`] when the
    /// directory cannot be returned to: there is no session then.
    pub fn reconnect(&mut self) -> Result<()> {
        let Some(place) = self.connect_and_log_in()? else { return Ok(()) };
        let restored = match self.connection.live_session() {
            Some(session) => place.restore_in(session),
            None => Err(connection_lost()),
        };
        self.keep_position(place, restored)
    }

    /// Changes the remote directory, to the one that the login led to without `path`. Also where
    /// the directory before cannot be returned to.
    ///
    /// # Errors
    ///
    /// A refusal; those of a connection.
    pub fn change_directory(&mut self, path: Option<&RemotePath>) -> Result<()> {
        self.retry_if_lost(|ctx| {
            if let Some(session) = ctx.session_if_alive() {
                return enter_directory(session, path);
            }
            let before = ctx.connect_and_log_in()?;
            let Some(session) = ctx.connection.live_session() else {
                ctx.connection.close();
                ctx.connection.place = before;
                return Err(connection_lost());
            };
            let home = session.login_directory().clone();
            let (entered, place) = match (&before, path) {
                (_, None) => (enter_directory(session, None), before),
                // What was typed is relative to the directory before.
                (Some(place), Some(path)) => (enter_relative_to(session, place, path), before),
                (None, Some(path)) => {
                    let directory = home.path.resolve(path.as_str())?;
                    let place = RemotePosition { home, directory, is_lost: false };
                    (enter_directory(session, Some(path)), Some(place))
                }
            };
            match place {
                Some(place) => ctx.keep_position(place, entered),
                None => entered,
            }
        })
    }

    /// Connects and logs in again; where the session was before.
    fn connect_and_log_in(&mut self) -> Result<Option<RemotePosition>> {
        // Kept until a session is there: the next attempt has to know it as well.
        self.connection.place = self.connection.position();
        let died = self.connection.session.take().and_then(|session| session.failure());
        if self.connection.site.is_none() {
            return Err(not_connected());
        }
        if let Some(death) = died {
            self.out.notice(&format!("reconnecting: {}", death.message()));
        }
        self.establish(None)?;
        Ok(self.connection.place.take())
    }

    /// Closes the session after a failure to enter the directory that it should be in.
    fn keep_position(&mut self, place: RemotePosition, entered: Result<()>) -> Result<()> {
        entered.map_err(|error| {
            self.connection.close();
            self.connection.place = Some(place);
            if error.kind() == Kind::Refused { error.with_hint(CHOOSE) } else { error }
        })
    }
}

/// The session ended right after its login.
fn connection_lost() -> Error {
    Error::new(Kind::Connect, "the connection was lost").transient()
}

fn enter_directory(session: &mut Session, path: Option<&RemotePath>) -> Result<()> {
    match path {
        Some(path) => session.change_directory(path),
        None if session.login_directory().path.is_here() => {
            Err(Error::new(Kind::Other, "cd: the server does not name the login directory")
                .with_hint("`cd` to an absolute path"))
        }
        None => session.return_to_directory(&session.login_directory().path.clone()),
    }
}

/// Goes where `path`, typed in the directory `from`, leads; the session has just logged in.
fn enter_relative_to(
    session: &mut Session,
    from: &RemotePosition,
    path: &RemotePath,
) -> Result<()> {
    if from.is_lost && !path.is_absolute() {
        let text = format!("cd {path}: the server did not say which directory this begins in");
        return Err(Error::new(Kind::Connect, text).with_hint("`cd` to an absolute path"));
    }
    session.change_directory(&from.directory.resolve(path.as_str())?)
}
