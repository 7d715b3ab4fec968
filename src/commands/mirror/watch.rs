//! `mirror -R --watch`: goes on after the mirror, and sends what changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::report::MirrorReport;
use super::{Mirror, count_text};
use crate::cancel::Cancel;
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::output::{escape, human_bytes, human_duration};
use crate::settings as set;
use crate::transfer::mirror::executor::MirrorSettings;
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::remote::RemoteTree;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides};
use crate::transfer::mirror::watch::change_queue::ChangedPaths;
use crate::transfer::mirror::watch::index::ServerIndex;
use crate::transfer::mirror::watch::local_watcher::LocalWatcher;
use crate::transfer::mirror::watch::run::{WatchCounts, WatchRun};
use crate::transfer::{Direction, Resume};

/// How often the tree is looked at where the system does not tell what changes.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Looking at the tree may take this part of the time.
const POLL_SHARE: u32 = 20;

/// How often the server is asked for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The longest pause before an unreachable server is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// `--watch`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Watch {
    /// With -R: then go on, and send what changes in SOURCE when it has been at rest for 0.3
    /// seconds, until Ctrl-C. Files that get another name here get it there; what is deleted here is
    /// deleted there with --delete, if this run has put it there or found it equal. With --manifest
    /// the manifest is kept up to date. Editors' swap, lock and backup files (.x.swp, x~, .#x, #x#)
    /// are not sent. With SECONDS, or where the system does not tell what changes, all files are
    /// looked at every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "0", value_parser = clap::value_parser!(u64).range(0..=86400))]
    watch: Option<u64>,
}

impl Watch {
    /// Whether it was asked for.
    pub fn is_on(&self) -> bool {
        self.watch.is_some()
    }

    /// Checks that nothing contradicts it: `others` are options, and whether they are given.
    pub fn check(&self, is_reverse: bool, others: &[(bool, &str)]) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        if !is_reverse {
            return Err(Error::usage("mirror: --watch requires -R")
                .with_hint("only a local directory can be watched"));
        }
        match others.iter().find(|(given, _)| *given) {
            Some((_, option)) => {
                Err(Error::usage(format!("mirror: --watch and {option} contradict each other"))
                    .with_hint("give one of them"))
            }
            None => Ok(()),
        }
    }

    /// Begins to watch, before the mirror runs.
    pub fn start(&self, sides: &Endpoints) -> Option<Watching> {
        let Endpoints::Up(local, remote) = sides else { return None };
        let interval = Duration::from_secs(self.watch?);
        let root = local.root_path();
        let (watcher, polls) = if !interval.is_zero() {
            (LocalWatcher::without_system(root), Some(String::new()))
        } else if local.is_served() {
            let why = "changes on this file system may be made elsewhere".to_owned();
            (LocalWatcher::without_system(root), Some(why))
        } else {
            let (watcher, started) = LocalWatcher::start(root);
            (watcher, started.err())
        };
        let interval = if interval.is_zero() { POLL_INTERVAL } else { interval };
        let (local, remote) = (Arc::clone(local), Arc::clone(remote));
        Some(Watching { local, remote, watcher, interval, polls })
    }
}

/// A directory that is watched.
pub struct Watching {
    local: Arc<LocalTree>,
    remote: Arc<RemoteTree>,
    watcher: LocalWatcher,
    interval: Duration,
    /// Why the tree is looked at every now and then; empty if that was asked for.
    polls: Option<String>,
}

/// When something is to be done again.
struct Schedule {
    poll: Option<Instant>,
    keep_alive: Instant,
    /// When the last batch ended.
    last_batch: Instant,
    /// When the two sides are told how long that is ago.
    rest: Option<Instant>,
    /// After a lost connection, when it is tried again, and the pause before.
    retry: Option<(Instant, Duration)>,
}

impl Watching {
    /// Sends what changes until Ctrl-C.
    pub(super) fn run(
        mut self,
        ctx: &mut Context,
        mirror: &Mirror,
        sides: &dyn MirrorSides,
        mut settings: MirrorSettings,
        known: (ServerIndex, BTreeSet<String>),
    ) -> Result<u64> {
        let begun = Instant::now();
        let cancel = ctx.client.cancel.clone();
        // What changes is another file: nothing of it is there yet.
        settings.options.resume = Resume::No;
        // The mirror may have had nothing that it could delete; what is known now can be.
        settings.rules.delete = mirror.deletes();
        let run = WatchRun::new((Arc::clone(&self.local), sides), settings.clone(), known);
        // What the mirror has done is written before it is said that it is watched.
        let out = ctx.out.clone();
        let say = move |text: &str| out.notice(&escape(text));
        sides.note_rest(Duration::MAX, &say, &cancel)?;
        let source = escape(&mirror.source).into_owned();
        ctx.out.notice(&format!("{source}: watching{}; Ctrl-C ends", self.how()));
        ctx.out.flush()?;
        let now = Instant::now();
        let poll = self.polls.is_some().then_some(now);
        let mut schedule = Schedule {
            poll,
            keep_alive: now + KEEP_ALIVE,
            last_batch: now,
            rest: None,
            retry: None,
        };
        let ended = loop {
            let step = self.step(ctx, mirror, &settings, (&run, &source), &mut schedule);
            match step {
                Ok(()) if cancel.requested().is_none() => {}
                Ok(()) => break Ok(()),
                Err(error) if error.kind() == Kind::Interrupted => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let counts = run.counts();
        ctx.out.notice(&format!("{source}: {}", summary(counts, begun.elapsed())));
        cancel.check().or_else(|error| match error.kind() {
            // Ctrl-C is the end that was announced; Ctrl-\ is none.
            Kind::Interrupted if !cancel.is_to_background() => {
                cancel.reset();
                Ok(())
            }
            _ => Err(error),
        })?;
        ended?;
        let waiting = self.watcher.queue().take_all();
        let waiting = run.plan(&waiting, &mut |_| {}, &Cancel::new())?;
        let unsent = run.failures() + waiting.len();
        match u64::try_from(unsent).unwrap_or(u64::MAX) {
            0 => Ok(counts.sent.0 + counts.renamed + counts.deleted),
            unsent => {
                let text = format!("mirror {}: {}", mirror.source, count_text(unsent, "change"));
                Err(Error::new(Kind::Incomplete, format!("{text} not sent"))
                    .with_hint("the same command sends what differs"))
            }
        }
    }

    /// Waits for something to do, and does it.
    fn step(
        &mut self,
        ctx: &mut Context,
        mirror: &Mirror,
        settings: &MirrorSettings,
        (run, source): (&WatchRun<'_>, &str),
        schedule: &mut Schedule,
    ) -> Result<()> {
        let (cancel, sides) = (ctx.client.cancel.clone(), run.sides());
        let deadlines = [schedule.poll, Some(schedule.keep_alive), schedule.rest];
        let retry_at = schedule.retry.map(|(at, _)| at);
        let is_over = || cancel.requested().is_some() || sides.lost().is_some();
        self.watcher.wait(deadlines.into_iter().flatten().min(), retry_at, &is_over);
        if let Some(lost) = sides.lost() {
            return Err(lost.clone());
        }
        if cancel.requested().is_some() {
            return Ok(());
        }
        let now = Instant::now();
        let (degraded, must_rescan) = {
            let mut queue = self.watcher.queue();
            (queue.take_degraded(), queue.take_rescan())
        };
        if let Some(why) = degraded {
            self.watcher.stop_system();
            self.polls = Some(why);
            ctx.out.notice(&format!("{source}: watching{}", self.how()));
            schedule.poll = Some(now);
        }
        let polls = schedule.poll.is_some_and(|at| at <= now);
        if must_rescan || polls {
            self.rescan(run, &cancel)?;
            let took = now.elapsed();
            let pause = self.interval.max(took * POLL_SHARE);
            schedule.poll = schedule.poll.map(|_| Instant::now() + pause);
        }
        if schedule.keep_alive <= now {
            self.remote.pool().keep_one_alive();
            schedule.keep_alive = Instant::now() + KEEP_ALIVE;
        }
        if retry_at.is_some_and(|at| at > now) {
            return Ok(());
        }
        let changed = self.watcher.queue().take_resting(now);
        let out = ctx.out.clone();
        let say = move |text: &str| out.notice(&escape(text));
        let done = if !changed.paths.is_empty() {
            let executed = self.execute(ctx, mirror, settings, run, &changed);
            if executed.is_err() {
                self.put_back(&changed);
            }
            schedule.last_batch = Instant::now();
            executed.and_then(|()| sides.note_rest(Duration::ZERO, &say, &cancel))
        } else if schedule.rest.is_some_and(|at| at <= now) {
            sides.note_rest(now - schedule.last_batch, &say, &cancel)
        } else {
            return Ok(());
        };
        match done {
            Ok(rest) => {
                schedule.rest = rest.map(|rest| schedule.last_batch + rest);
                schedule.retry = None;
            }
            Err(error) if error.kind() == Kind::Connect => {
                let pause = schedule
                    .retry
                    .map_or(ctx.client.retries().interval(), |(_, pause)| pause.saturating_mul(2));
                let pause = pause.clamp(Duration::from_millis(100), LONGEST_PAUSE);
                let at = Instant::now() + pause;
                schedule.retry = Some((at, pause));
                schedule.rest = schedule.rest.map(|_| at);
                ctx.out.notice(&format!(
                    "{source}: {}; trying again in {}",
                    error.message(),
                    human_duration(pause)
                ));
            }
            Err(error) => return Err(error),
        }
        schedule.keep_alive = Instant::now() + KEEP_ALIVE;
        Ok(())
    }

    /// Executes what follows from changed paths.
    fn execute(
        &mut self,
        ctx: &mut Context,
        mirror: &Mirror,
        settings: &MirrorSettings,
        run: &WatchRun<'_>,
        changed: &ChangedPaths,
    ) -> Result<()> {
        let cancel = ctx.client.cancel.clone();
        let watcher = &mut self.watcher;
        let batch = run.plan(changed, &mut |directory| watcher.watch_again(directory), &cancel)?;
        let deletions = (batch.gone.len() + batch.in_the_way.len()) as u64;
        let host = ctx.client.connection.host();
        let limit = mirror.max_delete.or(ctx.client.settings.get(set::MIRROR_MAX_DELETE, host));
        if limit.is_some_and(|limit| limit.exceeded(deletions, run.known() as u64)) {
            let text = format!("nothing was deleted: {deletions} deletions exceed --max-delete");
            return Err(Error::new(Kind::Other, text).with_hint("the same command begins again"));
        }
        let sides = Endpoints::Up(Arc::clone(&self.local), Arc::clone(&self.remote));
        let (level, direction) = (mirror.verbosity.level(), Direction::Upload);
        let report =
            MirrorReport::new(ctx, direction, None, sides, &settings.options, (level, None));
        let report = report.of_watch();
        let ended = run.execute(batch, &report, &cancel);
        report.finish_report(ctx);
        ctx.client.listings.invalidate_all();
        let again = ended?;
        // Who reads the records has them at once.
        ctx.out.flush()?;
        let now = Instant::now();
        let mut queue = self.watcher.queue();
        again.iter().for_each(|path| queue.touch(path, now));
        Ok(())
    }

    /// Looks at the whole tree.
    fn rescan(&self, run: &WatchRun<'_>, cancel: &Cancel) -> Result<()> {
        let now = Instant::now();
        let mut found = Vec::new();
        run.rescan(&mut |path| found.push(path.to_owned()), cancel)?;
        let mut queue = self.watcher.queue();
        let new: Vec<_> = found.iter().filter(|path| !queue.has(path)).collect();
        new.into_iter().for_each(|path| queue.touch(path, now));
        Ok(())
    }

    /// Nothing is lost that could not be sent.
    fn put_back(&self, changed: &ChangedPaths) {
        let now = Instant::now();
        let mut queue = self.watcher.queue();
        changed.paths.iter().for_each(|path| queue.touch(path, now));
        changed.origins.iter().for_each(|(to, from)| queue.note_move(from, to, now));
    }

    /// How it is watched, if that is not the usual way.
    fn how(&self) -> String {
        let every = || format!("by looking every {}", human_duration(self.interval));
        match self.polls.as_deref() {
            None => String::new(),
            Some("") => format!(" {}", every()),
            Some(why) => format!(" {}: {why}", every()),
        }
    }
}

fn summary(counts: WatchCounts, elapsed: Duration) -> String {
    let ((files, bytes), time) = (counts.sent, human_duration(elapsed));
    let mut parts = vec![format!("{} ({}) sent", count_text(files, "file"), human_bytes(bytes))];
    for (number, what) in [(counts.renamed, "renamed"), (counts.deleted, "deleted")] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    format!("{} in {time}", parts.join(", "))
}
