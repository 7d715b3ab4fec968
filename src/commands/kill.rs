//! `kill`: stop background jobs.

use std::time::Duration;

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Kind};
use crate::jobs::selection::JobSelection;

/// How long a job may take to stop. A blocked read or write is given up ten times a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stop background jobs
///
/// Resume the transfer with `get -c`. A killed job does not count as a failure.
#[derive(Debug, Parser)]
pub struct Kill {
    /// Job numbers, or `all`
    #[arg(value_name = "N|all", required = true)]
    which: Vec<JobSelection>,
}

impl Builtin for Kill {
    const NAME: &'static str = "kill";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "sleep 1h & kill 1", about: "stop a job" },
        Example { line: "sleep 1h & sleep 1h & kill all", about: "stop all jobs" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut ids = Vec::new();
        for which in &self.which {
            ids.extend(which.job_ids(Self::NAME, &ctx.jobs, ctx.job)?);
        }
        ctx.jobs.kill_jobs(&ids);
        ctx.jobs.wait_at_most(&ids, PATIENCE);
        let running = ctx.jobs.running_jobs();
        match ids.iter().find(|id| running.contains(id)) {
            Some(id) => {
                Err(Error::new(Kind::Other, format!("kill: job {id} has not stopped yet")).into())
            }
            None => Ok(()),
        }
    }
}
