//! `echo`: print words.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::ftp::path::encode_name;

/// Print words
#[derive(Debug, Parser)]
pub struct Echo {
    /// Print no newline at the end
    #[arg(short = 'n')]
    no_newline: bool,
    /// What to print, separated by spaces
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Builtin for Echo {
    const NAME: &'static str = "echo";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "echo done", about: "print a word" },
        Example { line: "echo -n . >> progress", about: "append to a local file" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let text = self.words.join(" ");
        let printed = match self.no_newline {
            true => ctx.out.data(&encode_name(&text)),
            false => ctx.out.line(&text),
        };
        Ok(printed?)
    }
}
