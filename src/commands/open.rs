//! `open`: connect to a server and log in.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::bookmarks;
use crate::target;

/// Connect to a server and log in
///
/// TARGET is a bookmark, HOST, HOST:PORT or a URL: ftp:// and ftpes:// mean explicit TLS, ftps://
/// implicit TLS. A bookmark or host may be followed by a directory (HOST/DIRECTORY). The previous
/// connection is closed, at the prompt only when the new one is open.
#[derive(Debug, Parser)]
pub struct Open {
    /// Log in as USER
    #[arg(short, long, value_name = "USER[,PASSWORD]")]
    user: Option<String>,
    /// The port, if TARGET has none
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,
    /// Destination
    #[arg(value_name = "TARGET", value_hint = clap::ValueHint::Hostname)]
    target: String,
}

impl Builtin for Open {
    const NAME: &'static str = "open";
    const ALIASES: &'static [&'static str] = &["connect"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "open ftp.example.org", about: "connect with explicit TLS" },
        Example { line: "open -u tester ftp.example.org", about: "connect as another user" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut target = target::resolve_target(&self.target, &|name| {
            bookmarks::find_bookmark(&ctx.client.app_dirs, name)
        })?;
        if let Some(port) = self.port {
            target.site.port = port;
        }
        let mut user = None;
        if let Some(option) = &self.user {
            let (name, password) = target::name_and_password(option)?;
            if password.is_some() {
                // As in a URL: for this user there.
                target.site.user = Some(name.clone());
                target.password = password;
            }
            user = Some(name);
        }
        Ok(ctx.client.open(target, user)?)
    }
}
