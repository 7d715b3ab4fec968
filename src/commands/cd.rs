//! `cd`: change the remote directory.

use clap::Parser;

use super::{Builtin, Context, Example, Globs, Group};
use crate::error::{Error, Result};
use crate::ftp::path::RemotePath;

/// Change the remote directory
///
/// Without DIR or with `~`, changes to the login directory; with `-`, to the previous directory.
#[derive(Debug, Parser)]
pub struct Cd {
    /// The directory; `-` is the previous one
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
}

impl Builtin for Cd {
    const NAME: &'static str = "cd";
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "cd docs", about: "go into a directory" },
        Example { line: "cd docs && cd ..", about: "go up" },
        Example { line: "cd docs && cd -", about: "return to the previous directory" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let back = self.directory.as_deref() == Some("-");
        let target = match self.directory.as_deref() {
            None => None,
            Some("-") => Some(previous_directory(ctx)?),
            Some("~" | "~/") => None,
            Some(path) => Some(match path.strip_prefix("~/") {
                Some(below) => ctx.client.session()?.login_directory().path.resolve(below)?,
                None => RemotePath::new(path)?,
            }),
        };
        let before = ctx.client.connection.remote_directory().cloned();
        ctx.client.change_directory(target.as_ref())?;
        ctx.client.connection.previous_directory = before;
        let now = ctx.client.connection.remote_directory().map_or("", RemotePath::as_str);
        if back {
            ctx.out.notice(&crate::output::escape(now));
        }
        Ok(())
    }
}

impl Cd {
    /// `cd` to this directory.
    pub(super) fn to(directory: &str) -> Self {
        Self { directory: Some(directory.to_owned()) }
    }
}

fn previous_directory(ctx: &Context) -> Result<RemotePath> {
    ctx.client
        .connection
        .previous_directory
        .clone()
        .ok_or_else(|| Error::usage("cd: no previous directory"))
}
