//! What a mirror does beside its transfers: deletions, the source's empty directories, the summary.

use super::operands::base_name;
use super::report::MirrorReport;
use super::{Mirror, count_text};
use crate::commands::Context;
use crate::commands::transfers::full_disk_error;
use crate::error::{Error, Kind, Result};
use crate::output::{count_entries, human_bytes, human_duration, human_rate};
use crate::settings as set;
use crate::transfer::mirror::confirm_stored::keep_what_was_stored;
use crate::transfer::mirror::delete;
use crate::transfer::mirror::executor::{self, MirrorSettings, MirrorSummary};
use crate::transfer::mirror::plan::Extraneous;
use crate::transfer::mirror::transfer_file::MirrorSides;
use crate::transfer::mirror::tree::ItemKind;

impl Mirror {
    /// Deletes what the source does not have before anything is transferred: after a run that only
    /// looks.
    pub(super) fn delete_before_transfers(
        &self,
        ctx: &Context,
        sides: &dyn MirrorSides,
        settings: &MirrorSettings,
        watched: &MirrorReport,
    ) -> Result<MirrorSummary> {
        let looking = MirrorSettings { dry_run: true, ..settings.clone() };
        watched.show_plan(false);
        let found = executor::transfer_all(sides, &looking, watched, &ctx.client.cancel);
        watched.show_plan(true);
        let mut summary = found?;
        self.delete_extraneous(ctx, sides, settings, &mut summary, watched)?;
        Ok(summary)
    }

    /// Removes the source's directories that are empty now, if everything went well.
    pub(super) fn remove_source_directories(
        &self,
        ctx: &Context,
        sides: &dyn MirrorSides,
        settings: &MirrorSettings,
        summary: &mut MirrorSummary,
        watched: &MirrorReport,
    ) -> Result<()> {
        if !self.remove_source_dirs || summary.failures > 0 {
            return Ok(());
        }
        let with_root = !self.source.ends_with('/') && base_name(&self.source).is_some();
        let left = delete::remove_source_directories(
            sides,
            settings,
            summary,
            with_root,
            watched,
            &ctx.client.cancel,
        )?;
        if left > 0 {
            let them = if left == 1 {
                "directory of the source is"
            } else {
                "directories of the source are"
            };
            ctx.out.notice(&format!("{left} {them} not empty and left"));
        }
        Ok(())
    }

    /// Deletes extraneous files, but only if all listings were complete and all transfers
    /// succeeded.
    pub(super) fn delete_extraneous(
        &self,
        ctx: &Context,
        sides: &dyn MirrorSides,
        settings: &MirrorSettings,
        summary: &mut MirrorSummary,
        watched: &MirrorReport,
    ) -> Result<()> {
        if summary.extraneous.is_empty() {
            return Ok(());
        }
        if !summary.clean {
            summary.extraneous.clear();
            return Err(Error::new(
                Kind::Incomplete,
                "nothing was deleted: a listing was incomplete or not understood",
            ));
        }
        if summary.failures > 0 && !self.delete_despite_errors {
            summary.extraneous.clear();
            let failed = count_text(summary.failures, "item");
            return Err(Error::new(
                Kind::Incomplete,
                format!("nothing was deleted: {failed} failed"),
            )
            .with_hint("`--delete-despite-errors` deletes anyway"));
        }
        keep_what_was_stored(sides, settings, summary, watched, &ctx.client.cancel)?;
        for directory in delete::keep_holders(summary) {
            let left = format!("{}: left", sides.target().display_path(&directory));
            let left = crate::output::escape(&left);
            ctx.out.notice(&format!("{left}: it holds what is excluded or hidden"));
        }
        let surplus = summary.extraneous.len() as u64;
        if surplus == 0 {
            return Ok(());
        }
        let host = ctx.client.connection.host();
        let limit = self.max_delete.or(ctx.client.settings.get(set::MIRROR_MAX_DELETE, host));
        if limit.is_some_and(|limit| limit.exceeded(surplus, summary.in_target)) {
            summary.extraneous.clear();
            return Err(Error::new(
                Kind::Other,
                format!("nothing was deleted: {surplus} deletions exceed --max-delete"),
            )
            .with_hint("--dry-run shows what would be deleted"));
        }
        if self.deletes_unasked(&ctx.client.settings, host) {
            let here = ctx.client.connection.site.as_ref();
            let side = match here.filter(|_| self.reverse) {
                _ if !sides.target_is_remote() => "this computer".to_owned(),
                Some(site) => site.trust_key(),
                None => "the target server".to_owned(),
            };
            let is_directory = |item: &&Extraneous| item.kind == ItemKind::Directory;
            let directories = summary.extraneous.iter().filter(is_directory).count();
            let counted = count_entries(summary.extraneous.len() - directories, directories);
            let tree = sides.target().display_path("");
            let question =
                format!("Delete from {tree} on {side} what the source lacks ({counted})");
            let names = || summary.extraneous.iter().map(Extraneous::listed_name).collect();
            if !ctx.client.confirm_deletion(&question, "--yes", &names)? {
                summary.extraneous.clear();
                return Ok(());
            }
        }
        delete::delete_extraneous(sides, settings, summary, watched, &ctx.client.cancel)
    }

    /// The error of a mirror that ends because there is no more room.
    pub(super) fn full_disk_error(&self, summary: &MirrorSummary, last: &Error) -> Error {
        let ((files, bytes), directories) = (summary.left, summary.directories_left);
        let mut left = format!("{} ({})", count_text(files, "file"), human_bytes(bytes));
        if directories > 0 {
            left = format!(
                "{left} and {directories} unlisted {}",
                if directories == 1 { "directory" } else { "directories" }
            );
        }
        let done = format!(
            "{} ({}) transferred",
            count_text(summary.transferred, "file"),
            human_bytes(summary.bytes)
        );
        let what = self.title();
        full_disk_error(&what, Kind::Incomplete, last, &format!("{done}, {left} left"))
    }

    pub(super) fn report_summary(
        &self,
        ctx: &Context,
        summary: &MirrorSummary,
        elapsed: std::time::Duration,
    ) {
        if self.is_dry_run() {
            return;
        }
        let source = crate::output::escape(&self.source);
        if summary.is_up_to_date() {
            let files = count_text(summary.unchanged, "file");
            ctx.out.notice(&format!("{source}: up to date ({files})"));
            return;
        }
        let mut first = format!(
            "{} ({}) in {}",
            count_text(summary.transferred, "file"),
            human_bytes(summary.bytes),
            human_duration(elapsed)
        );
        if elapsed >= std::time::Duration::from_secs(1) && summary.bytes > 0 {
            first = format!("{first} ({})", human_rate(summary.bytes, elapsed));
        }
        let mut parts = vec![first];
        for (number, [one, many]) in [
            (summary.directories, ["directory created", "directories created"]),
            (summary.unchanged, ["unchanged"; 2]),
            (summary.links, ["link skipped", "links skipped"]),
            (summary.special, ["special file skipped", "special files skipped"]),
            (summary.deleted, ["deleted"; 2]),
            (summary.removed_sources, ["removed from the source"; 2]),
            (summary.failures, ["failed"; 2]),
        ] {
            if number > 0 {
                let what = if number == 1 { one } else { many };
                parts.push(format!("{number} {what}"));
            }
        }
        ctx.out.notice(&format!("{source}: {}", parts.join(", ")));
    }
}
