//! `lpwd`: show the local directory.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::local_path;

/// Show the local directory
#[derive(Debug, Parser)]
pub struct Lpwd {}

impl Builtin for Lpwd {
    const NAME: &'static str = "lpwd";
    const GROUP: Group = Group::Local;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "lpwd", about: "show where files are downloaded to" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Ok(ctx.out.line(&local_path::word_from_path(&ctx.local_directory()?))?)
    }
}
