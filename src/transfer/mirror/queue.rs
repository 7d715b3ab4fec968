//! What waits in a mirror: directories to look into, files to carry, and what a dry run will tell.
//!
//! Directories are taken in the order of their paths, and a dry run tells in that order what was
//! found out in whatever order. Files wait as the listing they came in, so that they take little.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::listing::Listing;
use super::plan::{Action, Next, Step};
use super::tree::below;

/// Above so many files waiting, workers carry rather than list.
const ENOUGH: usize = 2000;

/// One piece of work.
#[derive(Debug)]
pub enum Task {
    /// A directory to look into, so deep below the root.
    Look(Next, usize),
    /// A file to carry.
    Carry(Action),
}

/// A directory's path. One that begins with another one's comes right behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place(String);

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.split('/').cmp(other.0.split('/'))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is to be done with some of a directory's items: hands out one action after the other.
#[derive(Debug)]
pub struct Batch {
    directory: String,
    listing: Listing,
    steps: Vec<Step>,
    at: usize,
}

impl Batch {
    /// What to do with the items of `listing` at these places; there are as many steps.
    pub fn new(directory: &str, listing: Listing, places: Vec<u32>, steps: Vec<Step>) -> Self {
        let listing = listing.only(&places);
        Self { directory: directory.to_owned(), listing, steps, at: 0 }
    }

    /// How many files there are to carry, of how many bytes.
    pub fn size(&self) -> (u64, u64) {
        let files = self.listing.iter().zip(&self.steps);
        let files = files.filter(|(_, step)| matches!(step, Step::Carry(_)));
        files.fold((0, 0), |(files, bytes), (item, _)| {
            (files + 1, item.size.unwrap_or(0).saturating_add(bytes))
        })
    }
}

impl Iterator for Batch {
    type Item = Action;

    fn next(&mut self) -> Option<Action> {
        let (item, step) = (self.listing.get(self.at)?, *self.steps.get(self.at)?);
        self.at += 1;
        let path = below(&self.directory, item.name);
        Some(match step {
            Step::Make => Action::MakeDirectory { path },
            Step::Carry(reason) => {
                Action::Carry { path, size: item.size, modified: item.modified, reason }
            }
        })
    }
}

/// All that waits.
#[derive(Debug)]
pub struct Queue {
    directories: BTreeMap<Place, (Next, usize)>,
    /// Directories that somebody looks into now.
    open: BTreeSet<Place>,
    files: VecDeque<Batch>,
    /// How many steps are left in `files`.
    waiting: usize,
    /// What a dry run found out ahead of its turn.
    planned: BTreeMap<Place, Vec<Batch>>,
}

impl Queue {
    /// A queue with one directory.
    pub fn new(root: Next) -> Self {
        let mut queue = Self {
            directories: BTreeMap::new(),
            open: BTreeSet::new(),
            files: VecDeque::new(),
            waiting: 0,
            planned: BTreeMap::new(),
        };
        queue.look_into(root, 0);
        queue
    }

    /// One more directory.
    pub fn look_into(&mut self, next: Next, depth: usize) {
        self.directories.insert(Place(next.path.clone()), (next, depth));
    }

    /// More files.
    pub fn carry(&mut self, batch: Batch) {
        self.waiting += batch.steps.len();
        self.files.push_back(batch);
    }

    /// What a dry run will tell of a directory.
    pub fn plan(&mut self, batch: Batch) {
        self.planned.entry(Place(batch.directory.clone())).or_default().push(batch);
    }

    /// The next piece of work, if there is any now. Whoever took a directory says when he has
    /// [`looked into`](Queue::looked_into) it.
    pub fn take(&mut self) -> Option<Task> {
        if (self.waiting >= ENOUGH || self.directories.is_empty())
            && let Some(action) = self.next_file()
        {
            return Some(Task::Carry(action));
        }
        let (place, (next, depth)) = self.directories.pop_first()?;
        self.open.insert(place);
        Some(Task::Look(next, depth))
    }

    /// A directory has been looked into; all that follows from it is known.
    pub fn looked_into(&mut self, next: Next) {
        self.open.remove(&Place(next.path));
    }

    /// What a dry run may tell next: nothing that comes before it is still to be found out.
    pub fn next_planned(&mut self) -> Option<Batch> {
        let mut first = self.planned.first_entry()?;
        let waiting = self.directories.first_key_value().map(|(place, _)| place);
        if waiting.into_iter().chain(self.open.first()).any(|place| place <= first.key()) {
            return None;
        }
        let batch = first.get_mut().pop();
        if first.get().is_empty() {
            first.remove();
        }
        batch
    }

    fn next_file(&mut self) -> Option<Action> {
        while let Some(batch) = self.files.front_mut() {
            for action in batch {
                self.waiting -= 1;
                // Directories are made when they are looked into.
                if matches!(action, Action::Carry { .. }) {
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
    use crate::transfer::mirror::plan::Reason;
    use crate::transfer::mirror::tree::{Item, ItemKind};

    fn next(path: &str) -> Next {
        Next { path: path.into(), in_source: true, in_target: true, trail: Vec::new() }
    }

    fn batch(directory: &str, names: &[&str]) -> Batch {
        let mut listing = Listing::default();
        for name in names {
            let (kind, size) = (ItemKind::File, Some(10));
            listing.push(Item { name, kind, size, modified: None, unique: None });
        }
        let places = (0..names.len() as u32).collect();
        Batch::new(directory, listing, places, vec![Step::Carry(Reason::Missing); names.len()])
    }

    fn taken(queue: &mut Queue) -> String {
        match queue.take() {
            Some(Task::Look(next, depth)) => format!("{} {depth}", next.path),
            Some(Task::Carry(action)) => action.path().to_owned(),
            None => String::new(),
        }
    }

    #[test]
    fn directories_come_in_the_order_of_their_paths_and_files_behind_them() {
        let mut queue = Queue::new(next(""));
        assert_eq!(taken(&mut queue), " 0");
        for path in ["b", "a", "a-b", "a/c"] {
            queue.look_into(next(path), 1);
        }
        queue.carry(batch("", &["x", "y"]));
        for expected in ["a 1", "a/c 1", "a-b 1", "b 1", "x", "y", ""] {
            assert_eq!(taken(&mut queue), expected);
        }
    }

    #[test]
    fn with_enough_files_waiting_no_more_are_looked_for() {
        let mut queue = Queue::new(next(""));
        let names: Vec<String> = (0..ENOUGH).map(|n| format!("{n:05}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        queue.carry(batch("d", &names));
        assert_eq!(taken(&mut queue), "d/00000");
        assert_eq!(taken(&mut queue), " 0");
        assert_eq!(batch("d", &["x", "y"]).size(), (2, 20));
    }

    #[test]
    fn directories_to_make_are_no_files_to_carry() {
        let mut queue = Queue::new(next(""));
        taken(&mut queue);
        let mut made = batch("d", &["new", "x"]);
        made.steps[0] = Step::Make;
        assert_eq!(made.size(), (1, 10));
        queue.carry(made);
        assert_eq!(taken(&mut queue), "d/x");
        assert_eq!(taken(&mut queue), "");
    }

    #[test]
    fn a_dry_run_tells_a_directory_when_all_before_it_are_known() {
        let mut queue = Queue::new(next(""));
        let told = |queue: &mut Queue| {
            std::iter::from_fn(|| queue.next_planned())
                .flatten()
                .map(|action| action.path().to_owned())
                .collect::<Vec<_>>()
        };
        for path in ["a", "b"] {
            queue.look_into(next(path), 1);
        }
        queue.plan(batch("", &["x"]));
        for _ in 0..3 {
            taken(&mut queue);
        }
        queue.plan(batch("b", &["y"]));
        queue.looked_into(next("b"));
        assert!(told(&mut queue).is_empty());
        queue.looked_into(next(""));
        assert_eq!(told(&mut queue), ["x"]);
        queue.plan(batch("a", &["z"]));
        queue.look_into(next("a/c"), 2);
        queue.looked_into(next("a"));
        assert_eq!(told(&mut queue), ["a/z"]);
        taken(&mut queue);
        queue.looked_into(next("a/c"));
        assert_eq!(told(&mut queue), ["b/y"]);
    }
}
