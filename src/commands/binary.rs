//! `binary`: what transfers are anyway.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Do nothing: transfers are binary
///
/// For scripts of ftp. `get -a` and `put -a` convert line endings.
#[derive(Debug, Parser)]
pub struct Binary {}

impl Builtin for Binary {
    const NAME: &'static str = "binary";
    const ALIASES: &'static [&'static str] = &["bin", "image"];
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "binary; get notes.txt", about: "transfer a file as it is" }];

    fn run(self, _ctx: &mut Context) -> anyhow::Result<()> {
        Ok(())
    }
}
