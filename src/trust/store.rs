//! The file `known_servers`: the certificate of each server when it was accepted.
//!
//! Reread for every lookup, rewritten as a whole under a lock: temporary file, sync, rename.
//! Unreadable data never counts as trust: a damaged line fails its own server, an unreadable file
//! fails all servers. Unmodified lines are kept byte for byte.

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
use super::fingerprint::Fingerprint;
use super::known_servers_file::KnownServersFile;
use crate::error::{Error, Kind, Result};

/// `last` is updated only if it is older than this, so that not every login rewrites the file.
const STALE: TimeDelta = TimeDelta::days(1);

/// A line that is not an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedLine {
    /// The line's number, from 1.
    pub line: usize,
    /// The host that it affects, if readable.
    pub host: Option<String>,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The known servers: the user's file, then the administrator's read-only file.
#[derive(Debug, Clone)]
pub struct TrustStore {
    path: PathBuf,
    system: Option<PathBuf>,
}

impl TrustStore {
    /// The store in the file at `path`, which need not exist yet. No file access.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), system: None }
    }

    /// Adds the administrator's file, which is looked at after the user's.
    #[must_use]
    pub fn with_system_store(self, system: Option<PathBuf>) -> Self {
        Self { system, ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks a server up in the user's file, then in the administrator's.
    ///
    /// # Errors
    /// Kind `CertUnknown` if a damaged line concerns this server, `Local` if the file cannot be
    /// read, `Usage` if the host name is invalid.
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

    /// All effective entries of both files, the user's first.
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

    /// The other servers that are remembered with this certificate, as `host:port`. None if the
    /// files cannot be read, which fails the lookup of the server itself.
    pub fn known_as(&self, certificate: Fingerprint, host: &str, port: u16) -> Vec<String> {
        let all = self.all_entries().unwrap_or_default();
        let others = all.iter().filter(|entry| entry.certificate == certificate);
        let others = others.filter(|entry| (entry.host.as_str(), entry.port) != (host, port));
        others.map(|entry| host_and_port(&entry.host, entry.port)).collect()
    }

    /// The entries of the user's file in file order, without those affected by a damaged line.
    pub fn user_entries(&self) -> Result<Vec<Entry>> {
        Ok(self.read()?.entries().cloned().collect())
    }

    /// All damaged lines.
    pub fn problems(&self) -> Result<Vec<DamagedLine>> {
        Ok(self.read()?.problems().collect())
    }

    /// Inserts or replaces the entry of a host and port unconditionally. Unknown fields of the old
    /// entry are kept if the new one has none.
    pub fn put_entry(&self, entry: Entry) -> Result<()> {
        self.write(entry, |_| Ok(()))
    }

    /// Like [`TrustStore::put_entry`], but only if the entry is still the one the decision was
    /// based on.
    ///
    /// # Errors
    /// Also `CertChanged` if another certificate was stored meanwhile.
    pub fn replace_if_unchanged(&self, seen: Option<&Entry>, entry: Entry) -> Result<()> {
        let (name, shown) = (host_and_port(&entry.host, entry.port), entry.certificate);
        // An entry of the administrator's file is overridden, not replaced.
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

    /// Removes all lines that concern a host, damaged ones too, and returns their number. Without a
    /// port, for all its ports.
    ///
    /// # Errors
    /// Kind `Local` if the file cannot be read or written, `Usage` if the host name is invalid.
    pub fn remove_host(&self, host: &str, port: Option<u16>) -> Result<usize> {
        let host = normal_host(host)?;
        self.update(|lines| Ok(lines.remove_lines(&host, port)))
    }

    /// Updates the last-seen date if it is more than a day old.
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

    /// Reads, changes and writes under the lock. Does not write if nothing changed.
    fn update<T>(&self, change: impl FnOnce(&mut KnownServersFile) -> Result<T>) -> Result<T> {
        let _lock = self.lock()?;
        let old = self.read()?;
        let mut lines = old.clone();
        let result = change(&mut lines)?;
        if lines != old {
            // A symbolic link, as in dotfile repositories, stays a link.
            let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
            let temporary = with_suffix(&path, ".new");
            replace_file(&path, &temporary, &lines.to_bytes()).map_err(|why| {
                // Errors are ignored: the next writer removes the leftover anyway.
                let _ = fs::remove_file(&temporary);
                self.failed(&path, &why)
            })?;
        }
        Ok(result)
    }

    /// Takes the lock, which is held until the file is dropped. It is a separate file, because the
    /// store itself is replaced.
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

/// Reads the administrator's file, which is not trusted if others may write to it.
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

/// The command that removes a server from the store.
pub fn remove_command(host: &str, port: u16) -> String {
    let name = host_and_port(host, port);
    // Brackets are a shell pattern, and a name may contain anything.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    match name.chars().all(plain) {
        true => format!("ftpsh trust remove {name}"),
        false => format!("ftpsh trust remove '{}'", name.replace('\'', r"'\''")),
    }
}

/// The path with a suffix appended to its name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a directory and its parents with owner-only permissions under any umask.
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

/// Replaces a file atomically with `bytes`. Only under the lock: the temporary name is fixed, and
/// an existing temporary file is left over from a crash.
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
