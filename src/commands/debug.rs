//! `debug`: see what goes over the wire.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Result};

/// Show or change the verbosity
///
/// 0 or `off` is the normal output, 1 is more detail, 2 and above also show the FTP protocol trace
/// with passwords masked. Without LEVEL, the current level is shown.
#[derive(Debug, Parser)]
pub struct Debug {
    /// 0, 1, 2 and above, or off
    #[arg(value_name = "LEVEL")]
    level: Option<String>,
}

impl Builtin for Debug {
    const NAME: &'static str = "debug";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "debug 2", about: "turn the FTP protocol trace on" },
        Example { line: "debug off", about: "turn it off" },
    ];

    fn check(&self) -> Result<()> {
        self.parse_level().map(drop)
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        match self.parse_level()? {
            Some(level) => ctx.out.set_verbosity(level),
            None => ctx.out.line(&ctx.out.verbosity().to_string())?,
        }
        Ok(())
    }
}

impl Debug {
    fn parse_level(&self) -> Result<Option<u8>> {
        Ok(Some(match self.level.as_deref() {
            None => return Ok(None),
            Some("off" | "0") => 0,
            Some("1") => 1,
            Some("on") => 2,
            // Levels of lftp: what they show beyond ours is its own doing.
            Some(level) if level.parse::<u8>().is_ok() => 2,
            Some(other) => {
                return Err(Error::usage(format!("debug: {other:?} is not a level"))
                    .with_hint("0 or off, 1, or 2"));
            }
        }))
    }
}
