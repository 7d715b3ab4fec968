//! `reconnect`: a fresh connection to the same site.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Connect to the same site again
///
/// Uses the same login and remote directory, and checks the certificate again. Changed connection
/// settings take effect.
#[derive(Debug, Parser)]
pub struct Reconnect {}

impl Builtin for Reconnect {
    const NAME: &'static str = "reconnect";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "reconnect", about: "open a new connection" },
        Example { line: "set ftp:mode pasv; reconnect", about: "apply a changed setting" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        ctx.client.close();
        ctx.client.listings.invalidate_all();
        Ok(ctx.client.reconnect()?)
    }
}
