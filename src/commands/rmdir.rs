//! `rmdir`: remove empty directories.

use clap::Parser;

use super::entries::format;
use super::entries::lookup::Lookup;
use super::{Builtin, Context, Example, Globs, Group, rm, transfers};
use crate::error::{Error, Kind};
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
            let result = result.map_err(|error| with_hint_if_full(ctx, &path, error));
            rm::audit_removal(ctx, &path, result)
        })
    }
}

/// Many servers do not say that the directory is not empty.
fn with_hint_if_full(ctx: &mut Context, path: &RemotePath, error: Error) -> Error {
    if error.kind() != Kind::Refused || error.is_transient() {
        return error;
    }
    match ctx.client.list_directory(Some(path), false) {
        Ok(entries) if entries.iter().any(|entry| format::is_component(&entry.name)) => {
            error.with_hint(format!("it is not empty: `rm -r {path}` removes it and its contents"))
        }
        _ => error,
    }
}
