//! Progress lines at the bottom of the screen, and what else is written to it meanwhile.
//!
//! One thread has indicatif draw the lines, several times a second; transfers only count. The cursor rests below
//! the lines, so that each message can erase them and be followed by them. While they are shown the
//! terminal does not echo: what is typed ahead waits for the prompt. A resize is noticed by the next
//! drawing; after a stop (Ctrl-Z, `fg`) the lines are drawn afresh, below what the shell wrote.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

mod frame;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::progress::Line;
use super::{Shared, lock};
use frame::{Frame, FrameTerminal};

/// The time between two drawings, and before the first one: a short transfer shows nothing.
const TICK: Duration = Duration::from_millis(100);

/// The lines on the screen.
pub(super) struct Bars {
    screen: Arc<(Mutex<Screen>, Condvar)>,
    on_screen: bool,
}

#[derive(Default)]
struct Screen {
    lines: Vec<Weak<Line>>,
    /// Questions under way; no line is shown meanwhile.
    hidden: usize,
    has_painter: bool,
    /// Draws all lines as one message; made with the first line.
    block: Option<ProgressBar>,
    /// What it was last given, and the width of the terminal then.
    message: (String, usize),
    frame: Frame,
    /// The terminal's modes before echo was turned off.
    modes: Option<Termios>,
    /// Set by SIGCONT.
    continued: Arc<AtomicBool>,
}

impl Bars {
    /// A screen without lines; they are drawn only if `on_screen`.
    pub(super) fn new(on_screen: bool) -> Self {
        Self { screen: Arc::default(), on_screen }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.screen.0).lines.is_empty()
    }

    /// Adds a line below the others.
    pub(super) fn add_line(&self, line: Weak<Line>, shared: &Arc<Shared>) {
        let mut screen = lock(&self.screen.0);
        screen.lines.push(line);
        if self.on_screen && !screen.has_painter {
            screen.start_painter(&self.screen, shared);
        }
        if screen.lines.len() == 1 {
            self.screen.1.notify_all();
        }
    }

    /// Removes a line. Its place on the screen is taken when the others are drawn.
    pub(super) fn remove_line(&self, line: *const Line, shared: &Shared) {
        // Dropped after the lock: the last reference to a line removes it.
        let kept;
        let mut screen = lock(&self.screen.0);
        screen.lines.retain(|other| !std::ptr::eq(other.as_ptr(), line));
        kept = screen.visible_lines();
        if kept.is_empty() {
            screen.erase(shared);
        }
    }

    /// Draws or erases the lines whose job went to the foreground or to the background.
    pub(super) fn refresh(&self, shared: &Shared) {
        if !self.on_screen {
            return;
        }
        let kept;
        let mut screen = lock(&self.screen.0);
        kept = screen.visible_lines();
        screen.draw(&kept, shared);
    }

    /// Runs `act`, which writes to the terminal, with the lines out of its way.
    pub(super) fn suspend<R>(&self, shared: &Shared, act: impl FnOnce() -> R) -> R {
        let kept;
        let mut screen = lock(&self.screen.0);
        if screen.frame.is_empty() {
            return act();
        }
        screen.frame.erase(shared);
        let result = act();
        kept = screen.visible_lines();
        screen.draw(&kept, shared);
        result
    }

    /// Hides the lines while `act` uses the screen for a question. Transfers continue.
    pub(super) fn hide_during<R>(&self, shared: &Shared, act: impl FnOnce() -> R) -> R {
        let mut screen = lock(&self.screen.0);
        screen.hidden += 1;
        screen.erase(shared);
        drop(screen);
        let result = act();
        lock(&self.screen.0).hidden -= 1;
        result
    }
}

impl Screen {
    fn start_painter(&mut self, screen: &Arc<(Mutex<Screen>, Condvar)>, shared: &Arc<Shared>) {
        let (screen, shared) = (Arc::clone(screen), Arc::downgrade(shared));
        let (frame, drawing) = (self.frame.clone(), Mutex::default());
        let terminal = FrameTerminal { frame, shared: Weak::clone(&shared), drawing };
        let target = ProgressDrawTarget::term_like(Box::new(terminal));
        let block = ProgressBar::with_draw_target(None, target);
        // The template is fixed, and a test parses it.
        self.block =
            ProgressStyle::with_template(TEMPLATE).ok().map(|style| block.with_style(style));
        let continued = Arc::clone(&self.continued);
        // Without it, a stop is followed by a drawing over what the shell wrote.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGCONT, continued);
        let painter = std::thread::Builder::new().name("progress".into());
        // Without a thread nothing is drawn, and the transfers go on.
        self.has_painter = painter.spawn(move || paint(&screen, &shared)).is_ok();
    }

    fn visible_lines(&self) -> Vec<Arc<Line>> {
        if self.hidden > 0 {
            return Vec::new();
        }
        self.lines.iter().filter_map(Weak::upgrade).filter(|line| line.is_visible()).collect()
    }

    /// Draws these lines over those on the screen.
    fn draw(&mut self, lines: &[Arc<Line>], shared: &Shared) {
        if lines.is_empty() {
            return self.erase(shared);
        }
        if !has_terminal() {
            return;
        }
        let Some(block) = self.block.clone() else { return };
        let look = shared.look();
        if self.continued.swap(false, Ordering::Relaxed) {
            self.frame.forget();
            self.restore_echo();
        }
        self.turn_off_echo();
        let texts: Vec<_> = lines.iter().map(|line| line.text(look)).collect();
        let message = (texts.join("\n"), look.width);
        if self.frame.is_empty() || self.message != message {
            block.set_message(message.0.clone());
            self.message = message;
        }
    }

    fn erase(&mut self, shared: &Shared) {
        self.frame.erase(shared);
        self.restore_echo();
    }

    fn turn_off_echo(&mut self) {
        let stdin = std::io::stdin();
        if self.modes.is_some() {
            return;
        }
        let Ok(modes) = tcgetattr(&stdin) else { return };
        // In any other mode somebody else reads.
        if !modes.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON) {
            return;
        }
        let mut silent = modes.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        if tcsetattr(&stdin, OptionalActions::Now, &silent).is_ok() {
            self.modes = Some(modes);
        }
    }

    fn restore_echo(&mut self) {
        if let Some(modes) = self.modes.take() {
            // If the terminal is gone, there is nothing to restore.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &modes);
        }
    }
}

/// The thread that draws.
fn paint(screen: &(Mutex<Screen>, Condvar), shared: &Weak<Shared>) {
    loop {
        let mut guard = lock(&screen.0);
        while guard.lines.is_empty() {
            guard = screen.1.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        // The time of a question counts as a whole.
        let asks = guard.hidden > 0;
        drop(guard);
        let Some(waited) = shared.upgrade().map(|shared| shared.waited.clone()) else { return };
        if asks {
            std::thread::sleep(TICK)
        } else {
            waited.sleep(TICK)
        };
        let Some(shared) = shared.upgrade() else { return };
        shared.bars.refresh(&shared);
    }
}

/// Whether the terminal is ours: after `bg` it is the shell's.
fn has_terminal() -> bool {
    // One that controls no processes is nobody's.
    tcgetpgrp(std::io::stderr()).map_or(true, |group| group == rustix::process::getpgrp())
}

/// All lines are one message.
const TEMPLATE: &str = "{msg}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
