//! A transfer that the user watches: a bar of its own, or one below a total that it counts for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::output::{Output, Stopwatch, TransferProgress, TreeProgress, escape};
use crate::transfer::Progress;
use crate::transfer::rate_limit::RateLimit;

/// A transfer on the screen.
pub struct ProgressBar {
    bar: TransferProgress,
    /// The total, and whether it counts this file's bytes already.
    above: Option<(TreeProgress, AtomicBool)>,
    out: Output,
    watch: Stopwatch,
}

impl ProgressBar {
    /// A bar (or its replacement without a terminal) with this label.
    pub fn new(out: &Output, label: &str, total: Option<u64>) -> Self {
        Self {
            bar: out.progress(label, total),
            above: None,
            out: out.clone(),
            watch: out.start_watch(),
        }
    }

    /// The same below the total of several. A size that is known counts for the total already; one
    /// that becomes known is added.
    pub fn in_tree(tree: &TreeProgress, out: &Output, label: &str, size: Option<u64>) -> Self {
        let above = Some((tree.clone(), AtomicBool::new(size.is_some())));
        Self {
            bar: tree.worker_line(label, size),
            above,
            out: out.clone(),
            watch: out.start_watch(),
        }
    }

    /// With the rate limits of the transfer: no higher rate is shown.
    #[must_use]
    pub fn with_limits(self, limits: &[RateLimit]) -> Self {
        let rate = limits.iter().filter_map(RateLimit::rate).min();
        self.bar.set_rate_limit(rate.unwrap_or(0));
        self
    }

    /// How far it is, in bytes.
    pub fn position(&self) -> u64 {
        self.bar.bytes_and_time().0
    }
}

impl Progress for ProgressBar {
    fn set_total(&self, total: u64) {
        match &self.above {
            None => self.bar.set_total(total),
            Some((tree, counted)) if !counted.swap(true, Ordering::Relaxed) => {
                self.bar.set_total(total);
                tree.add_size(total);
            }
            Some(_) => {}
        }
    }

    fn start_at(&self, offset: u64) {
        self.bar.start_at(offset);
    }

    fn advance(&self, bytes: u64) {
        self.bar.advance(bytes);
    }

    fn show_note(&self, text: &str) {
        self.out.notice(&escape(text));
    }

    fn time_waited(&self) -> Duration {
        self.watch.waited()
    }
}

/// Sets the limit of all transfers together (the second one): no higher rate is shown for them.
pub fn limit_total(tree: &TreeProgress, [_, total]: &[RateLimit; 2]) {
    tree.total().set_rate_limit(total.rate().unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_becomes_known_counts_for_the_total_once() {
        let out = Output::memory();
        let tree = out.tree_progress("total");
        tree.add_to_total(2, 100);
        let known = ProgressBar::in_tree(&tree, &out, "known", Some(100));
        known.set_total(100);
        let unknown = ProgressBar::in_tree(&tree, &out, "unknown", None);
        unknown.set_total(50);
        unknown.set_total(50);
        unknown.advance(30);
        assert!(tree.total().message().contains("30 B of 150 B"), "{}", tree.total().message());
    }
}
