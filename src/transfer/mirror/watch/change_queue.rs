//! The paths that have changed and are not at rest yet. Pure: the time is an argument.
//!
//! What has happened to a path is found out when it is at rest, by looking at it; a file that was
//! created and deleted meanwhile is nothing. Only where something came from is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A path is at rest when nothing has happened to it for so long.
pub const REST: Duration = Duration::from_millis(300);

/// Changed paths, relative to the root, with `/` between names; the root is the empty path.
#[derive(Debug, Default)]
pub struct ChangeQueue {
    /// When something last happened to each of them.
    waiting: BTreeMap<Box<str>, Instant>,
    /// Where the last move to a path came from.
    origins: BTreeMap<Box<str>, Box<str>>,
    must_rescan: bool,
    /// Why the system's messages are incomplete from now on.
    degraded: Option<String>,
}

/// Paths that are at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedPaths {
    /// All of them, in order.
    pub paths: Vec<String>,
    /// Where those that were moved came from; that is one of `paths`, too.
    pub origins: BTreeMap<String, String>,
}

impl ChangeQueue {
    /// Something has happened to a path.
    pub fn touch(&mut self, path: &str, now: Instant) {
        self.waiting.insert(path.into(), now);
    }

    /// A path was renamed.
    pub fn note_move(&mut self, from: &str, to: &str, now: Instant) {
        self.touch(from, now);
        self.touch(to, now);
        self.origins.insert(to.into(), from.into());
    }

    /// Messages were lost: the whole tree has to be looked at.
    pub fn request_rescan(&mut self) {
        self.must_rescan = true;
    }

    /// Whether messages were lost since the last call.
    pub fn take_rescan(&mut self) -> bool {
        std::mem::take(&mut self.must_rescan)
    }

    /// The system does not tell everything any more.
    pub fn degrade(&mut self, why: String) {
        self.degraded.get_or_insert(why);
    }

    /// Why the system does not tell everything any more, once.
    pub fn take_degraded(&mut self) -> Option<String> {
        self.degraded.take()
    }

    /// Whether something other than paths waits.
    pub fn is_urgent(&self) -> bool {
        self.must_rescan || self.degraded.is_some()
    }

    /// Takes all paths, at rest or not.
    pub fn take_all(&mut self) -> ChangedPaths {
        let last = self.waiting.values().max().copied();
        last.map_or_else(ChangedPaths::default, |last| self.take_resting(last + REST))
    }

    /// Whether a path waits.
    pub fn has(&self, path: &str) -> bool {
        self.waiting.contains_key(path)
    }

    /// When the next path will be at rest, if nothing more happens to it.
    pub fn next_rest(&self) -> Option<Instant> {
        self.waiting.values().min().map(|last| *last + REST)
    }

    /// Takes the paths that are at rest. Both ends of a move are taken together.
    pub fn take_resting(&mut self, now: Instant) -> ChangedPaths {
        let is_restless = |last: &Instant| now.saturating_duration_since(*last) < REST;
        let restless = self.waiting.iter().filter(|(_, last)| is_restless(last));
        let mut held: BTreeSet<Box<str>> = restless.map(|(path, _)| path.clone()).collect();
        // A chain of moves is held back as a whole.
        loop {
            let more: Vec<Box<str>> = self
                .origins
                .iter()
                .filter(|(to, from)| held.contains(*to) != held.contains(*from))
                .flat_map(|(to, from)| [to.clone(), from.clone()])
                .collect();
            if more.is_empty() {
                break;
            }
            held.extend(more);
        }
        // They come to rest with the last of them.
        if let Some(last) = self.waiting.values().max().copied() {
            let waits = self
                .waiting
                .iter_mut()
                .filter(|(path, at)| held.contains(*path) && !is_restless(at));
            waits.for_each(|(_, at)| *at = last);
        }
        let resting = self.waiting.extract_if(.., |path, _| !held.contains(path));
        let paths: Vec<String> = resting.map(|(path, _)| path.into()).collect();
        let origins = self.origins.extract_if(.., |to, _| !held.contains(to));
        let origins = origins.map(|(to, from)| (to.into(), from.into())).collect();
        ChangedPaths { paths, origins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    /// The paths that come to rest at each of the next ten ticks after `events`.
    fn rests(events: impl Fn(&mut ChangeQueue, Instant)) -> Vec<(u32, Vec<String>)> {
        let start = Instant::now();
        let mut queue = ChangeQueue::default();
        events(&mut queue, start);
        let mut taken = Vec::new();
        for tick in 0..=10 {
            let paths = queue.take_resting(start + tick * TICK).paths;
            if !paths.is_empty() {
                taken.push((tick, paths));
            }
        }
        assert!(queue.next_rest().is_none());
        taken
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn a_path_is_taken_once_when_nothing_has_happened_to_it_for_a_while() {
        let taken = rests(|queue, start| {
            for tick in 0..4 {
                queue.touch("a", start + tick * TICK);
            }
            queue.touch("b", start);
        });
        assert_eq!(taken, [(3, owned(&["b"])), (6, owned(&["a"]))]);
    }

    #[test]
    fn the_ends_of_a_chain_of_moves_are_taken_together() {
        let taken = rests(|queue, start| {
            queue.note_move("a", "b", start);
            queue.note_move("b", "c", start + TICK);
            queue.touch("c", start + 2 * TICK);
            queue.touch("other", start);
        });
        assert_eq!(taken, [(3, owned(&["other"])), (5, owned(&["a", "b", "c"]))]);
        let start = Instant::now();
        let mut queue = ChangeQueue::default();
        queue.note_move("a", "b", start);
        assert_eq!(queue.next_rest(), Some(start + REST));
        let taken = queue.take_resting(start + REST);
        assert_eq!(taken.origins, BTreeMap::from([("b".to_owned(), "a".to_owned())]));
        assert!(queue.take_resting(start + 2 * REST).origins.is_empty());
        // One end waits for the other, and nobody is woken before that.
        queue.note_move("a", "b", start);
        queue.touch("b", start + 2 * TICK);
        assert!(queue.take_resting(start + REST).paths.is_empty());
        assert_eq!(queue.next_rest(), Some(start + 2 * TICK + REST));
        queue.touch("c", start + REST);
        assert_eq!(queue.take_all().paths, ["a", "b", "c"]);
    }

    #[test]
    fn lost_messages_are_reported_once() {
        let mut queue = ChangeQueue::default();
        assert!(!queue.take_rescan() && !queue.is_urgent());
        queue.request_rescan();
        assert!(queue.take_rescan() && !queue.take_rescan());
        queue.degrade("first".into());
        queue.degrade("second".into());
        assert_eq!([queue.take_degraded(), queue.take_degraded()], [Some("first".into()), None]);
    }
}
