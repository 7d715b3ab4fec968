//! `fg`: wait for a background job, which gets Ctrl-C.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::Error;
use crate::jobs::selection::JobSelection;

/// Wait for a background job; Ctrl-C stops the job
///
/// The progress of its transfers is shown. Fails if the job failed, with the same exit status.
#[derive(Debug, Parser)]
pub struct Fg {
    /// The job's number [default: the job started last]
    #[arg(value_name = "N")]
    which: Option<JobSelection>,
}

impl Builtin for Fg {
    const NAME: &'static str = "fg";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "get big.iso & fg", about: "start a download, then wait for it" },
        Example { line: "sleep 0.2 & get notes.txt & fg 1", about: "wait for one of two jobs" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let ids = match self.which {
            Some(which) => which.job_ids(Self::NAME, &ctx.jobs, ctx.job)?,
            None => {
                let all = JobSelection::All.job_ids(Self::NAME, &ctx.jobs, ctx.job)?;
                let last = all.last().ok_or_else(|| Error::usage("fg: no jobs"))?;
                vec![*last]
            }
        };
        ctx.out.flush()?;
        if ctx.client.at_prompt {
            let jobs = ids.iter().filter_map(|id| ctx.jobs.find_job(*id));
            jobs.for_each(|job| ctx.out.notice(&format!("[{}] {}", job.id, job.title)));
        }
        ctx.jobs.set_in_foreground(&ids, true, &ctx.out);
        let waited = ctx.wait_with_jobs(&ids);
        ctx.jobs.set_in_foreground(&ids, false, &ctx.out);
        waited?;
        Ok(ctx.collect_jobs(&ids)?)
    }
}
