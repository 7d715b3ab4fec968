//! `mv`: rename, and move into a directory.

use clap::Parser;

use super::entries::format;
use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;

/// Rename files and directories, or move them into a directory
///
/// If TARGET is a directory, the files are moved into it. Whether an existing file is replaced is
/// up to the server; most replace it.
#[derive(Debug, Parser)]
pub struct Mv {
    /// What to move
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,
    /// The new name, or the directory
    #[arg(value_name = "TARGET")]
    target: String,
}

impl Builtin for Mv {
    const NAME: &'static str = "mv";
    const ALIASES: &'static [&'static str] = &["rename", "mmv"];
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mv notes.txt old-notes.txt", about: "rename a file" },
        Example { line: "mv docs/*.txt empty", about: "move files into a directory" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let target = RemotePath::new(&self.target)?;
        let into = ctx.client.ask_server(|session| session.is_directory(&target))?;
        if !into && (self.sources.len() > 1 || self.target.ends_with('/')) {
            let why = format!("mv: {target}: no such directory");
            return Err(Error::new(Kind::Refused, why).into());
        }
        transfers::for_each_argument(ctx, &self.sources, |ctx, source| {
            let from = RemotePath::new(source.trim_end_matches('/'))?;
            let to = if into { target.join(last_component(&from)?)? } else { target.clone() };
            let result = ctx.client.session()?.rename(&from, &to);
            ctx.audit().log_rename(Some(from.as_str()), to.as_str(), result.as_ref().err());
            for path in [&from, &to] {
                format::invalidate_and_report(ctx, path);
            }
            result
        })
    }
}

/// The name that something keeps in another directory.
fn last_component(path: &RemotePath) -> Result<&str> {
    path.file_name()
        .ok_or_else(|| Error::new(Kind::Refused, format!("mv {path}: has no file name")))
}
