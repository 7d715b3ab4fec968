//! `repeat`: run a command again and again.

use std::time::Duration;

use clap::Parser;

use super::context::script_name;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck, sleep};
use crate::error::{Error, Kind, Result, kind_of};
use crate::shell_quote;

/// Run a command repeatedly
///
/// Repeats until Ctrl-C, --count or the condition. A failure makes `repeat` fail; with --until-ok
/// only the last attempt counts.
#[derive(Debug, Parser)]
pub struct Repeat {
    /// Run at most N times
    #[arg(short, long, value_name = "N")]
    count: Option<u64>,
    /// Delay between runs
    #[arg(short, long, value_name = "DURATION", default_value = "1s")]
    delay: String,
    /// Stop when the command fails
    #[arg(long, conflicts_with = "until_ok")]
    while_ok: bool,
    /// Stop when the command succeeds
    #[arg(long)]
    until_ok: bool,
    /// The command with its arguments, or commands in quotes. A number before it is the delay, as in
    /// lftp
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true,
          allow_hyphen_values = true, value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<String>,
}

impl Builtin for Repeat {
    const NAME: &'static str = "repeat";
    const GROUP: Group = Group::Jobs;
    const GLOBS: Globs = Globs::Source;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "repeat -c 2 -d 100ms lpwd", about: "run twice, with a pause" },
        Example { line: "repeat -c 2 0.1 lpwd", about: "the same, as lftp has it" },
        Example {
            line: "repeat -c 3 --until-ok 'lls x.txt; lpwd'",
            about: "run until it succeeds",
        },
    ];

    fn check(&self) -> Result<()> {
        let (_, command) = self.delay_and_command()?;
        match command {
            [] => Err(Error::usage("repeat: a command is missing")
                .with_hint(format!("`repeat {} COMMAND`", self.command.join(" ")))),
            _ => Ok(()),
        }
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        // A wrong delay is the error of `check`.
        if let Ok((_, command)) = self.delay_and_command() {
            script.runs_later(Self::NAME, shell_quote::script_from_words(command));
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let (delay, command) = self.delay_and_command()?;
        let script = shell_quote::script_from_words(command);
        let mut failed = None;
        let mut left = self.count;
        while left != Some(0) {
            left = left.map(|left| left - 1);
            let outer = ctx.failure_is_handled;
            ctx.failure_is_handled |= self.until_ok;
            let result = (ctx.interpreter)(ctx, &script, script_name(Self::NAME, &script));
            ctx.failure_is_handled = outer;
            match result {
                Ok(()) if self.until_ok => return Ok(()),
                Ok(()) => {}
                Err(error) => {
                    let kind = kind_of(&error);
                    if self.while_ok || matches!(kind, Kind::Interrupted | Kind::Terminated) {
                        return Err(error);
                    }
                    failed.get_or_insert(kind);
                }
            }
            if ctx.exit_requested.is_some() {
                break;
            }
            if left != Some(0) {
                ctx.client.cancel.sleep(delay)?;
            }
        }
        match failed {
            None => Ok(()),
            Some(kind) if self.until_ok => {
                let times = self.count.unwrap_or_default();
                Err(Error::new(kind, format!("repeat: no success in {times} attempts")).into())
            }
            Some(kind) => Err(Error::already_shown(kind).into()),
        }
    }
}

impl Repeat {
    /// The delay, which may be the first word, and the command. No command begins with a digit.
    fn delay_and_command(&self) -> Result<(Duration, &[String])> {
        let (delay, command) = match self.command.split_first() {
            Some((first, rest)) if first.starts_with(|c: char| c.is_ascii_digit()) => (first, rest),
            _ => (&self.delay, &self.command[..]),
        };
        Ok((sleep::parse_sleep_duration(Self::NAME, delay)?, command))
    }
}
