//! `close`: end the connection, stay in the shell.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Close the connection
///
/// The site and the login are remembered: the next command that needs the server, or `reconnect`,
/// connects again.
#[derive(Debug, Parser)]
pub struct Close {
    /// Close all connections (the default)
    #[arg(short, long)]
    all: bool,
}

impl Builtin for Close {
    const NAME: &'static str = "close";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "close", about: "close the connection" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        ctx.client.close();
        ctx.client.listings.invalidate_all();
        Ok(())
    }
}
