//! Questions at the terminal: a line, with or without echo.
//!
//! Prompts go to standard error; answers are read from standard input, both byte by byte, so that
//! type-ahead is left for the next reader. Echo is always restored, even after an interruption.

use std::io::IsTerminal as _;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use rustyline::config::{BellStyle, ColorMode, Config};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, Editor};

use super::escape::escape_multiline;
use super::interrupt_readline::ReadlineInterrupt;
use super::{Output, lock};
use crate::cancel::{Cancel, Reason};
use crate::error::{Error, Kind, Result, io_reason};

/// The longest answer, in bytes. A terminal's own line limit is 4096.
const LONGEST: usize = 64 * 1024;

/// Interval at which the cancel flag is checked.
const POLL: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

impl Output {
    /// Whether the user can be asked: standard input and standard error are terminals, and this is
    /// not the output of a job.
    pub fn is_interactive(&self) -> bool {
        if self.job.is_some() {
            return false;
        }
        match &self.shared.memory {
            Some(memory) => memory.interactive,
            None => self.shared.err.terminal && std::io::stdin().is_terminal(),
        }
    }

    /// Asks for a line. `None` if the output is not interactive, or at the end of the input.
    ///
    /// # Errors
    /// [`Kind::Interrupted`] within 100 ms after `cancel` was requested; [`Kind::Usage`] if the
    /// answer is not UTF-8.
    pub fn ask(&self, prompt: &str, cancel: &Cancel) -> Result<Option<String>> {
        self.ask_undisturbed(prompt, || {
            self.write_stderr(&escape_multiline(prompt));
            let answer = read_line(std::io::stdin(), cancel);
            // Nobody typed the line end.
            if !matches!(answer, Ok(Some(_))) {
                self.write_stderr("\n");
            }
            answer
        })
    }

    /// Like [`Output::ask`], with the keys of the prompt on a terminal that has them.
    pub fn ask_edited(&self, prompt: &str, cancel: &Cancel) -> Result<Option<String>> {
        if self.shared.memory.is_some() || is_plain_terminal() {
            return self.ask(prompt, cancel);
        }
        self.ask_undisturbed(prompt, || edit_line(&escape_multiline(prompt), cancel))
    }

    /// Like [`Output::ask`], without echo.
    pub fn ask_hidden(&self, prompt: &str, cancel: &Cancel) -> Result<Option<String>> {
        self.ask_undisturbed(prompt, || {
            // Before the prompt: a fast answer must be neither echoed nor discarded.
            let hidden = EchoOff::new(std::io::stdin())?;
            self.write_stderr(&escape_multiline(prompt));
            let answer = read_line(std::io::stdin(), cancel);
            drop(hidden);
            // The line end was not echoed either.
            self.write_stderr("\n");
            answer
        })
    }

    fn ask_undisturbed(
        &self,
        prompt: &str,
        ask: impl FnOnce() -> Result<Option<String>>,
    ) -> Result<Option<String>> {
        if !self.is_interactive() {
            return Ok(None);
        }
        // Jobs must not print into an answer.
        self.defer_job_output();
        let answer = || match &self.shared.memory {
            Some(memory) => {
                self.write_stderr(&escape_multiline(prompt));
                Ok(lock(&memory.answers).pop_front())
            }
            None => ask(),
        };
        let bars = &self.shared.bars;
        let answer = self.shared.waited.measure(|| bars.hide_during(&self.shared, answer));
        self.flush_job_output();
        answer
    }
}

/// Terminals that cannot move their cursor, by `TERM`.
const PLAIN: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Whether lines cannot be edited on this terminal.
pub fn is_plain_terminal() -> bool {
    std::env::var("TERM").is_ok_and(|term| PLAIN.contains(&term.as_str()))
}

/// Lets the user edit a line on the terminal, wherever standard output goes.
fn edit_line(prompt: &str, cancel: &Cancel) -> Result<Option<String>> {
    let failed = |error: ReadlineError| Error::new(Kind::Local, format!("terminal: {error}"));
    let config = Config::builder()
        .bell_style(BellStyle::None)
        .color_mode(ColorMode::Disabled)
        .behavior(Behavior::PreferTerm)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::<(), _>::with_history(config, history).map_err(failed)?;
    let interrupt = ReadlineInterrupt::start(cancel.clone())?;
    let line = interrupt.while_reading(|| editor.readline(prompt));
    interrupt.stop();
    match line {
        Ok(line) => Ok(Some(line)),
        Err(ReadlineError::Eof) => Ok(None),
        Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {
            cancel.check()?;
            Err(Reason::Interrupted.into())
        }
        Err(error) => Err(failed(error)),
    }
}

/// Reads one line, without its line end; `None` at the end of the input.
///
/// # Errors
/// [`Kind::Interrupted`] if `cancel` is requested; [`Kind::Usage`] if the answer is not UTF-8 or
/// too long; [`Kind::Local`] if the terminal cannot be read.
fn read_line(from: impl AsFd, cancel: &Cancel) -> Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        cancel.check()?;
        let mut waiting = [PollFd::new(&from, PollFlags::IN)];
        match poll(&mut waiting, Some(&POLL)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(why) => return Err(terminal_error(why)),
        }
        let mut byte = [0u8];
        match rustix::io::read(&from, &mut byte) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) if line.len() == LONGEST => return Err(Error::usage("the answer is too long")),
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(why) => return Err(terminal_error(why)),
        }
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    // The server would only reject a password whose bytes were guessed, with a less helpful error.
    String::from_utf8(line).map(Some).map_err(|_| Error::usage("the answer is not UTF-8 text"))
}

/// A terminal with echo off, restored on drop.
struct EchoOff<T: AsFd> {
    terminal: T,
    before: Termios,
}

impl<T: AsFd> EchoOff<T> {
    /// Turns echo off and discards type-ahead.
    fn new(terminal: T) -> Result<Self> {
        let before = tcgetattr(&terminal).map_err(terminal_error)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(terminal_error)?;
        Ok(Self { terminal, before })
    }
}

impl<T: AsFd> Drop for EchoOff<T> {
    fn drop(&mut self) {
        // If the terminal is gone, there is nothing to restore.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

fn terminal_error(why: Errno) -> Error {
    Error::new(Kind::Local, format!("terminal: {}", io_reason(&why.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn typed(bytes: &[u8]) -> std::io::PipeReader {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(bytes).unwrap();
        reader
    }

    #[test]
    fn an_answer_is_one_line_and_leaves_the_next_one_alone() {
        let input = typed(b"yes\r\nnext\nlast");
        let go = Cancel::new();
        assert_eq!(read_line(&input, &go).unwrap().as_deref(), Some("yes"));
        assert_eq!(read_line(&input, &go).unwrap().as_deref(), Some("next"));
        assert_eq!(read_line(&input, &go).unwrap().as_deref(), Some("last"));
        assert_eq!(read_line(&input, &go).unwrap(), None);
    }

    #[test]
    fn a_cancelled_question_is_an_interruption() {
        let stop = Cancel::new();
        stop.request(crate::cancel::Reason::Interrupted);
        let error = read_line(typed(b"yes\n"), &stop).unwrap_err();
        assert_eq!(error.kind(), Kind::Interrupted);
    }

    #[test]
    fn an_answer_that_is_not_text_is_refused() {
        let go = Cancel::new();
        assert_eq!(read_line(typed(b"\xff\n"), &go).unwrap_err().kind(), Kind::Usage);
    }

    #[test]
    fn only_a_terminal_can_hide_what_is_typed() {
        assert!(EchoOff::new(typed(b"")).is_err());
    }

    #[test]
    fn nothing_is_shown_while_hidden_and_everything_after() {
        let session = expectrl::spawn("sleep 60").unwrap();
        let terminal = session.get_process().get_raw_handle().unwrap();
        let shows = || tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO);
        // expectrl turns echo off itself.
        let mut loud = tcgetattr(&terminal).unwrap();
        loud.local_modes.insert(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &loud).unwrap();
        assert!(shows());
        let hidden = EchoOff::new(&terminal).unwrap();
        assert!(!shows());
        drop(hidden);
        assert!(shows());
    }
}
