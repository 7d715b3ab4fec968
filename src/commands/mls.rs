//! `mls`: names of several directories, as ftp(1) has it.

use clap::Parser;

use super::ls::Ls;
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::{Error, Result};

/// List names in several directories on the server, one per line
///
/// For scripts of ftp, whose last argument is a local file; here it can only be `-`, standard
/// output, and `>` writes to a file.
#[derive(Debug, Parser)]
pub struct Mls {
    /// Directories and files, and `-`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Builtin for Mls {
    const NAME: &'static str = "mls";
    const GROUP: Group = Group::Compatible;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "mls docs empty -", about: "print the names in two directories" }];

    fn check(&self) -> Result<()> {
        match self.paths.split_last() {
            Some((last, paths)) if last == "-" && !paths.is_empty() => Ok(()),
            Some((last, paths)) if !paths.is_empty() => {
                let instead = format!("write `nlist {} > {last}`", paths.join(" "));
                Err(Error::usage("mls: the last argument would be a local file").with_hint(instead))
            }
            _ => {
                Err(Error::usage("mls: the last argument must be `-`")
                    .with_hint("`nlist` lists names"))
            }
        }
    }

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.paths.pop();
        Ls::names_of(self.paths).run(ctx)
    }
}
