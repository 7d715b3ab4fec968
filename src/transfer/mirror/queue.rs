//! The queue of a mirror: directories to visit, files to transfer, and the output of a dry run.
//!
//! Directories are taken in the order of their paths, and a dry run is shown in that order,
//! whatever order it was computed in. Files wait as part of their listing, to save memory.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::listing::CompactListing;
use super::plan::{MirrorAction, NextDirectory, PlannedStep, Reason};
use super::tree::{Item, join_path};

/// With more files waiting, workers transfer instead of listing.
const MAX_WAITING_FILES: usize = 2000;

/// A task.
#[derive(Debug)]
pub enum Task {
    /// A directory to visit, and its depth below the root.
    VisitDirectory(NextDirectory, usize),
    /// A file to transfer.
    Transfer(MirrorAction),
}

/// A directory's path. Subdirectories sort directly after their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PathOrder(String);

impl Ord for PathOrder {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.split('/').cmp(other.0.split('/'))
    }
}

impl PartialOrd for PathOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The actions for some of a directory's items, handed out one by one.
#[derive(Debug)]
pub struct ActionBatch {
    directory: String,
    listing: CompactListing,
    steps: Vec<PlannedStep>,
    at: usize,
    /// In a dry run: the comparisons whose results are not known yet.
    uncompared: usize,
}

impl ActionBatch {
    /// Actions for the items of `listing` at these indices, one step each.
    pub fn new(
        directory: &str,
        listing: CompactListing,
        places: Vec<u32>,
        steps: Vec<PlannedStep>,
    ) -> Self {
        let listing = listing.retain_places(&places);
        Self { directory: directory.to_owned(), listing, steps, at: 0, uncompared: 0 }
    }

    /// The action of the step at this index, if it is one.
    fn action(&self, at: usize) -> Option<MirrorAction> {
        let item = self.listing.get(at)?;
        let path = join_path(&self.directory, item.name);
        let transfer = |path, reason| {
            let Item { size, modified, mode, .. } = item;
            Some(MirrorAction::Transfer { path, size, modified, mode, reason })
        };
        match *self.steps.get(at)? {
            PlannedStep::Make => Some(MirrorAction::MakeDirectory { path }),
            PlannedStep::RemoveSource => Some(MirrorAction::RemoveSource { path }),
            PlannedStep::Transfer(reason) => transfer(path, reason),
            PlannedStep::Compare => transfer(path, Reason::Content),
            PlannedStep::Keep => None,
        }
    }

    /// How many files to transfer, and their bytes; without those that are compared first.
    pub fn size(&self) -> (u64, u64) {
        let files = self.listing.iter().zip(&self.steps);
        let files = files.filter(|(_, step)| matches!(step, PlannedStep::Transfer(_)));
        files.fold((0, 0), |(files, bytes), (item, _)| {
            (files + 1, item.size.unwrap_or(0).saturating_add(bytes))
        })
    }
}

impl Iterator for ActionBatch {
    type Item = MirrorAction;

    fn next(&mut self) -> Option<MirrorAction> {
        while self.at < self.steps.len() {
            self.at += 1;
            if let Some(action) = self.action(self.at - 1) {
                return Some(action);
            }
        }
        None
    }
}

/// All waiting tasks.
#[derive(Debug)]
pub struct MirrorQueue {
    directories: BTreeMap<PathOrder, (NextDirectory, usize)>,
    /// Directories being visited.
    open: BTreeSet<PathOrder>,
    files: VecDeque<ActionBatch>,
    /// Files that are in no batch: those that a dry run compares.
    single: VecDeque<MirrorAction>,
    /// The number of steps left in `files`, and of single files.
    waiting: usize,
    /// Plans of a dry run that cannot be shown yet.
    planned: BTreeMap<PathOrder, Vec<ActionBatch>>,
}

impl MirrorQueue {
    /// A queue with one directory.
    pub fn new(root: NextDirectory) -> Self {
        let mut queue = Self::empty();
        queue.add_directory(root, 0);
        queue
    }

    /// A queue with files only.
    pub fn of_files(files: impl Iterator<Item = MirrorAction>) -> Self {
        let mut queue = Self::empty();
        queue.single.extend(files);
        queue.waiting = queue.single.len();
        queue
    }

    fn empty() -> Self {
        Self {
            directories: BTreeMap::new(),
            open: BTreeSet::new(),
            files: VecDeque::new(),
            single: VecDeque::new(),
            waiting: 0,
            planned: BTreeMap::new(),
        }
    }

    /// Adds a directory.
    pub fn add_directory(&mut self, next: NextDirectory, depth: usize) {
        self.directories.insert(PathOrder(next.path.clone()), (next, depth));
    }

    /// Adds files.
    pub fn add_transfers(&mut self, batch: ActionBatch) {
        self.waiting += batch.steps.len();
        self.files.push_back(batch);
    }

    /// Adds the plan of a directory in a dry run.
    pub fn add_dry_run(&mut self, mut batch: ActionBatch) {
        let compares = |at: &usize| batch.steps[*at] == PlannedStep::Compare;
        let compared: Vec<_> = (0..batch.steps.len()).filter(compares).collect();
        self.single.extend(compared.iter().filter_map(|at| batch.action(*at)));
        self.waiting += compared.len();
        batch.uncompared = compared.len();
        self.planned.entry(PathOrder(batch.directory.clone())).or_default().push(batch);
    }

    /// Notes what follows from a dry run's comparison.
    pub fn note_comparison(&mut self, path: &str, next: PlannedStep) {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let batches = self.planned.get_mut(&PathOrder(directory.to_owned()));
        for batch in batches.into_iter().flatten() {
            let at = batch.listing.position_of(name);
            let step = at.and_then(|at| batch.steps.get_mut(at));
            if let Some(step) = step.filter(|step| **step == PlannedStep::Compare) {
                batch.uncompared -= 1;
                *step = next;
            }
        }
    }

    /// The number of directories to visit.
    pub fn directories_waiting(&self) -> u64 {
        self.directories.len() as u64
    }

    /// The next task, if any is available now. The caller marks a directory that it took as
    /// [`visited`](MirrorQueue::mark_visited) when it is done.
    pub fn take_task(&mut self) -> Option<Task> {
        if (self.waiting >= MAX_WAITING_FILES || self.directories.is_empty())
            && let Some(action) = self.next_file()
        {
            return Some(Task::Transfer(action));
        }
        let (place, (next, depth)) = self.directories.pop_first()?;
        self.open.insert(place);
        Some(Task::VisitDirectory(next, depth))
    }

    /// Marks a directory as visited; everything that follows from it has been queued.
    pub fn mark_visited(&mut self, next: NextDirectory) {
        self.open.remove(&PathOrder(next.path));
    }

    /// The next plan of a dry run to show, if all that precedes it is known.
    pub fn next_planned(&mut self) -> Option<ActionBatch> {
        let mut first = self.planned.first_entry()?;
        let waiting = self.directories.first_key_value().map(|(place, _)| place);
        if waiting.into_iter().chain(self.open.first()).any(|place| place <= first.key())
            || first.get().iter().any(|batch| batch.uncompared > 0)
        {
            return None;
        }
        let batch = first.get_mut().pop();
        if first.get().is_empty() {
            first.remove();
        }
        batch
    }

    fn next_file(&mut self) -> Option<MirrorAction> {
        if let Some(single) = self.single.pop_front() {
            self.waiting -= 1;
            return Some(single);
        }
        while let Some(batch) = self.files.front_mut() {
            for action in batch {
                self.waiting -= 1;
                // Directories are created when they are visited.
                if !matches!(action, MirrorAction::MakeDirectory { .. }) {
                    return Some(action);
                }
            }
            self.files.pop_front();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::mirror::tree::{Item, ItemKind};

    fn next(path: &str) -> NextDirectory {
        NextDirectory {
            path: path.into(),
            in_source: true,
            in_target: true,
            trail: Vec::new(),
            mode: None,
        }
    }

    fn batch(directory: &str, names: &[&str]) -> ActionBatch {
        let mut listing = CompactListing::default();
        for name in names {
            let (kind, size) = (ItemKind::File, Some(10));
            listing.push(Item { name, kind, size, modified: None, unique: None, mode: None });
        }
        let places = (0..names.len() as u32).collect();
        ActionBatch::new(
            directory,
            listing,
            places,
            vec![PlannedStep::Transfer(Reason::Missing); names.len()],
        )
    }

    fn taken(queue: &mut MirrorQueue) -> String {
        match queue.take_task() {
            Some(Task::VisitDirectory(next, depth)) => format!("{} {depth}", next.path),
            Some(Task::Transfer(action)) => action.path().to_owned(),
            None => String::new(),
        }
    }

    #[test]
    fn directories_come_in_the_order_of_their_paths_and_files_behind_them() {
        let mut queue = MirrorQueue::new(next(""));
        assert_eq!(taken(&mut queue), " 0");
        for path in ["b", "a", "a-b", "a/c"] {
            queue.add_directory(next(path), 1);
        }
        queue.add_transfers(batch("", &["x", "y"]));
        for expected in ["a 1", "a/c 1", "a-b 1", "b 1", "x", "y", ""] {
            assert_eq!(taken(&mut queue), expected);
        }
    }

    #[test]
    fn with_enough_files_waiting_no_more_are_looked_for() {
        let mut queue = MirrorQueue::new(next(""));
        let names: Vec<String> = (0..MAX_WAITING_FILES).map(|n| format!("{n:05}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        queue.add_transfers(batch("d", &names));
        assert_eq!(taken(&mut queue), "d/00000");
        assert_eq!(taken(&mut queue), " 0");
        assert_eq!(batch("d", &["x", "y"]).size(), (2, 20));
    }

    #[test]
    fn directories_to_make_are_no_files_to_carry() {
        let mut queue = MirrorQueue::new(next(""));
        taken(&mut queue);
        let mut made = batch("d", &["new", "x"]);
        made.steps[0] = PlannedStep::Make;
        assert_eq!(made.size(), (1, 10));
        queue.add_transfers(made);
        assert_eq!(taken(&mut queue), "d/x");
        assert_eq!(taken(&mut queue), "");
    }

    #[test]
    fn a_dry_run_tells_a_directory_when_all_before_it_are_known() {
        let mut queue = MirrorQueue::new(next(""));
        let told = |queue: &mut MirrorQueue| {
            std::iter::from_fn(|| queue.next_planned())
                .flatten()
                .map(|action| action.path().to_owned())
                .collect::<Vec<_>>()
        };
        for path in ["a", "b"] {
            queue.add_directory(next(path), 1);
        }
        queue.add_dry_run(batch("", &["x"]));
        for _ in 0..3 {
            taken(&mut queue);
        }
        queue.add_dry_run(batch("b", &["y"]));
        queue.mark_visited(next("b"));
        assert!(told(&mut queue).is_empty());
        queue.mark_visited(next(""));
        assert_eq!(told(&mut queue), ["x"]);
        queue.add_dry_run(batch("a", &["z"]));
        queue.add_directory(next("a/c"), 2);
        queue.mark_visited(next("a"));
        assert_eq!(told(&mut queue), ["a/z"]);
        taken(&mut queue);
        queue.mark_visited(next("a/c"));
        assert_eq!(told(&mut queue), ["b/y"]);
    }

    #[test]
    fn a_dry_run_tells_a_directory_when_its_contents_are_compared() {
        let mut queue = MirrorQueue::new(next(""));
        taken(&mut queue);
        let mut compared = batch("d", &["other", "same", "sent"]);
        compared.steps =
            vec![PlannedStep::Compare, PlannedStep::Compare, PlannedStep::Transfer(Reason::Size)];
        assert_eq!(compared.size(), (1, 10));
        queue.add_dry_run(compared);
        queue.mark_visited(next(""));
        assert_eq!([taken(&mut queue), taken(&mut queue)], ["d/other", "d/same"]);
        assert_eq!(taken(&mut queue), "");
        queue.note_comparison("d/same", PlannedStep::Keep);
        assert!(queue.next_planned().is_none());
        queue.note_comparison("d/other", PlannedStep::Transfer(Reason::Content));
        let planned: Vec<_> = queue.next_planned().unwrap().collect();
        let planned: Vec<_> = planned.iter().map(MirrorAction::path).collect();
        assert_eq!(planned, ["d/other", "d/sent"]);
    }
}
