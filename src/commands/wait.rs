//! `wait`: wait for background jobs.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::jobs::selection::JobSelection;

/// Wait for background jobs
///
/// It fails as the job failed. Ctrl-C ends the wait, and the jobs go on.
#[derive(Debug, Parser)]
pub struct Wait {
    /// A job's number, or all
    #[arg(value_name = "N|all", default_value = "all")]
    which: JobSelection,
}

impl Builtin for Wait {
    const NAME: &'static str = "wait";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "get notes.txt & put x.txt & wait", about: "two transfers at a time" },
        Example {
            line: "get big.iso & wait 1 && lls -l big.iso",
            about: "go on when it has succeeded",
        },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let ids = self.which.job_ids(Self::NAME, &ctx.jobs, ctx.job)?;
        ctx.out.flush()?;
        ctx.wait_for_jobs(&ids)?;
        Ok(ctx.collect_jobs(&ids)?)
    }
}
