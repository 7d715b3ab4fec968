//! `cdup`: one directory up.

use clap::Parser;

use super::cd::Cd;
use super::{Builtin, Context, Example, Group};

/// Change to the parent of the remote directory
///
/// The same as `cd ..`, for scripts of ftp.
#[derive(Debug, Parser)]
pub struct Cdup {}

impl Builtin for Cdup {
    const NAME: &'static str = "cdup";
    const GROUP: Group = Group::Compatible;
    const EXAMPLES: &'static [Example] = &[Example { line: "cd docs; cdup", about: "go up again" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Cd::to("..").run(ctx)
    }
}
