//! Bars and messages on one screen.
//!
//! Bars come and go here, and whoever writes to the terminal does it beside them: they are taken off
//! for as long as the writing takes. Nothing else may draw on the terminal.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// Times a second that the bars are drawn, at most.
const HERTZ: u8 = 10;

/// The bars on the screen.
pub(super) struct Bars {
    all: MultiProgress,
    /// How many there are now.
    count: AtomicUsize,
    on_screen: bool,
}

impl Bars {
    /// None yet; they are only drawn `on_screen`.
    pub(super) fn new(on_screen: bool) -> Self {
        let all = MultiProgress::with_draw_target(draw_target(on_screen));
        Self { all, count: AtomicUsize::new(0), on_screen }
    }

    /// Runs `act` while there are no bars on the screen.
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

    /// Takes a bar off the screen. To be called once for each.
    pub(super) fn remove_bar(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.all.remove(bar);
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hides the bars while `act` needs the screen, for a question. Transfers go on.
    pub(super) fn hide_during<R>(&self, act: impl FnOnce() -> R) -> R {
        if self.is_empty() {
            return act();
        }
        // A screen that cannot be cleared cannot be read either.
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
