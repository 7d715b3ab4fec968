//! `mirror`: make a tree like another one.

mod patterns;
mod plan_table;
mod report;
mod urls;

use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{NaiveDateTime, Utc};
use clap::Parser;
use clap::builder::NonEmptyStringValueParser;

use super::{Builtin, Context, Example, Group};
use crate::client::Connection;
use crate::local_path;
use patterns::Patterns;
use report::MirrorReport;

use crate::error::{Error, Kind, Result};
use crate::output::{human_bytes, human_duration, human_rate};
use crate::settings as set;
use crate::transfer::mirror::confirm_stored::keep_what_was_stored;
use crate::transfer::mirror::delete;
use crate::transfer::mirror::executor::{self, MirrorSettings, MirrorSummary};
use crate::transfer::mirror::filter::{Filter, FilterRule};
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::plan::MirrorRules;
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::transfer_file::Endpoints;
use crate::transfer::{Direction, Resume};

/// Synchronise a directory tree
///
/// Downloads the remote directory SOURCE into TARGET (or into a directory of the same name); with
/// -R uploads a local SOURCE. Files that exist in TARGET with the same size and are not older are
/// skipped. SOURCE or TARGET, or both, may be URLs. Deletions come last, and only if every listing
/// was complete and understood and every file was transferred. A file is never deleted if it may be
/// a source file whose name the server has changed.
#[derive(Debug, Default, Parser)]
pub struct Mirror {
    /// Upload: SOURCE is local, TARGET on the server
    #[arg(short = 'R', long)]
    reverse: bool,
    /// Transfer up to N files at the same time [default: the setting mirror:parallel]
    #[arg(short = 'P', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel: Option<u64>,
    /// Transfer only files that are newer than those in TARGET
    #[arg(short = 'n', long)]
    newer: bool,
    /// Delete files that SOURCE does not have
    #[arg(long)]
    delete: bool,
    /// Delete without asking
    #[arg(short = 'f', long = "yes", visible_alias = "force")]
    yes: bool,
    /// Delete even if some files could not be transferred; never after an incomplete listing
    #[arg(long)]
    delete_despite_errors: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete nothing if more than N files (or N%) would be deleted
    #[arg(long, value_name = "N[%]", value_parser = parse_limit)]
    max_delete: Option<set::DeleteLimit>,
    /// Only files of MIN to MAX bytes; either may be omitted
    #[arg(long, value_name = "MIN-MAX", value_parser = parse_sizes, allow_hyphen_values = true)]
    size_range: Option<RangeInclusive<u64>>,
    /// Only files modified after this: a date (2026-01-31) or an age (12h)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    newer_than: Option<NaiveDateTime>,
    /// Resume files that an earlier run left incomplete
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    /// Follow symbolic links instead of skipping them
    #[arg(short = 'L', long)]
    dereference: bool,
    #[command(flatten)]
    patterns: Patterns,
    /// The directory to copy
    #[arg(value_name = "SOURCE", value_parser = NonEmptyStringValueParser::new())]
    source: String,
    /// Destination
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    target: Option<String>,
}

fn parse_limit(text: &str) -> Result<set::DeleteLimit, String> {
    set::parse_delete_limit(text)
        .flatten()
        .ok_or_else(|| "a number or a percentage is needed".into())
}

fn parse_sizes(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once('-').ok_or("MIN-MAX is needed, such as 1k-10M")?;
    let size = |text: &str, empty| match text {
        "" => Ok(empty),
        text => set::parse_size(text).ok_or_else(|| format!("`{text}` is not a size")),
    };
    Ok(size(from, 0)?..=size(to, u64::MAX)?)
}

fn parse_time(text: &str) -> Result<NaiveDateTime, String> {
    crate::commands::entries::parse_time::parse_moment(text, Utc::now())
        .map(|time| time.naive_utc())
        .ok_or_else(|| "a date (2026-01-31, 2026-01-31T12:00) or an age (12h, 3d) is needed".into())
}

impl Builtin for Mirror {
    const NAME: &'static str = "mirror";
    const GROUP: Group = Group::Transfer;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mirror docs", about: "download a directory" },
        Example { line: "mirror --dry-run docs backup", about: "show what would be done" },
        Example { line: "mirror -P 2 -x '*.o' docs backup", about: "transfer two files at a time" },
        Example {
            line: "mirror docs ftp://tester@ftp.example.org/backup",
            about: "copy a directory from server to server",
        },
        Example { line: "mirror -R --delete --yes . empty", about: "upload, and delete the rest" },
    ];

    fn check(&self) -> Result<()> {
        if self.yes && !self.delete {
            return Err(Error::usage("mirror: --yes requires --delete"));
        }
        if self.delete_despite_errors && !self.delete {
            return Err(Error::usage("mirror: --delete-despite-errors requires --delete"));
        }
        self.check_urls()
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Ok(self.mirror(ctx)?)
    }
}

impl Mirror {
    /// The mirror that `get -r` and `put -r` run.
    pub fn for_tree(how: RecursiveTransfer, source: String, target: Option<String>) -> Self {
        let RecursiveTransfer { up, resume, parallel } = how;
        Self { reverse: up, resume, parallel, source, target, ..Self::default() }
    }

    /// Checks the arguments, now that aliases and wildcards are expanded, and runs.
    pub fn mirror(self, ctx: &mut Context) -> Result<()> {
        self.check()?;
        let can_ask = ctx.client.at_prompt && ctx.out.is_interactive();
        if self.delete && !(self.yes || self.dry_run || can_ask) {
            return Err(Error::usage("mirror: --delete in a script needs --yes"));
        }
        let result =
            if self.has_url() { self.run_with_urls(ctx) } else { self.mirror_current_site(ctx) };
        ctx.client.listings.invalidate_all();
        result
    }

    /// Between the current server and this side.
    fn mirror_current_site(&self, ctx: &mut Context) -> Result<()> {
        let pool = ctx.client.share_sessions()?;
        let direction = if self.reverse { Direction::Upload } else { Direction::Download };
        let result = self
            .mirror_sides(&pool, ctx)
            .and_then(|sides| self.run_mirror(ctx, sides, direction, None, pool.limit()));
        ctx.client.stop_sharing(&pool);
        result
    }

    /// `there` is the server that a copy goes to.
    fn run_mirror(
        &self,
        ctx: &mut Context,
        sides: Endpoints,
        direction: Direction,
        there: Option<&Connection>,
        limit: usize,
    ) -> Result<()> {
        let mut settings = self.mirror_settings(ctx, direction, limit);
        if let Some(there) = there {
            settings.options.upload_journals = ctx.client.upload_journals(there);
            settings.options.atomic = ctx.client.settings.get(set::XFER_ATOMIC, there.host());
        }
        let watched =
            MirrorReport::new(ctx, direction, there, sides.clone(), &settings.options.limits);
        let watch = ctx.out.start_watch();
        let result = executor::transfer_all(&sides, &settings, &watched, &ctx.client.cancel);
        let mut summary = match result {
            Ok(summary) => summary,
            Err(error) => {
                watched.finish_report(ctx);
                return Err(watched.add_what_is_done(error));
            }
        };
        let deleted = if self.dry_run {
            watched.show_rest_of_plan()
        } else {
            self.delete_extraneous(ctx, &sides, &settings, &mut summary, &watched)
        };
        watched.finish_report(ctx);
        deleted?;
        self.report_summary(ctx, &summary, watch.elapsed());
        let left = match (summary.failures, summary.kept) {
            (0, 0) => return Ok(()),
            (0, _) => "not all extraneous files were deleted".to_owned(),
            (failures, _) => format!("{} failed", count_text(failures, "item")),
        };
        Err(Error::new(Kind::Incomplete, format!("mirror {}: {left}", self.source)))
    }

    fn mirror_sides(
        &self,
        pool: &Arc<crate::ftp::session_pool::SiteSessions>,
        ctx: &Context,
    ) -> Result<Endpoints> {
        let cwd = ctx.client.connection.remote_directory().cloned();
        let cwd = cwd.unwrap_or_else(crate::ftp::path::RemotePath::here);
        let last = |path: &str| {
            let path = path.trim_end_matches('/');
            path.rsplit('/')
                .next()
                .filter(|n| !n.is_empty() && *n != "." && *n != "..")
                .map(str::to_owned)
        };
        let default =
            || self.target.clone().or_else(|| last(&self.source)).unwrap_or_else(|| ".".to_owned());
        let remote = |path: &str| -> Result<_> {
            Ok(Arc::new(RemoteTree::new(Arc::clone(pool), cwd.resolve(path)?)))
        };
        let here = |path: &str| ctx.local_path(&local_path::expand_tilde(path));
        let tree = if self.dereference { LocalTree::following } else { LocalTree::new };
        Ok(if self.reverse {
            Endpoints::Up(Arc::new(tree(here(&self.source))), remote(&default())?)
        } else {
            Endpoints::Down(remote(&self.source)?, Arc::new(LocalTree::new(here(&default()))))
        })
    }

    fn mirror_settings(&self, ctx: &Context, direction: Direction, limit: usize) -> MirrorSettings {
        let host = ctx.client.connection.host();
        let mut how = ctx.client.transfer_options(direction);
        how.resume = Resume::if_asked(self.resume);
        let rules =
            self.patterns.0.iter().map(|(include, pattern)| FilterRule::new(*include, pattern));
        let workers = self.parallel.unwrap_or(ctx.client.settings.get(set::MIRROR_PARALLEL, host));
        MirrorSettings {
            options: how,
            rules: MirrorRules {
                filter: Filter { rules: rules.collect() },
                newer: self.newer,
                delete: self.delete,
                dereference: self.dereference,
                sizes: self.size_range.clone(),
                newer_than: self.newer_than,
                max_depth: usize::try_from(ctx.client.settings.get(set::MIRROR_MAX_DEPTH, host))
                    .unwrap_or(usize::MAX),
                max_directories: ctx.client.settings.get(set::MIRROR_MAX_DIRECTORIES, host),
            },
            workers: usize::try_from(workers).unwrap_or(1).min(limit),
            retries: ctx.client.retries(),
            dry_run: self.dry_run,
        }
    }

    /// Deletes extraneous files, but only if all listings were complete and all transfers
    /// succeeded.
    fn delete_extraneous(
        &self,
        ctx: &Context,
        sides: &Endpoints,
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
        if !self.yes {
            let question = format!("Delete {} from the target", count_text(surplus, "item"));
            if !ctx.client.confirm(&question, "--yes")? {
                summary.extraneous.clear();
                return Ok(());
            }
        }
        delete::delete_extraneous(sides, settings, summary, watched, &ctx.client.cancel)
    }

    fn report_summary(&self, ctx: &Context, summary: &MirrorSummary, elapsed: std::time::Duration) {
        if self.dry_run {
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
            (summary.deleted, ["deleted"; 2]),
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

fn count_text(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// How `get -r` and `put -r` transfer a directory: as `mirror` without deletions, so that only what
/// differs is transferred.
#[derive(Debug, Clone, Copy)]
pub struct RecursiveTransfer {
    /// Up instead of down.
    pub up: bool,
    /// Resume unfinished files.
    pub resume: bool,
    /// How many files at a time; `None` is the setting `mirror:parallel`.
    pub parallel: Option<u64>,
}

impl RecursiveTransfer {
    /// Makes `target` like `source`; without a target it has the source's name.
    pub fn transfer_tree(
        self,
        ctx: &mut Context,
        source: &str,
        target: Option<String>,
    ) -> Result<()> {
        if source.is_empty() || target.as_deref().is_some_and(str::is_empty) {
            return Err(Error::usage("-r needs a directory's name"));
        }
        Mirror::for_tree(self, source.to_owned(), target).mirror(ctx)
    }
}
