//! `history`: the lines typed so far.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, Context, Example, Group};

/// Show the history of the prompt
///
/// Passwords and lines that begin with a space are never recorded.
#[derive(Debug, Parser)]
pub struct History {
    /// Clear the history
    #[arg(short, long, conflicts_with = "count")]
    clear: bool,
    /// Show only the last N lines
    #[arg(value_name = "N")]
    count: Option<usize>,
}

impl Builtin for History {
    const NAME: &'static str = "history";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "history 20", about: "show the last twenty lines" },
        Example { line: "history -c", about: "clear the history" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if self.clear {
            ctx.history.clear();
            return Ok(());
        }
        let skipped = ctx.history.len().saturating_sub(self.count.unwrap_or(usize::MAX));
        let width = ctx.history.len().to_string().len();
        let numbered = (1..).zip(&ctx.history).skip(skipped);
        let lines: Vec<_> =
            numbered.map(|(number, line)| format!("{number:width$}  {line}")).collect();
        Ok(pager::page_lines(ctx, &lines)?)
    }
}
