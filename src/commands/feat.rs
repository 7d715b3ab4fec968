//! `feat`: what the server says it can do.

use clap::Parser;

use super::{Builtin, Context, Example, Group, entries};
use crate::error::{Error, Kind};

/// Show the server's features (FEAT)
#[derive(Debug, Parser)]
pub struct Feat {}

impl Builtin for Feat {
    const NAME: &'static str = "feat";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "feat", about: "one feature a line, in the server's order" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let features = ctx.session()?.features().clone();
        if !features.answered() {
            return Err(Error::new(Kind::Refused, "feat: the server does not tell").into());
        }
        for feature in features.iter() {
            let line = format!("{} {}", feature.name, feature.argument);
            entries::line(ctx, line.trim_end())?;
        }
        Ok(())
    }
}
