//! `user`: log in as somebody else.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::client::keyring;
use crate::error::{Error, Result};

/// Log in on the same server as another user
///
/// The password comes from the netrc file or the keyring, or is asked for; it is no argument. What
/// `--password-file` and the like give is for the user that ftpsh was started for. The login is made on a new connection; if it is refused, the old one stays.
#[derive(Debug, Parser)]
pub struct User {
    /// Remove the password for NAME, or for who is logged in, from the keyring (in programs
    /// that were built with one)
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
