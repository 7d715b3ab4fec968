//! `jobs`: list the background jobs.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::jobs::JobState;
use crate::output::{Cell, Column, Overflow, Style, Table, human_bytes, human_duration};

/// List the background jobs
///
/// `&` after a command, or after commands in parentheses, runs them as a background job; Ctrl-\
/// sends a running `get` or `put` of the prompt to the background. A finished
/// job is listed until it has been waited for; at the prompt it is listed once.
#[derive(Debug, Parser)]
pub struct Jobs {
    /// Also show the current transfer of each job
    #[arg(short, long)]
    verbose: bool,
}

impl Builtin for Jobs {
    const NAME: &'static str = "jobs";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] = &[
        Example {
            line: "get big.iso & jobs",
            about: "download in the background, and list the jobs",
        },
        Example {
            line: "(get notes.txt; put x.txt) & jobs -v",
            about: "run two commands as one job",
        },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let jobs = ctx.jobs.list_jobs();
        if ctx.out.is_json() {
            jobs.iter().try_for_each(|job| ctx.out.record(&job.job_record()))?;
        } else if !jobs.is_empty() {
            let command = Column::left("Command");
            let mut table = Table::new(&[
                Column::right("Job"),
                Column::left("State"),
                Column::right("%"),
                Column::right("ETA"),
                Column::right("Bytes"),
                Column::right("Time"),
                if self.verbose { command } else { command.overflow(Overflow::Shorten) },
                Column::left("Now").overflow(Overflow::Shorten),
            ]);
            for job in &jobs {
                let style = if job.state == JobState::Failed { Style::Bad } else { Style::Plain };
                let now = job.now.clone().filter(|_| self.verbose);
                table.row(vec![
                    job.id.to_string().into(),
                    Cell::styled(job.state.as_str(), style),
                    job.percent.clone().unwrap_or_default().into(),
                    job.left.clone().unwrap_or_default().into(),
                    human_bytes(job.bytes).into(),
                    human_duration(job.time).into(),
                    job.title.clone().into(),
                    now.unwrap_or_default().into(),
                ]);
            }
            ctx.out.table(&table)?;
        }
        if ctx.client.at_prompt {
            for job in jobs.iter().filter(|job| job.state != JobState::Running) {
                // Its failure was already shown.
                let _ = ctx.collect_job(job.id);
            }
        }
        Ok(())
    }
}
