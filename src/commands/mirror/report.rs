//! A running mirror on the screen, in the records and in the audit log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::command_log::CommandLog;
use super::plan_table::{PlanTable, remote_and_local};
use crate::client::{Audit, AuditSide, Connection};
use crate::commands::Context;
use crate::commands::transfers::interruption::KeptFiles;
use crate::commands::transfers::progress::{ProgressBar, limit_total};
use crate::commands::transfers::transfer_record;
use crate::error::{Error, Result};
use crate::ftp::path::{RemotePath, encode_name};
use crate::output::{Output, Record, TreeProgress, human_bytes};
use crate::target::Site;
use crate::transfer::mirror::observer::MirrorObserver;
use crate::transfer::mirror::plan::MirrorAction;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides as _};
use crate::transfer::mirror::tree::ItemKind;
use crate::transfer::{Direction, Outcome, Progress, TransferOptions};

/// Shows a running mirror, and counts.
pub struct MirrorReport {
    out: Output,
    tree: TreeProgress,
    sides: Endpoints,
    direction: Direction,
    options: TransferOptions,
    /// Files and bytes transferred.
    carried: Mutex<(u64, u64)>,
    /// What interrupted transfers have left.
    kept: Mutex<KeptFiles>,
    /// What a dry run has not shown yet.
    plan: Mutex<PlanTable>,
    audit: Audit,
    /// The two servers of a copy.
    servers: Option<(Site, Site)>,
    /// How much is said of each file: see `mirror -v`.
    verbosity: u8,
    /// Where the commands that would do the same are written.
    log: Option<Mutex<CommandLog>>,
    /// Whether the actions of a dry run are shown.
    shows_plan: AtomicBool,
    /// Each change has a line.
    is_of_watch: bool,
}

impl MirrorReport {
    /// Nothing has happened yet.
    pub fn new(
        ctx: &Context,
        direction: Direction,
        there: Option<&Connection>,
        sides: Endpoints,
        options: &TransferOptions,
        (verbosity, log): (u8, Option<CommandLog>),
    ) -> Self {
        let audit = ctx.audit();
        let here = ctx.client.connection.site.clone();
        let servers = here.zip(there.and_then(|there| there.site.clone()));
        let tree = ctx.out.tree_progress("total");
        let (carried, plan) = (Mutex::default(), Mutex::default());
        limit_total(&tree, &options.limits);
        let (out, options) = (ctx.out.clone(), options.clone());
        let kept = Mutex::default();
        let (log, shows_plan) = (log.map(Mutex::new), AtomicBool::new(true));
        Self {
            out,
            tree,
            sides,
            direction,
            options,
            carried,
            kept,
            plan,
            audit,
            servers,
            verbosity,
            log,
            shows_plan,
            is_of_watch: false,
        }
    }

    /// The report of changes that are watched.
    pub fn of_watch(self) -> Self {
        Self { is_of_watch: true, ..self }
    }

    /// Shows the rest of a dry run's plan.
    pub fn show_rest_of_plan(&self) -> Result<()> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).show_rest(&self.out)
    }

    /// Whether the actions of a dry run are shown from now on.
    pub fn show_plan(&self, shows: bool) {
        self.shows_plan.store(shows, Ordering::Relaxed);
    }

    /// A line of `-v`.
    fn show_line(&self, level: u8, what: &str, path: &str) {
        if self.verbosity >= level && !self.out.is_json() {
            // A reader that has gone is found out at the end.
            let _ = self.out.line(&format!("{what} {path}"));
        }
    }

    /// The line of a change that is watched.
    fn show_change(&self, action: &MirrorAction, outcome: Option<&Outcome>) {
        let path = action.path();
        let text = match action {
            MirrorAction::Transfer { .. } if self.out.is_json() => return,
            MirrorAction::Transfer { .. } => {
                let bytes = outcome.map_or(0, |outcome| outcome.bytes);
                format!("sent {path}: {}", human_bytes(bytes))
            }
            MirrorAction::MakeDirectory { .. } => format!("created {path}/"),
            MirrorAction::Rename { from, .. } => format!("renamed {from} to {path}"),
            MirrorAction::Delete { kind: ItemKind::Directory, .. } => format!("deleted {path}/"),
            MirrorAction::Delete { .. } | MirrorAction::RemoveSource { .. } => {
                format!("deleted {path}")
            }
        };
        if self.out.is_json() {
            // A reader that has gone is found out at the end.
            let _ = self.out.line(&text);
        } else {
            self.out.notice(&crate::output::escape(&text));
        }
    }

    /// Writes an action to the log.
    fn log_action(&self, action: &MirrorAction) {
        let Some(log) = &self.log else { return };
        let written = log.lock().unwrap_or_else(PoisonError::into_inner).write_action(
            &self.sides,
            action,
            self.direction,
        );
        if let Err(error) = written {
            self.out.error(&error.into());
        }
    }

    /// Removes the progress bars and adds to the totals.
    pub fn finish_report(&self, ctx: &mut Context) {
        self.tree.finish();
        let (files, bytes) = *self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        ctx.totals.files += files;
        ctx.totals.bytes += bytes;
    }

    /// Adds to an interruption what was done and what is kept; `command` with `-c` resumes.
    pub fn add_what_is_done(&self, error: Error, command: &str) -> Error {
        let (done, _) = *self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, all) = self.tree.file_counts();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.explain(error, Some((done, all)), command)
    }

    fn audit_transfer(&self, path: &str, result: Result<Option<&Outcome>, &Error>) {
        let (mut remote, mut local) = remote_and_local(&self.sides, path, self.direction);
        if let Some((here, there)) = &self.servers {
            (remote, local) = (file_url(here, &remote), file_url(there, &local));
        }
        self.audit.log_transfer(self.direction, &remote, &local, result);
    }

    fn audit_change(
        &self,
        path: &str,
        error: Option<&Error>,
        event: fn(&Audit, AuditSide, &str, Option<&Error>),
        in_source: bool,
    ) {
        let upload_source = self.direction == Direction::Upload && in_source;
        let download_target = self.direction == Direction::Download && !in_source;
        let place =
            if upload_source || download_target { AuditSide::Local } else { AuditSide::Remote };
        let audit = match &self.servers {
            Some((_, there)) if !in_source => self.audit.for_site(there),
            _ => self.audit.clone(),
        };
        let tree = if in_source { self.sides.source() } else { self.sides.target() };
        event(&audit, place, &tree.display_path(path), error);
    }
}

/// A file of a server as a URL.
fn file_url(site: &Site, path: &str) -> String {
    Site { path: Some(encode_name(path)), ..site.clone() }.to_string()
}

impl MirrorObserver for MirrorReport {
    fn add_to_total(&self, files: u64, bytes: u64) {
        self.tree.add_to_total(files, bytes);
    }

    fn begin_file(&self, path: &str, size: Option<u64>) -> Box<dyn Progress> {
        let bar = ProgressBar::in_tree(&self.tree, &self.out, path, size);
        Box::new(bar.with_limits(&self.options.limits))
    }

    fn show_planned(&self, action: &MirrorAction) -> Result<()> {
        if !self.shows_plan.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.log_action(action);
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.add_action(&self.out, &self.sides, action, self.direction)
    }

    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>) {
        let path = action.path();
        match result {
            Err(error) => self.out.error(&error.clone().into()),
            Ok(outcome) => {
                match self.is_of_watch {
                    true => self.show_change(action, outcome),
                    false => {
                        let shown = if path.is_empty() { "." } else { path };
                        self.show_line(1, action.verb(self.direction), shown);
                    }
                }
                self.log_action(action);
            }
        }
        match action {
            MirrorAction::Transfer { .. } => {
                self.tree.file_done();
                let outcome = result.ok().flatten();
                self.audit_transfer(path, result);
                if let Some(outcome) = outcome {
                    let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
                    carried.0 += 1;
                    carried.1 += outcome.bytes;
                    if let Some(warning) = &outcome.warning {
                        self.out.warn(warning);
                    }
                }
                if self.out.is_json() {
                    let (remote, local) = remote_and_local(&self.sides, path, self.direction);
                    let mut done = transfer_record(self.direction, &remote, &local, outcome);
                    if let Err(error) = result {
                        done.status = error.kind().name().to_owned();
                    }
                    // A reader that has gone is found out at the end.
                    let _ = self.out.record(&Record::Transfer(done));
                }
            }
            MirrorAction::Delete { .. } => {
                self.audit_change(path, result.err(), Audit::log_delete, false);
            }
            MirrorAction::Rename { from, .. } => {
                let target = self.sides.target();
                let (from, to) = (target.display_path(from), target.display_path(path));
                self.audit.log_rename(Some(&from), &to, result.err());
            }
            MirrorAction::RemoveSource { .. } => {
                self.audit_change(path, result.err(), Audit::log_delete, true);
            }
            MirrorAction::MakeDirectory { .. } => {
                self.audit_change(path, result.err(), Audit::log_make_directory, false);
            }
        }
    }

    fn file_interrupted(&self, path: &str, position: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.sides {
            Endpoints::Down(_, target) => {
                if let Ok(entry) = target.entry(path) {
                    kept.add_download(&entry.path(), path.to_owned(), position);
                }
            }
            Endpoints::Up(..) | Endpoints::Across(..) => {
                if let Ok(target) = RemotePath::new(path) {
                    kept.add_upload(&target, &self.options, position);
                }
            }
        }
    }

    fn planning_failed(&self, error: &Error) {
        self.out.error(&error.clone().into());
    }

    fn visiting(&self, path: &str) {
        self.show_line(3, "directory", if path.is_empty() { "." } else { path });
    }

    fn not_deleted(&self, path: &str) {
        self.show_line(2, "not deleted", path);
    }

    fn show_note(&self, text: &str) {
        self.out.notice(&crate::output::escape(text));
    }
}
