//! One large file over several connections, reported like any other transfer.

use crate::commands::Context;
use crate::commands::transfers::batch::Batch;
use crate::commands::transfers::{
    FileTransfer, report_file_transfer, transfer_file as carry_alone,
};
use crate::error::{Kind, Result};
use crate::transfer::download;
use crate::transfer::download::segments::{SegmentedDownload, has_segment_journal, segment_count};
use crate::transfer::remote::explain_refusal;

/// Fetches a file over up to `count` connections, or over one where that is all it takes.
pub fn download_segmented(
    ctx: &mut Context,
    job: &download::Download,
    count: u64,
    batch: &mut Batch,
) -> Result<()> {
    let shown = FileTransfer::Down(job.clone());
    let most = usize::try_from(count).unwrap_or(1);
    // The listing shows that it is small.
    let exact = job.info.and_then(|info| info.size);
    if exact.is_some_and(|size| segment_count(size, most) < 2) && !has_segment_journal(&job.local) {
        return carry_alone(ctx, &shown, batch);
    }
    let cwd = ctx.client.session()?.cwd().clone();
    // Not every session is in the shell's directory.
    let resolved = download::Download { remote: cwd.resolve(job.remote.as_str())?, ..job.clone() };
    let watched = batch
        .progress_bar(&ctx.out, job.remote.as_str(), shown.known_size())
        .with_limits(&job.options.limits);
    let pool = ctx.client.share_sessions()?;
    let several = SegmentedDownload {
        remotes: &pool,
        count: most.min(pool.limit()),
        retries: ctx.client.retries(),
        progress: &watched,
        cancel: &ctx.client.cancel,
    };
    let result = several.download_to_file(&resolved);
    let position = watched.position();
    drop(watched);
    ctx.client.stop_sharing(&pool);
    match result {
        Ok(Some(outcome)) => report_file_transfer(ctx, &shown, Ok(outcome), position, batch),
        Ok(None) => carry_alone(ctx, &shown, batch),
        Err(error) => {
            let error = match error.kind() == Kind::Refused {
                true => explain_refusal(ctx.client.session()?, &job.remote, error),
                false => error,
            };
            report_file_transfer(ctx, &shown, Err(error), position, batch)
        }
    }
}
