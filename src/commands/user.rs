//! `user`: log in as another user.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::client::keyring;
use crate::error::{Error, Result};

/// Log in on the same server as another user
///
/// The password comes from the netrc file or the keyring, or is asked for; it cannot be an
/// argument. `--password-file` and similar options apply only to the user that ftpsh was started
/// with. Logs in on a new connection; if the login is refused, the old connection stays.
#[derive(Debug, Parser)]
pub struct User {
    /// Remove the password of NAME, or of the current user, from the keyring (if ftpsh was built
    /// with keyring support)
    #[arg(long)]
    forget: bool,
    /// The user name
    #[arg(value_name = "NAME", required_unless_present = "forget")]
    name: Option<String>,
}

impl Builtin for User {
    const NAME: &'static str = "user";
    const ALIASES: &'static [&'static str] = &["login"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "user tester", about: "log in as tester" }];

    fn check(&self) -> Result<()> {
        let odd = |name: &String| name.is_empty() || name.contains(['\r', '\n', '\0']);
        match self.name.as_ref().is_some_and(odd) {
            true => Err(Error::usage("user: not a user name")),
            false => Ok(()),
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        match self.name {
            Some(name) if !self.forget => Ok(ctx.client.log_in_as(name)?),
            name => Ok(keyring::forget_password(&ctx.client, name)?),
        }
    }
}
