//! Redirection of a command's data: `> file`, `>> file`, `
//! shell command`; and `!`.

use std::fs::OpenOptions;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::expand::home_directory;
use super::syntax::{Redirect, Target, Word};
use crate::commands::Context;
use crate::error::{Error, Kind, Result, io_reason};
use crate::output::Output;

/// Interval at which a job's child is polled.
const TICK: Duration = Duration::from_millis(20);

/// An active redirection, until [`Redirected::finish_redirect`].
#[derive(Debug)]
pub struct Redirected {
    before: Output,
    child: Option<(Child, String)>,
}

/// Redirects the data of the following commands.
///
/// # Errors
/// [`Kind::Local`] if the file cannot be opened or the command cannot be started.
pub fn start_redirect(redirect: &Redirect, ctx: &mut Context) -> Result<Redirected> {
    let before = ctx.out.clone();
    let mut child = None;
    let out = match &redirect.target {
        Target::File(word) => {
            before.to_file(open_target(word, OpenOptions::new().truncate(true), ctx)?)
        }
        Target::Append(word) => {
            before.to_file(open_target(word, OpenOptions::new().append(true), ctx)?)
        }
        Target::Pipe(line) => {
            // Earlier output comes before the child's.
            before.flush()?;
            let spawned = ctx.user_shell_command(line).stdin(Stdio::piped()).spawn();
            let mut spawned = spawned.map_err(|error| spawn_error(line, &error))?;
            let stdin = spawned.stdin.take();
            child = Some((spawned, line.clone()));
            match stdin {
                Some(stdin) => before.to_child(stdin),
                None => before.clone(),
            }
        }
    };
    ctx.out = out;
    Ok(Redirected { before, child })
}

impl Redirected {
    /// Flushes, restores the output, and waits for the child.
    ///
    /// # Errors
    /// [`Kind::Local`] if not all data could be written; [`Kind::Other`] if the child failed. A
    /// child that exits before reading everything is not a failure.
    pub fn finish_redirect(self, ctx: &mut Context) -> Result<()> {
        let flushed = ctx.out.flush();
        ctx.out = self.before;
        let Some((mut child, line)) = self.child else { return flushed };
        let status = reap_child(&mut child, ctx).map_err(|error| spawn_error(&line, &error))?;
        check_status(&line, status)
    }
}

/// Waits for a child. In a job, a request to stop kills it: Ctrl-C does not reach it there.
fn reap_child(child: &mut Child, ctx: &Context) -> std::io::Result<ExitStatus> {
    if ctx.job.is_none() {
        return child.wait();
    }
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if ctx.client.cancel.requested().is_some() {
            let group = Pid::from_child(child);
            // A child stopped by SIGTTIN or SIGTTOU receives SIGTERM only after SIGCONT.
            for signal in [Signal::TERM, Signal::CONT] {
                let _ = kill_process_group(group, signal);
            }
            return child.wait();
        }
        std::thread::sleep(TICK);
    }
}

/// Runs a local command line in the user's shell (`!`), or the shell itself if it is empty.
///
/// # Errors
/// [`Kind::Other`] if it fails; its status is in the message.
pub fn run_local(line: &str, ctx: &Context) -> Result<()> {
    ctx.out.flush()?;
    let mut command = if line.trim().is_empty() {
        let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty());
        ctx.local_command(shell.as_deref().unwrap_or("/bin/sh"))
    } else {
        ctx.user_shell_command(line)
    };
    let mut child = command.spawn().map_err(|error| spawn_error(line, &error))?;
    let status = reap_child(&mut child, ctx).map_err(|error| spawn_error(line, &error))?;
    if ctx.job.is_some() {
        ctx.client.cancel.check()?;
    }
    check_status(line, status)
}

fn check_status(line: &str, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let why = match status.code() {
        Some(code) => format!("exited with status {code}"),
        None => "was killed by a signal".to_owned(),
    };
    Err(Error::new(Kind::Other, format!("`{}` {why}", line.trim())))
}

fn spawn_error(line: &str, error: &std::io::Error) -> Error {
    Error::new(Kind::Local, format!("cannot run `{}`: {}", line.trim(), io_reason(error)))
}

fn open_target(word: &Word, how: &mut OpenOptions, ctx: &Context) -> Result<std::fs::File> {
    let text = word.unquoted_text();
    let path = ctx.local_path(&if word.has_tilde() { home_directory(&text) } else { text });
    how.create(true).write(true).open(&path).map_err(|error| Error::local_file(&path, &error))
}
