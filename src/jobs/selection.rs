//! How commands select jobs: by number, or all of them.

use std::str::FromStr;

use super::Jobs;
use crate::error::{Error, Result};

/// One job, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSelection {
    /// The job with this number.
    One(u64),
    /// All jobs.
    All,
}

impl FromStr for JobSelection {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            // `%1`, as in other shells.
            _ => text
                .trim_start_matches('%')
                .parse()
                .map(Self::One)
                .map_err(|_| "neither a job's number nor `all`"),
        }
    }
}

impl JobSelection {
    /// The numbers of the selected jobs, except `own`, the calling job.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a job that does not exist.
    pub fn job_ids(self, command: &str, jobs: &Jobs, own: Option<u64>) -> Result<Vec<u64>> {
        let ids = jobs.list_jobs().into_iter().map(|job| job.id);
        let all: Vec<_> = ids.filter(|id| Some(*id) != own).collect();
        match self {
            Self::All => Ok(all),
            Self::One(id) if all.contains(&id) => Ok(vec![id]),
            Self::One(id) => {
                Err(Error::usage(format!("{command}: no job {id}")).with_hint("`jobs` lists them"))
            }
        }
    }
}
