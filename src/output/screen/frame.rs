//! The terminal that indicatif draws progress lines on.
//!
//! indicatif assumes that nobody else moves the cursor and that a terminal keeps its width. So its
//! cursor movements are dropped: a drawing is collected, and replaces the frame that is on the
//! screen in one write. The cursor then rests below the lines.

use std::io;
use std::sync::{Arc, Mutex, Weak};

use indicatif::TermLike;
use unicode_width::UnicodeWidthStr as _;

use crate::output::color::Environment;
use crate::output::{Shared, lock};

/// What is on the screen. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    lines: Vec<String>,
    /// The columns of the terminal when it was drawn.
    width: usize,
}

impl Frame {
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).lines.is_empty()
    }

    /// Forgets what was drawn: it stays on the screen.
    pub(super) fn forget(&self) {
        *lock(&self.0) = Shown::default();
    }

    /// Erases what was drawn.
    pub(super) fn erase(&self, shared: &Shared) {
        let shown = std::mem::take(&mut *lock(&self.0));
        if !shown.lines.is_empty() {
            shared.write_err(&format!("{}\x1b[J", shown.move_up(shared.width())));
        }
    }

    fn replace(&self, lines: Vec<String>, shared: &Shared) {
        let mut shown = lock(&self.0);
        let width = shared.width();
        let mut text = shown.move_up(width);
        if width != shown.width {
            text.push_str("\x1b[J");
        }
        for line in &lines {
            text.push_str(&format!("{line}\x1b[K\r\n"));
        }
        text.push_str("\x1b[J");
        shared.write_err(&text);
        *shown = Shown { lines, width };
    }
}

impl Shown {
    /// Moves the cursor from below the lines to their beginning. In a terminal that has become
    /// narrower each may take several rows.
    fn move_up(&self, width: usize) -> String {
        let wraps = width < self.width && !Environment::of_process().cuts_lines();
        let rows = |line: &String| match wraps {
            true => columns(line).div_ceil(width.max(1)).max(1),
            false => 1,
        };
        match self.lines.iter().map(rows).sum::<usize>() {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\r"),
        }
    }
}

/// The columns of a line with colours.
fn columns(line: &str) -> usize {
    let mut pieces = line.split("\x1b[");
    let plain = pieces.next().map_or(0, str::width);
    let after_color = |piece: &str| piece.split_once('m').map_or(0, |(_, text)| text.width());
    plain + pieces.map(after_color).sum::<usize>()
}

/// Collects what indicatif draws until it is complete.
#[derive(Debug)]
pub(super) struct FrameTerminal {
    pub(super) frame: Frame,
    pub(super) shared: Weak<Shared>,
    pub(super) drawing: Mutex<Vec<String>>,
}

impl FrameTerminal {
    fn size(&self, of: impl FnOnce(&Shared) -> usize) -> u16 {
        self.shared.upgrade().map_or(0, |shared| u16::try_from(of(&shared)).unwrap_or(u16::MAX))
    }
}

impl TermLike for FrameTerminal {
    fn width(&self) -> u16 {
        self.size(Shared::width)
    }

    fn height(&self) -> u16 {
        // The cursor has a row of its own.
        self.size(|shared| shared.rows().map_or(usize::MAX, |rows| rows.saturating_sub(1).max(1)))
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        // Each line is followed by blanks up to the last column.
        if !text.trim().is_empty() {
            lock(&self.drawing).push(text.to_owned());
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let lines = std::mem::take(&mut *lock(&self.drawing));
        if let Some(shared) = self.shared.upgrade().filter(|_| !lines.is_empty()) {
            self.frame.replace(lines, &shared);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_a_narrower_terminal_has_wrapped_are_erased_as_a_whole() {
        let shown =
            Shown { lines: vec!["x".repeat(79), "\x1b[32m━━━\x1b[0m".into()], width: 80 };
        assert_eq!(shown.move_up(80), "\x1b[2A\r");
        assert_eq!(shown.move_up(120), "\x1b[2A\r");
        assert_eq!(shown.move_up(40), "\x1b[3A\r");
        assert_eq!(shown.move_up(20), "\x1b[5A\r");
        assert_eq!(Shown::default().move_up(20), "");
        assert_eq!(columns(&shown.lines[1]), 3);
    }
}
