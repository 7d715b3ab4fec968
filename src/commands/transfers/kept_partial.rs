//! A download without `-c` throws away what an interrupted one has left: at the prompt the user may
//! resume it instead, a script says so.

use crate::commands::Context;
use crate::commands::transfers::FileTransfer;
use crate::error::{Error, Kind, Result};
use crate::output::{escape, human_bytes};
use crate::transfer::download::Download;
use crate::transfer::download::partial::partial_path;
use crate::transfer::{Resume, TransferType};

/// What to do with the partial files of one command.
#[derive(Debug, Default)]
pub struct KeptPartials {
    /// The answer for all of them.
    resume_all: Option<bool>,
}

impl KeptPartials {
    /// Tells the user of a partial file, and asks what to do with it.
    ///
    /// # Errors
    ///
    /// [`Kind::Interrupted`] for `quit` and Ctrl-C.
    pub fn ask_to_resume(&mut self, ctx: &Context, job: &mut FileTransfer) -> Result<()> {
        let FileTransfer::Down(job) = job else { return Ok(()) };
        if job.options.resume != Resume::No || job.options.transfer_type == TransferType::Ascii {
            return Ok(());
        }
        let Some(kept) = partial_length(job) else { return Ok(()) };
        let name = escape(&ctx.shown_local_path(&job.local)).into_owned();
        let kept = format!("{name}: {} of an earlier download", human_bytes(kept));
        let resume = match self.resume_all {
            Some(resume) => resume,
            None if ctx.client.at_prompt && ctx.out.is_interactive() => self.ask(ctx, &kept)?,
            None => false,
        };
        if resume {
            job.options.resume = Resume::Asked;
        } else {
            ctx.out.notice(&format!("{kept} are discarded (`get -c` resumes)"));
        }
        Ok(())
    }

    fn ask(&mut self, ctx: &Context, kept: &str) -> Result<bool> {
        let question = format!("{kept} are kept. Resume it? [y]es [n]o [a]ll n[o]ne [q]uit: ");
        loop {
            let quit = || Error::new(Kind::Interrupted, "interrupted");
            let answer = ctx.out.ask(&question, &ctx.client.cancel)?.ok_or_else(quit)?;
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                "a" | "all" => self.resume_all = Some(true),
                "o" | "none" => self.resume_all = Some(false),
                "q" | "quit" => return Err(quit()),
                _ => continue,
            }
            return Ok(self.resume_all == Some(true));
        }
    }
}

/// The length of a download's partial file, if it has one with content.
fn partial_length(job: &Download) -> Option<u64> {
    let metadata = partial_path(&job.local).ok()?.symlink_metadata().ok()?;
    Some(metadata.len()).filter(|length| metadata.is_file() && *length > 0)
}
