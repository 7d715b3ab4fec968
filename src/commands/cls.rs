//! `cls`: names, marked by their kind, as lftp lists them.

use clap::Parser;

use super::ls::Ls;
use super::{Builtin, Context, Example, Globs, Group};

/// List names on the server, one per line, marked by their kind
///
/// Directories have a `/` behind their name, links an `@`. Names are shown with the directory that
/// was named. With -l, the same as `ls`.
#[derive(Debug, Parser)]
pub struct Cls {
    #[command(flatten)]
    ls: Ls,
}

impl Builtin for Cls {
    const NAME: &'static str = "cls";
    const ALIASES: &'static [&'static str] = &["recls"];
    const GROUP: Group = Group::Compatible;
    const GLOBS: Globs = Ls::GLOBS;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "cls docs > names.txt", about: "write the names to a local file" }];

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.ls.list_as_cls();
        self.ls.run(ctx)
    }
}
