//! A pager for text that is longer than the terminal, and for `less`.
//!
//! Text goes in through a pipe: nothing that a server sent is ever part of the pager's command line.
//! The pager may not start other programs or write files (`LESSSECURE`). Without a terminal, in
//! jobs and with `--json` there is no pager.

use std::process::{Child, Stdio};

use crate::commands::Context;
use crate::error::{Error, Kind, Result, io_reason};
use crate::output::{escape, escape_multiline, is_broken_pipe};

/// What `less` does where the user's own `LESS` does not say: a text that fits is shown without
/// stopping, colours are, and the text stays on the screen.
const LESS: &str = "FRX";

/// Shows lines: page by page at the prompt where they do not fit the terminal.
pub fn page_lines(ctx: &mut Context, lines: &[String]) -> Result<()> {
    let shown = |ctx: &Context| lines.iter().try_for_each(|line| ctx.out.line(line));
    if !ctx.client.at_prompt || !is_wanted(ctx) || fits_screen(ctx, lines) {
        return shown(ctx);
    }
    let Ok(paged) = Paged::start_paging(ctx) else {
        return report_pager_failure(ctx).and_then(|()| shown(ctx));
    };
    // Lines go into the pipe unchanged; the pager writes to a terminal.
    let result = lines.iter().try_for_each(|line| ctx.out.line(&escape_multiline(line)));
    if paged.finish_paging(ctx)? {
        result
    } else {
        report_pager_failure(ctx).and_then(|()| shown(ctx))
    }
}

/// Says that the user's pager could not be run.
fn report_pager_failure(ctx: &Context) -> Result<()> {
    if let Some(pager) = pager_variable() {
        ctx.out.notice(&format!("cannot run pager `{}`; printed without one", escape(&pager)));
    }
    ctx.client.cancel.check()
}

/// Whether a pager can be used.
pub fn is_wanted(ctx: &Context) -> bool {
    // `cat` shows nothing page by page, and would hand the file's bytes to the terminal.
    let plain = pager_variable().as_deref() == Some("cat");
    !plain && ctx.job.is_none() && ctx.out.is_terminal_out() && !ctx.out.is_json()
}

fn fits_screen(ctx: &Context, lines: &[String]) -> bool {
    let Some(rows) = ctx.out.height() else { return true };
    let width = ctx.out.width().max(1);
    let taken = lines.iter().map(|line| line.chars().count().div_ceil(width).max(1));
    // The prompt takes one.
    taken.sum::<usize>() < rows
}

/// `PAGER`, if it says anything.
fn pager_variable() -> Option<String> {
    let pager = std::env::var("PAGER").ok()?.trim().to_owned();
    (!pager.is_empty()).then_some(pager)
}

/// A running pager that receives the command's data. [`Paged::end`] restores the output.
#[derive(Debug)]
pub struct Paged {
    child: Child,
    before: crate::output::Output,
}

impl Paged {
    /// Starts the pager.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] when it is not there.
    pub fn start_paging(ctx: &mut Context) -> Result<Self> {
        ctx.out.flush()?;
        let mut child = spawn_pager(ctx)?;
        let before = ctx.out.clone();
        if let Some(stdin) = child.stdin.take() {
            ctx.out = before.to_child(stdin);
        }
        Ok(Self { child, before })
    }

    /// Waits until the user has seen enough. Leaving early is no failure.
    pub fn end<E: From<Error> + Into<anyhow::Error>>(
        self,
        ctx: &mut Context,
        result: Result<(), E>,
    ) -> Result<(), E> {
        let ran = self.finish_paging(ctx);
        result?;
        if ran? {
            return Ok(());
        }
        let pager = pager_variable().unwrap_or_default();
        Err(spawn_error(&pager, "not found, or not executable").into())
    }

    /// Restores the output and waits until the user quits the pager. Returns whether there was a
    /// pager at all: a shell that does not find it, or may not run it, has read nothing.
    fn finish_paging(mut self, ctx: &mut Context) -> Result<bool> {
        let flushed = ctx.out.flush();
        // The pager sees the end of its input when the last clone has gone.
        ctx.out = self.before;
        let ended = self.child.wait();
        let gone = |error: &Error| is_broken_pipe(&error.clone().into());
        match flushed {
            Err(error) if !gone(&error) => return Err(error),
            _ => {}
        }
        let ended = ended.map_err(|error| spawn_error("the pager", &io_reason(&error)))?;
        Ok(!matches!(ended.code(), Some(126 | 127)))
    }
}

/// Starts the pager: directly where it is one word, through the user's shell otherwise.
fn spawn_pager(ctx: &Context) -> Result<Child> {
    let own = pager_variable();
    let candidates = own.as_deref().map_or(vec!["less", "more"], |pager| vec![pager]);
    let mut failure = None;
    for pager in candidates {
        let mut command = if pager.contains(char::is_whitespace) {
            ctx.user_shell_command(pager)
        } else {
            ctx.local_command(pager)
        };
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", LESS);
        }
        match command.env("LESSSECURE", "1").stdin(Stdio::piped()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) => failure = Some(spawn_error(pager, &io_reason(&error))),
        }
    }
    Err(failure.unwrap_or_else(|| Error::new(Kind::Local, "no pager")))
}

fn spawn_error(pager: &str, why: &str) -> Error {
    Error::new(Kind::Local, format!("cannot run `{pager}`: {why}"))
        .with_hint("set PAGER to an installed program")
}
