//! `dir`: `ls` by the names that other clients have for it.

use clap::Parser;

use super::ls::Ls;
use super::{Builtin, Context, Example, Globs, Group};

/// List directories and files on the server
///
/// The same as `ls`, which always asks the server.
#[derive(Debug, Parser)]
pub struct Dir {
    #[command(flatten)]
    ls: Ls,
}

impl Builtin for Dir {
    const NAME: &'static str = "dir";
    const ALIASES: &'static [&'static str] = &["rels", "redir"];
    const GROUP: Group = Group::Compatible;
    const GLOBS: Globs = Ls::GLOBS;
    const EXAMPLES: &'static [Example] = &[Example { line: "dir docs", about: "list a directory" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.ls.run(ctx)
    }
}
