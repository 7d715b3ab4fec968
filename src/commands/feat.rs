//! `feat`: what the server says it can do.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Kind};
use crate::output::Record;

/// Show the server's features (FEAT)
#[derive(Debug, Parser)]
pub struct Feat {}

impl Builtin for Feat {
    const NAME: &'static str = "feat";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "feat", about: "one feature a line, in the server's order" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let features = ctx.client.session()?.features().clone();
        if !features.is_supported() {
            return Err(Error::new(Kind::Refused, "feat: not supported by the server").into());
        }
        if ctx.out.is_json() {
            return Ok(features.iter().try_for_each(|feature| {
                let (name, argument) = (feature.name.clone(), feature.argument.clone());
                let text = format!("{name} {argument}").trim_end().to_owned();
                let argument = Some(argument).filter(|argument| !argument.is_empty());
                let fields = vec![("feature", Some(name)), ("argument", argument)];
                ctx.out.record(&Record::TextFields(text, fields))
            })?);
        }
        let lines: Vec<_> = features
            .iter()
            .map(|feature| format!("{} {}", feature.name, feature.argument).trim_end().to_owned())
            .collect();
        Ok(pager::page_lines(ctx, &lines)?)
    }
}
