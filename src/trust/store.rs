//! The file `known_servers`: which certificate each server showed when it was accepted.
//!
//! Read afresh for every question, rewritten whole under a lock: temporary file, sync, rename.
//! What cannot be read is never taken for trust: a damaged line fails its own server, an
//! unreadable file all of them. Lines that are not touched stay as they are, byte for byte.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use rustix::fs::{FlockOperation, flock};

use super::entry::{Entry, Origin, host_and_port, normal_host};
use super::known_servers_file::KnownServersFile;
use crate::error::{Error, Kind, Result};

/// `last` is written only when it is older than this, so that not every connect rewrites the file.
const STALE: TimeDelta = TimeDelta::days(1);

/// A line that is not an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedLine {
    /// The line's number, from 1.
    pub line: usize,
    /// The host that it makes fail, if that can be read.
    pub host: Option<String>,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The known servers: the user's file, and behind it the administrator's, which is only read.
#[derive(Debug, Clone)]
pub struct TrustStore {
    path: PathBuf,
    system: Option<PathBuf>,
}

impl TrustStore {
    /// The store in the file at `path`, which need not exist yet. Touches nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), system: None }
    }

    /// The store with the administrator's file behind the user's own.
    #[must_use]
    pub fn with_system_store(self, system: Option<PathBuf>) -> Self {
        Self { system, ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of a server, by the user's file or else by the administrator's.
    ///
    /// # Errors
    ///
    /// Kind `CertUnknown` if a damaged line concerns this server, `Local` if the file cannot be
    /// read, `Usage` if the host is not a host name.
    pub fn lookup(&self, host: &str, port: u16) -> Result<Option<Entry>> {
        let host = normal_host(host)?;
        if let Some(entry) = self.find(&self.read()?, &host, port)? {
            return Ok(Some(entry.clone()));
        }
        let Some(system) = &self.system else { return Ok(None) };
        let lines = read_system(system)?;
        let found = lines.find_entry(&host, port).map_err(|problem| {
            damaged_line_error(system, &host, port, &problem)
                .with_hint("only an administrator can fix it")
        })?;
        Ok(found.map(|entry| Entry { origin: Origin::System, ..entry.clone() }))
    }

    /// All entries of both files that count: the user's first.
    pub fn all_entries(&self) -> Result<Vec<Entry>> {
        let mut all = self.user_entries()?;
        if let Some(system) = &self.system {
            let lines = read_system(system)?;
            let mine: HashSet<_> = all.iter().map(|e| (e.host.clone(), e.port)).collect();
            let behind = lines.entries().filter(|e| !mine.contains(&(e.host.clone(), e.port)));
            all.extend(behind.map(|e| Entry { origin: Origin::System, ..e.clone() }));
        }
        Ok(all)
    }

    /// The entries of the user's file, in its order, without those that a damaged line makes
    /// unusable.
    pub fn user_entries(&self) -> Result<Vec<Entry>> {
        Ok(self.read()?.entries().cloned().collect())
    }

    /// All damaged lines.
    pub fn problems(&self) -> Result<Vec<DamagedLine>> {
        Ok(self.read()?.problems().collect())
    }

    /// Inserts an entry or replaces the one of its host and port, whatever that says. Unknown
    /// fields of the old entry are kept if the new one brings none.
    pub fn put_entry(&self, entry: Entry) -> Result<()> {
        self.write(entry, |_| Ok(()))
    }

    /// Like [`TrustStore::put_entry`], but only if the entry is still the one that the decision rests on.
    ///
    /// # Errors
    ///
    /// Those of [`TrustStore::put_entry`], and `CertChanged` if another certificate was stored meanwhile.
    pub fn replace_if_unchanged(&self, seen: Option<&Entry>, entry: Entry) -> Result<()> {
        let (name, shown) = (host_and_port(&entry.host, entry.port), entry.certificate);
        // What stands in the other file is not replaced, but put before.
        let seen = seen.filter(|entry| entry.origin == Origin::User);
        let seen = seen.map(|entry| entry.certificate);
        self.write(entry, |now| match now.map(|entry| entry.certificate) {
            now if now == seen || now == Some(shown) => Ok(()),
            _ => Err(Error::new(
                Kind::CertChanged,
                format!("{name}: another process changed the known servers meanwhile"),
            )
            .with_hint("connect again")),
        })
    }

    fn write(&self, entry: Entry, allow: impl FnOnce(Option<&Entry>) -> Result<()>) -> Result<()> {
        let host = normal_host(&entry.host)?;
        let entry = Entry { host, origin: Origin::User, ..entry };
        self.update(|lines| {
            allow(self.find(lines, &entry.host, entry.port)?)?;
            lines.put_entry(entry);
            Ok(())
        })
    }

    /// Removes what concerns a host, damaged lines too, and tells how many lines that were.
    /// Without a port, those of all its ports.
    ///
    /// # Errors
    ///
    /// Kind `Local` if the file cannot be read or written, `Usage` if the host is not a host name.
    pub fn remove_host(&self, host: &str, port: Option<u16>) -> Result<usize> {
        let host = normal_host(host)?;
        self.update(|lines| Ok(lines.remove_lines(&host, port)))
    }

    /// Notes that a server was seen at `now`, if that was last noted more than a day ago.
    pub fn update_last_seen(&self, host: &str, port: u16, now: DateTime<Utc>) -> Result<()> {
        let stale = |entry: &Entry| entry.origin == Origin::User && now - entry.last > STALE;
        if !self.lookup(host, port)?.as_ref().is_some_and(stale) {
            return Ok(());
        }
        let host = normal_host(host)?;
        self.update(|lines| {
            if let Some(entry) = self.find(lines, &host, port)?.filter(|entry| stale(entry)) {
                lines.put_entry(Entry { last: now.trunc_subsecs(0), ..entry.clone() });
            }
            Ok(())
        })
    }

    fn find<'a>(
        &self,
        lines: &'a KnownServersFile,
        host: &str,
        port: u16,
    ) -> Result<Option<&'a Entry>> {
        lines.find_entry(host, port).map_err(|problem| {
            damaged_line_error(&self.path, host, port, &problem)
                .with_hint(format!("fix the line, or `{}`", remove_command(host, port)))
        })
    }

    fn read(&self) -> Result<KnownServersFile> {
        let mut bytes = Vec::new();
        match File::open(&self.path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => Ok(KnownServersFile::parse(&bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(KnownServersFile::default()),
            Err(why) => Err(self.failed(&self.path, &why)),
        }
    }

    /// Reads, changes and writes under the lock. Writes nothing if nothing changed.
    fn update<T>(&self, change: impl FnOnce(&mut KnownServersFile) -> Result<T>) -> Result<T> {
        let _lock = self.lock()?;
        let old = self.read()?;
        let mut lines = old.clone();
        let result = change(&mut lines)?;
        if lines != old {
            // A link, as people keep in their dotfiles, stays one.
            let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
            let temporary = with_suffix(&path, ".new");
            replace_file(&path, &temporary, &lines.to_bytes()).map_err(|why| {
                // What is left of it says nothing; the next writer removes it in any case.
                let _ = fs::remove_file(&temporary);
                self.failed(&path, &why)
            })?;
        }
        Ok(result)
    }

    /// The lock, held until the file is dropped. It is a file of its own, because the other one
    /// is replaced.
    fn lock(&self) -> Result<File> {
        let path = with_suffix(&self.path, ".lock");
        let lock = || -> io::Result<File> {
            if let Some(directory) = path.parent() {
                create_private(directory)?;
            }
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            while let Err(why) = flock(&file, FlockOperation::LockExclusive) {
                if why != rustix::io::Errno::INTR {
                    return Err(why.into());
                }
            }
            Ok(file)
        };
        lock().map_err(|why| self.failed(&path, &why))
    }

    fn failed(&self, path: &Path, why: &io::Error) -> Error {
        Error::local(path, why).with_hint("the known servers must be readable and writable here")
    }
}

fn damaged_line_error(path: &Path, host: &str, port: u16, problem: &DamagedLine) -> Error {
    let (name, line, why) = (host_and_port(host, port), problem.line, problem.why);
    Error::new(Kind::CertUnknown, format!("{name}: {}, line {line}: {why}", path.display()))
}

/// Reads the administrator's file. One that somebody else may write to says nothing about trust.
fn read_system(path: &Path) -> Result<KnownServersFile> {
    let failed = |why: &io::Error| {
        Error::local(path, why).with_hint("an administrator can fix or remove it")
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(KnownServersFile::default()),
        Err(why) => return Err(failed(&why)),
    };
    let metadata = file.metadata().map_err(|why| failed(&why))?;
    let owner = [0, rustix::process::geteuid().as_raw()].contains(&metadata.uid());
    if !owner || metadata.mode() & 0o022 != 0 {
        return Err(failed(&io::Error::other("others than its owner may write to it")));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|why| failed(&why))?;
    Ok(KnownServersFile::parse(&bytes))
}

/// The command that makes a server unknown again.
pub fn remove_command(host: &str, port: u16) -> String {
    let name = host_and_port(host, port);
    // Brackets are a pattern to a shell, and a name may hold anything.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    match name.chars().all(plain) {
        true => format!("ftpsh trust remove {name}"),
        false => format!("ftpsh trust remove '{}'", name.replace('\'', r"'\''")),
    }
}

/// The file of the same name with something after it.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a directory and what is missing above it, for the owner only under any umask.
fn create_private(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        create_private(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => fs::set_permissions(directory, Permissions::from_mode(0o700)),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(why) => Err(why),
    }
}

/// Puts `bytes` in the place of a file, whole or not at all. Only under the lock: the temporary
/// name is always the same, and one that is found there was left by a crash.
fn replace_file(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests;
