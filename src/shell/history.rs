//! The history file: lines typed at the prompt, oldest first, without secrets.
//!
//! One entry per line, UTF-8; backslash and line feed are escaped as `\\` and `\n`. Mode 0600 in a
//! directory of mode 0700. Several shells append to one file under a lock, and trim it by renaming
//! a new file into place. Unreadable lines are skipped, never an error.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::redact::redact_line;
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::create_private_dir;

#[cfg(test)]
mod tests;

/// Maximum bytes read, from the end of the file.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Maximum reopens of a file that was replaced before it was locked: some file systems report a
/// different inode number each time.
const ATTEMPTS: usize = 1000;

/// The history of one user.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    size: usize,
    last: Option<String>,
}

impl History {
    /// The history in the file at `path`, limited to `size` entries. No file access.
    pub fn new(path: impl Into<PathBuf>, size: usize) -> Self {
        Self { path: path.into(), size, last: None }
    }

    /// The entries, oldest first; none if there is no file.
    ///
    /// # Errors
    /// [`Kind::Local`] if the file exists and cannot be read.
    pub fn load_entries(&mut self) -> Result<Vec<String>> {
        let mut entries = match fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            _ => {
                let mut file = open_locked(&self.path)?;
                decode_entries(&read(&mut file).map_err(|error| Error::local(&self.path, &error))?)
            }
        };
        entries.drain(..entries.len().saturating_sub(self.size));
        self.last = entries.last().cloned();
        Ok(entries)
    }

    /// Sets the maximum number of entries.
    pub fn set_size(&mut self, size: usize) {
        self.size = size;
    }

    /// Adds a line without its secrets and returns what was added. Not added are lines that begin
    /// with a blank, that repeat the previous one, or that may contain a secret which cannot be
    /// located.
    ///
    /// # Errors
    /// [`Kind::Local`] if the file cannot be written, together with the entry.
    pub fn add_redacted(&mut self, line: &str) -> (Option<String>, Result<()>) {
        let kept = redact_line(line.trim_end())
            .filter(|entry| !entry.is_empty() && self.size > 0)
            // It could not be read back.
            .filter(|entry| !entry.contains(|c| must_be_escaped(c) && c != '\n'))
            .filter(|entry| self.last.as_ref() != Some(entry));
        let Some(entry) = kept else { return (None, Ok(())) };
        self.last = Some(entry.clone());
        let result = self.append_to_file(&entry);
        (Some(entry), result)
    }

    /// Deletes all entries, also in the file.
    ///
    /// # Errors
    /// [`Kind::Local`] if the file cannot be written.
    pub fn clear_all(&mut self) -> Result<()> {
        self.last = None;
        if !self.path.exists() {
            return Ok(());
        }
        open_locked(&self.path)?.set_len(0).map_err(|error| Error::local(&self.path, &error))
    }

    fn append_to_file(&self, entry: &str) -> Result<()> {
        if let Some(directory) = self.path.parent() {
            create_private_dir(directory)?;
        }
        let mut file = open_locked(&self.path)?;
        let failed = |error| Error::local(&self.path, &error);
        let mut line = encode_entry(entry) + "\n";
        if !ends_a_line(&mut file).map_err(failed)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes()).map_err(failed)
    }

    /// Trims the file to the maximum number of entries.
    ///
    /// # Errors
    /// [`Kind::Local`] if it cannot be read or replaced; it is unchanged then.
    pub fn trim_file(&self) -> Result<()> {
        // A symbolic link stays a link.
        let Ok(path) = fs::canonicalize(&self.path) else { return Ok(()) };
        let failed = |error| Error::local(&path, &error);
        let mut old = open_locked(&path)?;
        let entries = decode_entries(&read(&mut old).map_err(failed)?);
        if entries.len() <= self.size {
            return Ok(());
        }
        let mut text = String::new();
        for entry in &entries[entries.len() - self.size..] {
            text.push_str(&encode_entry(entry));
            text.push('\n');
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = PathBuf::from(name);
        // Under the lock, it can only be left over from a process with the same id.
        let _ = fs::remove_file(&temporary);
        let write = || {
            let mut file =
                open_private(OpenOptions::new().write(true).create_new(true), &temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed(error)
        })
    }
}

/// Opens the file for reading and appending, locked until it is dropped.
fn open_locked(path: &Path) -> Result<File> {
    let failed = |error: std::io::Error| Error::local(path, &error);
    let mut attempts = ATTEMPTS;
    loop {
        let file = open_private(OpenOptions::new().read(true).append(true).create(true), path);
        let file = file.map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Error::new(Kind::Local, format!("{}: not a file", path.display())));
        }
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| failed(errno.into()))?;
        // Another shell may have replaced the file meanwhile.
        let (ours, there) = (file.metadata().map_err(failed)?, fs::metadata(path));
        let same = there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        if same || attempts == 0 {
            return Ok(file);
        }
        attempts -= 1;
    }
}

/// Opens a file with mode 0600, regardless of the umask and of its previous mode.
fn open_private(how: &OpenOptions, path: &Path) -> std::io::Result<File> {
    let file = how.clone().mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn read(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the file ends with a line end.
fn ends_a_line(file: &mut File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The entries of a file; invalid lines are omitted.
fn decode_entries(bytes: &[u8]) -> Vec<String> {
    bytes.split(|byte| *byte == b'\n').filter_map(decode_entry).collect()
}

/// Encodes an entry as one line.
fn encode_entry(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n")
}

/// Characters that lines of the file do not contain.
fn must_be_escaped(c: char) -> bool {
    c.is_control() && c != '\t'
}

/// Decodes a line; `None` if it is invalid.
fn decode_entry(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    if line.is_empty() || line.contains(must_be_escaped) {
        return None;
    }
    let mut entry = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n') => entry.push('\n'),
                Some('\\') | None => entry.push('\\'),
                // Not written by ftpsh.
                Some(other) => entry.extend(['\\', other]),
            },
            _ => entry.push(c),
        }
    }
    Some(entry)
}
