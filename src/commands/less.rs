//! `less`: files in a pager.
//!
//! The pager gets the file's bytes through a pipe, and may not start other programs or write
//! files (`LESSSECURE`). What is not shown on a terminal is written as `cat` does.

use std::process::{Child, Stdio};

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, cat, transfers};
use crate::error::{Error, Kind, Result, io_reason};
use crate::output::is_broken_pipe;

/// Page through remote files
///
/// The pager is $PAGER, else `less` or `more`. Without a terminal this is `cat`.
#[derive(Debug, Parser)]
pub struct Less {
    /// Remote files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Less {
    const NAME: &'static str = "less";
    const ALIASES: &'static [&'static str] = &["more"];
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "less notes.txt", about: "read a file page by page" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        // `cat` shows nothing page by page, and would hand the file's bytes to the terminal.
        let plain = pager.as_deref().map(str::trim) == Some("cat");
        let nobody = ctx.job.is_some() || !ctx.out.is_terminal_out();
        if plain || nobody || ctx.out.is_json() {
            return transfers::each(ctx, &self.files, cat::one);
        }
        ctx.out.flush()?;
        let mut child = start(ctx, pager.as_deref())?;
        let before = ctx.out.clone();
        if let Some(stdin) = child.stdin.take() {
            ctx.out = before.to_child(stdin);
        }
        let shown = transfers::each(ctx, &self.files, cat::one);
        let flushed = ctx.out.flush();
        // The pager sees the end of its input when the last clone has gone.
        ctx.out = before;
        let ended = child.wait();
        match shown.and_then(|()| Ok(flushed?)) {
            // Whoever leaves a pager early has seen enough.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Ok(ended.map(drop).map_err(|error| unstarted("the pager", &error))?),
        }
    }
}

/// Starts the pager: directly where it is one word, through the user's shell otherwise.
fn start(ctx: &Context, pager: Option<&str>) -> Result<Child> {
    let candidates = pager.map_or(vec!["less", "more"], |pager| vec![pager.trim()]);
    let mut failure = None;
    for pager in candidates {
        let mut command = if pager.contains(char::is_whitespace) {
            ctx.shell_command(pager)
        } else {
            ctx.child(pager)
        };
        match command.env("LESSSECURE", "1").stdin(Stdio::piped()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) => failure = Some(unstarted(pager, &error)),
        }
    }
    Err(failure.unwrap_or_else(|| Error::new(Kind::Local, "no pager")))
}

fn unstarted(pager: &str, error: &std::io::Error) -> Error {
    Error::new(Kind::Local, format!("cannot run `{pager}`: {}", io_reason(error)))
        .with_hint("set PAGER to a program that is there")
}
