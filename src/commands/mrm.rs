//! `mrm`: remove the files that wildcards match.

use clap::Parser;

use super::rm::Rm;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::Result;

/// Remove the files on the server that wildcards match
///
/// As `rm`, but without -r a script needs no -f for wildcards, because the command is for them.
#[derive(Debug, Parser)]
pub struct Mrm {
    #[command(flatten)]
    rm: Rm,
}

impl Builtin for Mrm {
    const NAME: &'static str = "mrm";
    const ALIASES: &'static [&'static str] = &["mdelete"];
    const GROUP: Group = Group::Compatible;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "mrm docs/*.txt", about: "remove several files" }];

    fn check(&self) -> Result<()> {
        self.rm.check()
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if self.rm.recursive {
            self.rm.check_in_script(script);
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if !self.rm.recursive {
            ctx.words_from_wildcard &= ctx.client.at_prompt;
        }
        self.rm.run(ctx)
    }
}
