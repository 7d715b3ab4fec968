//! `reput`: resume uploads.

use clap::Parser;

use super::put::Put;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::Result;

/// Resume interrupted uploads
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
        &[Example { line: "reput report.pdf", about: "resume an interrupted upload" }];

    fn check(&self) -> Result<()> {
        self.put.check_arguments(Self::NAME)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.put.note_files(Self::NAME, script);
    }

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.put.resume = true;
        self.put.store_all(ctx, Self::NAME)
    }
}
