//! All that a command sees: the output, the settings, the connection, the local side.
//!
//! A [`Context`] is made once by the program and handed to each command in turn. It knows no
//! shell: where a command must run other commands (`source`), it does so through
//! [`Context::interpreter`].

mod jobs;
mod queue;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::client::{Audit, Client};
use crate::error::{Error, Result};
use crate::jobs::queue::Queues;
use crate::jobs::{Jobs, RunTotals};
use crate::local_path;
use crate::output::Output;
use crate::target::Target;

pub use jobs::JobFn;
pub use queue::QueuedCommand;

/// Runs a script in the shell language: text, and the name it has in errors.
pub type Interpreter = fn(&mut Context, &str, &str) -> anyhow::Result<()>;

/// The name of commands that another command runs: none for one line, whose errors have the
/// position of that command.
pub fn script_name<'a>(name: &'a str, text: &str) -> &'a str {
    if text.contains('\n') { name } else { "" }
}

/// What commands work with. See the module's text.
#[derive(Debug)]
pub struct Context {
    /// Data, notices, errors, questions. Data may be redirected while a command runs.
    pub out: Output,
    /// The client of the current server.
    pub client: Client,
    /// Aliases, by name.
    pub aliases: BTreeMap<String, String>,
    /// A job's local directory; the shell's is the process's own.
    pub local_dir: Option<PathBuf>,
    /// The local directory before the last `lcd`.
    pub previous_local: Option<PathBuf>,
    /// Whether a wildcard made some of the running command's words.
    pub words_from_wildcard: bool,
    /// Whether braces in the present command's words were expanded.
    pub words_from_braces: bool,
    /// Whether a failure of the running command is caught by `||`.
    pub failure_is_handled: bool,
    /// Whether a script continues after a failed command (`--keep-going`).
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
    /// Environment variables that children must not see.
    pub hidden_variables: Vec<String>,
    /// Runs a script.
    pub interpreter: Interpreter,
    /// Takes the secrets out of a command line; `None` where that cannot be done.
    pub redact: fn(&str) -> Option<String>,
    /// The background jobs.
    pub jobs: Jobs,
    /// The queues of commands.
    pub queues: Queues<QueuedCommand>,
    /// The job that this is the context of.
    pub job: Option<u64>,
}

impl Context {
    /// A context with a client that is not connected.
    pub fn new(out: Output, client: Client, interpreter: Interpreter) -> Self {
        Self {
            out,
            client,
            aliases: BTreeMap::new(),
            local_dir: None,
            previous_local: None,
            words_from_wildcard: false,
            words_from_braces: false,
            failure_is_handled: false,
            keep_going: false,
            script_depth: 0,
            running_aliases: Vec::new(),
            totals: RunTotals::default(),
            exit_requested: None,
            history: Vec::new(),
            hidden_variables: Vec::new(),
            interpreter,
            redact: |_| None,
            jobs: Jobs::default(),
            queues: Queues::default(),
            job: None,
        }
    }

    /// The audit log for what is done on the current connection.
    pub fn audit(&self) -> Audit {
        self.client.audit().with_local_directory(self.local_directory().ok())
    }

    /// Does work with another server as the current one.
    pub fn with_server<T>(
        &mut self,
        target: Target,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let other = self.client.connect_other(target)?;
        let own = std::mem::replace(&mut self.client, other);
        let result = work(self);
        std::mem::replace(&mut self.client, own).connection.close();
        result
    }

    /// Does work with one transfer after the other: prefetches each one's passive port at the end
    /// of the one before it, if `many` is true.
    pub fn with_prefetch<T>(&mut self, many: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        self.client.set_prefetch(many);
        let done = work(self);
        self.client.end_prefetch();
        done
    }

    /// A word as a local path. To be used wherever a local file is touched: a job's relative paths
    /// begin in its own directory, even if the shell has changed its directory since.
    pub fn local_path(&self, word: &str) -> PathBuf {
        let path = local_path::path_from_word(word);
        match &self.local_dir {
            Some(directory) => directory.join(path),
            None => path,
        }
    }

    /// A local path as it was typed: a job's begins in its own directory, which is not shown.
    pub fn shown_local_path(&self, path: &Path) -> String {
        let typed = self.local_dir.as_ref().and_then(|directory| path.strip_prefix(directory).ok());
        local_path::word_from_path(typed.unwrap_or(path))
    }

    /// The local directory.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`](crate::error::Kind::Local) where it has been removed.
    pub fn local_directory(&self) -> Result<PathBuf> {
        match &self.local_dir {
            Some(directory) => Ok(directory.clone()),
            None => {
                std::env::current_dir().map_err(|error| Error::local("the local directory", &error))
            }
        }
    }

    /// Tells, in one notice, what came of the settings of lftp since the last call.
    pub fn note_lftp_settings(&self) {
        if let Some(notes) = self.client.settings.take_notes() {
            self.client.console.notice(&notes);
        }
    }

    /// Keeps an environment variable that holds a password from children.
    pub fn hide_variable(&mut self, name: &str) {
        if !self.hidden_variables.iter().any(|known| known == name) {
            self.hidden_variables.push(name.to_owned());
        }
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
