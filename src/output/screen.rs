//! Bars and messages on one screen.
//!
//! Bars come and go here, and whoever writes to the terminal does it beside them: they are taken off
//! for as long as the writing takes. Nothing else may draw on the terminal.

use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::Output;

/// Times a second that the bars are drawn, at most.
const HERTZ: u8 = 10;

impl Output {
    /// Does something to the screen while there are no bars on it.
    pub(super) fn beside_bars<R>(&self, act: impl FnOnce() -> R) -> R {
        if self.has_bars() { self.shared.bars.suspend(act) } else { act() }
    }

    pub(super) fn has_bars(&self) -> bool {
        self.shared.shown.load(Ordering::Relaxed) > 0
    }

    pub(super) fn shows_bars(&self) -> bool {
        !self.shared.quiet && self.shared.err.capable
    }

    pub(super) fn add_bar(&self, bar: ProgressBar) -> ProgressBar {
        self.shared.shown.fetch_add(1, Ordering::Relaxed);
        self.shared.bars.add(bar)
    }

    /// Takes a bar off the screen. To be called once for each.
    pub(super) fn remove_bar(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.shared.bars.remove(bar);
        self.shared.shown.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does something for which the screen has to be left alone, like a question. Transfers go on.
    pub(super) fn without_bars<R>(&self, act: impl FnOnce() -> R) -> R {
        if !self.has_bars() {
            return act();
        }
        // A screen that cannot be cleared cannot be read either.
        let _ = self.shared.bars.clear();
        self.shared.bars.set_draw_target(ProgressDrawTarget::hidden());
        let result = act();
        self.shared.bars.set_draw_target(draw_target(self.shared.memory.is_none()));
        result
    }
}

/// Where bars are drawn.
pub(super) fn draw_target(on_screen: bool) -> ProgressDrawTarget {
    if on_screen { ProgressDrawTarget::stderr_with_hz(HERTZ) } else { ProgressDrawTarget::hidden() }
}
