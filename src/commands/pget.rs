//! `pget`: fetch a large file over several connections.

use clap::Parser;

use super::get::Get;
use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::Result;
use crate::settings::XFER_SEGMENTS;

/// Connections where nothing says how many.
const DEFAULT: u64 = 4;

/// Download a large file over several connections
///
/// The same as `get --segments 4`. Uses fewer connections for segments below 4 MiB and for servers
/// without REST. Resume with -c.
#[derive(Debug, Parser)]
pub struct Pget {
    /// How many connections [default: the setting xfer:segments, or 4]
    #[arg(short = 'n', value_name = "N", conflicts_with = "segments",
          value_parser = clap::value_parser!(u64).range(1..=64))]
    connections: Option<u64>,
    #[command(flatten)]
    get: Get,
}

impl Builtin for Pget {
    const NAME: &'static str = "pget";
    const GROUP: Group = Group::Transfer;
    const GLOBS: Globs = Get::GLOBS;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "pget big.iso", about: "download a file over up to four connections" },
        Example { line: "pget -n 8 big.iso -o copy.iso", about: "over up to eight" },
    ];

    fn check(&self) -> Result<()> {
        self.get.check_arguments(Self::NAME)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        self.get.note_files(script);
    }

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        let set = ctx.client.settings.get(XFER_SEGMENTS, ctx.client.connection.host());
        let set = if set > 1 { set } else { DEFAULT };
        self.get.segments = self.connections.or(self.get.segments).or(Some(set));
        self.get.fetch_all(ctx, Self::NAME)
    }
}
