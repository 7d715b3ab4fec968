//! `clear`: clear the screen.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Clear the screen
#[derive(Debug, Parser)]
pub struct Clear {}

impl Builtin for Clear {
    const NAME: &'static str = "clear";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "clear", about: "clear the screen and its history" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        ctx.out.clear_screen();
        Ok(())
    }
}
