//! Visits one directory of a mirror: lists it on both sides and plans what to do in it.

use super::confirm_stored::ambiguous_name_error;
use super::executor::{RemoveSource, Runner, with_retry};
use super::listing::CompactListing;
use super::name_folding::keep_ambiguous;
use super::plan::{
    DirectoryPlan, MirrorAction, MirrorRules, NextDirectory, PlannedStep, Reason, plan_directory,
};
use super::tree::{Item, ItemKind, ListResult, Timestamp, join_path};
use crate::error::{Error, Kind, Result};

/// With more directories that are nested too deep, a tree is considered infinite.
pub const TOO_DEEP_MAX: u64 = 50;

/// The error for a tree with too many directories.
pub fn too_many_directories(at: &str, most: u64) -> Error {
    Error::new(Kind::Incomplete, format!("{at}: gave up after {most} directories"))
        .with_hint("if there are more, see `mirror:max-directories`")
}

impl Runner<'_> {
    /// Lists a directory on both sides and enqueues its plan.
    pub(super) fn visit_directory(&self, next: &NextDirectory, depth: usize) -> Result<()> {
        if !self.may_visit(next, depth)? {
            return Ok(());
        }
        // The source first: nothing is created for a missing one.
        let told = self.settings.dry_run || self.settings.rules.newer_than.is_some();
        let roughly = !told && self.endpoints.is_new(next);
        let mut source = match self.list_source(next, roughly) {
            Ok(source) => source,
            Err(error) if next.path.is_empty() => return Err(error),
            Err(error) => return self.record_unclean(&error),
        };
        let target = match self.list_target(next) {
            Ok(target) => target,
            Err(error) => return self.record_unclean(&error),
        };
        if roughly && target.as_ref().is_some_and(|target| !target.is_empty()) {
            // It was created meanwhile.
            source = match self.list_source(next, false) {
                Ok(source) => source,
                Err(error) => return self.record_unclean(&error),
            };
        }
        if source.is_some() {
            self.observer.visiting(&next.path);
            if self.settings.remove_source == RemoveSource::FilesAndDirectories {
                self.lock().summary.source_directories.push(next.path.clone());
            }
        }
        for complaint in [&source, &target].into_iter().flatten().flat_map(|l| &l.complaints) {
            self.record_unclean(&Error::new(Kind::Incomplete, complaint.clone()))?;
        }
        let target = match (&source, target) {
            (Some(source), Some(target)) => {
                Some(self.endpoints.target().match_case_folded(&next.path, source, target))
            }
            (_, target) => target,
        };
        let mut plan = plan_directory(next, source.as_ref(), target.as_ref(), &self.settings.rules);
        if let (Some(source), Some(target)) = (&source, &target) {
            self.confirm_years(&mut plan, next, source, target)?;
        }
        self.report_loops(&plan)?;
        let mut more = None;
        if self.settings.rules.dereference
            && let Some(source) = &source
        {
            let followed = self.follow_links(&std::mem::take(&mut plan.links), next, source);
            let rules = MirrorRules { delete: false, ..self.settings.rules.clone() };
            let plan = plan_directory(next, Some(&followed), target.as_ref(), &rules);
            self.report_loops(&plan)?;
            more = Some((DirectoryPlan { in_target: 0, ..plan }, followed));
        }
        if let (Some(source), Some(target), true) =
            (&source, &target, self.endpoints.target_is_remote())
        {
            let carried = |place| {
                more.as_ref().is_some_and(|(more, followed)| {
                    plan_transfers(more, followed, source.get(place))
                })
            };
            keep_ambiguous(&mut plan, source, target, carried);
        }
        self.note_deletions(&plan, next);
        if self.settings.rules.no_empty_directories && !self.settings.dry_run && target.is_none() {
            let transfers = |plan: &DirectoryPlan| !plan.places.is_empty();
            if transfers(&plan) || more.as_ref().is_some_and(|(more, _)| transfers(more)) {
                self.make_with_parents(&next.path, next.mode)?;
            }
        }
        if let Some((more, followed)) = more {
            self.enqueue_plan(more, next, Some(followed), depth);
        }
        drop(target);
        self.enqueue_plan(plan, next, source, depth);
        Ok(())
    }

    /// Leaves out files that are newer only because the listing shows no year, as their exact time
    /// says.
    fn confirm_years(
        &self,
        plan: &mut DirectoryPlan,
        next: &NextDirectory,
        source: &CompactListing,
        target: &CompactListing,
    ) -> Result<()> {
        let mut kept = Vec::with_capacity(plan.places.len());
        for (place, step) in plan.places.iter().zip(&plan.steps) {
            let item = usize::try_from(*place).ok().and_then(|place| source.get(place));
            let times =
                item.filter(|_| *step == PlannedStep::Transfer(Reason::Newer)).and_then(|i| {
                    let there = target.get(target.position_of(i.name)?)?;
                    Some((i.name, i.modified?, there.modified?))
                });
            if let Some((name, here, there)) = times
                && here.is_same_in_another_year(&there)
            {
                let path = join_path(&next.path, name);
                let exact = with_retry(self.settings, self.observer, self.cancel, || {
                    self.endpoints.source().exact_time(&path, self.cancel)
                })?;
                if exact.is_some_and(|exact| !Timestamp::exact(exact).is_after(&there)) {
                    plan.unchanged += 1;
                    continue;
                }
            }
            kept.push((*place, *step));
        }
        (plan.places, plan.steps) = kept.into_iter().unzip();
        Ok(())
    }

    /// Whether a directory is within the limits that stop the mirror of an infinite tree.
    fn may_visit(&self, next: &NextDirectory, depth: usize) -> Result<bool> {
        let rules = &self.settings.rules;
        let show = self.endpoints.source().display_path(&next.path);
        let (looked_into, too_deep) = {
            let mut work = self.lock();
            let is_too_deep = depth > rules.max_depth;
            work.visited += u64::from(!is_too_deep);
            work.too_deep += u64::from(is_too_deep);
            (work.visited, work.too_deep)
        };
        if looked_into > rules.max_directories {
            return Err(too_many_directories(&show, rules.max_directories));
        }
        if depth <= rules.max_depth {
            return Ok(true);
        }
        let limit = rules.max_depth;
        let text = format!("{show}: directories are nested more than {limit} deep");
        let error = Error::new(Kind::Incomplete, text)
            .with_hint("a loop of directories? see `mirror:max-depth`");
        // An infinite tree branches without end.
        if too_deep > TOO_DEEP_MAX {
            return Err(error);
        }
        self.record_unclean(&error)?;
        Ok(false)
    }

    fn report_loops(&self, plan: &DirectoryPlan) -> Result<()> {
        plan.loops.iter().try_for_each(|path| {
            let show = self.endpoints.source().display_path(path);
            let text = format!("{show}: directory loop; skipped");
            self.record_unclean(&Error::new(Kind::Incomplete, text))
        })
    }

    /// Before a plan is executed: reports what must be kept, and marks extraneous entries'
    /// directories.
    fn note_deletions(&self, plan: &DirectoryPlan, here: &NextDirectory) {
        plan.ambiguous.iter().for_each(|(path, other)| {
            self.observer.planning_failed(&ambiguous_name_error(self.endpoints, path, other))
        });
        plan.not_deleted.iter().for_each(|item| self.observer.not_deleted(&item.path));
        if !(plan.ambiguous.is_empty() && plan.extraneous.is_empty()) {
            let mut work = self.lock();
            work.summary.kept += plan.ambiguous.len() as u64;
            if !plan.extraneous.is_empty() {
                work.summary.stored.mark_extraneous(&here.path);
            }
        }
    }

    fn list_source(&self, next: &NextDirectory, roughly: bool) -> Result<Option<CompactListing>> {
        if !next.in_source {
            return Ok(None);
        }
        let tree = self.endpoints.source();
        let listed = with_retry(self.settings, self.observer, self.cancel, || match roughly {
            true => tree.list_without_clock(&next.path, self.cancel),
            false => tree.list_directory(&next.path, self.cancel),
        })?;
        match listed {
            ListResult::Directory(listing) => Ok(Some(listing)),
            ListResult::Nothing(error) => Err(error),
        }
    }

    fn list_target(&self, next: &NextDirectory) -> Result<Option<CompactListing>> {
        let tree = self.endpoints.target();
        if next.in_target {
            let listed = with_retry(self.settings, self.observer, self.cancel, || {
                tree.list_directory(&next.path, self.cancel)
            })?;
            match listed {
                ListResult::Directory(listing) => return Ok(Some(listing)),
                ListResult::Nothing(_) if self.settings.dry_run => return Ok(None),
                ListResult::Nothing(_) => {}
            }
        } else if self.settings.dry_run {
            return Ok(None);
        }
        // It does not exist (or did not, in its parent's listing): create it, empty.
        if !self.settings.rules.no_empty_directories {
            self.make_directory(&next.path, next.mode)?;
        }
        Ok(None)
    }

    fn make_directory(&self, path: &str, mode: Option<u16>) -> Result<()> {
        let action = MirrorAction::MakeDirectory { path: path.to_owned() };
        let note = with_retry(self.settings, self.observer, self.cancel, || {
            // One that its owner cannot fill gets its permissions when it is full.
            let mode = mode.filter(|mode| mode & 0o700 == 0o700);
            self.endpoints.target().make_directory(path, mode, self.cancel)
        })?;
        note.into_iter().for_each(|note| self.observer.show_note(&note));
        let mut work = self.lock();
        let later = |mode: &u16| !self.endpoints.target_is_remote() || mode & 0o700 != 0o700;
        work.modes.extend(mode.filter(later).map(|mode| (path.into(), mode)));
        work.summary.directories += 1;
        if self.settings.rules.delete {
            work.summary.stored.add_directory(path);
        }
        drop(work);
        self.observer.action_done(&action, Ok(None));
        Ok(())
    }

    /// Creates a directory in which a file is about to be stored, and those that it is in.
    fn make_with_parents(&self, path: &str, mode: Option<u16>) -> Result<()> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let root = (!path.is_empty()).then_some(0);
        for end in root.into_iter().chain(ends) {
            if self.lock().made.insert(path[..end].to_owned()) {
                self.make_directory(&path[..end], mode.filter(|_| end == path.len()))?;
            }
        }
        Ok(())
    }

    /// The targets of the source's links, by name.
    fn follow_links(
        &self,
        links: &[u32],
        next: &NextDirectory,
        source: &CompactListing,
    ) -> CompactListing {
        let mut followed = CompactListing::default();
        let links = links.iter().filter_map(|place| source.get(usize::try_from(*place).ok()?));
        for link in links.filter(|item| item.kind == ItemKind::Link) {
            let path = join_path(&next.path, link.name);
            match self.endpoints.source().follow_link(&path, link, self.cancel) {
                Ok((item, unique)) => followed.push(Item { unique: unique.as_deref(), ..item }),
                Err(error) => {
                    let _ = self.record_unclean(&error);
                }
            }
        }
        followed
    }
}

/// Whether a plan of `listing` transfers an item of this name.
fn plan_transfers(plan: &DirectoryPlan, listing: &CompactListing, item: Option<Item<'_>>) -> bool {
    let place = item.and_then(|item| listing.position_of(item.name));
    place.and_then(|place| u32::try_from(place).ok()).is_some_and(|p| plan.places.contains(&p))
}
