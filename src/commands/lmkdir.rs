//! `lmkdir`: make local directories.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck, transfers};
use crate::error::Error;
use crate::local_path;

/// Make local directories
#[derive(Debug, Parser)]
pub struct Lmkdir {
    /// Create missing parent directories; no error if a directory exists
    #[arg(short, long)]
    parents: bool,
    /// The new directories
    #[arg(value_name = "DIR", required = true, value_hint = clap::ValueHint::DirPath)]
    directories: Vec<String>,
}

impl Builtin for Lmkdir {
    const NAME: &'static str = "lmkdir";
    const GROUP: Group = Group::Local;
    const GLOBS: Globs = Globs::Local;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "lmkdir new", about: "make a local directory" },
        Example { line: "lmkdir -p new/a/b", about: "create parent directories as needed" },
    ];

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.directories.iter().for_each(|directory| script.makes_local_file(directory));
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::for_each_argument(ctx, &self.directories, |ctx, directory| {
            let path = ctx.local_path(&local_path::expand_tilde(directory));
            let made = match self.parents {
                true => std::fs::create_dir_all(&path),
                false => std::fs::create_dir(&path),
            };
            made.map_err(|error| {
                let is_parent = error.kind() == std::io::ErrorKind::NotFound;
                let error = Error::local_file(directory, &error);
                if is_parent { error.with_hint(format!("`lmkdir -p {directory}`")) } else { error }
            })
        })
    }
}
