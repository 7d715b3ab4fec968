//! All that a command sees: the output, the settings, the connection, the local side.
//!
//! A [`Context`] is made once by the program and handed to each command in turn. It knows no
//! shell: where a command must run other commands (`source`), it does so through
//! [`Context::interpreter`].

mod audit;
pub mod beside;
mod cache;
mod connect;
mod connection;
mod dialer;
mod directory;
pub mod job_args;
mod jobs;
mod keyring;
mod listing;
mod passphrase;
mod pool;
mod slots;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::AppDirs;
use crate::local_path;
use crate::output::{Output, Way};
use crate::settings::{self as set, Settings};
use crate::transfer::rate_limit::RateLimit;
use crate::transfer::retry::Retries;
use crate::transfer::upload::journal::UploadJournals;
use crate::transfer::{TransferOptions, Verify};

pub use audit::{Audit, AuditSide};
pub use cache::ListingCache;
pub use connection::{Connection, Credentials};
pub use jobs::{BackgroundJob, JobFn, JobState, Jobs, QueueView};

/// Counts for the summary and the exit status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Commands run.
    pub commands: u64,
    /// Commands failed.
    pub failed: u64,
    /// Files transferred.
    pub files: u64,
    /// Bytes transferred.
    pub bytes: u64,
    /// The first failure's cause.
    pub first_failure: Option<Kind>,
}

impl RunTotals {
    /// Adds what was done elsewhere.
    pub fn add(&mut self, other: &RunTotals) {
        self.commands += other.commands;
        self.failed += other.failed;
        self.files += other.files;
        self.bytes += other.bytes;
        self.first_failure = self.first_failure.or(other.first_failure);
    }
}

/// The limits that all transfers share (setting `net:limit-total-rate`).
#[derive(Debug, Default)]
pub struct TotalLimits(Mutex<(set::Rate, RateLimit, RateLimit)>);

impl TotalLimits {
    /// The limit of one direction, as the setting has it now.
    fn of_direction(&self, way: Way, settings: &Settings) -> RateLimit {
        let rate = settings.rate(set::NET_LIMIT_TOTAL_RATE, None);
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.0 != rate {
            *limits = (rate, RateLimit::new(rate.down), RateLimit::new(rate.up));
        }
        if way == Way::Download { limits.1.clone() } else { limits.2.clone() }
    }
}

/// Runs a script in the shell language: text, and the name it has in errors.
pub type Interpreter = fn(&mut Context, &str, &str) -> anyhow::Result<()>;

/// What commands work with. See the module's text.
#[derive(Debug)]
pub struct Context {
    /// Data, notices, errors, questions. Data may be redirected while a command runs.
    pub out: Output,
    /// The output that is never redirected, for what lives longer than a command.
    pub console: Output,
    /// The settings.
    pub settings: Settings,
    /// Ctrl-C and SIGTERM.
    pub cancel: Cancel,
    /// The server, the login, the session.
    pub connection: Connection,
    /// Listings seen lately.
    pub cache: ListingCache,
    /// Aliases, by name.
    pub aliases: BTreeMap<String, String>,
    /// Where files are kept.
    pub home: AppDirs,
    /// A job's local directory; the shell's is the process's own.
    pub local_dir: Option<PathBuf>,
    /// The local directory before the last `lcd`.
    pub previous_local: Option<PathBuf>,
    /// Whether a wildcard made some of the running command's words.
    pub words_from_wildcard: bool,
    /// Whether commands come from the prompt.
    pub at_prompt: bool,
    /// Whether a failure of the running command is caught by `||`.
    pub failure_is_handled: bool,
    /// Whether a script goes on after a failed command (`--keep-going`).
    pub keep_going: bool,
    /// How deep the running script is nested in others.
    pub script_depth: usize,
    /// The aliases being run, outermost first.
    pub running_aliases: Vec<String>,
    /// Counts for the summary.
    pub totals: RunTotals,
    /// Set by `exit`: the status to leave with, or none given.
    pub exit_requested: Option<Option<u8>>,
    /// The prompt's history, oldest first.
    pub history: Vec<String>,
    /// The limits that all transfers share.
    pub total_limits: Arc<TotalLimits>,
    /// Environment variables that children must not see.
    pub hidden_variables: Vec<String>,
    /// Runs a script.
    pub interpreter: Interpreter,
    /// Takes the secrets out of a command line; `None` where that cannot be done.
    pub redact: fn(&str) -> Option<String>,
    /// The background jobs.
    pub jobs: Jobs,
    /// The job that this is the context of.
    pub job: Option<u64>,
}

impl Context {
    /// A context that is not connected.
    pub fn new(
        out: Output,
        settings: Settings,
        cancel: Cancel,
        connection: Connection,
        home: AppDirs,
        interpreter: Interpreter,
    ) -> Self {
        Self {
            console: out.clone(),
            out,
            settings,
            cancel,
            connection,
            cache: ListingCache::default(),
            aliases: BTreeMap::new(),
            home,
            local_dir: None,
            previous_local: None,
            words_from_wildcard: false,
            at_prompt: false,
            failure_is_handled: false,
            keep_going: false,
            script_depth: 0,
            running_aliases: Vec::new(),
            totals: RunTotals::default(),
            exit_requested: None,
            history: Vec::new(),
            total_limits: Arc::default(),
            hidden_variables: Vec::new(),
            interpreter,
            redact: |_| None,
            jobs: Jobs::default(),
            job: None,
        }
    }

    /// A word as a local path. To be used wherever a local file is touched: a job's relative paths
    /// begin in its own directory, whatever the shell's is by now.
    pub fn local_path(&self, word: &str) -> PathBuf {
        let path = local_path::path_from_word(word);
        match &self.local_dir {
            Some(directory) => directory.join(path),
            None => path,
        }
    }

    /// The local directory.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] where it has been removed.
    pub fn local_directory(&self) -> Result<PathBuf> {
        match &self.local_dir {
            Some(directory) => Ok(directory.clone()),
            None => {
                std::env::current_dir().map_err(|error| Error::local("the local directory", &error))
            }
        }
    }

    /// Asks a yes-or-no question at the prompt; `no` is the default.
    ///
    /// # Errors
    ///
    /// A question that nobody can answer is a failure that names `option`, the way to say yes
    /// beforehand. Ctrl-C.
    pub fn confirm(&self, question: &str, option: &str) -> Result<bool> {
        if !self.at_prompt || !self.out.interactive() {
            return Err(Error::usage(format!("{question}: nobody can be asked"))
                .with_hint(format!("say so with `{option}`")));
        }
        let answer = self.out.ask(&format!("{question} (y/N)? "), &self.cancel)?;
        Ok(answer.is_some_and(|a| matches!(a.trim().to_lowercase().as_str(), "y" | "yes")))
    }

    /// How transfers in one direction are done, by the settings for the current host.
    pub fn transfer_options(&self, way: Way) -> TransferOptions {
        let host = self.connection.host();
        let rate = self.settings.rate(set::NET_LIMIT_RATE, host);
        let rate = if way == Way::Download { rate.down } else { rate.up };
        TransferOptions {
            preserve_times: self.settings.flag(set::XFER_PRESERVE_TIMES, host),
            verify: match self.settings.text(set::XFER_VERIFY, host) {
                "none" => Verify::None,
                "hash" => Verify::Hash,
                _ => Verify::Size,
            },
            atomic: self.settings.flag(set::XFER_ATOMIC, host),
            limits: [RateLimit::new(rate), self.total_limits.of_direction(way, &self.settings)],
            upload_journals: self
                .upload_journals(&self.connection)
                .filter(|_| way != Way::Download),
            ..TransferOptions::default()
        }
    }

    /// Where uploads over a connection are written down; nowhere for one without a login.
    pub fn upload_journals(&self, connection: &Connection) -> Option<Arc<UploadJournals>> {
        let (site, login) = (connection.site.as_ref()?, connection.login.as_ref()?);
        let account = format!("{}@{}", login.user, site.key());
        Some(Arc::new(UploadJournals::new(self.home.upload_journals(), account)))
    }

    /// The retries that one piece of work has.
    pub fn retries(&self) -> Retries {
        let host = self.connection.host();
        let max = self.settings.count(set::NET_MAX_RETRIES, host);
        let interval = self.settings.duration(set::NET_RECONNECT_INTERVAL, host);
        Retries::new(u32::try_from(max).unwrap_or(u32::MAX), interval)
    }

    /// A local command that sees none of the variables that held a password.
    pub fn local_command(&self, program: &str) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        for variable in &self.hidden_variables {
            command.env_remove(variable);
        }
        if let Some(directory) = &self.local_dir {
            // Neither the terminal nor its Ctrl-C is a job's.
            command.current_dir(directory).stdin(Stdio::null()).process_group(0);
        }
        command
    }

    /// A local command line in the user's shell.
    pub fn user_shell_command(&self, line: &str) -> std::process::Command {
        let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        let shell = shell.unwrap_or_else(|| "/bin/sh".into());
        let mut command = self.local_command(&shell.to_string_lossy());
        command.arg("-c").arg(line);
        command
    }
}
