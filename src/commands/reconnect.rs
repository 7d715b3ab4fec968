//! `reconnect`: a fresh connection to the same site.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Connect to the same site again
///
/// The login and the remote directory stay, and the certificate is checked again. Settings that
/// concern the connection take effect with it.
#[derive(Debug, Parser)]
pub struct Reconnect {}

impl Builtin for Reconnect {
    const NAME: &'static str = "reconnect";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "reconnect", about: "start afresh" },
        Example { line: "set ftp:mode pasv; reconnect", about: "with a changed setting" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        ctx.client.close();
        ctx.client.listings.invalidate_all();
        Ok(ctx.client.reconnect()?)
    }
}
