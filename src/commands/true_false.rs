//! `true` and `false`: nothing, with success and without.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Kind};

/// Do nothing, successfully
#[derive(Debug, Parser)]
pub struct True {
    /// Ignored
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Builtin for True {
    const NAME: &'static str = "true";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "lls nothing || true", about: "ignore a failure" }];

    fn run(self, _ctx: &mut Context) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Do nothing, and fail
#[derive(Debug, Parser)]
pub struct False {
    /// Ignored
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Builtin for False {
    const NAME: &'static str = "false";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "false || echo failed", about: "run a command after a failure" }];

    fn run(self, _ctx: &mut Context) -> anyhow::Result<()> {
        // As in other shells it fails without a word.
        Err(Error::already_shown(Kind::Other).into())
    }
}
