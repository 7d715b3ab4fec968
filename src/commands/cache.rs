//! `cache`: the listings seen lately.

use clap::{Parser, Subcommand};

use super::set::change_setting;
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
    /// Cache listings: the same as `set cache:expire 60s`
    On,
    /// Do not: the same as `set cache:expire 0`
    Off,
}

impl Builtin for Cache {
    const NAME: &'static str = "cache";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "cache stat", about: "show the size of the cache" },
        Example { line: "cache off", about: "cache no listings" },
        Example { line: "cache flush", about: "clear the cache" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        match self.what {
            Some(What::Flush) => ctx.client.listings.invalidate_all(),
            Some(what @ (What::On | What::Off)) => {
                let value = if matches!(what, What::On) { "yes" } else { "no" };
                change_setting(ctx, |settings| settings.set("cache:enable", value))?;
            }
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
