//! `version`: what this program is made of.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::tls::openssl_info;

/// The FTP engine's version: the exact one that Cargo.toml asks for.
const SUPPAFTP: &str = "12.2.1";

/// Show the versions of ftpsh and its libraries
#[derive(Debug, Parser)]
pub struct Version {}

impl Builtin for Version {
    const NAME: &'static str = "version";
    const GROUP: Group = Group::Shell;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "version", about: "show what a bug report needs" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        ctx.out.line(concat!("ftpsh ", env!("CARGO_PKG_VERSION")))?;
        ctx.out.line(&format!("suppaftp {SUPPAFTP}"))?;
        Ok(ctx.out.line(openssl_info::version())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_asked_for() {
        let manifest = include_str!("../../Cargo.toml");
        assert!(manifest.contains(&format!("suppaftp = {{ version = \"={SUPPAFTP}\"")));
    }
}
