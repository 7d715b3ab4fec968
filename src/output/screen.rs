//! Bars and messages on one screen.
//!
//! Bars are cleared while something else is written to the terminal. Nothing else may draw on it.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// Maximum redraws of the bars per second.
const HERTZ: u8 = 10;

/// The bars on the screen.
pub(super) struct Bars {
    all: MultiProgress,
    /// Number of bars.
    count: AtomicUsize,
    on_screen: bool,
}

impl Bars {
    /// A screen without bars; they are drawn only if `on_screen`.
    pub(super) fn new(on_screen: bool) -> Self {
        let all = MultiProgress::with_draw_target(draw_target(on_screen));
        Self { all, count: AtomicUsize::new(0), on_screen }
    }

    /// Runs `act` with the bars cleared.
    pub(super) fn suspend<R>(&self, act: impl FnOnce() -> R) -> R {
        if self.is_empty() { act() } else { self.all.suspend(act) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(super) fn add_bar(&self, bar: ProgressBar) -> ProgressBar {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.all.add(bar)
    }

    /// Removes a bar from the screen. Call once per bar.
    pub(super) fn remove_bar(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.all.remove(bar);
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hides the bars while `act` uses the screen for a question. Transfers continue.
    pub(super) fn hide_during<R>(&self, act: impl FnOnce() -> R) -> R {
        if self.is_empty() {
            return act();
        }
        // If clearing fails, the screen is unusable anyway.
        let _ = self.all.clear();
        self.all.set_draw_target(ProgressDrawTarget::hidden());
        let result = act();
        self.all.set_draw_target(draw_target(self.on_screen));
        result
    }
}

/// Where bars are drawn.
fn draw_target(on_screen: bool) -> ProgressDrawTarget {
    if on_screen { ProgressDrawTarget::stderr_with_hz(HERTZ) } else { ProgressDrawTarget::hidden() }
}
