//! `lcd`: change the local directory.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::{Error, Kind};
use crate::local_path;

/// Change the local directory
///
/// Without DIR, changes to the home directory; with `-`, to the previous local directory.
#[derive(Debug, Parser)]
pub struct Lcd {
    /// The directory
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
}

impl Builtin for Lcd {
    const NAME: &'static str = "lcd";
    const GROUP: Group = Group::Local;
    const GLOBS: Globs = Globs::Local;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "lcd /tmp", about: "change to a directory" },
        Example { line: "lcd /tmp; lcd -", about: "change to a directory, and back" },
        Example { line: "lcd", about: "change to the home directory" },
    ];

    fn check_in_script(&self, script: &mut ScriptCheck) {
        match self.directory.as_deref() {
            Some("-") => script.changes_local_directory(None),
            directory => {
                let directory = directory.unwrap_or("~");
                let is_there = script.needs_local_file(Self::NAME, directory);
                script.changes_local_directory(is_there.then_some(directory));
            }
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        // A directory that was removed can still be left.
        let before = ctx.local_directory().ok();
        let directory = match self.directory.as_deref() {
            None => {
                dirs::home_dir().ok_or_else(|| Error::new(Kind::Local, "lcd: no home directory"))?
            }
            Some("-") => ctx
                .previous_local
                .clone()
                .ok_or_else(|| Error::usage("lcd -: no previous directory"))?,
            Some(directory) => ctx.local_path(directory),
        };
        let failed = |error: std::io::Error| Error::local_file(&directory, &error);
        match &mut ctx.local_dir {
            // The process's own directory is the shell's.
            Some(of_job) => {
                std::fs::read_dir(&directory).map_err(failed)?;
                *of_job = directory.canonicalize().map_err(failed)?;
            }
            None => std::env::set_current_dir(&directory).map_err(failed)?,
        }
        ctx.previous_local = before;
        if self.directory.as_deref() == Some("-") {
            ctx.out.notice(&local_path::word_from_path(&directory));
        }
        Ok(())
    }
}
