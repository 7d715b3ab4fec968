//! `option`: WinSCP's settings.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Accept a setting of WinSCP, without effect
///
/// A script stops at its first failure and asks nothing, as with `option batch abort`.
#[derive(Debug, Parser)]
pub struct SetOption {
    /// Ignored
    #[arg(value_name = "WORD")]
    words: Vec<String>,
}

impl Builtin for SetOption {
    const NAME: &'static str = "option";
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "option batch abort", about: "what a script does anyway" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let what = self.words.join(" ");
        let what = crate::output::escape(&what);
        ctx.out.notice(&format!("option {what}: has no effect; `set` has the settings"));
        Ok(())
    }
}
