//! `ln -s`: make symbolic links, on servers that can.

use clap::Parser;

use super::entries::format;
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::Reply;
use crate::ftp::path::RemotePath;

/// Make a symbolic link on the server
///
/// FTP has no standard command for this; SITE SYMLINK works on ProFTPD (mod_site_misc) and a few
/// other servers.
#[derive(Debug, Parser)]
pub struct Ln {
    /// Make a symbolic link (the only kind supported)
    #[arg(short, long)]
    symbolic: bool,
    /// The path that the link points to
    #[arg(value_name = "TARGET")]
    target: String,
    /// The link
    #[arg(value_name = "NAME")]
    name: String,
}

impl Builtin for Ln {
    const NAME: &'static str = "ln";
    const GROUP: Group = Group::Change;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[Example {
        line: "ln -s notes.txt latest || echo no links here",
        about: "make a link, if the server supports it",
    }];

    fn check(&self) -> Result<()> {
        if self.symbolic {
            return Ok(());
        }
        Err(Error::usage("ln: only symbolic links are supported").with_hint("`ln -s TARGET NAME`"))
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        // SITE SYMLINK takes two words; there is no way to quote one.
        if [&self.target, &self.name].iter().any(|word| word.contains(' ')) {
            return Err(Error::new(Kind::Refused, "ln: names with spaces cannot be sent").into());
        }
        let target = RemotePath::new(&self.target)?;
        let name = RemotePath::new(&self.name)?;
        let line = format!("SYMLINK {target} {name}");
        let result = ctx.client.session()?.command("SITE", &line);
        format::invalidate_and_report(ctx, &name);
        let result = result.and_then(|reply| match reply.is_positive_completion() {
            true => Ok(()),
            false => Err(explain_refusal(&name, &reply)),
        });
        ctx.audit().log_command(&format!("SITE {line}"), result.as_ref().err());
        Ok(result?)
    }
}

fn explain_refusal(name: &RemotePath, reply: &Reply) -> Error {
    let error = match reply.code {
        500 | 501 | 502 | 504 => {
            format!("ln {name}: the server does not support links: {}", reply.quoted_with_code())
        }
        _ => format!("ln {name}: the server refused: {}", reply.quoted_with_code()),
    };
    Error::new(Kind::Refused, error).with_reply(reply.code, reply.to_string())
}
