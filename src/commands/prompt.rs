//! `prompt`, `hash` and other switches of ftp that need no switching.

use clap::Parser;

use super::{Builtin, Context, Example, Group};

/// Accept a switch of other clients, without effect
///
/// For scripts of ftp and sftp: questions are asked only at the prompt, progress is shown, and data
/// connections are passive.
#[derive(Debug, Parser)]
pub struct Prompt {
    /// Ignored
    #[arg(value_name = "WORD")]
    words: Vec<String>,
}

impl Builtin for Prompt {
    const NAME: &'static str = "prompt";
    const ALIASES: &'static [&'static str] = &["hash", "tick", "progress", "passive", "verbose"];
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "prompt off; mget *.txt", about: "download several files" }];

    fn run(self, _ctx: &mut Context) -> anyhow::Result<()> {
        Ok(())
    }
}
