//! `user`: log in as somebody else.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Result};

/// Log in on the same server as another user
///
/// The password comes from where it came from at the start, from the netrc file, or is asked for;
/// it is no argument. The login is made on a new connection; if it is refused, the old one stays.
#[derive(Debug, Parser)]
pub struct User {
    /// The user name
    #[arg(value_name = "NAME")]
    name: String,
}

impl Builtin for User {
    const NAME: &'static str = "user";
    const ALIASES: &'static [&'static str] = &["login"];
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "user tester", about: "log in as tester" }];

    fn check(&self) -> Result<()> {
        match self.name.is_empty() || self.name.contains(['\r', '\n', '\0']) {
            true => Err(Error::usage("user: not a user name")),
            false => Ok(()),
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        Ok(ctx.log_in_as(self.name)?)
    }
}
