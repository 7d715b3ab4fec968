//! `source`: run the commands in a file.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group};
use crate::error::Error;

/// Run the commands in a local file
///
/// The whole file is parsed and validated before the first command runs.
#[derive(Debug, Parser)]
pub struct Source {
    /// The file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: String,
}

impl Builtin for Source {
    const NAME: &'static str = "source";
    const GROUP: Group = Group::Shell;
    const GLOBS: Globs = Globs::Local;
    const EXAMPLES: &'static [Example] = &[Example {
        line: "echo lpwd > commands; source commands",
        about: "write a command to a file and run it",
    }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let path = ctx.local_path(&self.file);
        let text = std::fs::read_to_string(&path).map_err(|error| Error::local(&path, &error))?;
        (ctx.interpreter)(ctx, &text, &self.file)
    }
}
