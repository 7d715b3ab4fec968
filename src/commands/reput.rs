//! `reput`: store files, and go on with what is there.

use clap::Parser;

use super::put::Put;
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::Result;

/// Store files, and go on where an earlier transfer stopped
///
/// The same as `put -c`.
#[derive(Debug, Parser)]
pub struct Reput {
    #[command(flatten)]
    put: Put,
}

impl Builtin for Reput {
    const NAME: &'static str = "reput";
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Put::GLOBS;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "reput report.pdf", about: "go on with a file that was interrupted" }];

    fn check(&self) -> Result<()> {
        self.put.check_arguments(Self::NAME)
    }

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.put.resume = true;
        self.put.store_all(ctx, Self::NAME)
    }
}
