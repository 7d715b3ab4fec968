//! `sleep`: wait, ready to be interrupted.

use std::time::Duration;

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Result};
use crate::settings::parse_duration;

/// Wait
#[derive(Debug, Parser)]
pub struct Sleep {
    /// The duration: 500ms, 30, 30s, 3m, 2h, 1d, 1m30s
    #[arg(value_name = "DURATION")]
    duration: String,
}

impl Builtin for Sleep {
    const NAME: &'static str = "sleep";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "sleep 0.2; lpwd", about: "wait before the next command" }];

    fn check(&self) -> Result<()> {
        parse_sleep_duration("sleep", &self.duration).map(drop)
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let duration = parse_sleep_duration("sleep", &self.duration)?;
        ctx.out.flush()?;
        Ok(ctx.client.cancel.sleep(duration)?)
    }
}

/// A duration as an argument of `command`.
pub(super) fn parse_sleep_duration(command: &str, text: &str) -> Result<Duration> {
    parse_duration(text).ok_or_else(|| {
        Error::usage(format!("{command}: {text:?} is not a duration"))
            .with_hint("as in 500ms, 30s, 3m or 1m30s; plain numbers are seconds")
    })
}
