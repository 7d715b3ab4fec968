//! `mirror -R --manifest`: its options, where the manifest is, and a run with it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;

use super::report::MirrorReport;
use super::watch::Watching;
use super::{Mirror, count_text};
use crate::cancel::{Cancel, Reason};
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::ftp::path::RemotePath;
use crate::local_path;
use crate::output::escape;
use crate::threads;
use crate::transfer::manifest::deployment::announcement::{Becomes, PlannedChange, PlannedChanges};
use crate::transfer::manifest::deployment::{Deployment, DeploymentPlace};
use crate::transfer::manifest::hash_ahead::hash_ahead;
use crate::transfer::manifest::hash_cache::HashCache;
use crate::transfer::manifest::lock::LockTimes;
use crate::transfer::manifest::own_paths::{DEFAULT_NAME, LOCK_SUFFIX, OwnPaths};
use crate::transfer::manifest::store::ManifestStore;
use crate::transfer::mirror::executor::{self, MirrorSettings};
use crate::transfer::mirror::observer::MirrorObserver;
use crate::transfer::mirror::plan::{CompareBy, MirrorAction, MirrorRules};
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides as _};
use crate::transfer::mirror::tree::{ItemKind, Tree as _};
use crate::transfer::{NoProgress, Outcome, Progress};

/// What stands before the name of a local file.
const LOCAL: &str = "local:";

/// How long an interrupted mirror may take to write its manifest and to give back its lock.
const GRACE: Duration = Duration::from_millis(900);

/// The options of a manifest.
#[derive(Debug, Clone, Default, Args)]
pub struct ManifestOptions {
    /// With -R: keep a list of what was uploaded, with hashes, in the file NAME in TARGET; transfer
    /// what differs from it, without listing TARGET, and delete only what it has (`help manifests`)
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true,
          default_missing_value = DEFAULT_NAME)]
    manifest: Option<String>,
    /// With --manifest: list TARGET first and compare sizes. What somebody else has changed or
    /// removed there is reported and left as it is, unless --force is given
    #[arg(long)]
    verify: bool,
    /// The same as --yes; with --verify also replace and delete what somebody else has changed
    #[arg(long)]
    force: bool,
}

impl ManifestOptions {
    /// The name of the manifest, if there is to be one.
    pub fn name(&self) -> Option<&str> {
        self.manifest.as_deref()
    }

    /// Whether --force was given.
    pub fn forces(&self) -> bool {
        self.force
    }

    /// Whether --verify was given.
    pub fn verifies(&self) -> bool {
        self.verify
    }

    fn check_name(name: &str) -> Result<()> {
        let (what, path) = match name.strip_prefix(LOCAL) {
            Some(file) => ("a file's name is missing", file),
            None => ("it names no file", name),
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        if matches!(last, "" | "." | "..") {
            return Err(Error::usage(format!("mirror: --manifest={name}: {what}")).with_hint(
                "such as --manifest=../.ftpsh/site, or --manifest=local:site.manifest",
            ));
        }
        RemotePath::new(path).map(drop)
    }
}

/// Collects what a run would do.
struct PlanCollector<'a> {
    rules: &'a MirrorRules,
    changes: Mutex<Vec<PlannedChange>>,
}

impl MirrorObserver for PlanCollector<'_> {
    fn add_to_total(&self, _files: u64, _bytes: u64) {}

    fn begin_file(&self, _path: &str, _size: Option<u64>) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }

    fn show_planned(&self, action: &MirrorAction) -> Result<()> {
        let becomes = match action {
            MirrorAction::Transfer { mode, .. } => Becomes::File(self.rules.copied_mode(*mode)),
            MirrorAction::Delete { kind: ItemKind::File, .. } => Becomes::NoFile,
            _ => Becomes::Other,
        };
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push(PlannedChange { path: action.path().into(), becomes });
        Ok(())
    }

    fn action_done(&self, _action: &MirrorAction, _result: Result<Option<&Outcome>, &Error>) {}

    // What fails now fails again when it is done, and is told then.
    fn planning_failed(&self, _error: &Error) {}

    fn show_note(&self, _text: &str) {}
}

/// What a manifest cannot be used with.
pub(super) fn check_manifest(mirror: &Mirror) -> Result<()> {
    let Some(name) = mirror.manifest.name() else {
        return match mirror.manifest.verify {
            false => Ok(()),
            true => Err(Error::usage("mirror: --verify requires --manifest")
                .with_hint("`mirror -R --manifest --verify SOURCE TARGET`")),
        };
    };
    if !mirror.reverse {
        return Err(Error::usage("mirror: --manifest requires -R")
            .with_hint("`mirror -R --manifest SOURCE TARGET` uploads"));
    }
    for (given, option) in [
        (mirror.ascii, "--ascii"),
        (mirror.only_newer, "--only-newer"),
        (mirror.only_missing, "--only-missing"),
        (mirror.only_existing, "--only-existing"),
        (mirror.upload_older, "--upload-older"),
        (mirror.ignore_size, "--ignore-size"),
        (mirror.delete_first, "--delete-first"),
        (mirror.remove_source_files, "--Remove-source-files"),
        (mirror.remove_source_dirs, "--Remove-source-dirs"),
    ] {
        if given {
            let text = format!("mirror: --manifest and {option} cannot be combined");
            return Err(Error::usage(text).with_hint("give one of them"));
        }
    }
    ManifestOptions::check_name(name)
}

/// A run whose target is what the manifest says.
pub(super) fn run_with_manifest(
    mirror: &Mirror,
    ctx: &mut Context,
    sides: &Endpoints,
    mut settings: MirrorSettings,
    watched: &MirrorReport,
    watching: Option<Watching>,
) -> Result<u64> {
    let place = deployment_place(mirror, ctx, sides, &settings)?;
    // One session is for the manifest and its lock.
    let limit = place.remote.pool().limit();
    settings.workers = settings.workers.min(limit.saturating_sub(1)).max(1);
    settings.rules.filter.own = place.own.clone();
    let say = |text: &str| ctx.out.notice(&escape(text));
    let (local, hashes) = (Arc::clone(&place.local), Arc::clone(&place.hashes));
    let (deployment, note) = std::thread::scope(|scope| {
        let has_begun = Cancel::new();
        let (rules, stop) = (&settings.rules, has_begun.clone());
        // Without a thread they are computed when they are needed.
        let hash = move || hash_ahead(&local, rules, &hashes, &stop);
        let _ = threads::start_scoped(scope, "hashes", hash);
        let begun = Deployment::begin(place, &say, &ctx.client.cancel);
        has_begun.request(Reason::Interrupted);
        begun
    })?;
    note.into_iter().for_each(|note| say(&note));
    let rules = &mut settings.rules;
    rules.compare = CompareBy::Content;
    rules.delete &= deployment.knows_all();
    rules.corrects_modes = deployment.knows_all();
    let (stop, mut planned) = (Cancel::new(), PlannedChanges::default());
    let result = std::thread::scope(|scope| {
        let keeper = threads::start_scoped(scope, "manifest", || deployment.keep_lock(&stop));
        let result = keeper.and_then(|()| {
            let left = verify_target(mirror, ctx, &deployment, &mut settings)?;
            planned = planned_changes(ctx, &deployment, &settings)?;
            if planned.await_announcement(&deployment) {
                let (out, cancel) = (ctx.out.clone(), ctx.client.cancel.clone());
                let (deployment, planned, workers) = (&deployment, &planned, settings.workers);
                let announce = move || {
                    let say = |note: &str| out.notice(&escape(note));
                    planned.announce(deployment, workers, &say, &cancel);
                };
                threads::start_scoped(scope, "manifest", announce)?;
            }
            let changes = mirror.run_between(ctx, &deployment, settings, watched, watching)?;
            if left > 0 { Err(left_error(mirror, left)) } else { Ok(changes) }
        });
        stop.request(Reason::Interrupted);
        result
    });
    let ended = end_deployment(ctx, &deployment, mirror.watch.is_on());
    if let (Err(_), Some(lost)) = (&result, deployment.lost()) {
        return Err(lost.clone());
    }
    match (result, ended) {
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(other)) => {
            ctx.out.warn(&escape(other.message()));
            Err(error)
        }
        (Ok(_), Err(error)) => Err(error),
        (Ok(changes), Ok(())) => Ok(changes),
    }
}

/// Reports what somebody else has changed in the target. It is left, and counted; with --force it is
/// forgotten what it was.
fn verify_target(
    mirror: &Mirror,
    ctx: &Context,
    deployment: &Deployment,
    settings: &mut MirrorSettings,
) -> Result<u64> {
    if !mirror.manifest.verifies() {
        return Ok(0);
    }
    let (forces, cancel) = (mirror.manifest.forces(), &ctx.client.cancel);
    let out = ctx.out.clone();
    let say = move |text: &str| out.notice(&escape(text));
    let changes = deployment.find_foreign_changes(settings.workers, &say, cancel)?;
    for (path, change) in &changes {
        let what = if forces { "" } else { "; left" };
        say(&format!("{}: {change}{what}", deployment.display_path(path)));
    }
    if forces {
        return deployment.forget(&changes, cancel).map(|()| 0);
    }
    let left = changes.len() as u64;
    settings.rules.filter.left = changes.into_iter().map(|(path, _)| path).collect();
    Ok(left)
}

fn left_error(mirror: &Mirror, left: u64) -> Error {
    let files = count_text(left, "change");
    let text = format!("mirror {}: {files} by others left in the target", mirror.source);
    Error::new(Kind::Incomplete, text).with_hint("--verify --force replaces and deletes them")
}

/// What is going to be done; nothing, if there is nothing that could be replaced or removed.
fn planned_changes(
    ctx: &Context,
    deployment: &Deployment,
    settings: &MirrorSettings,
) -> Result<PlannedChanges> {
    if settings.dry_run || deployment.knows_nothing() {
        return Ok(PlannedChanges::default());
    }
    let looking = MirrorSettings { dry_run: true, ..settings.clone() };
    let collector = PlanCollector { rules: &settings.rules, changes: Mutex::default() };
    executor::transfer_all(deployment, &looking, &collector, &ctx.client.cancel)?;
    Ok(PlannedChanges(collector.changes.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

fn deployment_place(
    mirror: &Mirror,
    ctx: &Context,
    sides: &Endpoints,
    settings: &MirrorSettings,
) -> Result<DeploymentPlace> {
    let name = mirror.manifest.name().unwrap_or(DEFAULT_NAME);
    let Endpoints::Up(local, remote) = sides else {
        return Err(Error::usage("mirror: --manifest is for uploads from this computer"));
    };
    let root = remote.locate("")?;
    let (store, lock, own) = match name.strip_prefix(LOCAL) {
        Some(file) => {
            let file = ctx.local_path(&local_path::expand_tilde(file));
            let source = PathBuf::from(local.display_path(""));
            let own = file.strip_prefix(&source).ok().and_then(|path| path.to_str());
            let own = OwnPaths::of_local_file(own.map(str::to_owned));
            (ManifestStore::Local(file), None, own)
        }
        None => {
            let path = root.resolve(name)?;
            let lock = RemotePath::new(format!("{path}{LOCK_SUFFIX}"))?;
            let own = path_below(&root, &path);
            (ManifestStore::Remote(path), Some(lock), OwnPaths::new(own))
        }
    };
    let site = ctx.client.connection.site.as_ref().map(|site| site.trust_key());
    let user = ctx.client.connection.login.as_ref().map(|login| login.user.clone());
    let (site, user) = (site.unwrap_or_default(), user.unwrap_or_default());
    let key = format!("{user}@{site} {root}, manifest {}", store.display_path());
    let directory = ctx.client.app_dirs.manifests();
    let source = std::fs::canonicalize(local.display_path("")).unwrap_or_default();
    let hashes = Arc::new(HashCache::load_for(&directory, &source));
    Ok(DeploymentPlace {
        local: Arc::clone(local),
        remote: Arc::clone(remote),
        store,
        lock,
        lock_times: LockTimes::default(),
        own,
        journal: (directory, key),
        hashes,
        compare: settings.rules.compare,
        retries: settings.retries.clone(),
        dry_run: settings.dry_run,
    })
}

/// The path relative to a directory, if it is below it.
fn path_below(root: &RemotePath, path: &RemotePath) -> Option<String> {
    let rest = match root.as_str() {
        "." => Some(path.as_str()).filter(|path| !path.starts_with("..") && !path.starts_with('/')),
        root => path.as_str().strip_prefix(root.trim_end_matches('/')),
    }?;
    let rest = if root.is_here() { rest } else { rest.strip_prefix('/')? };
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Ends a deployment; for a short time even after it was stopped. A watch always is.
fn end_deployment(ctx: &Context, deployment: &Deployment, watches: bool) -> Result<()> {
    let cancel = &ctx.client.cancel;
    let say = |note: &str| ctx.out.notice(&escape(note));
    let stopped = cancel.requested();
    if stopped.is_none() && !watches {
        return deployment.end(&say, cancel);
    }
    let ended = Cancel::new();
    let result = std::thread::scope(|scope| {
        let limit = || {
            if ended.sleep(GRACE).is_ok() {
                cancel.request(Reason::Interrupted);
            }
        };
        // Without a limit it would not be within a second.
        let started = threads::start_scoped(scope, "manifest", limit);
        let result =
            started.and_then(|()| cancel.while_it_finishes(|| deployment.end(&say, cancel)));
        ended.request(Reason::Interrupted);
        result
    });
    if stopped.is_none() {
        cancel.reset();
        return result;
    }
    // That it was stopped is what is told; the journal has what the manifest lacks.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_below_the_target_is_told_from_one_elsewhere() {
        for (root, name, expected) in [
            ("/www", ".ftpsh-manifest", Some(".ftpsh-manifest")),
            ("/www", "etc/site", Some("etc/site")),
            ("/www", "../.ftpsh/site", None),
            ("/www", "/www/site", Some("site")),
            ("/www", "/www2/site", None),
            ("/", "site", Some("site")),
            (".", "site", Some("site")),
            (".", "../site", None),
            (".", "/site", None),
        ] {
            let root = RemotePath::new(root).unwrap();
            let path = root.resolve(name).unwrap();
            assert_eq!(path_below(&root, &path).as_deref(), expected, "{root} {name}");
        }
    }

    #[test]
    fn a_manifest_has_a_name() {
        for name in ["", ".", "..", "a/", "../", "local:", "local:a/", "a\nb"] {
            assert!(ManifestOptions::check_name(name).is_err(), "{name}");
        }
        for name in [".ftpsh-manifest", "../a", "/a", "local:a", "local:~/a"] {
            assert!(ManifestOptions::check_name(name).is_ok(), "{name}");
        }
    }
}
