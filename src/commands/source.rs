//! `source`: run the commands in a file.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::Error;
use crate::local_path;
use crate::shell_quote::looks_like_commands;

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

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if looks_like_commands(&self.file) && !local_path::path_from_word(&self.file).exists() {
            script.complain(not_a_file());
            return;
        }
        script.needs_local_file(Self::NAME, &self.file);
        script.runs_file(&self.file);
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let path = ctx.local_path(&self.file);
        let failed = |error| match looks_like_commands(&self.file) {
            true => not_a_file(),
            false => Error::local_file(&path, &error),
        };
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        (ctx.interpreter)(ctx, &text, &self.file)
    }
}

/// Commands in the place of a file's name, which may hold a password, are not repeated.
fn not_a_file() -> Error {
    Error::usage("source: no such file; this looks like commands, not like a file")
        .with_hint("write the commands as they are, or in a file")
}
