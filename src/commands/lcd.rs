//! `lcd`: change the local directory.

use std::path::PathBuf;

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, local};
use crate::error::{Error, Kind, Result};

/// Change the local directory
///
/// Without DIR it is the home directory; `-` is the one before the last `lcd`.
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
        Example { line: "lcd /tmp", about: "go there" },
        Example { line: "lcd /tmp; lcd -", about: "there and back" },
        Example { line: "lcd", about: "go home" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        // A directory that was removed can still be left.
        let before = current().ok();
        let directory = match self.directory.as_deref() {
            None => dirs::home_dir()
                .ok_or_else(|| Error::new(Kind::Local, "lcd: there is no home directory"))?,
            Some("-") => ctx
                .previous_local
                .clone()
                .ok_or_else(|| Error::usage("lcd -: there is no directory before this one"))?,
            Some(directory) => local::path(directory),
        };
        std::env::set_current_dir(&directory).map_err(|error| Error::local(&directory, &error))?;
        ctx.previous_local = before;
        if self.directory.as_deref() == Some("-") {
            ctx.out.notice(&local::word(&directory));
        }
        Ok(())
    }
}

/// The local directory.
///
/// # Errors
///
/// [`Kind::Local`] where it has been removed.
pub(super) fn current() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| Error::local("the local directory", &error))
}
