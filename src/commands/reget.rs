//! `reget`: resume downloads.

use clap::Parser;

use super::get::Get;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::Result;

/// Resume interrupted downloads
///
/// The same as `get -c`.
#[derive(Debug, Parser)]
pub struct Reget {
    #[command(flatten)]
    get: Get,
}

impl Builtin for Reget {
    const NAME: &'static str = "reget";
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Get::GLOBS;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "reget big.iso", about: "resume an interrupted download" }];

    fn check(&self) -> Result<()> {
        self.get.check_arguments(Self::NAME)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.get.note_files(script);
    }

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.get.resume = true;
        self.get.fetch_all(ctx, Self::NAME)
    }
}
