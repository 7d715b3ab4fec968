//! `mkdir`: make directories.

use clap::Parser;

use super::{Builtin, Context, Example, Group, entries, transfers};
use crate::error::{Kind, Result};
use crate::ftp::path::RemotePath;

/// Make directories on the server
#[derive(Debug, Parser)]
pub struct Mkdir {
    /// Make the directories above as well; one that is there already is fine
    #[arg(short, long)]
    parents: bool,
    /// The new directories
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<String>,
}

impl Builtin for Mkdir {
    const NAME: &'static str = "mkdir";
    const GROUP: Group = Group::Change;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mkdir new", about: "make a directory" },
        Example { line: "mkdir -p new/a/b docs", about: "with those above it" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::each(ctx, &self.directories, |ctx, directory| {
            let path = RemotePath::new(directory)?;
            if self.parents { with_parents(ctx, &path) } else { one(ctx, &path) }
        })
    }
}

fn one(ctx: &mut Context, path: &RemotePath) -> Result<()> {
    let result = ctx.session()?.make_directory(path);
    entries::forget(ctx, path);
    result
}

/// Most often all but the last directory are there: that one is tried first.
fn with_parents(ctx: &mut Context, path: &RemotePath) -> Result<()> {
    let mut missing = vec![path.clone()];
    while let Some(path) = missing.last().cloned() {
        ctx.cancel.check()?;
        let error = match one(ctx, &path) {
            Ok(()) => {
                missing.pop();
                continue;
            }
            Err(error) if error.kind() == Kind::Refused => error,
            Err(error) => return Err(error),
        };
        if ctx.session()?.is_directory(&path)? {
            missing.pop();
            continue;
        }
        match path.parent() {
            Some(parent) if !ctx.session()?.is_directory(&parent)? => missing.push(parent),
            // The directory above is there: the refusal is about this one.
            _ => return Err(error),
        }
    }
    Ok(())
}
