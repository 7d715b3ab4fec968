//! `cache`: the listings seen lately.

use clap::{Parser, Subcommand};

use super::{Builtin, Context, Example, Group};

/// Show or forget the listings seen lately
///
/// They are kept for completion and wildcards, as long as the setting cache:expire says.
#[derive(Debug, Parser)]
pub struct Cache {
    /// What to do; `stat` without a word
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How many listings and entries are kept
    Stat,
    /// Forget all of them
    Flush,
}

impl Builtin for Cache {
    const NAME: &'static str = "cache";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "cache stat", about: "how much is kept" },
        Example { line: "cache flush", about: "forget it" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        match self.what {
            Some(What::Flush) => ctx.client.listings.invalidate_all(),
            Some(What::Stat) | None => {
                let (listings, entries) = ctx.client.listings.count_entries();
                let text = |count, one, many| match count {
                    1 => format!("1 {one}"),
                    _ => format!("{count} {many}"),
                };
                let listings = text(listings, "listing", "listings");
                let entries = text(entries, "entry", "entries");
                ctx.out.line(&format!("{listings}, {entries}"))?;
            }
        }
        Ok(())
    }
}
