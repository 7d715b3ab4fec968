//! `cache`: the listings seen lately.

use clap::{Parser, Subcommand};

use super::{Builtin, Context, Example, Group};

/// Show or clear the cache of directory listings
///
/// Listings are cached for completion and wildcards, for the time of the setting cache:expire.
#[derive(Debug, Parser)]
pub struct Cache {
    /// What to do [default: stat]
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show how many listings and entries are cached
    Stat,
    /// Clear the cache
    Flush,
}

impl Builtin for Cache {
    const NAME: &'static str = "cache";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "cache stat", about: "show the size of the cache" },
        Example { line: "cache flush", about: "clear the cache" },
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
