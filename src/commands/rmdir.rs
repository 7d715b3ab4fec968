//! `rmdir`: remove empty directories.

use clap::Parser;

use super::entries::lookup::Lookup;
use super::{Builtin, Context, Example, Globs, Group, rm, transfers};
use crate::error::Kind;
use crate::ftp::path::RemotePath;

/// Remove empty directories on the server
#[derive(Debug, Parser)]
pub struct Rmdir {
    /// No error if a directory does not exist
    #[arg(short, long)]
    force: bool,
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
            let mut result = ctx.client.session()?.remove_directory(&path);
            if let Err(error) = &result
                && self.force
                && error.kind() == Kind::Refused
                && Lookup::default().find_if_exists(ctx, directory)?.is_none()
            {
                result = Ok(());
            }
            rm::audit_removal(ctx, &path, result)
        })
    }
}
