//! `sleep`: wait, ready to be interrupted.

use std::time::{Duration, Instant};

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::settings::parse_duration;

/// How long a wait lasts before it looks whether it was interrupted.
const TICK: Duration = Duration::from_millis(50);

/// Wait
#[derive(Debug, Parser)]
pub struct Sleep {
    /// How long: 500ms, 30, 30s, 3m, 2h, 1d, 1m30s
    #[arg(value_name = "DURATION")]
    duration: String,
}

impl Builtin for Sleep {
    const NAME: &'static str = "sleep";
    const GROUP: Group = Group::Jobs;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "sleep 0.2; lpwd", about: "wait before the next command" }];

    fn check(&self) -> Result<()> {
        duration("sleep", &self.duration).map(drop)
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let duration = duration("sleep", &self.duration)?;
        ctx.out.flush()?;
        Ok(wait(duration, &ctx.cancel)?)
    }
}

/// A duration as an argument of `command`.
///
/// # Errors
///
/// [`Kind::Usage`](crate::error::Kind::Usage).
pub(super) fn duration(command: &str, text: &str) -> Result<Duration> {
    parse_duration(text).ok_or_else(|| {
        Error::usage(format!("{command}: {text:?} is no duration"))
            .with_hint("as in 500ms, 30s, 3m or 1m30s; plain numbers are seconds")
    })
}

/// Waits.
///
/// # Errors
///
/// Interrupted or terminated.
pub(super) fn wait(duration: Duration, cancel: &Cancel) -> Result<()> {
    let begin = Instant::now();
    loop {
        cancel.check()?;
        let left = duration.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(TICK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Reason;
    use crate::error::Kind;

    #[test]
    fn an_interruption_ends_the_wait() {
        let cancel = Cancel::new();
        cancel.request(Reason::Interrupted);
        let error = wait(Duration::from_secs(3600), &cancel).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
        assert!(wait(Duration::ZERO, &Cancel::new()).is_ok());
    }
}
