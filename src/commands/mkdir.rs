//! `mkdir`: make directories.

use clap::Parser;

use super::entries::format;
use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::client::AuditSide;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::transfer::Remote as _;

/// Make directories on the server
#[derive(Debug, Parser)]
pub struct Mkdir {
    /// Create missing parent directories; no error if a directory exists
    #[arg(short, long)]
    parents: bool,
    /// No error if a directory exists
    #[arg(short, long)]
    force: bool,
    /// The new directories
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<String>,
}

impl Builtin for Mkdir {
    const NAME: &'static str = "mkdir";
    const GROUP: Group = Group::Change;
    // `mkdir -p a/{b,c}`
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mkdir new", about: "make a directory" },
        Example { line: "mkdir -p new/a/b docs", about: "create parent directories as needed" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        transfers::for_each_argument(ctx, &self.directories, |ctx, directory| {
            let path = RemotePath::new(directory)?;
            if self.parents {
                make_with_parents(ctx, &path)
            } else {
                make_one_directory(ctx, &path, self.force)
            }
        })
    }
}

fn make_directory(ctx: &mut Context, path: &RemotePath) -> Result<()> {
    let result = ctx.client.session()?.make_directory(path);
    ctx.audit().log_make_directory(AuditSide::Remote, path.as_str(), result.as_ref().err());
    format::invalidate_and_report(ctx, path);
    result
}

/// Servers refuse to create an existing directory with many different texts, some misleading.
fn make_one_directory(ctx: &mut Context, path: &RemotePath, may_exist: bool) -> Result<()> {
    let error = match make_directory(ctx, path) {
        Err(error) if error.kind() == Kind::Refused => error,
        other => return other,
    };
    if !ctx.client.ask_server(|session| session.is_directory(path)).unwrap_or(false) {
        // Without an answer the refusal itself is told.
        let missing = ctx.client.ask_server(|session| session.missing_parents(path));
        if !missing.unwrap_or_default().is_empty() {
            return Err(error.with_hint(format!("`mkdir -p {path}` makes its parents as well")));
        }
        return Err(match ctx.client.ask_server(|session| session.file_info(path)) {
            Ok(_) => Error::new(Kind::Refused, format!("mkdir {path}: a file has this name"))
                .with_reply_of(&error),
            Err(_) => error,
        });
    }
    if may_exist {
        return Ok(());
    }
    let there = Error::new(Kind::Refused, format!("mkdir {path}: already exists"));
    let there = there.with_hint("with -p this is not an error");
    Err(there.with_reply_of(&error))
}

/// Usually all directories but the last exist: that one is tried first.
fn make_with_parents(ctx: &mut Context, path: &RemotePath) -> Result<()> {
    let error = match make_directory(ctx, path) {
        Err(error) if error.kind() == Kind::Refused => error,
        other => return other,
    };
    if ctx.client.ask_server(|session| session.is_directory(path))? {
        return Ok(());
    }
    let missing = ctx.client.ask_server(|session| session.missing_parents(path))?;
    if missing.is_empty() {
        // All parents exist: the refusal is about this one.
        return Err(error);
    }
    for directory in &missing {
        make_directory(ctx, directory)?;
    }
    make_directory(ctx, path)
}
