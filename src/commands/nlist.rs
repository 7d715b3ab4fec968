//! `nlist`: names only.

use clap::Parser;

use super::ls::Ls;
use super::{Builtin, Context, Example, Globs, Group};

/// List names on the server, one per line
///
/// The same as `ls -1`.
#[derive(Debug, Parser)]
pub struct Nlist {
    #[command(flatten)]
    ls: Ls,
}

impl Builtin for Nlist {
    const NAME: &'static str = "nlist";
    const ALIASES: &'static [&'static str] = &["renlist"];
    const GROUP: Group = Group::Compatible;
    const GLOBS: Globs = Ls::GLOBS;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "nlist docs > names.txt", about: "write the names to a local file" }];

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.ls.names = true;
        self.ls.run(ctx)
    }
}
