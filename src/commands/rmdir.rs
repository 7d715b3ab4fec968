//! `rmdir`: remove empty directories.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group, rm, transfers};
use crate::ftp::path::RemotePath;

/// Remove empty directories on the server
#[derive(Debug, Parser)]
pub struct Rmdir {
    /// The directories
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<String>,
}

impl Builtin for Rmdir {
    const NAME: &'static str = "rmdir";
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "rmdir empty", about: "remove an empty directory" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::for_each_argument(ctx, &self.directories, |ctx, directory| {
            let path = RemotePath::new(directory)?;
            let result = ctx.client.session()?.remove_directory(&path);
            rm::audit_removal(ctx, &path, result)
        })
    }
}
