//! `user`: log in, or log in as another user.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::client::keyring;
use crate::credentials::Secret;
use crate::error::{Error, Result};

/// Log in, also as another user of the same server
///
/// Without PASSWORD, it comes from the netrc file or the keyring, or is asked for. A PASSWORD is
/// never shown, and does not enter the history; other users can see it in the arguments of a
/// program (-c). `--password-file` and similar options apply only to the user that ftpsh was
/// started with. Logs in on a new connection; if the login is refused, the old connection stays.
#[derive(Debug, Parser)]
pub struct User {
    /// Remove the password of NAME, or of the current user, from the keyring (if ftpsh was built
    /// with keyring support)
    #[arg(long, conflicts_with = "password")]
    forget: bool,
    /// The user name
    #[arg(value_name = "NAME", required_unless_present = "forget")]
    name: Option<String>,
    /// The password
    #[arg(value_name = "PASSWORD", allow_hyphen_values = true)]
    password: Option<Secret>,
}

impl Builtin for User {
    const NAME: &'static str = "user";
    const ALIASES: &'static [&'static str] = &["login"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "user tester", about: "log in as tester" }];

    /// What looks like a name with more is not sent as a name, and not shown.
    fn check(&self) -> Result<()> {
        let name = self.name.as_deref();
        if name.is_some_and(|name| name.is_empty() || name.contains(['\r', '\n', '\0'])) {
            return Err(Error::usage("user: not a user name"));
        }
        if name.is_some_and(|name| name.contains("://")) {
            return Err(Error::usage("user: a URL is no user name").with_hint("`open URL`"));
        }
        if name.is_some_and(|name| name.contains(',')) {
            return Err(Error::usage(
                "user: a comma in the name (not shown: a password may follow)",
            )
            .with_hint("`user NAME PASSWORD`; a name with a comma: `open ftp://A%2CB@HOST`"));
        }
        Ok(())
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        match self.name {
            Some(name) if !self.forget => Ok(ctx.client.log_in_as(name, self.password)?),
            name => Ok(keyring::forget_password(&ctx.client, name)?),
        }
    }
}
