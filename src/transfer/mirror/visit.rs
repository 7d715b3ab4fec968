//! Running a mirror, second part: looking into one directory on both sides.

use super::confirm_stored::twin;
use super::executor::{Runner, tried};
use super::listing::Listing;
use super::name_folding::hold_back;
use super::plan::{Action, Next, Plan, Rules, directory};
use super::transfer_file::Sides;
use super::tree::{Found, Item, ItemKind, below};
use crate::error::{Error, Kind, Result};

/// After so many directories that are nested too deep a tree is taken for one without end.
pub const TOO_DEEP_MAX: u64 = 50;

/// What to say of a tree with more directories than a command looks into.
pub fn too_many_directories(at: &str, most: u64) -> Error {
    Error::new(Kind::Incomplete, format!("{at}: gave up after {most} directories"))
        .with_hint("if there are more, see `mirror:max-directories`")
}

impl Runner<'_> {
    /// Lists a directory on both sides and takes in its plan.
    pub(super) fn look_into(&self, next: &Next, depth: usize) -> Result<()> {
        if !self.may_look_into(next, depth)? {
            return Ok(());
        }
        // The source first: nothing is made for one that is not there.
        let told = self.settings.dry_run || self.settings.rules.newer_than.is_some();
        let roughly = !told && self.sides.is_new(next);
        let mut source = match self.list_source(next, roughly) {
            Ok(source) => source,
            Err(error) if next.path.is_empty() => return Err(error),
            Err(error) => return self.unclean(&error),
        };
        let target = match self.list_target(next) {
            Ok(target) => target,
            Err(error) => return self.unclean(&error),
        };
        if roughly && target.as_ref().is_some_and(|target| !target.is_empty()) {
            // Something has come meanwhile.
            source = match self.list_source(next, false) {
                Ok(source) => source,
                Err(error) => return self.unclean(&error),
            };
        }
        for complaint in [&source, &target].into_iter().flatten().flat_map(|l| &l.complaints) {
            self.unclean(&Error::new(Kind::Incomplete, complaint.clone()))?;
        }
        let target = match (&source, target) {
            (Some(source), Some(target)) => {
                Some(self.sides.target().spelled_as(&next.path, source, target))
            }
            (_, target) => target,
        };
        let mut plan = directory(next, source.as_ref(), target.as_ref(), &self.settings.rules);
        self.tell_loops(&plan)?;
        let mut more = None;
        if self.settings.rules.dereference
            && let Some(source) = &source
        {
            let followed = self.follow(&std::mem::take(&mut plan.links), next, source);
            let rules = Rules { delete: false, ..self.settings.rules.clone() };
            let plan = directory(next, Some(&followed), target.as_ref(), &rules);
            self.tell_loops(&plan)?;
            more = Some((Plan { in_target: 0, ..plan }, followed));
        }
        if let (Some(source), Some(target), false) =
            (&source, &target, matches!(self.sides, Sides::Down(..)))
        {
            let carried = |place| {
                more.as_ref()
                    .is_some_and(|(more, followed)| carries(more, followed, source.get(place)))
            };
            hold_back(&mut plan, source, target, carried);
        }
        self.note_deletions(&plan, next);
        if let Some((more, followed)) = more {
            self.take_in(more, next, Some(followed), depth);
        }
        drop(target);
        self.take_in(plan, next, source, depth);
        Ok(())
    }

    /// Whether a directory is within the bounds that keep a mirror of a tree without end from going
    /// on for ever.
    fn may_look_into(&self, next: &Next, depth: usize) -> Result<bool> {
        let rules = &self.settings.rules;
        let show = self.sides.source().show(&next.path);
        let (looked_into, too_deep) = {
            let mut work = self.lock();
            let is_too_deep = depth > rules.max_depth;
            work.looked_into += u64::from(!is_too_deep);
            work.too_deep += u64::from(is_too_deep);
            (work.looked_into, work.too_deep)
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
        // What is without end branches without end.
        if too_deep > TOO_DEEP_MAX {
            return Err(error);
        }
        self.unclean(&error)?;
        Ok(false)
    }

    fn tell_loops(&self, plan: &Plan) -> Result<()> {
        plan.loops.iter().try_for_each(|path| {
            let show = self.sides.source().show(path);
            let text = format!("{show}: leads back to a directory that it is in; not looked into");
            self.unclean(&Error::new(Kind::Incomplete, text))
        })
    }

    /// Before anything of a plan is done: what may not be deleted is told, and what is stored
    /// beside what may is kept in mind.
    fn note_deletions(&self, plan: &Plan, here: &Next) {
        plan.twins
            .iter()
            .for_each(|(path, other)| self.watch.failed(&twin(self.sides, path, other)));
        if !(plan.twins.is_empty() && plan.surplus.is_empty()) {
            let mut work = self.lock();
            work.summary.kept += plan.twins.len() as u64;
            if !plan.surplus.is_empty() {
                work.summary.stored.has_surplus(&here.path);
            }
        }
    }

    fn list_source(&self, next: &Next, roughly: bool) -> Result<Option<Listing>> {
        if !next.in_source {
            return Ok(None);
        }
        let tree = self.sides.source();
        let listed = tried(self.settings, self.watch, self.cancel, || match roughly {
            true => tree.list_roughly(&next.path, self.cancel),
            false => tree.list(&next.path, self.cancel),
        })?;
        match listed {
            Found::Directory(listing) => Ok(Some(listing)),
            Found::Nothing(error) => Err(error),
        }
    }

    fn list_target(&self, next: &Next) -> Result<Option<Listing>> {
        let tree = self.sides.target();
        if next.in_target {
            let listed = tried(self.settings, self.watch, self.cancel, || {
                tree.list(&next.path, self.cancel)
            })?;
            match listed {
                Found::Directory(listing) => return Ok(Some(listing)),
                Found::Nothing(_) if self.settings.dry_run => return Ok(None),
                Found::Nothing(_) => {}
            }
        } else if self.settings.dry_run {
            return Ok(None);
        }
        // It is not there (or was not, in its parent's listing): make it, and it is empty.
        let action = Action::MakeDirectory { path: next.path.clone() };
        tried(self.settings, self.watch, self.cancel, || {
            tree.make_directory(&next.path, self.cancel)
        })?;
        let mut work = self.lock();
        work.summary.directories += 1;
        if self.settings.rules.delete {
            work.summary.stored.directory(&next.path);
        }
        drop(work);
        self.watch.done(&action, Ok(None));
        Ok(None)
    }

    /// What the links of the source lead to, by their names.
    fn follow(&self, links: &[u32], next: &Next, source: &Listing) -> Listing {
        let mut followed = Listing::default();
        let links = links.iter().filter_map(|place| source.get(usize::try_from(*place).ok()?));
        for link in links.filter(|item| item.kind == ItemKind::Link) {
            let path = below(&next.path, link.name);
            match self.sides.source().follow(&path, link, self.cancel) {
                Ok((item, unique)) => followed.push(Item { unique: unique.as_deref(), ..item }),
                Err(error) => {
                    let _ = self.unclean(&error);
                }
            }
        }
        followed
    }
}

/// Whether a plan of `listing` carries an item of that name.
fn carries(plan: &Plan, listing: &Listing, item: Option<Item<'_>>) -> bool {
    let place = item.and_then(|item| listing.find(item.name));
    place.and_then(|place| u32::try_from(place).ok()).is_some_and(|p| plan.places.contains(&p))
}
