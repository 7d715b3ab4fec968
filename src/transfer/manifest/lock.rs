//! The lock of a manifest on the server: a directory beside it, which only one mirror can create.
//!
//! In it is one directory whose name says whose lock it is. Its holder replaces that directory by a
//! new one once a minute, so that its time is new. A lock whose time is old, by the server's own
//! clock, was left by a mirror that died, and is taken over; so is one that this computer has left,
//! at once. Directories need no data connection.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::list::list_directory;

/// How often the holder says that it is alive.
pub const BEAT: Duration = Duration::from_secs(60);

/// A lock is taken over when its holder has said nothing for so long.
const STALE: TimeDelta = TimeDelta::minutes(5);

/// How long a lock without an owner is waited for: its holder may just be about to say who it is.
const UNOWNED: Duration = Duration::from_secs(10);

/// The longest part of an owner's name.
const LONGEST: usize = 60;

/// Who holds a lock, as the name of a directory: `user@host-pid-since-token-beat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// User and computer.
    who: String,
    pid: u32,
    since: NaiveDateTime,
    /// Equal only for one run.
    token: String,
    beat: u32,
}

const SINCE: &str = "%Y%m%dT%H%M%SZ";

impl LockOwner {
    /// This process, for one run.
    pub fn here() -> Self {
        let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let user = user.unwrap_or_else(|| format!("uid{}", rustix::process::getuid().as_raw()));
        let who = format!("{user}@{host}");
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._@".contains(c) { c } else { '_' };
        let pid = std::process::id();
        Self {
            who: who.chars().map(plain).take(LONGEST).collect(),
            pid,
            since: Utc::now().naive_utc(),
            token: format!("{:016x}", RandomState::new().hash_one(pid)),
            beat: 0,
        }
    }

    /// What is equal only for one run.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn directory_name(&self) -> String {
        let since = self.since.format(SINCE);
        format!("{}-{}-{since}-{}-{}", self.who, self.pid, self.token, self.beat)
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.rsplitn(5, '-');
        let beat = parts.next()?.parse().ok()?;
        let token = parts.next()?.to_owned();
        let since = NaiveDateTime::parse_from_str(parts.next()?, SINCE).ok()?;
        let pid = parts.next()?.parse().ok()?;
        Some(Self { who: parts.next()?.to_owned(), pid, since, token, beat })
    }
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = DateTime::<Utc>::from_naive_utc_and_offset(self.since, Utc);
        write!(
            f,
            "{} (process {}) since {}",
            self.who,
            self.pid,
            since.format("%Y-%m-%d %H:%M:%S UTC")
        )
    }
}

/// A lock that is held.
#[derive(Debug)]
pub struct ManifestLock {
    directory: RemotePath,
    owner: LockOwner,
}

/// What is in a lock's directory.
struct Owners(Vec<(LockOwner, Option<NaiveDateTime>)>);

impl ManifestLock {
    /// Takes the lock, except for saying whose it is: that is sent with the next data command, and
    /// [`ManifestLock::confirm`] has to follow. `left` are the tokens of runs of this computer that
    /// have certainly ended.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] if it is held, with who holds it since when.
    pub fn acquire(
        session: &mut Session,
        directory: &RemotePath,
        owner: &LockOwner,
        left: &[String],
        cancel: &Cancel,
    ) -> Result<Self> {
        let lock = Self { directory: directory.clone(), owner: owner.clone() };
        match session.make_directory(directory) {
            Ok(()) => {}
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(error) => match Owners::list(session, directory)? {
                Some(owners) => lock.take_over(session, owners, left, cancel)?,
                // There is no such directory: perhaps because of those that it is in.
                None => {
                    let missing = session.missing_parents(directory)?;
                    if missing.is_empty() {
                        return Err(cannot_lock(directory, &error));
                    }
                    missing.iter().try_for_each(|parent| session.make_directory(parent))?;
                    let made = session.make_directory(directory);
                    made.map_err(|error| cannot_lock(directory, &error))?;
                }
            },
        }
        session.prefetch_make_directory(&lock.owned(&lock.owner)?)?;
        Ok(lock)
    }

    /// Makes sure that the lock says whose it is.
    ///
    /// # Errors
    ///
    /// It does not: the lock is not held.
    pub fn confirm(&self, session: &mut Session) -> Result<()> {
        session.make_directory(&self.owned(&self.owner)?)
    }

    /// Takes over a lock that its holder has left, or fails.
    fn take_over(
        &self,
        session: &mut Session,
        owners: Owners,
        left: &[String],
        cancel: &Cancel,
    ) -> Result<()> {
        let owners = match owners.0.is_empty() {
            true => self.wait_for_owner(session, cancel)?,
            false => owners,
        };
        let Some((owner, _)) = owners.0.first() else {
            // Of two that find it so, one removes it.
            session.remove_directory(&self.directory)?;
            return session.make_directory(&self.directory);
        };
        // Its own, where a reply was lost.
        let is_own = |token: &String| *token == self.owner.token || left.contains(token);
        let is_ours = owners.0.iter().all(|(owner, _)| is_own(&owner.token));
        if !is_ours && !self.is_stale(session)? {
            return Err(held_by(&self.directory, owner));
        }
        for (owner, _) in &owners.0 {
            // Of two that find it so, one removes it.
            let removed = session.remove_directory(&self.owned(owner)?);
            removed.map_err(|error| match is_refusal(&error) {
                true => held_by(&self.directory, owner),
                false => error,
            })?;
        }
        Ok(())
    }

    /// The owner of a lock that has none yet; none if it gets none.
    fn wait_for_owner(&self, session: &mut Session, cancel: &Cancel) -> Result<Owners> {
        let begun = std::time::Instant::now();
        loop {
            cancel.sleep(Duration::from_millis(500))?;
            match Owners::list(session, &self.directory)? {
                Some(owners) if owners.0.is_empty() && begun.elapsed() < UNOWNED => {}
                owners => return Ok(owners.unwrap_or(Owners(Vec::new()))),
            }
        }
    }

    /// Whether the holder has said nothing for long: its directory is compared with a new one.
    fn is_stale(&self, session: &mut Session) -> Result<bool> {
        let probe = LockOwner { who: "probe".to_owned(), ..self.owner.clone() };
        let path = self.owned(&probe)?;
        session.make_directory(&path)?;
        let listed = Owners::list(session, &self.directory);
        session.remove_directory(&path)?;
        let owners = listed?.unwrap_or(Owners(Vec::new()));
        let (probes, owners): (Vec<_>, Vec<_>) =
            owners.0.into_iter().partition(|(owner, _)| owner.token == probe.token);
        let Some((_, Some(now))) = probes.first() else { return Ok(false) };
        let mut ages = owners.iter().map(|(_, time)| time.map(|time| *now - time));
        // A time to the minute may be one minute off.
        Ok(ages.all(|age| age.is_some_and(|age| age > STALE + TimeDelta::minutes(1))))
    }

    /// Says that the holder is alive.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`] if somebody else has taken the lock over; what ended the session.
    pub fn beat(&mut self, session: &mut Session) -> Result<()> {
        let next = LockOwner { beat: self.owner.beat.wrapping_add(1), ..self.owner.clone() };
        let made = session.make_directory(&self.owned(&next)?);
        let removed = session.remove_directory(&self.owned(&self.owner)?);
        let before = std::mem::replace(&mut self.owner, next);
        match (made, removed) {
            (Ok(()), Ok(())) => Ok(()),
            (Err(error), _) | (_, Err(error)) if !is_refusal(&error) => Err(error),
            // A beat whose reply was lost, or a lock that was lost.
            _ => {
                let owners = Owners::list(session, &self.directory)?.unwrap_or(Owners(Vec::new()));
                let (own, others): (Vec<_>, Vec<_>) =
                    owners.0.into_iter().partition(|(owner, _)| owner.token == before.token);
                match own.first() {
                    Some((owner, _)) if others.is_empty() => {
                        self.owner = owner.clone();
                        Ok(())
                    }
                    _ => Err(lost(&self.directory, others.first().map(|(owner, _)| owner))),
                }
            }
        }
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// It could not be removed.
    pub fn release(&self, session: &mut Session) -> Result<()> {
        session.pipeline_remove_directory(&self.directory)?;
        match session.remove_directory(&self.owned(&self.owner)?) {
            Err(error) if is_refusal(&error) => {
                // The reply to the pipelined command is of no use.
                session.drain_pending()?;
                for (owner, _) in Owners::list(session, &self.directory)?.map_or(vec![], |o| o.0) {
                    if owner.token == self.owner.token {
                        session.remove_directory(&self.owned(&owner)?)?;
                    }
                }
            }
            other => other?,
        }
        session.remove_directory(&self.directory)
    }

    fn owned(&self, owner: &LockOwner) -> Result<RemotePath> {
        self.directory.join(&owner.directory_name())
    }
}

impl Owners {
    /// Lists a lock; `None` if there is none. What is not an owner's name is ignored.
    fn list(session: &mut Session, directory: &RemotePath) -> Result<Option<Self>> {
        let listing = match list_directory(session, Some(directory), false) {
            Ok(listing) => listing,
            Err(error) if is_refusal(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let owners = listing.entries.iter().filter_map(|entry| {
            let owner = LockOwner::parse(&entry.name)?;
            Some((owner, entry.modified.map(|modified| modified.time)))
        });
        Ok(Some(Self(owners.collect())))
    }
}

fn is_refusal(error: &Error) -> bool {
    error.kind() == Kind::Refused && !error.is_transient()
}

fn cannot_lock(directory: &RemotePath, why: &Error) -> Error {
    let text = format!("mirror: the manifest cannot be locked: {}", why.message());
    Error::new(Kind::Refused, text).with_reply_of(why).with_hint(format!(
        "the lock is the directory {directory}; --manifest=NAME or --manifest=local:FILE puts the \
         manifest elsewhere"
    ))
}

/// The error of a lock that is held.
pub fn held_by(directory: &RemotePath, owner: &LockOwner) -> Error {
    Error::new(Kind::Refused, format!("mirror: {directory}: held by {owner}: another mirror runs"))
        .with_hint(
            "wait until it has ended; a lock without a sign of life is taken over after six minutes",
        )
}

fn lost(directory: &RemotePath, other: Option<&LockOwner>) -> Error {
    let whose =
        other.map_or_else(|| "is gone".to_owned(), |owner| format!("was taken over by {owner}"));
    Error::new(Kind::Incomplete, format!("mirror: {directory}: the lock {whose}"))
        .with_hint("run it again when no other mirror runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_what_its_directory_is_named() {
        let owner = LockOwner::here();
        let name = owner.directory_name();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._@-".contains(c)), "{name}");
        let read = LockOwner::parse(&name).unwrap();
        assert_eq!((read.directory_name(), read.token), (name, owner.token));
        let odd = LockOwner { who: "a-b@c".into(), ..LockOwner::here() };
        assert_eq!(LockOwner::parse(&odd.directory_name()).unwrap().who, "a-b@c");
        for name in ["", "x", "a-b-c-d-e", "a@b-1-20260101T000000Z-x", "a-1-2026-x-0"] {
            assert_eq!(LockOwner::parse(name), None, "{name}");
        }
    }
}
