//! The lock of a manifest on the server: a directory beside it, which only one mirror can create.
//!
//! In it is one directory whose name says whose lock it is. Its holder replaces that directory by a
//! new one once a minute, so that its time is new. A lock whose time is old, by the server's own
//! clock, was left by a mirror that died, and is taken over; so is one that this computer has left,
//! at once. Directories need no data connection.
//!
//! There are two ways to hold a lock.
//!
//! 1. To have made its directory, and to have said whose it is soon after that. Nobody else has made
//!    it (550 or 521), and whoever finds it without an owner waits for twice that time.
//! 2. To have said so in a directory that was there, and to have seen after that, in a listing, that
//!    nobody else has. Of two who do that at once, the later one sees the earlier one, whatever the
//!    order of the rest: at most one is alone. If both see each other, the one with the larger token
//!    steps back, and the other one waits for that, or steps back, too.
//!
//! All who take over a lock go the second way, and so does who was slow on the first, before it does
//! anything. A lock's directory is removed by its holder only, and only if it is empty. Who removes
//! an owner that seems dead removes just that: if it is alive, it notices at its next sign of life,
//! which is before its next change if the last one is long ago, and changes nothing more. Every sign
//! of life looks who else is there: also on a server that lets two make the same directory, one of
//! them ends within a minute.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Modified, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::ftp::session::list::list_directory;

/// A lock is taken over when its holder has said nothing for so long, by the clock of the server.
const STALE: TimeDelta = TimeDelta::minutes(5);

/// By how much a server's local time may jump: daylight saving time.
const JUMPS: [TimeDelta; 2] = [TimeDelta::minutes(30), TimeDelta::minutes(60)];

/// What a directory is called that is made only to learn the time of the server.
const PROBE: &str = "probe";

/// How often a lock is tried again that was given back at that moment.
const ATTEMPTS: usize = 3;

/// The intervals of a lock, all by the clock of this computer.
#[derive(Debug, Clone, Copy)]
pub struct LockTimes {
    /// How often the holder says that it is alive.
    pub beat: Duration,
    /// How long a lock without an owner is waited for: its holder may just be about to say who it
    /// is.
    pub unowned: Duration,
    /// How long one who is to have the lock waits for the others to step back.
    pub settle: Duration,
}

impl Default for LockTimes {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(60),
            unowned: Duration::from_secs(30),
            settle: Duration::from_secs(10),
        }
    }
}

/// A moment of this computer. What has passed since then counts while the computer sleeps, too, and
/// when its clock is set back.
#[derive(Debug, Clone, Copy)]
pub struct Moment(Instant, SystemTime);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// How long ago it is.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

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

/// What is in a lock's directory.
struct Owners {
    holders: Vec<(LockOwner, Option<Modified>)>,
    probes: Vec<(LockOwner, Option<Modified>)>,
    /// All lines of the listing were understood.
    is_complete: bool,
}

/// Who says that it holds a lock.
enum Standing {
    /// Only this one.
    Alone,
    /// Another one, and this one has stepped back.
    Other(LockOwner),
    /// Nobody.
    Gone,
    /// The listing is incomplete.
    Unknown,
}

/// A lock that is held.
#[derive(Debug)]
pub struct ManifestLock {
    directory: RemotePath,
    owner: LockOwner,
    times: LockTimes,
    /// When the directory was made, if nobody has looked who else is in it.
    made: Option<Moment>,
    /// When it was last seen to be held.
    seen: Moment,
}

impl ManifestLock {
    /// Takes the lock. If it was free, whose it is is sent with the next data command, and
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
        times: LockTimes,
        cancel: &Cancel,
    ) -> Result<Self> {
        let (directory, owner, seen) = (directory.clone(), owner.clone(), Moment::now());
        let mut lock = Self { directory, owner, times, made: None, seen };
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            let made = Moment::now();
            match session.make_directory(&lock.directory) {
                Ok(()) => {
                    session.prefetch_make_directory(&lock.owned(&lock.owner)?)?;
                    lock.seen = made;
                    return Ok(Self { made: Some(made), ..lock });
                }
                Err(error) if !is_refusal(&error) => return Err(error),
                Err(error) => refused = Some(error),
            }
            if let Some(owners) = lock.wait_for_owners(session, cancel)? {
                // It may be given back meanwhile.
                if let Some(owners) = lock.who_has_ended(session, owners, left)? {
                    owners.all().try_for_each(|owner| lock.remove(session, owner))?;
                    if lock.join(session, cancel)? {
                        return Ok(lock);
                    }
                }
                continue;
            }
            // There is no such directory: perhaps because of those that it is in.
            for parent in session.missing_parents(&lock.directory)? {
                match session.make_directory(&parent) {
                    // Another mirror may have made it, or it fails again.
                    Err(error) if is_refusal(&error) => {}
                    made => made?,
                }
            }
        }
        Err(cannot_lock(&lock.directory, refused))
    }

    /// Makes sure that the lock is held. `false` if that was not certain until now: what was read
    /// has to be read again.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] if somebody else has taken it.
    pub fn confirm(&mut self, session: &mut Session, cancel: &Cancel) -> Result<bool> {
        let Some(made) = self.made.take() else { return Ok(true) };
        let named = session.make_directory(&self.owned(&self.owner)?);
        named.map_err(|error| match is_refusal(&error) {
            true => cannot_lock(&self.directory, Some(error)),
            false => error,
        })?;
        if made.elapsed() < self.times.unowned / 2 {
            return Ok(true);
        }
        match self.settle(session, self.times.settle, cancel)? {
            Standing::Alone => Ok(false),
            Standing::Other(owner) => Err(held_by(&self.directory, &owner)),
            Standing::Gone | Standing::Unknown => Err(cannot_lock(&self.directory, None)),
        }
    }

    /// When it was last seen to be held.
    pub fn seen(&self) -> Moment {
        self.seen
    }

    /// What is in the lock, once there is an owner in it, or after a while without; `None` if there
    /// is no lock.
    fn wait_for_owners(&self, session: &mut Session, cancel: &Cancel) -> Result<Option<Owners>> {
        let mut begun = None;
        loop {
            let owners = Owners::list(session, &self.directory)?;
            let begun = *begun.get_or_insert_with(Moment::now);
            match owners {
                Some(owners)
                    if owners.holders.is_empty() && begun.elapsed() < self.times.unowned =>
                {
                    self.pause(cancel)?;
                }
                owners => return Ok(owners),
            }
        }
    }

    fn pause(&self, cancel: &Cancel) -> Result<()> {
        cancel.sleep((self.times.settle / 20).min(Duration::from_millis(500)))
    }

    /// The owners of a lock, who have certainly ended; `None` if it was given back meanwhile.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] if one may not have ended.
    fn who_has_ended(
        &self,
        session: &mut Session,
        owners: Owners,
        left: &[String],
    ) -> Result<Option<Owners>> {
        // Its own, where a reply was lost.
        let is_own = |token: &String| *token == self.owner.token || left.contains(token);
        let Some((owner, _)) = owners.holders.iter().find(|(owner, _)| !is_own(&owner.token))
        else {
            return Ok(Some(owners));
        };
        let Some((now, owners)) = self.probe(session)? else { return Ok(None) };
        match now {
            None => Err(held_without_time(&self.directory, owner)),
            Some(now) if owners.holders.iter().all(|(_, time)| is_stale(*time, now)) => {
                Ok(Some(owners))
            }
            Some(_) => Err(held_by(&self.directory, owner)),
        }
    }

    /// The time of the server: that of a new directory, in the listing that has those of the owners.
    fn probe(&self, session: &mut Session) -> Result<Option<(Option<Modified>, Owners)>> {
        let probe = LockOwner { who: PROBE.to_owned(), ..self.owner.clone() };
        match session.make_directory(&self.owned(&probe)?) {
            Err(error) if !is_refusal(&error) => return Err(error),
            _ => {}
        }
        let listed = Owners::list(session, &self.directory);
        self.remove(session, &probe)?;
        Ok(listed?.map(|owners| {
            let own = owners.probes.iter().find(|(owner, _)| owner.token == probe.token);
            (own.and_then(|(_, time)| *time), owners)
        }))
    }

    /// Says in a directory that is there whose lock it is, and whether nobody else has.
    fn join(&mut self, session: &mut Session, cancel: &Cancel) -> Result<bool> {
        self.seen = Moment::now();
        match session.make_directory(&self.owned(&self.owner)?) {
            Err(error) if !is_refusal(&error) => return Err(error),
            // What was refused is not listed.
            _ => {}
        }
        match self.settle(session, self.times.settle, cancel)? {
            Standing::Alone => Ok(true),
            Standing::Gone => Ok(false),
            Standing::Other(owner) => Err(held_by(&self.directory, &owner)),
            Standing::Unknown => Err(cannot_lock(&self.directory, None)),
        }
    }

    /// Looks who says that it holds the lock. If somebody else does, one of the two steps back: the
    /// one with the smaller token waits for so long.
    fn settle(
        &mut self,
        session: &mut Session,
        patience: Duration,
        cancel: &Cancel,
    ) -> Result<Standing> {
        let begun = Moment::now();
        loop {
            let Some(mut owners) = Owners::list(session, &self.directory)? else {
                return Ok(Standing::Gone);
            };
            let is_own = |(owner, _): &mut (LockOwner, _)| owner.token == self.owner.token;
            let own = owners.holders.extract_if(.., is_own).map(|(own, _)| own);
            let mut own: Vec<_> = own.collect();
            own.sort_unstable_by_key(|own| std::cmp::Reverse(own.beat));
            let others = owners.holders.into_iter().map(|(other, _)| other);
            match (own.split_first(), others.min_by(|a, b| a.token.cmp(&b.token))) {
                _ if !owners.is_complete => return Ok(Standing::Unknown),
                (None, None) => return Ok(Standing::Gone),
                (Some((last, older)), None) => {
                    // Signs of life whose replies were lost.
                    older.iter().try_for_each(|own| self.remove(session, own))?;
                    self.owner = last.clone();
                    return Ok(Standing::Alone);
                }
                (_, Some(other)) => {
                    let is_first = self.owner.token < other.token && !own.is_empty();
                    if !is_first || begun.elapsed() > patience {
                        own.iter().try_for_each(|own| self.remove(session, own))?;
                        return Ok(Standing::Other(other));
                    }
                }
            }
            self.pause(cancel)?;
        }
    }

    /// Says that the holder is alive, and looks whether it is the only one.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`] if somebody else has taken the lock over; what ended the session.
    pub fn beat(&mut self, session: &mut Session, cancel: &Cancel) -> Result<()> {
        let begun = Moment::now();
        let next = LockOwner { beat: self.owner.beat.wrapping_add(1), ..self.owner.clone() };
        let made = session.make_directory(&self.owned(&next)?);
        let removed = session.remove_directory(&self.owned(&self.owner)?);
        // That it could be replaced shows that nobody has taken it over, also where it cannot be
        // listed. Where neither the old nor the new one was there, somebody has, who may have given
        // it back since. A new one that was there is one whose reply was lost.
        let (is_replaced, is_taken) = match (made, removed) {
            (Err(error), _) | (_, Err(error)) if !is_refusal(&error) => return Err(error),
            (made, removed) => (made.is_ok() && removed.is_ok(), made.is_ok() && removed.is_err()),
        };
        let patience = if is_replaced { self.times.settle } else { Duration::ZERO };
        if is_replaced || is_taken {
            self.owner = next;
        }
        match self.settle(session, patience, cancel)? {
            Standing::Other(other) => return Err(lost(&self.directory, Some(&other))),
            Standing::Alone if is_taken => {
                self.remove(session, &self.owner)?;
                return Err(lost(&self.directory, None));
            }
            Standing::Gone | Standing::Unknown if !is_replaced => {
                return Err(lost(&self.directory, None));
            }
            _ => {}
        }
        self.seen = begun;
        Ok(())
    }

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// It could not be removed.
    pub fn release(&self, session: &mut Session) -> Result<()> {
        session.pipeline_remove_directory(&self.directory)?;
        let removed = session.remove_directory(&self.owned(&self.owner)?);
        match removed.and_then(|()| session.remove_directory(&self.directory)) {
            Err(error) if is_refusal(&error) => {}
            other => return other,
        }
        // Something is in it: a sign of life whose reply was lost, or another mirror that looks how
        // old the lock is. The reply to the pipelined command is of no use.
        session.drain_pending()?;
        let Some(owners) = Owners::list(session, &self.directory)? else { return Ok(()) };
        let is_own = |owner: &LockOwner| owner.token == self.owner.token;
        let removable = owners.all().filter(|owner| is_own(owner) || owner.who == PROBE);
        removable.into_iter().try_for_each(|owner| self.remove(session, owner))?;
        match owners.holders.iter().any(|(owner, _)| !is_own(owner)) {
            // Somebody else has it already.
            true => Ok(()),
            false => session.remove_directory(&self.directory),
        }
    }

    /// Removes an owner, if it is there.
    fn remove(&self, session: &mut Session, owner: &LockOwner) -> Result<()> {
        match session.remove_directory(&self.owned(owner)?) {
            Err(error) if !is_refusal(&error) => Err(error),
            _ => Ok(()),
        }
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
        let is_complete = listing.unknown.is_empty() && listing.cut.is_none();
        let owners = listing.entries.iter();
        let owners = owners.filter_map(|e| Some((LockOwner::parse(&e.name)?, e.modified)));
        let (probes, holders) = owners.partition(|(owner, _)| owner.who == PROBE);
        Ok(Some(Self { holders, probes, is_complete }))
    }

    fn all(&self) -> impl Iterator<Item = &LockOwner> {
        self.holders.iter().chain(&self.probes).map(|(owner, _)| owner)
    }
}

/// Whether an owner's directory is certainly old, compared with one that is new, in one listing.
fn is_stale(owner: Option<Modified>, now: Modified) -> bool {
    let Some(owner) = owner else { return false };
    let precision = match owner.precision {
        Precision::Second => TimeDelta::zero(),
        Precision::Minute => TimeDelta::minutes(1),
        Precision::Day => TimeDelta::days(1),
    };
    let age = now.time - owner.time - precision;
    // It may just as well be young, and the server's local time has jumped since.
    let may_have_jumped = |jump: &TimeDelta| {
        let minute = TimeDelta::minutes(1);
        age > *jump - minute - precision && age < *jump + STALE + minute
    };
    age > STALE && (owner.zone == Zone::Utc || !JUMPS.iter().any(may_have_jumped))
}

fn is_refusal(error: &Error) -> bool {
    error.kind() == Kind::Refused && !error.is_transient()
}

fn cannot_lock(directory: &RemotePath, why: Option<Error>) -> Error {
    let text = "mirror: the manifest cannot be locked";
    let error = match why {
        Some(why) => {
            Error::new(Kind::Refused, format!("{text}: {}", why.message())).with_reply_of(&why)
        }
        None => {
            Error::new(Kind::Refused, format!("{text}: {directory} changes, or cannot be listed"))
        }
    };
    error.with_hint(format!(
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

fn held_without_time(directory: &RemotePath, owner: &LockOwner) -> Error {
    let error = held_by(directory, owner);
    error.with_hint(format!(
        "the server does not tell how old the lock is: if that mirror has died, `rm -r {directory}`"
    ))
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

    fn at(time: &str, precision: Precision, zone: Zone) -> Modified {
        let time = format!("2026-03-29T{time}");
        let time = NaiveDateTime::parse_from_str(&time, "%Y-%m-%dT%H:%M:%S").unwrap();
        Modified { time, precision, zone }
    }

    #[test]
    fn a_lock_is_stale_only_if_its_time_cannot_be_that_of_one_that_is_alive() {
        use {Precision::*, Zone::*};
        for (owner, now, precision, zone, stale) in [
            ("12:00:00", "12:04:59", Second, Utc, false),
            ("12:00:00", "12:05:01", Second, Utc, true),
            ("12:00:00", "12:06:00", Minute, Utc, false),
            ("12:00:00", "12:07:00", Minute, Utc, true),
            ("12:00:00", "12:07:00", Minute, Server, true),
            ("00:00:00", "00:00:00", Day, Server, false),
            // The clock was set back.
            ("12:00:00", "11:00:00", Minute, Server, false),
            // Daylight saving time may have begun two minutes ago, or in Lord Howe.
            ("01:58:00", "03:00:00", Minute, Server, false),
            ("01:58:00", "03:03:00", Minute, Server, false),
            ("01:58:00", "02:30:00", Minute, Server, false),
            ("01:58:00", "03:05:00", Minute, Server, true),
            ("01:58:00", "02:50:00", Minute, Server, true),
            ("01:58:00", "03:00:00", Minute, Utc, true),
            ("01:58:00", "03:00:00", Second, Utc, true),
        ] {
            let there = at(owner, precision, zone);
            let found = is_stale(Some(there), at(now, precision, zone));
            assert_eq!(found, stale, "{owner} {now} {precision:?} {zone:?}");
            assert!(!is_stale(None, at(now, precision, zone)));
        }
    }

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
