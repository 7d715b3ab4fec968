//! How commands name jobs: by number, or all of them.

use std::str::FromStr;

use crate::commands::Context;
use crate::error::{Error, Result};

/// A job, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSelection {
    /// The job of this number.
    One(u64),
    /// All jobs.
    All,
}

impl FromStr for JobSelection {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            // As other shells write it.
            _ => text
                .trim_start_matches('%')
                .parse()
                .map(Self::One)
                .map_err(|_| "neither a job's number nor `all`"),
        }
    }
}

impl JobSelection {
    /// The numbers of the jobs that are meant, but for the one that asks.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a job that is not there.
    pub fn job_ids(self, command: &str, ctx: &Context) -> Result<Vec<u64>> {
        let all =
            ctx.jobs.list_jobs().into_iter().map(|job| job.id).filter(|id| Some(*id) != ctx.job);
        let all: Vec<_> = all.collect();
        match self {
            Self::All => Ok(all),
            Self::One(id) if all.contains(&id) => Ok(vec![id]),
            Self::One(id) => Err(Error::usage(format!("{command}: there is no job {id}"))
                .with_hint("`jobs` lists them")),
        }
    }
}

/// The results of jobs that have ended: the first failure, if any.
///
/// # Errors
///
/// That of the first job that failed.
pub fn collect_jobs(ids: &[u64], ctx: &mut Context) -> Result<()> {
    // Each of them is collected, whatever became of the ones before.
    let results: Vec<_> = ids.iter().map(|id| ctx.collect_job(*id)).collect();
    results.into_iter().find(Result::is_err).unwrap_or(Ok(()))
}
