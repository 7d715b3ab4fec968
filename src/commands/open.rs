//! `open`: connect to a server and log in.

use clap::Parser;

use super::context::script_name;
use super::{Builtin, Context, Example, Group, ScriptCheck};
use crate::bookmarks;
use crate::credentials::{LFTP_PASSWORD, lftp_password};
use crate::error::{Error, Result};
use crate::target::{self, UserOption};

/// Connect to a server and log in
///
/// TARGET is a bookmark, HOST, HOST:PORT or a URL: ftp:// and ftpes:// mean explicit TLS, ftps://
/// implicit TLS. A bookmark or host may be followed by a directory (HOST/DIRECTORY). The previous
/// connection is closed, at the prompt only when the new one is open. If no user name is known, the
/// login waits for `user` or for the first command that needs it.
#[derive(Debug, Parser)]
pub struct Open {
    /// Log in as USER; a PASSWORD is never shown, and does not enter the history
    #[arg(short, long, value_name = "USER[,PASSWORD]")]
    user: Option<UserOption>,
    /// The port
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,
    /// Then run CMDS
    #[arg(short, long, value_name = "CMDS", allow_hyphen_values = true)]
    execute: Option<String>,
    /// Show the FTP protocol trace, as `debug 2` does
    #[arg(short)]
    debug: bool,
    /// The password is in the environment variable LFTP_PASSWORD
    #[arg(long, requires = "user")]
    env_password: bool,
    /// Destination
    #[arg(value_name = "TARGET", value_hint = clap::ValueHint::Hostname)]
    target: String,
    /// The custom of ftp: HOST PORT
    #[arg(hide = true)]
    after_host: Vec<String>,
}

impl Builtin for Open {
    const NAME: &'static str = "open";
    const ALIASES: &'static [&'static str] = &["connect"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "open ftp.example.org", about: "connect with explicit TLS" },
        Example { line: "open -u tester ftp.example.org", about: "connect as another user" },
    ];

    fn check(&self) -> Result<()> {
        match &self.after_host[..] {
            [] => Ok(()),
            [port] if port.parse::<u16>().is_ok_and(|port| port > 0) => {
                Err(Error::usage("open: the port is part of the target")
                    .with_hint(format!("`open HOST:{port}` or `open -p {port} HOST`")))
            }
            _ => Err(Error::usage("open: too many arguments (not shown: it may be a password)")
                .with_hint(
                    "`open -u NAME,PASSWORD HOST`, or `open HOST`, then `user NAME PASSWORD`",
                )),
        }
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if let Some(commands) = &self.execute {
            script.runs("open -e", commands.clone());
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if self.debug {
            ctx.out.set_verbosity(2);
        }
        let mut target = target::resolve_target(&self.target, &|name| {
            bookmarks::find_bookmark(&ctx.client.app_dirs, name)
        })?;
        if let Some(port) = self.port {
            target.site.port = port;
        }
        let mut user = None;
        if let Some(UserOption { name, mut password }) = self.user {
            if self.env_password {
                password = Some(lftp_password()?);
                ctx.hide_variable(LFTP_PASSWORD);
            }
            if password.is_some() {
                // As in a URL: for this user there.
                target.site.user = Some(name.clone());
                target.password = password;
            }
            user = Some(name);
        }
        ctx.client.open_without_asking(target, user)?;
        match self.execute {
            Some(commands) => (ctx.interpreter)(ctx, &commands, script_name("open -e", &commands)),
            None => Ok(()),
        }
    }
}
