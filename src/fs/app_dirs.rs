//! The directories of ftpsh's own files: configuration, data and state.
//!
//! The platform's directories (`dirs`), or a single one with `FTPSH_HOME`. Nothing is created here;
//! callers that write a file create its directory with mode 0700 first ([`create_private_dir`]).

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// The directories of one user.
#[derive(Debug, Clone)]
pub struct AppDirs {
    config: PathBuf,
    data: PathBuf,
    state: PathBuf,
}

impl AppDirs {
    /// The directories according to the environment and the platform.
    pub fn from_environment(var: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        if let Some(all) = var("FTPSH_HOME").filter(|path| !path.is_empty()) {
            return Ok(Self::all_in(Path::new(&all)));
        }
        let missing = || {
            Error::new(Kind::Local, "there is no home directory")
                .with_hint("set FTPSH_HOME to a directory of your own")
        };
        let data = dirs::data_dir().ok_or_else(missing)?.join("ftpsh");
        Ok(Self {
            config: dirs::config_dir().ok_or_else(missing)?.join("ftpsh"),
            // Platforms without a state directory use the data directory.
            state: dirs::state_dir().map_or_else(|| data.clone(), |dir| dir.join("ftpsh")),
            data,
        })
    }

    /// Everything in one directory.
    pub fn all_in(dir: &Path) -> Self {
        Self { config: dir.to_owned(), data: dir.to_owned(), state: dir.to_owned() }
    }

    /// The start-up file.
    pub fn rc_file(&self) -> PathBuf {
        self.config.join("ftpshrc")
    }

    /// The bookmarks.
    pub fn bookmarks(&self) -> PathBuf {
        self.config.join("bookmarks")
    }

    /// The trust store.
    pub fn known_servers(&self) -> PathBuf {
        self.data.join("known_servers")
    }

    /// The trust store that an administrator maintains for all users of a machine: in /etc/ftpsh,
    /// or in the directory named by `FTPSH_SYSTEM`; `None` if that is empty.
    pub fn system_known_servers(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let directory = var("FTPSH_SYSTEM").unwrap_or_else(|| "/etc/ftpsh".into());
        (!directory.is_empty()).then(|| Path::new(&directory).join("known_servers"))
    }

    /// The directory of the upload journals.
    pub fn upload_journals(&self) -> PathBuf {
        self.state.join("uploads")
    }

    /// The directory of what mirrors with manifests remember.
    pub fn manifests(&self) -> PathBuf {
        self.state.join("manifests")
    }

    /// The offsets of servers that send local time in MDTM.
    pub fn server_clocks(&self) -> PathBuf {
        self.state.join("server_clocks")
    }

    /// The prompt's history.
    pub fn history(&self) -> PathBuf {
        self.state.join("history")
    }
}

/// Creates a private directory, mode 0700 under any umask.
pub fn create_private_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::local(path, &error))
}

/// Replaces a private file: mode 0600, its directory 0700. At any time it is either the old or the
/// new one; a link is followed, not replaced.
pub fn replace_private_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write_private_file(path, &mut |file| file.write_all(bytes))
}

/// [`replace_private_file`] with what `content` writes.
///
/// # Errors
///
/// As those; what `content` fails with.
pub fn write_private_file(
    path: &Path,
    content: &mut dyn FnMut(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().unwrap_or(Path::new("."));
    create_private_dir(directory)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = directory.join(name);
    let mut write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&temporary)?;
        let mut buffered = BufWriter::new(file);
        content(&mut buffered)?;
        buffered.into_inner()?.sync_all()?;
        std::fs::rename(&temporary, &path)
    };
    write().map_err(|error| {
        // The temporary file is useless after a failure.
        let _ = std::fs::remove_file(&temporary);
        Error::local(&path, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_everything() {
        let home =
            AppDirs::from_environment(|name| (name == "FTPSH_HOME").then(|| "/somewhere".into()))
                .unwrap();
        for path in [
            home.rc_file(),
            home.bookmarks(),
            home.known_servers(),
            home.history(),
            home.upload_journals(),
            home.manifests(),
            home.server_clocks(),
        ] {
            assert!(path.starts_with("/somewhere"), "{}", path.display());
        }
    }
}
