//! `fg`: wait for a background job, which gets Ctrl-C.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::Error;
use crate::jobs::selection::JobSelection;

/// Wait for a background job, and let Ctrl-C end it
///
/// It fails as the job failed.
#[derive(Debug, Parser)]
pub struct Fg {
    /// The job's number; without one it is the job begun last
    #[arg(value_name = "N")]
    which: Option<JobSelection>,
}

impl Builtin for Fg {
    const NAME: &'static str = "fg";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "get big.iso & fg", about: "fetch a file, and wait for it after all" },
        Example { line: "sleep 0.2 & get notes.txt & fg 1", about: "wait for one of two jobs" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let ids = match self.which {
            Some(which) => which.job_ids(Self::NAME, &ctx.jobs, ctx.job)?,
            None => {
                let all = JobSelection::All.job_ids(Self::NAME, &ctx.jobs, ctx.job)?;
                let last = all.last().ok_or_else(|| Error::usage("fg: there are no jobs"))?;
                vec![*last]
            }
        };
        ctx.out.flush()?;
        ctx.wait_with_jobs(&ids)?;
        Ok(ctx.collect_jobs(&ids)?)
    }
}
