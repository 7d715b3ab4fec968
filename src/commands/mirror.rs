//! `mirror`: make a tree like another one.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDateTime, Utc};
use clap::{ArgMatches, Args, FromArgMatches, Parser};

use super::transfers::record;
use super::{Builtin, Context, Example, Group, local};
use crate::error::{Error, Kind, Result};
use crate::output::{
    Cell, Column, Output, Record, TransferProgress, TreeProgress, Way, human_bytes, human_duration,
    human_rate, human_size,
};
use crate::settings as set;
use crate::transfer::mirror::carry::Sides;
use crate::transfer::mirror::filter::{Filter, Rule};
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::plan::{Action, Rules};
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::run::{self, Settings, Summary, Watch};
use crate::transfer::{Outcome, Progress};

/// Make a directory tree like another one
///
/// Downloads SOURCE from the server into TARGET (or into a directory of the same name); with -R
/// uploads a local SOURCE. Files that are there with the same size and are not older are left
/// alone. Deletions come last, and only after every listing was whole and understood.
#[derive(Debug, Parser)]
pub struct Mirror {
    /// Upload: SOURCE is local, TARGET on the server
    #[arg(short = 'R', long)]
    reverse: bool,
    /// Carry up to N files at the same time [default: the setting mirror:parallel]
    #[arg(short = 'P', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    parallel: Option<u64>,
    /// Carry only files that are newer than those that are there
    #[arg(short = 'n', long)]
    newer: bool,
    /// Delete what SOURCE does not have
    #[arg(long)]
    delete: bool,
    /// Delete without asking
    #[arg(short = 'f', long = "yes", visible_alias = "force")]
    yes: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete nothing if more than N files (or N%) would be deleted
    #[arg(long, value_name = "N[%]", value_parser = limit)]
    max_delete: Option<set::Limit>,
    /// Only files of MIN to MAX bytes; either may be left out
    #[arg(long, value_name = "MIN-MAX", value_parser = sizes)]
    size_range: Option<RangeInclusive<u64>>,
    /// Only files modified after this: a date (2026-01-31) or an age (12h)
    #[arg(long, value_name = "TIME", value_parser = time)]
    newer_than: Option<NaiveDateTime>,
    /// Go on with files that an earlier run left unfinished
    #[arg(short = 'c', long = "continue")]
    resume: bool,
    /// Follow symbolic links instead of passing them over
    #[arg(short = 'L', long)]
    dereference: bool,
    #[command(flatten)]
    patterns: Patterns,
    /// The directory to copy
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Where to
    #[arg(value_name = "TARGET")]
    target: Option<String>,
}

/// `-i`, `-x` and `--exclude-from`, in the order in which they were given.
#[derive(Debug, Clone, Default)]
struct Patterns(Vec<(bool, String)>);

/// The definition of the options of [`Patterns`].
#[derive(Debug, Args)]
struct PatternOptions {
    /// Only files that match GLOB, or again those that an earlier -x left out
    #[arg(short = 'i', long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave out what matches GLOB; the last rule that matches decides
    #[arg(short = 'x', long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Leave out what matches a pattern of FILE, one a line
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    exclude_from: Vec<String>,
}

impl Args for Patterns {
    fn augment_args(command: clap::Command) -> clap::Command {
        PatternOptions::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        PatternOptions::augment_args_for_update(command)
    }
}

impl FromArgMatches for Patterns {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Vec::new();
        for (id, include) in [("include", true), ("exclude", false), ("exclude_from", false)] {
            let indices = matches.indices_of(id).into_iter().flatten();
            let values = matches.get_many::<String>(id).into_iter().flatten();
            for (index, value) in indices.zip(values) {
                if id != "exclude_from" {
                    found.push((index, include, value.clone()));
                    continue;
                }
                let text = std::fs::read_to_string(local::expand_tilde(value)).map_err(|why| {
                    let text = format!("{value}: {}\n", crate::error::io_reason(&why));
                    clap::Error::raw(clap::error::ErrorKind::ValueValidation, text)
                })?;
                let lines = text.lines().map(str::trim);
                let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                found.extend(patterns.map(|pattern| (index, false, pattern.to_owned())));
            }
        }
        found.sort_by_key(|(index, ..)| *index);
        Ok(Self(found.into_iter().map(|(_, include, pattern)| (include, pattern)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn limit(text: &str) -> Result<set::Limit, String> {
    set::parse_limit(text).flatten().ok_or_else(|| "a number or a percentage is needed".into())
}

fn sizes(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once('-').ok_or("MIN-MAX is needed, such as 1k-10M")?;
    let size = |text: &str, empty| match text {
        "" => Ok(empty),
        text => set::parse_size(text).ok_or_else(|| format!("`{text}` is not a size")),
    };
    Ok(size(from, 0)?..=size(to, u64::MAX)?)
}

fn time(text: &str) -> Result<NaiveDateTime, String> {
    super::dates::parse_moment(text, Utc::now())
        .map(|time| time.naive_utc())
        .ok_or_else(|| "a date (2026-01-31, 2026-01-31T12:00) or an age (12h, 3d) is needed".into())
}

impl Builtin for Mirror {
    const NAME: &'static str = "mirror";
    const GROUP: Group = Group::Transfer;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "mirror docs", about: "download a directory" },
        Example { line: "mirror --dry-run docs backup", about: "show what would be done" },
        Example { line: "mirror -P 2 -x '*.o' docs backup", about: "two files at a time" },
        Example { line: "mirror -R --delete --yes . empty", about: "upload, and delete the rest" },
    ];

    fn check(&self) -> Result<()> {
        if self.yes && !self.delete {
            return Err(Error::usage("mirror: --yes is about --delete"));
        }
        Ok(())
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        self.check()?;
        let can_ask = ctx.at_prompt && ctx.out.interactive();
        if self.delete && !(self.yes || self.dry_run || can_ask) {
            return Err(Error::usage("mirror: --delete in a script needs --yes").into());
        }
        let pool = ctx.begin_pool()?;
        let result = self.with_pool(ctx, &pool);
        ctx.end_pool(&pool);
        ctx.cache.clear();
        Ok(result?)
    }
}

impl Mirror {
    fn with_pool(&self, ctx: &mut Context, pool: &Arc<crate::ftp::pool::Pool>) -> Result<()> {
        let way = if self.reverse { Way::Upload } else { Way::Download };
        let sides = self.sides(pool, ctx)?;
        let settings = self.settings(ctx, way, pool.limit());
        let watched = Watching::new(ctx, way, sides.clone());
        let begun = std::time::Instant::now();
        let result = run::carry(&sides, &settings, &watched, &ctx.cancel);
        let mut summary = match result {
            Ok(summary) => summary,
            Err(error) => {
                watched.end(ctx);
                return Err(error);
            }
        };
        let deleted = if self.dry_run {
            show_plan(&ctx.out, &sides, &summary.actions, way)
        } else {
            self.delete(ctx, &sides, &settings, &mut summary, &watched)
        };
        watched.end(ctx);
        deleted?;
        self.tell(ctx, &summary, begun.elapsed());
        if summary.failures > 0 {
            let text =
                format!("mirror {}: {} failed", self.source, count(summary.failures, "item"));
            return Err(Error::new(Kind::Incomplete, text));
        }
        Ok(())
    }

    fn sides(&self, pool: &Arc<crate::ftp::pool::Pool>, ctx: &Context) -> Result<Sides> {
        let cwd = ctx.connection.cwd().cloned();
        let cwd = cwd.unwrap_or_else(crate::ftp::path::RemotePath::root);
        let ahead = super::zone::by_setting(ctx);
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
            Ok(Arc::new(RemoteTree::new(Arc::clone(pool), cwd.resolve(path)?, ahead)))
        };
        let tree = |path: &str| Arc::new(LocalTree::new(local::path(&local::expand_tilde(path))));
        Ok(if self.reverse {
            Sides::Up(tree(&self.source), remote(&default())?)
        } else {
            Sides::Down(remote(&self.source)?, tree(&default()))
        })
    }

    fn settings(&self, ctx: &Context, way: Way, limit: usize) -> Settings {
        let host = ctx.connection.host();
        let mut how = ctx.how(way);
        how.resume = self.resume;
        let rules = self.patterns.0.iter().map(|(include, pattern)| Rule::new(*include, pattern));
        let workers = self.parallel.unwrap_or(ctx.settings.count(set::MIRROR_PARALLEL, host));
        Settings {
            how,
            rules: Rules {
                filter: Filter { rules: rules.collect() },
                newer: self.newer,
                delete: self.delete,
                dereference: self.dereference,
                sizes: self.size_range.clone(),
                newer_than: self.newer_than,
                max_depth: usize::try_from(ctx.settings.count(set::MIRROR_MAX_DEPTH, host))
                    .unwrap_or(usize::MAX),
            },
            workers: usize::try_from(workers).unwrap_or(1).min(limit),
            retries: ctx.retries(),
            dry_run: self.dry_run,
        }
    }

    /// Deletes what is surplus, if everything that speaks for it is known for sure.
    fn delete(
        &self,
        ctx: &Context,
        sides: &Sides,
        settings: &Settings,
        summary: &mut Summary,
        watched: &Watching,
    ) -> Result<()> {
        let surplus = summary.actions.len() as u64;
        if surplus == 0 {
            return Ok(());
        }
        if !summary.clean {
            summary.actions.clear();
            return Err(Error::new(
                Kind::Incomplete,
                "nothing was deleted: not every listing was whole and understood",
            ));
        }
        let host = ctx.connection.host();
        let limit = self.max_delete.or(ctx.settings.limit(set::MIRROR_MAX_DELETE, host));
        if limit.is_some_and(|limit| limit.exceeded(surplus, summary.in_target)) {
            summary.actions.clear();
            return Err(Error::new(
                Kind::Other,
                format!("nothing was deleted: {surplus} would be, more than --max-delete allows"),
            )
            .with_hint("look with --dry-run at what would be deleted"));
        }
        if !self.yes {
            let question = format!("Delete {} from the target", count(surplus, "item"));
            if !ctx.confirm(&question, "--yes")? {
                summary.actions.clear();
                return Ok(());
            }
        }
        run::delete(sides, settings, summary, watched, &ctx.cancel)
    }

    fn tell(&self, ctx: &Context, summary: &Summary, elapsed: std::time::Duration) {
        if self.dry_run {
            return;
        }
        let mut parts = vec![format!(
            "{} ({}) in {} ({})",
            count(summary.carried, "file"),
            human_bytes(summary.bytes),
            human_duration(elapsed),
            human_rate(summary.bytes, elapsed)
        )];
        for (number, what) in [
            (summary.directories, "directories created"),
            (summary.unchanged, "unchanged"),
            (summary.links, "links passed over"),
            (summary.deleted, "deleted"),
            (summary.failures, "failed"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        ctx.out.notice(&format!("{}: {}", crate::output::escape(&self.source), parts.join(", ")));
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The plan of a dry run: a table, or records.
fn show_plan(out: &Output, sides: &Sides, actions: &[Action], way: Way) -> Result<()> {
    let mut table = crate::output::Table::new(&[
        Column::left("Action"),
        Column::right("Size"),
        Column::left("Why"),
        Column::left("Path"),
    ]);
    for action in actions {
        let (verb, size, why) = match action {
            Action::MakeDirectory { .. } => ("mkdir", None, "missing"),
            Action::Carry { item, reason, .. } => {
                (if way == Way::Download { "get" } else { "put" }, item.size, reason.word())
            }
            Action::Delete { .. } => ("delete", None, "surplus"),
        };
        if out.is_json() {
            match action {
                Action::Carry { path, item, .. } => {
                    let (remote, local) = ends(sides, path, way);
                    let mut planned = record(way, &remote, &local, None);
                    planned.bytes = item.size.unwrap_or(0);
                    planned.status = "planned".to_owned();
                    out.record(&Record::Transfer(planned))?;
                }
                _ => out.line(&format!("{verb} {}", sides.target().show(action.path())))?,
            }
            continue;
        }
        table.row(vec![
            Cell::new(verb),
            Cell::new(size.map(human_size).unwrap_or_default()),
            Cell::new(why),
            Cell::new(action.path()),
        ]);
    }
    if out.is_json() || table.is_empty() { Ok(()) } else { out.table(&table) }
}

/// A file's two ends: remote, local.
fn ends(sides: &Sides, path: &str, way: Way) -> (String, String) {
    let (source, target) = (sides.source().show(path), sides.target().show(path));
    if way == Way::Upload { (target, source) } else { (source, target) }
}

/// Shows a running mirror, and counts.
struct Watching {
    out: Output,
    tree: TreeProgress,
    sides: Sides,
    way: Way,
    /// Files and bytes carried.
    carried: Mutex<(u64, u64)>,
    audit: serde_json::Map<String, serde_json::Value>,
}

impl Watching {
    fn new(ctx: &Context, way: Way, sides: Sides) -> Self {
        let mut audit = serde_json::Map::new();
        if let Some(site) = &ctx.connection.site {
            audit.insert("host".into(), site.host.clone().into());
            audit.insert("port".into(), site.port.into());
        }
        let tree = ctx.out.tree_progress("total");
        Self { out: ctx.out.clone(), tree, sides, way, carried: Mutex::default(), audit }
    }

    fn end(&self, ctx: &mut Context) {
        self.tree.finish();
        let (files, bytes) = *self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        ctx.tally.files += files;
        ctx.tally.bytes += bytes;
    }

    fn audit(&self, event: &str, path: &str, bytes: Option<u64>, error: Option<&Error>) {
        let mut fields = self.audit.clone();
        let (remote, local) = ends(&self.sides, path, self.way);
        fields.insert("remote".into(), remote.into());
        fields.insert("local".into(), local.into());
        if let Some(bytes) = bytes {
            let direction = if self.way == Way::Upload { "upload" } else { "download" };
            fields.insert("direction".into(), direction.into());
            fields.insert("bytes".into(), bytes.into());
        }
        let error = error.map(|error| error.message().to_owned());
        fields.insert("error".into(), error.into());
        self.out.audit(event, &fields);
    }
}

/// One file's bar among the workers'.
struct WorkerProgress {
    bar: TransferProgress,
    out: Output,
}

impl Progress for WorkerProgress {
    fn expect(&self, _total: u64) {}

    fn start_at(&self, offset: u64) {
        self.bar.start_at(offset);
    }

    fn advance(&self, bytes: u64) {
        self.bar.advance(bytes);
    }

    fn note(&self, text: &str) {
        self.out.notice(&crate::output::escape(text));
    }
}

impl Watch for Watching {
    fn grow(&self, files: u64, bytes: u64) {
        self.tree.grow(files, bytes);
    }

    fn begin(&self, path: &str, size: Option<u64>) -> Box<dyn Progress> {
        Box::new(WorkerProgress { bar: self.tree.worker(path, size), out: self.out.clone() })
    }

    fn done(&self, action: &Action, result: Result<Option<&Outcome>, &Error>) {
        let path = action.path();
        if let Err(error) = result {
            self.out.error(&error.clone().into());
        }
        match action {
            Action::Carry { .. } => {
                self.tree.file_done();
                let outcome = result.ok().flatten();
                let bytes = outcome.map_or(0, |outcome| outcome.bytes);
                self.audit("transfer", path, Some(bytes), result.err());
                if let Some(outcome) = outcome {
                    let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
                    carried.0 += 1;
                    carried.1 += outcome.bytes;
                    if let Some(warning) = &outcome.warning {
                        self.out.warn(warning);
                    }
                }
                if self.out.is_json() {
                    let (remote, local) = ends(&self.sides, path, self.way);
                    let mut done = record(self.way, &remote, &local, outcome);
                    if let Err(error) = result {
                        done.status = error.kind().name().to_owned();
                    }
                    // A reader that has gone is found out at the end.
                    let _ = self.out.record(&Record::Transfer(done));
                }
            }
            Action::Delete { .. } => self.audit("delete", path, None, result.err()),
            Action::MakeDirectory { .. } => {}
        }
    }

    fn failed(&self, error: &Error) {
        self.out.error(&error.clone().into());
    }

    fn note(&self, text: &str) {
        self.out.notice(&crate::output::escape(text));
    }
}
