//! `type`: the type of transfers, which is binary.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Result};

/// Do nothing: transfers are binary
///
/// For scripts of ftp. A type that is not binary is refused: `get -a` and `put -a` convert line
/// endings.
#[derive(Debug, Parser)]
pub struct Type {
    /// `binary`, `image`, `i`, `l 8`
    #[arg(value_name = "TYPE", num_args = 0..=2)]
    words: Vec<String>,
}

impl Builtin for Type {
    const NAME: &'static str = "type";
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "type binary; get notes.txt", about: "transfer a file as it is" }];

    fn check(&self) -> Result<()> {
        let name = self.words.join(" ").to_ascii_lowercase();
        match name.as_str() {
            "" | "binary" | "image" | "i" | "l" | "l 8" | "tenex" => Ok(()),
            _ => Err(Error::usage(format!("type {name}: transfers are binary"))
                .with_hint("`get -a` and `put -a` convert line endings")),
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if self.words.is_empty() {
            ctx.out.line("binary")?;
        }
        Ok(())
    }
}
