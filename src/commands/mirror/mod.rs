//! `mirror`: make a tree like another one.

mod command_log;
mod conclusion;
mod manifest;
mod operands;
mod option_values;
mod patterns;
mod plan_table;
mod report;
mod rules;
mod urls;
mod watch;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDateTime;
use clap::Parser;

use super::{Builtin, Context, Example, Group, ScriptCheck};
use crate::client::Connection;
use crate::client::server_url::{is_url, parse_url};
use crate::local_path;
use command_log::CommandLog;
use manifest::{ManifestOptions, check_manifest, run_with_manifest};
use operands::{Operands, base_name, base_of_globs, target_for};
use option_values::{parse_compare, parse_limit, parse_recursion, parse_sizes, parse_time};
use patterns::Patterns;
pub(super) use patterns::default_exclusion;
use report::MirrorReport;
use rules::{check_comparison, follows_links, mirror_settings};
use watch::{Watch, Watching};

use crate::error::{Error, Kind, Result};
use crate::settings as set;
use crate::transfer::Direction;
use crate::transfer::mirror::executor::{self, MirrorSettings, MirrorSummary};
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::observer::MirrorObserver;
use crate::transfer::mirror::plan::{CompareBy, Recursion};
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides};
use crate::transfer::mirror::watch::run::IndexingObserver;

/// Synchronise a directory tree
///
/// Downloads the remote directory SOURCE into TARGET (or into a directory of the same name); with
/// -R uploads a local SOURCE. Files that exist in TARGET with the same size and are not older are
/// skipped. SOURCE or TARGET, or both, may be URLs. Deletions come last, and only if every listing
/// was complete and understood and every file was transferred. A file is never deleted if it may be
/// a source file whose name the server has changed. The options are those of lftp; in a script,
/// --delete needs --yes.
#[derive(Debug, Clone, Default, Parser)]
pub struct Mirror {
    /// Upload: SOURCE is local, TARGET on the server
    #[arg(short = 'R', long)]
    reverse: bool,
    /// Transfer only files that are newer than those in TARGET
    #[arg(short = 'n', long, alias = "newer")]
    only_newer: bool,
    /// Transfer only files that TARGET does not have
    #[arg(long)]
    only_missing: bool,
    /// Transfer only files that TARGET has
    #[arg(long)]
    only_existing: bool,
    /// Do not compare times: the same as --compare size
    #[arg(long)]
    ignore_time: bool,
    /// What decides about a file that TARGET has: its size and time; only its size; or its content.
    /// content compares files of equal size by a checksum that the server computes, by a manifest
    /// in the remote directory (`help manifests`), or by reading both, which is said once; times
    /// that differ are no reason then
    #[arg(long, value_name = "WHAT", value_parser = parse_compare)]
    compare: Option<CompareBy>,
    /// Do not compare sizes
    #[arg(long)]
    ignore_size: bool,
    /// Replace newer files in TARGET by older ones, too
    #[arg(long)]
    upload_older: bool,
    /// Transfer all files, whatever TARGET has
    #[arg(long)]
    transfer_all: bool,
    /// ASCII transfers: convert line endings (implies --ignore-size)
    #[arg(long)]
    ascii: bool,
    /// Do not enter directories
    #[arg(short = 'r', long, conflicts_with = "recursion")]
    no_recursion: bool,
    /// Enter directories always, never, only missing ones, or missing and newer ones
    #[arg(long, value_name = "MODE", value_parser = parse_recursion)]
    recursion: Option<Recursion>,
    /// Create no directory that would be empty
    #[arg(long)]
    no_empty_dirs: bool,
    /// Delete files that SOURCE does not have; in a script with --yes only
    #[arg(short = 'e', long)]
    delete: bool,
    /// The same, before files are transferred
    #[arg(long)]
    delete_first: bool,
    /// Delete in TARGET what the patterns exclude, too
    #[arg(long)]
    delete_excluded: bool,
    /// Delete entries whose names begin with a dot, too; they are left alone otherwise
    #[arg(long)]
    delete_hidden: bool,
    /// Delete without asking
    #[arg(long = "yes")]
    yes: bool,
    /// Delete even if some files could not be transferred; never after an incomplete listing
    #[arg(long)]
    delete_despite_errors: bool,
    /// Delete nothing if more than N files (or N%) would be deleted
    #[arg(long, value_name = "N[%]", value_parser = parse_limit)]
    max_delete: Option<set::DeleteLimit>,
    /// Remove each file of SOURCE when it has been transferred or TARGET has it
    #[arg(long = "Remove-source-files")]
    remove_source_files: bool,
    /// The same, and then the directories that are empty; not SOURCE itself if it ends in a slash
    #[arg(long = "Remove-source-dirs", alias = "Move")]
    remove_source_dirs: bool,
    /// Only show what would be done
    #[arg(long, alias = "just-print")]
    dry_run: bool,
    /// Write equivalent commands to FILE
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    log: Option<String>,
    /// Write them without running anything; `-` prints them
    #[arg(long, value_name = "FILE", conflicts_with = "log", value_hint = clap::ValueHint::FilePath)]
    script: Option<String>,
    /// Stop after N errors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..))]
    max_errors: Option<u64>,
    /// Repeat until nothing has changed
    #[arg(long)]
    r#loop: bool,
    /// Run COMMANDS afterwards if anything has changed
    #[arg(long, value_name = "COMMANDS")]
    on_change: Option<String>,
    /// Only files of MIN to MAX bytes; either may be omitted
    #[arg(long, value_name = "MIN-MAX", value_parser = parse_sizes, allow_hyphen_values = true)]
    size_range: Option<RangeInclusive<u64>>,
    /// Only files modified after this: a date (2026-01-31), an age (12h, now-3days), or the time of
    /// a local file
    #[arg(short = 'N', long, value_name = "TIME", value_parser = parse_time)]
    newer_than: Option<NaiveDateTime>,
    /// Only files modified before this
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    older_than: Option<NaiveDateTime>,
    /// Resume files that an earlier run left incomplete
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    /// Follow symbolic links instead of skipping them
    #[arg(short = 'L', long, overrides_with = "no_dereference")]
    dereference: bool,
    /// Skip them, whatever the setting mirror:dereference says
    #[arg(long, overrides_with = "dereference")]
    no_dereference: bool,
    /// Skip files and directories whose permissions let nobody read them
    #[arg(long)]
    skip_noaccess: bool,
    /// Do not copy permissions
    #[arg(short = 'p', long, overrides_with = "perms")]
    no_perms: bool,
    /// Copy permissions (the default), less those that the umask takes away
    #[arg(long, overrides_with = "no_perms")]
    perms: bool,
    /// Copy permissions whatever the umask says
    #[arg(long)]
    no_umask: bool,
    /// Copy the set-user-id and set-group-id bits, too
    #[arg(short = 's', long)]
    allow_suid: bool,
    /// The same as --allow-suid --no-umask
    #[arg(short = 'a')]
    all_permissions: bool,
    #[command(flatten)]
    patterns: Patterns,
    /// Only the file FILE, or those that match it; SOURCE is its directory
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Vec<String>,
    /// Only the directory DIR, or those that match it; SOURCE is the directory that it is in
    #[arg(short = 'F', long, value_name = "DIR")]
    directory: Vec<String>,
    /// TARGET, where there is no SOURCE
    #[arg(short = 'O', long, alias = "destination-directory", value_name = "DIR")]
    target_directory: Option<String>,
    #[command(flatten)]
    watch: Watch,
    #[command(flatten)]
    manifest: ManifestOptions,
    #[command(flatten)]
    verbosity: Verbosity,
    #[command(flatten)]
    no_effect: NoEffect,
    #[command(flatten)]
    operands: Operands,
    /// SOURCE, or what stands for it.
    #[arg(skip)]
    source: String,
    /// TARGET, or what stands for it.
    #[arg(skip)]
    target: String,
    /// The command that runs it, if it is not `mirror`.
    #[arg(skip)]
    command: Option<&'static str>,
}

/// How much is said.
#[derive(Debug, Clone, Default, clap::Args)]
struct Verbosity {
    /// Show each file; twice also what is not deleted, three times also directories
    #[arg(short = 'v', action = clap::ArgAction::Count)]
    verbose_count: u8,
    /// The same as that many -v
    #[arg(long = "verbose", value_name = "N", num_args = 0..=1, require_equals = true,
          default_missing_value = "1")]
    verbose: Vec<u8>,
}

impl Verbosity {
    fn level(&self) -> u8 {
        self.verbose.iter().fold(self.verbose_count, |level, more| level.saturating_add(*more))
    }
}

/// Options of lftp that change nothing here.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Accepted from lftp, without effect")]
struct NoEffect {
    /// No effect: directories are always entered first
    #[arg(long)]
    depth_first: bool,
    /// The same
    #[arg(long)]
    scan_all_first: bool,
    /// No effect: FTP cannot change owners
    #[arg(long)]
    allow_chown: bool,
    /// No effect: links are never created
    #[arg(long)]
    no_symlinks: bool,
    /// No effect: a file is always replaced when the new one is complete
    #[arg(long)]
    overwrite: bool,
    /// The same
    #[arg(long)]
    no_overwrite: bool,
    /// No effect: listings are always read again
    #[arg(long)]
    use_cache: bool,
    /// No effect: files are transferred whole, several at a time (-P)
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true,
          default_missing_value = "3")]
    use_pget_n: Option<u64>,
}

fn needs_yes() -> Error {
    Error::usage("mirror: --delete in a script needs --yes")
        .with_hint("add `--yes`, or `set mirror:confirm-delete no` above it; --dry-run shows what would be deleted")
}

impl Builtin for Mirror {
    const NAME: &'static str = "mirror";
    const GROUP: Group = Group::Transfer;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mirror docs", about: "download a directory" },
        Example { line: "mirror --dry-run docs backup", about: "show what would be done" },
        Example {
            line: "mirror -P 2 -X '*.o' docs backup",
            about: "two files at a time, without some",
        },
        Example {
            line: "mirror docs ftp://tester@ftp.example.org/backup",
            about: "copy a directory from server to server",
        },
        Example {
            line: "mirror -R --compare content . docs",
            about: "upload what differs, whatever the times say",
        },
        Example {
            line: "mirror -R --manifest . site",
            about: "upload what differs from the last upload, by content",
        },
        Example { line: "mirror -R -e --yes . empty", about: "upload, and delete the rest" },
        Example { line: "mirror -v -x '\\.git/$' docs", about: "without directories named .git" },
    ];

    fn check(&self) -> Result<()> {
        for (given, option) in [
            (self.yes, "--yes"),
            (self.manifest.forces() && !self.manifest.verifies(), "--force"),
            (self.delete_despite_errors, "--delete-despite-errors"),
            (self.delete_hidden, "--delete-hidden"),
        ] {
            if given && !self.deletes() {
                return Err(Error::usage(format!("mirror: {option} requires --delete")));
            }
        }
        check_manifest(self)?;
        check_comparison(self)?;
        self.watch.check(
            self.reverse,
            &[
                (self.dry_run, "--dry-run"),
                (self.script.is_some(), "--script"),
                (self.log.is_some(), "--log"),
                (self.r#loop, "--loop"),
                (self.on_change.is_some(), "--on-change"),
                (self.remove_source_files, "--Remove-source-files"),
                (self.remove_source_dirs, "--Remove-source-dirs"),
                (self.dereference, "--dereference"),
                (self.only_newer, "--only-newer"),
                (self.only_missing, "--only-missing"),
                (self.only_existing, "--only-existing"),
                (self.no_recursion, "--no-recursion"),
                (self.recursion.is_some(), "--recursion"),
                (self.no_empty_dirs, "--no-empty-dirs"),
                (self.newer_than.is_some(), "--newer-than"),
                (self.older_than.is_some(), "--older-than"),
                (!self.file.is_empty(), "--file"),
                (!self.directory.is_empty(), "--directory"),
            ],
        )?;
        let (source, target) = self.sides()?;
        self.check_urls(&source, &target)
    }

    fn check_in_script(&self, script: &mut ScriptCheck) {
        if self.deletes_unasked(&script.settings, None) && !script.can_ask() {
            script.complain(needs_yes());
        }
        if let Err(error) = default_exclusion(&script.settings, None) {
            script.complain(error);
        }
        self.patterns.check_files(script);
        if let Some(commands) = &self.on_change {
            script.runs_later("mirror --on-change", commands.clone());
        }
        match self.sides() {
            Ok((source, _)) if self.reverse && !is_url(&source) => {
                script.needs_local_file(Self::NAME, &source);
            }
            Ok(_) if !self.reverse => script.makes_any_local_file(),
            // A wrong one is the error of `check`.
            _ => {}
        }
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let on_change = self.on_change.clone();
        // A job could not ask, and would begin the log anew.
        let asks = self.deletes_unasked(&ctx.client.settings, ctx.client.connection.host());
        let has_changed = if asks || self.log.is_some() {
            self.mirror(ctx)?
        } else {
            let rest = Self { resume: true, ..self.clone() };
            let (done, to_background) = ctx.while_it_can_continue(|ctx| self.mirror(ctx));
            if to_background && done.as_ref().is_err_and(Error::is_interruption) {
                let (source, _) = rest.sides()?;
                let title = format!("{} {source}", Self::NAME);
                return ctx.continue_as_job(&title, vec![rest], Self::run);
            }
            done?
        };
        match on_change.filter(|_| has_changed) {
            Some(commands) => (ctx.interpreter)(ctx, &commands, Self::NAME),
            None => Ok(()),
        }
    }
}

impl Mirror {
    /// The mirror that `get -r` and `put -r` run.
    pub fn for_tree(how: RecursiveTransfer, source: String, target: Option<String>) -> Self {
        let RecursiveTransfer { up, resume, parallel } = how;
        let operands = Operands { source: Some(source), target, parallel };
        let command = if up { "put -r" } else { "get -r" };
        Self { reverse: up, resume, operands, command: Some(command), ..Self::default() }
    }

    /// The command and its source, for messages.
    fn title(&self) -> String {
        format!("{} {}", self.command.unwrap_or(Self::NAME), self.source)
    }

    /// The command that with `-c` resumes what was interrupted.
    fn resuming_command(&self) -> &'static str {
        self.command.unwrap_or(match (self.reverse, self.manifest.name()) {
            (true, Some(_)) => "mirror -R --manifest",
            (true, None) => "mirror -R",
            (false, _) => "mirror",
        })
    }

    /// The file of `--log` or `--script`.
    fn log_file(&self, ctx: &Context) -> Option<PathBuf> {
        let file = self.log.as_ref().or(self.script.as_ref().filter(|file| *file != "-"))?;
        Some(ctx.local_path(&local_path::expand_tilde(file)))
    }

    /// Whether it would delete what nobody has agreed to.
    fn deletes_unasked(&self, settings: &set::Settings, host: Option<&str>) -> bool {
        let agreed =
            self.yes || self.manifest.forces() || !settings.get(set::MIRROR_CONFIRM_DELETE, host);
        self.deletes() && !agreed && !self.is_dry_run()
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run || self.script.is_some()
    }

    fn deletes(&self) -> bool {
        self.delete || self.delete_first
    }

    /// SOURCE and TARGET, or what stands for them. A target's slash is still to be looked at.
    fn sides(&self) -> Result<(String, String)> {
        let here = || ".".to_owned();
        let globs: Vec<String> = self.file.iter().chain(&self.directory).cloned().collect();
        let Operands { source, target, .. } = &self.operands;
        if let Some(base) = base_of_globs(&globs)? {
            if source.is_some() {
                return Err(Error::usage("mirror: --file and --directory stand for SOURCE")
                    .with_hint("give TARGET as `-O DIR`"));
            }
            return Ok((base, self.target_directory.clone().unwrap_or_else(here)));
        }
        match (source, target, &self.target_directory) {
            (None, _, target) => Ok((here(), target.clone().unwrap_or_else(here))),
            (Some(source), None, Some(target)) => {
                Err(Error::usage("mirror: -O gives TARGET where there is no SOURCE")
                    .with_hint(format!("`mirror {source} {target}`")))
            }
            (Some(_), Some(_), Some(_)) => {
                Err(Error::usage("mirror: TARGET is given twice, as an argument and with -O"))
            }
            (Some(source), Some(target), None) => Ok((source.clone(), target.clone())),
            (Some(source), None, None) => {
                let path = if is_url(source) { parse_url(source)?.1 } else { source.clone() };
                if path.trim_end_matches('/').rsplit('/').next() == Some("..") {
                    let hint = format!("`mirror {source} .`, or `mirror {source} ..`");
                    return Err(Error::usage("mirror: a TARGET is needed for `..`").with_hint(hint));
                }
                let target = base_name(&path).map(str::to_owned);
                Ok((source.clone(), target.unwrap_or_else(here)))
            }
        }
    }

    /// Checks the arguments, now that aliases and wildcards are expanded, and runs. Returns whether
    /// anything was changed.
    pub fn mirror(mut self, ctx: &mut Context) -> Result<bool> {
        self.check()?;
        (self.source, self.target) = self.sides()?;
        let can_ask = ctx.client.at_prompt && ctx.out.is_interactive();
        let host = ctx.client.connection.host();
        if self.deletes_unasked(&ctx.client.settings, host) && !can_ask {
            return Err(needs_yes());
        }
        if let Some(log) = self.log_file(ctx) {
            CommandLog::begin(&log)?;
        }
        let mut has_changed = false;
        loop {
            let result = self.run_once(ctx);
            ctx.client.listings.invalidate_all();
            let changes = result?;
            has_changed |= changes > 0;
            if !self.r#loop || self.is_dry_run() || changes == 0 {
                return Ok(has_changed);
            }
        }
    }

    /// Between the current server and this side.
    fn mirror_current_site(&self, ctx: &mut Context) -> Result<u64> {
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
    ) -> Result<u64> {
        if self.watch.is_on() && follows_links(self, ctx) {
            return Err(Error::usage("mirror: --watch does not follow links")
                .with_hint("add `--no-dereference`"));
        }
        let mut settings = mirror_settings(self, ctx, direction, limit)?;
        let watching = self.watch.start(&sides);
        if let Some(there) = there {
            settings.options.upload_journals = ctx.client.upload_journals(there);
            settings.options.atomic = ctx.client.atomic_upload(there.host());
        }
        let log = self.log_file(ctx).map(CommandLog::open);
        let watched = MirrorReport::new(
            ctx,
            direction,
            there,
            sides.clone(),
            &settings.options,
            (self.verbosity.level(), log.transpose()?),
        );
        match self.manifest.name() {
            Some(_) => run_with_manifest(self, ctx, &sides, settings, &watched, watching),
            None => self.run_between(ctx, &sides, settings, &watched, watching),
        }
    }

    /// Makes the target like the source, and then what changes if it is watched.
    fn run_between(
        &self,
        ctx: &mut Context,
        sides: &dyn MirrorSides,
        mut settings: MirrorSettings,
        watched: &MirrorReport,
        watching: Option<Watching>,
    ) -> Result<u64> {
        let watch = ctx.out.start_watch();
        let deleted_first = if self.delete_first && !settings.dry_run {
            let deleted = self.delete_before_transfers(ctx, sides, &settings, watched);
            if deleted.is_err() {
                watched.finish_report(ctx);
            }
            settings.rules.delete = false;
            deleted?
        } else {
            MirrorSummary::default()
        };
        let indexing = watching.as_ref().map(|_| IndexingObserver::new(watched));
        let observer = indexing.as_ref().map_or(watched as &dyn MirrorObserver, |all| all);
        let result = executor::transfer_all(sides, &settings, observer, &ctx.client.cancel);
        let known = indexing.map(IndexingObserver::finish);
        let mut summary = match result {
            Ok(summary) => summary,
            Err(error) => {
                watched.finish_report(ctx);
                return Err(watched.add_what_is_done(error, self.resuming_command()));
            }
        };
        if let Some(error) = summary.stopped.take() {
            watched.finish_report(ctx);
            self.report_summary(ctx, &summary, watch.elapsed());
            return Err(self.full_disk_error(&summary, &error));
        }
        if summary.clean {
            sides.note_everything_seen();
        }
        let done = if settings.dry_run {
            watched.show_rest_of_plan()
        } else {
            self.delete_extraneous(ctx, sides, &settings, &mut summary, watched).and_then(|()| {
                self.remove_source_directories(ctx, sides, &settings, &mut summary, watched)
            })
        };
        watched.finish_report(ctx);
        summary.hidden += deleted_first.hidden;
        summary.deleted += deleted_first.deleted;
        summary.kept += deleted_first.kept;
        summary.failures += deleted_first.failures;
        if summary.hidden > 0 && done.is_ok() {
            let entries = if summary.hidden == 1 { "entry" } else { "entries" };
            ctx.out.notice(&format!("{} hidden {entries} left: --delete-hidden", summary.hidden));
        }
        if summary.newer > 0 {
            let files = count_text(summary.newer, "newer local file");
            ctx.out.notice(&format!(
                "{files} of the same size left: `mirror --upload-older` replaces"
            ));
        }
        done.map_err(|error| watched.add_what_is_done(error, self.resuming_command()))?;
        self.report_summary(ctx, &summary, watch.elapsed());
        let left = match (summary.failures, summary.kept) {
            (0, 0) => None,
            (0, _) => Some("not all extraneous files were deleted".to_owned()),
            (failures, _) => Some(format!("{} failed", count_text(failures, "item"))),
        };
        let failure =
            left.map(|left| Error::new(Kind::Incomplete, format!("{}: {left}", self.title())));
        let Some((watching, known)) = watching.zip(known) else {
            return failure.map_or(Ok(summary.changes()), Err);
        };
        if let Some(error) = &failure {
            ctx.out.error(&error.clone().into());
        }
        let changes = watching.run(ctx, self, sides, settings, known)?;
        match failure {
            None => Ok(summary.changes() + changes),
            Some(_) => Err(Error::already_shown(Kind::Incomplete)),
        }
    }

    fn mirror_sides(
        &self,
        pool: &Arc<crate::ftp::session_pool::SiteSessions>,
        ctx: &Context,
    ) -> Result<Endpoints> {
        let cwd = ctx.client.connection.remote_directory().cloned();
        let cwd = cwd.unwrap_or_else(crate::ftp::path::RemotePath::here);
        let remote = |path: &str| -> Result<_> {
            Ok(Arc::new(RemoteTree::new(Arc::clone(pool), cwd.resolve(path)?)))
        };
        let here = |path: &str| ctx.local_path(&local_path::expand_tilde(path));
        let tree = if follows_links(self, ctx) { LocalTree::following } else { LocalTree::new };
        let target = target_for(&self.source, &self.target);
        Ok(if self.reverse {
            Endpoints::Up(Arc::new(tree(here(&self.source))), remote(&target)?)
        } else {
            let host = ctx.client.connection.host();
            let syncs = ctx.client.settings.get(set::XFER_SYNC, host) == set::SyncMode::Always;
            let target = LocalTree::new(here(&target)).syncing(syncs);
            Endpoints::Down(remote(&self.source)?, Arc::new(target))
        })
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
        Mirror::for_tree(self, source.to_owned(), target).mirror(ctx).map(drop)
    }
}
