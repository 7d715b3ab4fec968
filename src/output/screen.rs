//! Progress lines at the bottom of the screen, and what else is written to it meanwhile.
//!
//! One thread draws the lines, several times a second; transfers only count. The cursor rests below
//! the lines, so that each message can erase them and be followed by them. While they are shown the
//! terminal does not echo: what is typed ahead waits for the prompt. A resize is noticed by the next
//! drawing; after a stop (Ctrl-Z, `fg`) the lines are drawn afresh, below what the shell wrote.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use unicode_width::UnicodeWidthStr as _;

use super::color::Environment;
use super::progress::Line;
use super::{Shared, lock};

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
    shown: Frame,
    /// The terminal's modes before echo was turned off.
    modes: Option<Termios>,
    /// Set by SIGCONT.
    continued: Arc<AtomicBool>,
}

/// What is on the screen.
#[derive(Default)]
struct Frame {
    lines: Vec<String>,
    /// The columns of the terminal when it was drawn.
    width: usize,
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
        if screen.shown.lines.is_empty() {
            return act();
        }
        let up = screen.shown.move_up(shared.look().width);
        shared.write_err(&format!("{up}\x1b[J"));
        screen.shown = Frame::default();
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
        let look = shared.look();
        if self.continued.swap(false, Ordering::Relaxed) {
            self.shown = Frame::default();
            self.restore_echo();
        }
        self.turn_off_echo();
        // The cursor needs a row of its own.
        let most = shared.rows().map_or(lines.len(), |rows| rows.saturating_sub(1).max(1));
        let texts: Vec<_> = lines.iter().take(most).map(|line| line.text(look)).collect();
        if texts == self.shown.lines && look.width == self.shown.width {
            return;
        }
        let mut text = self.shown.move_up(look.width);
        if look.width != self.shown.width {
            text.push_str("\x1b[J");
        }
        for line in &texts {
            text.push_str(&format!("{line}\x1b[K\r\n"));
        }
        text.push_str("\x1b[J");
        shared.write_err(&text);
        self.shown = Frame { lines: texts, width: look.width };
    }

    fn erase(&mut self, shared: &Shared) {
        if !self.shown.lines.is_empty() {
            let up = self.shown.move_up(shared.look().width);
            self.shown = Frame::default();
            shared.write_err(&format!("{up}\x1b[J"));
        }
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

impl Frame {
    /// Moves the cursor from below the lines to their beginning. In a terminal that has become
    /// narrower each may take several rows.
    fn move_up(&self, width: usize) -> String {
        let rows = |line: &String| match width < self.width && wraps_again() {
            true => columns(line).div_ceil(width.max(1)).max(1),
            false => 1,
        };
        match self.lines.iter().map(rows).sum::<usize>() {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\r"),
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
        drop(guard);
        std::thread::sleep(TICK);
        let Some(shared) = shared.upgrade() else { return };
        shared.bars.refresh(&shared);
    }
}

/// Whether the terminal is ours: after `bg` it is the shell's.
fn has_terminal() -> bool {
    // One that controls no processes is nobody's.
    tcgetpgrp(std::io::stderr()).map_or(true, |group| group == rustix::process::getpgrp())
}

/// Whether the terminal wraps its lines again when it becomes narrower; some cut them instead.
fn wraps_again() -> bool {
    !Environment::of_process().cuts_lines()
}

/// The columns of a line with colours.
fn columns(line: &str) -> usize {
    let mut pieces = line.split("\x1b[");
    let plain = pieces.next().map_or(0, str::width);
    plain
        + pieces
            .map(|piece| piece.split_once('m').map_or(0, |(_, text)| text.width()))
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_a_narrower_terminal_has_wrapped_are_erased_as_a_whole() {
        let frame =
            Frame { lines: vec!["x".repeat(79), "\x1b[32m━━━\x1b[0m".into()], width: 80 };
        assert_eq!(frame.move_up(80), "\x1b[2A\r");
        assert_eq!(frame.move_up(120), "\x1b[2A\r");
        assert_eq!(frame.move_up(40), "\x1b[3A\r");
        assert_eq!(frame.move_up(20), "\x1b[5A\r");
        assert_eq!(Frame::default().move_up(20), "");
        assert_eq!(columns(&frame.lines[1]), 3);
    }
}
