//! `pwd`: the remote directory.

use clap::Parser;

use super::entries::format;
use super::{Builtin, Context, Example, Group};
use crate::ftp::path::encode_name;

/// Show the remote directory
#[derive(Debug, Parser)]
pub struct Pwd {
    /// Show it as a URL
    #[arg(long)]
    url: bool,
}

impl Builtin for Pwd {
    const NAME: &'static str = "pwd";
    const GROUP: Group = Group::Look;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "pwd", about: "show the path" },
        Example { line: "pwd --url", about: "show the URL, without the password" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let session = ctx.client.session()?;
        let cwd = session.cwd().as_str().to_owned();
        let user = session.user().map(str::to_owned);
        match ctx.client.connection.site.clone().filter(|_| self.url) {
            Some(mut site) => {
                site.path = Some(encode_name(&cwd));
                site.user = user.or(site.user);
                Ok(ctx.out.line(&site.to_string())?)
            }
            None => Ok(format::write_name(ctx, &cwd)?),
        }
    }
}
