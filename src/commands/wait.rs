//! `wait`: wait for background jobs.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::jobs::selection::JobSelection;

/// Wait for background jobs
///
/// Fails if a job failed, with the same exit status. Ctrl-C ends the wait; the jobs continue.
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
        Example {
            line: "get notes.txt & put x.txt & wait",
            about: "run two transfers at the same time",
        },
        Example {
            line: "get big.iso & wait 1 && lls -l big.iso",
            about: "continue if the job succeeded",
        },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let ids = self.which.job_ids(Self::NAME, &ctx.jobs, ctx.job)?;
        ctx.out.flush()?;
        ctx.wait_for_jobs(&ids)?;
        Ok(ctx.collect_jobs(&ids)?)
    }
}
