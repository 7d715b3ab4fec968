//! `cat`: files on standard output.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::error::Result;
use crate::ftp::path::RemotePath;

/// Write remote files to standard output
///
/// Each file is verified as by `get`: if one is truncated, the command fails.
#[derive(Debug, Parser)]
pub struct Cat {
    /// Remote files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Cat {
    const NAME: &'static str = "cat";
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "cat notes.txt", about: "show a file" },
        Example { line: "cat docs/*.txt | wc -l", about: "pipe several files to a local command" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::for_each_argument(ctx, &self.files, print_file)
    }
}

/// One file into the data output.
pub(super) fn print_file(ctx: &mut Context, file: &str) -> Result<()> {
    transfers::download_to_output(ctx, &RemotePath::new(file)?)
}
