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
    /// The command with its arguments, or commands in quotes
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
        Example {
            line: "repeat -c 3 --until-ok 'lls x.txt; lpwd'",
            about: "run until it succeeds",
        },
    ];

    fn check(&self) -> Result<()> {
        self.parse_delay().map(drop)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        script.runs_later(Self::NAME, shell_quote::script_from_words(&self.command));
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let delay = self.parse_delay()?;
        let script = shell_quote::script_from_words(&self.command);
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
    fn parse_delay(&self) -> Result<Duration> {
        sleep::parse_sleep_duration(Self::NAME, &self.delay)
    }
}
