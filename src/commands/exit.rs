//! `exit`: leave the shell.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Leave the shell
///
/// Without CODE the exit status is that of the first failure, or 0 if there was none. Waits for
/// running jobs; at the prompt they can be killed instead.
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
        Example { line: "exit", about: "leave the shell" },
        Example { line: "lls report.pdf || exit 3", about: "leave with a given exit status" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if ctx.confirm_exit()? {
            ctx.exit_requested = Some(self.code);
        }
        Ok(())
    }
}
