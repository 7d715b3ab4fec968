//! Commands that change something on the server: directories, names, permissions, times.

use chrono::NaiveDateTime;

use super::Session;
use crate::error::Result;
use crate::ftp::error_text::refusal_error;
use crate::ftp::path::RemotePath;

/// A command that sets a file's modification time; servers differ in which they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum TimeCommand {
    /// draft-somers-ftp-mfxx section 3.1.
    Mfmt,
    /// The two-argument form that vsftpd and others take.
    Mdtm,
    /// Pure-FTPd's and others'.
    SiteUtime,
    /// Nothing works here.
    None,
}

impl TimeCommand {
    /// Verb and argument; `None` where nothing works.
    fn command_for(self, path: &RemotePath, time: NaiveDateTime) -> Option<(&'static str, String)> {
        let stamp = time.format("%Y%m%d%H%M%S");
        match self {
            TimeCommand::Mfmt => Some(("MFMT", format!("{stamp} {path}"))),
            TimeCommand::Mdtm => Some(("MDTM", format!("{stamp} {path}"))),
            TimeCommand::SiteUtime => Some(("SITE", format!("UTIME {stamp} {path}"))),
            TimeCommand::None => None,
        }
    }
}

impl Session {
    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// A refusal, or the loss of the connection; so for all of these.
    pub fn make_directory(&mut self, path: &RemotePath) -> Result<()> {
        self.checked_command(&format!("mkdir {path}"), "MKD", path.as_str()).map(drop)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// As [`Session::make_directory`].
    pub fn remove_directory(&mut self, path: &RemotePath) -> Result<()> {
        self.checked_command(&format!("rmdir {path}"), "RMD", path.as_str()).map(drop)
    }

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As [`Session::make_directory`].
    pub fn remove_file(&mut self, path: &RemotePath) -> Result<()> {
        self.checked_command(&format!("rm {path}"), "DELE", path.as_str()).map(drop)
    }

    /// Renames (RNFR, RNTO).
    ///
    /// # Errors
    ///
    /// As [`Session::make_directory`].
    pub fn rename(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()> {
        let what = format!("mv {from} {to}");
        let reply = self.command("RNFR", from.as_str())?;
        if reply.class() != 3 {
            return Err(refusal_error(&what, &reply));
        }
        self.checked_command(&what, "RNTO", to.as_str()).map(drop)
    }

    /// Sets permission bits (SITE CHMOD), 0 to 0o7777.
    ///
    /// # Errors
    ///
    /// As [`Session::make_directory`].
    pub fn set_permissions(&mut self, mode: u32, path: &RemotePath) -> Result<()> {
        let what = format!("chmod {mode:03o} {path}");
        self.checked_command(&what, "SITE", &format!("CHMOD {mode:03o} {path}")).map(drop)
    }

    /// Sets a file's modification time (UTC) by whichever command the server takes; `false` when
    /// it takes none.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    pub fn set_modified_time(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool> {
        let candidates = match self.time_command {
            Some(command) => vec![command],
            None if self.features.mfmt() => vec![TimeCommand::Mfmt],
            // A server that does not name MFMT may know it all the same.
            None => vec![TimeCommand::Mfmt, TimeCommand::Mdtm, TimeCommand::SiteUtime],
        };
        for candidate in candidates {
            let Some((verb, argument)) = candidate.command_for(path, time) else {
                return Ok(false);
            };
            let reply = self.command(verb, &argument)?;
            if reply.is_positive_completion() {
                self.time_command = Some(candidate);
                return Ok(true);
            }
            if let Some(death) = self.failure() {
                return Err(death);
            }
        }
        // A refusal may be about this one file: only a server without MFMT is given up on.
        if !self.features.mfmt() {
            self.time_command = Some(TimeCommand::None);
        }
        Ok(false)
    }

    /// Has the command of [`Session::set_modified_time`] go out behind the next one, if it is known
    /// which one works here, and behind it the passive command of the next transfer.
    ///
    /// # Errors
    ///
    /// The loss of the connection.
    pub fn pipeline_set_modified(
        &mut self,
        path: &RemotePath,
        time: Option<NaiveDateTime>,
    ) -> Result<()> {
        let known = self.time_command.or(self.features.mfmt().then_some(TimeCommand::Mfmt));
        if let Some((command, time)) = known.zip(time)
            && let Some((verb, argument)) = command.command_for(path, time)
        {
            self.pipeline_after(verb, &argument)?;
        }
        if self.prefetch_port { self.prefetch_passive_port() } else { Ok(()) }
    }
}
