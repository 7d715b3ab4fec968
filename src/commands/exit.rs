//! `exit`: leave the shell.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Leave the shell
///
/// Without CODE the exit status tells the first failure's cause, 0 if there was none. Jobs that
/// still run are waited for; at the prompt they can be killed instead.
#[derive(Debug, Parser)]
pub struct Exit {
    /// The exit status, 0 to 255
    #[arg(value_name = "CODE")]
    code: Option<u8>,
}

impl Builtin for Exit {
    const NAME: &'static str = "exit";
    const ALIASES: &'static [&'static str] = &["quit", "bye"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "exit", about: "say goodbye and leave" },
        Example { line: "lls report.pdf || exit 3", about: "leave with a status of one's own" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if ctx.confirm_exit()? {
            ctx.exit_requested = Some(self.code);
        }
        Ok(())
    }
}
