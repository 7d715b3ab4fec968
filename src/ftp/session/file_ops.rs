//! Operations on single paths (directories, names, permissions, times), and their metadata (MLST,
//! SIZE and MDTM, RFC 3659).

use chrono::{NaiveDateTime, TimeDelta};

use super::pipeline::{
    pipeline_after, pipeline_before_transfer, prefetch_passive_port, take_prefetched,
};
use super::{Session, server_clock};
use crate::error::{Kind, Result};
use crate::ftp::control::reply::{self, Reply};
use crate::ftp::error_text::refusal_error;
use crate::ftp::list_formats::{Entry, EntryKind, parse_mlst};
use crate::ftp::path::RemotePath;

/// A command that sets a file's modification time; servers support different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum TimeCommand {
    /// draft-somers-ftp-mfxx section 3.1.
    Mfmt,
    /// The two-argument form supported by vsftpd and others.
    Mdtm,
    /// Supported by Pure-FTPd and others.
    SiteUtime,
    /// The server supports none of them.
    None,
}

/// A file whose MDTM, once it is stored, shows the server's clock.
#[derive(Debug)]
pub struct ClockSample {
    path: RemotePath,
    /// Its time before.
    before: Option<NaiveDateTime>,
}

impl TimeCommand {
    /// Verb and argument; `None` if the server supports no such command. `ahead` is how far the clock
    /// of MDTM and MFMT is ahead of UTC.
    fn command_for(
        self,
        path: &RemotePath,
        time: NaiveDateTime,
        ahead: TimeDelta,
    ) -> Option<(&'static str, String)> {
        let local =
            if self == TimeCommand::SiteUtime { time } else { time.checked_add_signed(ahead)? };
        let stamp = local.format("%Y%m%d%H%M%S");
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
    pub fn make_directory(&mut self, path: &RemotePath) -> Result<()> {
        let reply = match take_prefetched(self, "MKD", path.as_str()) {
            Some(reply) => reply,
            None => self.command("MKD", path.as_str())?,
        };
        match reply.is_positive_completion() {
            true => Ok(()),
            false => Err(refusal_error(&format!("mkdir {path}"), &reply)),
        }
    }

    /// Pipelines the command of [`Session::make_directory`] before the next data command.
    pub fn prefetch_make_directory(&mut self, path: &RemotePath) -> Result<()> {
        pipeline_before_transfer(self, "MKD", path.as_str())
    }

    /// The parents of `path` that do not exist, outermost first.
    pub fn missing_parents(&mut self, path: &RemotePath) -> Result<Vec<RemotePath>> {
        let mut missing = Vec::new();
        let mut above = path.parent();
        while let Some(directory) = above {
            if self.is_directory(&directory)? {
                break;
            }
            above = directory.parent();
            missing.insert(0, directory);
        }
        Ok(missing)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&mut self, path: &RemotePath) -> Result<()> {
        self.checked_command(&format!("rmdir {path}"), "RMD", path.as_str()).map(drop)
    }

    /// Pipelines the command of [`Session::remove_directory`] after the next one: for a directory that
    /// is empty then.
    pub fn pipeline_remove_directory(&mut self, path: &RemotePath) -> Result<()> {
        pipeline_after(self, "RMD", path.as_str())
    }

    /// Removes a file.
    pub fn remove_file(&mut self, path: &RemotePath) -> Result<()> {
        self.checked_command(&format!("rm {path}"), "DELE", path.as_str()).map(drop)
    }

    /// Renames (RNFR, RNTO).
    pub fn rename(&mut self, from: &RemotePath, to: &RemotePath) -> Result<()> {
        let what = format!("mv {from} {to}");
        let reply = self.command("RNFR", from.as_str())?;
        if reply.class() != 3 {
            return Err(refusal_error(&what, &reply));
        }
        self.checked_command(&what, "RNTO", to.as_str()).map(drop)
    }

    /// Pipelines the second command of [`Session::rename`] after its first one, which has to be the next
    /// command. Where the first one is refused, the server refuses the second one, too.
    pub fn pipeline_rename_to(&mut self, to: &RemotePath) -> Result<()> {
        pipeline_after(self, "RNTO", to.as_str())
    }

    /// Pipelines the first command of [`Session::rename`] after the next one, and after all others that
    /// are pipelined so far: the second one has to follow it at once (RFC 959 section 4.1.3).
    pub fn pipeline_rename_from(&mut self, from: &RemotePath) -> Result<()> {
        pipeline_after(self, "RNFR", from.as_str())
    }

    /// Sets permission bits (SITE CHMOD), 0 to 0o7777.
    pub fn set_permissions(&mut self, mode: u32, path: &RemotePath) -> Result<()> {
        let what = format!("chmod {mode:03o} {path}");
        self.checked_command(&what, "SITE", &format!("CHMOD {mode:03o} {path}")).map(drop)
    }

    /// Sets a file's modification time (UTC) with the first command that the server supports;
    /// `false` if it supports none.
    pub fn set_modified_time(&mut self, path: &RemotePath, time: NaiveDateTime) -> Result<bool> {
        // Where nothing was asked after the upload, the clock has to be known now.
        if let Some(sample) = self.take_clock_sample(path) {
            self.read_clock_sample(&sample)?;
        }
        let candidates = match self.expected_time_command() {
            Some(command) if self.time_command.is_some() || self.features.mfmt() => vec![command],
            Some(command) => vec![command, TimeCommand::Mfmt, TimeCommand::SiteUtime],
            // A server may support MFMT without listing it.
            None => vec![TimeCommand::Mfmt, TimeCommand::Mdtm, TimeCommand::SiteUtime],
        };
        for candidate in candidates {
            let Some((verb, argument)) = candidate.command_for(path, time, self.mdtm_offset())
            else {
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
        // A refusal may concern only this file: stop trying only on servers without MFMT.
        if !self.features.mfmt() {
            self.time_command = Some(TimeCommand::None);
        }
        Ok(false)
    }

    /// The command that will probably set a time: the one that has, or MFMT where FEAT lists it, or
    /// MDTM on vsftpd, which has no other.
    fn expected_time_command(&self) -> Option<TimeCommand> {
        let by_software = self.config.clock.is_vsftpd().then_some(TimeCommand::Mdtm);
        let listed = self.features.mfmt().then_some(TimeCommand::Mfmt);
        self.time_command.or(listed).or(by_software)
    }

    /// Sets permission bits (SITE CHMOD) for a mirror, where the server has that. Returns what to
    /// tell the user if it has not, or refuses; once for all sessions to the server.
    pub fn set_mode(&mut self, path: &RemotePath, mode: u32) -> Result<Option<String>> {
        if self.config.quirks.lacks_chmod() {
            return Ok(None);
        }
        let reply = self.command("SITE", &format!("CHMOD {mode:03o} {path}"))?;
        if reply.is_positive_completion() && reply.code != 202 {
            return Ok(None);
        }
        if let Some(death) = self.failure() {
            return Err(death);
        }
        let lacks = matches!(reply.code, 202 | 500 | 501 | 502 | 504);
        let is_news = self.config.quirks.note_chmod_refused(lacks);
        let why = reply.first_line();
        Ok(is_news.then(|| match lacks {
            true => format!("permissions are not copied: the server has no SITE CHMOD: {why}"),
            false => format!("{path}: permissions not set: {why} (said once)"),
        }))
    }

    /// Pipelines the command of [`Session::set_mode`] after the next one.
    pub fn pipeline_mode(&mut self, path: &RemotePath, mode: u32) -> Result<()> {
        if self.config.quirks.lacks_chmod() {
            return Ok(());
        }
        pipeline_after(self, "SITE", &format!("CHMOD {mode:03o} {path}"))
    }

    /// Pipelines the command of [`Session::set_modified_time`] after the next one, if it is known which
    /// that will be, and that of [`Session::set_mode`]; and after them, with prefetching on, the
    /// next passive command.
    pub fn pipeline_attributes(
        &mut self,
        path: &RemotePath,
        time: Option<NaiveDateTime>,
        mode: Option<u32>,
    ) -> Result<()> {
        if let Some((command, time)) = self.expected_time_command().zip(time)
            && let Some((verb, argument)) = command.command_for(path, time, self.mdtm_offset())
        {
            pipeline_after(self, verb, &argument)?;
        }
        if let Some(mode) = mode {
            self.pipeline_mode(path, mode)?;
        }
        if self.prefetch_port { prefetch_passive_port(self) } else { Ok(()) }
    }

    /// The MLST entry (RFC 3659 section 7) of a path; `None` if the server does not support MLST,
    /// even if its features list it, or describes something else: Apache FtpServer takes `x[1]` for
    /// a pattern and describes the parent directory, others follow a link.
    pub fn mlst_entry(&mut self, path: &RemotePath) -> Result<Option<Entry>> {
        if self.no_mlst || !self.features.mlst() {
            return Ok(None);
        }
        // libunftp ignores the current directory for a relative path here.
        let absolute = self.cwd().resolve(path.as_str())?;
        let reply = self.command("MLST", absolute.as_str())?;
        if matches!(reply.code, 500 | 502 | 504) {
            self.no_mlst = true;
            return Ok(None);
        }
        if !reply.is_positive_completion() {
            let error = refusal_error(&path.to_string(), &reply);
            // Apache FtpServer refuses what is in a directory that it takes for a pattern.
            let is_pattern = absolute.parent().is_some_and(|above| above.may_be_pattern());
            let is_unknown = is_pattern && error.kind() == Kind::Refused;
            return if is_unknown { Ok(None) } else { Err(error) };
        }
        let entry = reply.lines.iter().skip(1).find_map(|line| parse_mlst(line));
        let entry = entry.map(|entry| reply.charset.reread_entry(entry));
        Ok(entry.filter(|entry| absolute.is_named(&entry.name)))
    }

    /// Whether `path` is a directory or a link to one: by MLST if it reports that, otherwise by
    /// changing to it and back.
    ///
    /// # Errors
    ///
    /// A lost connection. A missing path is not a directory.
    pub fn is_directory(&mut self, path: &RemotePath) -> Result<bool> {
        match self.mlst_entry(path) {
            Ok(Some(entry)) if entry.kind == EntryKind::Directory => return Ok(true),
            Ok(Some(entry)) if entry.kind == EntryKind::File => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Refused => {}
            Err(error) => return Err(error),
        }
        match self.in_directory(path, |_| Ok(())) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::Refused => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The size of a file in bytes, in binary type (SIZE, RFC 3659 section 4); `None` if the server
    /// does not report it.
    ///
    /// # Errors
    ///
    /// A lost connection; a 550 for a missing file.
    pub fn file_size(&mut self, path: &RemotePath) -> Result<Option<u64>> {
        let reply = self.command("SIZE", path.as_str())?;
        Ok(self.has_fact(path, &reply)?.then(|| reply::size_value(&reply)).flatten())
    }

    /// The time of a file in UTC (MDTM, RFC 3659 section 3); `None` if it is not reported.
    pub fn modified_time(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        let time = self.mdtm_reply_time(path)?;
        Ok(time.and_then(|time| time.checked_sub_signed(self.mdtm_offset())))
    }

    /// The time of a file as MDTM reports it, on the server's own clock.
    pub fn mdtm_reply_time(&mut self, path: &RemotePath) -> Result<Option<NaiveDateTime>> {
        let reply = match take_prefetched(self, "MDTM", path.as_str()) {
            Some(reply) => reply,
            None => self.command("MDTM", path.as_str())?,
        };
        Ok(self.has_fact(path, &reply)?.then(|| reply::mdtm_time(&reply)).flatten())
    }

    /// Prefetches a file's time: MDTM is sent with the next data command, to save a round trip.
    pub fn prefetch_modified(&mut self, path: &RemotePath) -> Result<()> {
        pipeline_before_transfer(self, "MDTM", path.as_str())
    }

    /// Size and time in one round trip.
    pub fn size_and_modified(
        &mut self,
        path: &RemotePath,
    ) -> Result<(Option<u64>, Option<NaiveDateTime>)> {
        pipeline_after(self, "MDTM", path.as_str())?;
        if self.prefetch_port {
            prefetch_passive_port(self)?;
        }
        Ok((self.file_size(path)?, self.modified_time(path)?))
    }

    /// How far the clock of MDTM and MFMT is ahead of UTC, as far as is known.
    fn mdtm_offset(&self) -> TimeDelta {
        self.config.clock.mdtm_offset(self.timezone)
    }

    /// Prepares the upload of a file whose time will show the server's clock, if that has to be
    /// found out: MDTM is sent with the next data command. A server with MLST sends UTC there.
    pub fn prepare_clock_sample(&mut self, path: &RemotePath) -> Result<()> {
        self.clock_sample = None;
        if !self.sends_utc() && self.config.clock.needs_stored_file() {
            self.prefetch_modified(path)?;
            self.clock_sample = Some(path.clone());
        }
        Ok(())
    }

    /// A new file that was just stored, if its time shows the clock.
    pub fn clock_sample_of_new_file(&self, path: &RemotePath) -> Option<ClockSample> {
        (!self.sends_utc()).then(|| ClockSample { path: path.clone(), before: None })
    }

    /// Whether the server has MLST, whose times are UTC on every known server.
    fn sends_utc(&self) -> bool {
        self.features.mlst() && !self.no_mlst
    }

    /// The file that was just stored, if its time is to show the server's clock.
    pub fn take_clock_sample(&mut self, path: &RemotePath) -> Option<ClockSample> {
        let path = self.clock_sample.take().filter(|sample| sample == path)?;
        let before = take_prefetched(self, "MDTM", path.as_str());
        let before = before.filter(|reply| reply.code == 213);
        Some(ClockSample { path, before: before.and_then(|reply| reply::mdtm_time(&reply)) })
    }

    /// Pipelines the query for a file's size after the next command.
    pub fn pipeline_file_size(&mut self, path: &RemotePath) -> Result<()> {
        pipeline_after(self, "SIZE", path.as_str())
    }

    /// Learns the server's clock from a file that was just stored; see [`server_clock`]. A refusal
    /// shows nothing. Returns the offset of MDTM if it was found.
    pub fn read_clock_sample(&mut self, sample: &ClockSample) -> Result<Option<TimeDelta>> {
        match self.mdtm_reply_time(&sample.path) {
            Ok(Some(after)) => {
                let clock = &self.config.clock;
                Ok(clock.learn_from_stored_file(sample.before, after, server_clock::now()))
            }
            Err(error) if error.kind() != Kind::Refused => Err(error),
            _ => Ok(None),
        }
    }

    fn has_fact(&self, path: &RemotePath, reply: &Reply) -> Result<bool> {
        match reply.code {
            213 => Ok(true),
            550 => Err(refusal_error(&path.to_string(), reply)),
            _ => Ok(false),
        }
    }
}
