//! A program in a terminal of its own, driven like a person would: type, wait for text, look.
//!
//! In: a command. Out: everything it showed, as bytes. Every wait has a deadline, and says what
//! was on the screen when it passed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use expectrl::process::Process as _;
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program and its terminal.
pub struct Terminal {
    process: UnixProcess,
    keyboard: File,
    screen: Arc<Screen>,
    /// How much of what was shown has been waited for.
    seen: usize,
}

#[derive(Default)]
struct Screen {
    /// What was shown, and whether there is no more to come.
    shown: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

impl Terminal {
    /// Starts a program in a terminal of 80 columns.
    pub fn start(command: Command) -> Self {
        Self::with_columns(command, 80)
    }

    /// Starts a program in a narrow or wide terminal.
    pub fn with_columns(command: Command, columns: u16) -> Self {
        Self::with_size(command, columns, 24)
    }

    /// Starts a program in a terminal of this size.
    pub fn with_size(command: Command, columns: u16, rows: u16) -> Self {
        let mut process = UnixProcess::spawn_command(command).unwrap();
        process.set_window_size(columns, rows).unwrap();
        // expectrl turns it off; what is hidden is to be hidden by the program.
        process.set_echo(true, None).unwrap();
        let keyboard = process.get_raw_handle().unwrap();
        let mut output = keyboard.try_clone().unwrap();
        let screen = Arc::new(Screen::default());
        let to = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // A terminal whose program has ended gives an error.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                to.shown.lock().unwrap().0.extend_from_slice(&buffer[..count]);
                to.more.notify_all();
            }
            to.shown.lock().unwrap().1 = true;
            to.more.notify_all();
        });
        Self { process, keyboard, screen, seen: 0 }
    }

    /// Types; a line ends in `\r`.
    pub fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Types Ctrl-D while a line is edited. Between two lines the terminal would take it for an end
    /// of input of its own, and drop it.
    pub fn send_ctrl_d(&mut self) {
        self.await_editing(true);
        self.send("\x04");
    }

    /// Waits for the next prompt; while a line is typed it is only drawn again.
    pub fn await_prompt(&mut self) {
        // Bracketed paste is turned on when a line begins.
        self.expect("\u{1b}[?2004h");
        self.await_editing(true);
    }

    /// Waits until a line is edited, or until a command runs and keys may be signals.
    pub fn await_editing(&self, is_edited: bool) {
        let end = Instant::now() + PATIENCE;
        let canonical = || {
            let modes = rustix::termios::tcgetattr(&self.keyboard).unwrap().local_modes;
            modes.contains(rustix::termios::LocalModes::ICANON)
        };
        while canonical() == is_edited {
            assert!(Instant::now() < end, "is a line edited? wanted: {is_edited}");
            std::thread::yield_now();
        }
    }

    /// Waits until `text` is shown after what was waited for before. `PORT` in it is any number.
    pub fn expect(&mut self, text: &str) {
        self.expect_within(text, PATIENCE);
    }

    /// As [`Terminal::expect`], but not for long.
    pub fn expect_within(&mut self, text: &str, patience: Duration) {
        let end = Instant::now() + patience;
        let mut shown = self.screen.shown.lock().unwrap();
        // What was searched is not searched again, but for its end: megabytes may be shown.
        let mut from = self.seen;
        loop {
            if let Some(end) = end_of(text, &shown.0[from..]) {
                self.seen = from + end;
                return;
            }
            from = shown.0.len().saturating_sub(text.len() + PORT_DIGITS).max(from);
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !shown.1 && !left.is_zero(),
                "{text:?} was not shown; on the screen since the last wait:\n{:?}\nin all:\n{}",
                String::from_utf8_lossy(&shown.0[self.seen..]),
                String::from_utf8_lossy(&shown.0).escape_debug(),
            );
            shown = self.screen.more.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until more is shown than this transcript, or for so long.
    pub fn await_more_than(&self, transcript: &str, patience: Duration) {
        let shown = self.screen.shown.lock().unwrap();
        let is_same = |shown: &mut (Vec<u8>, bool)| shown.0.len() <= transcript.len() && !shown.1;
        drop(self.screen.more.wait_timeout_while(shown, patience, is_same).unwrap());
    }

    /// Everything shown so far.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.screen.shown.lock().unwrap().0).into_owned()
    }

    /// Makes the window larger or smaller while the program runs.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.process.set_window_size(columns, rows).unwrap();
    }

    /// Stops the program and continues it after this time, as Ctrl-Z and `fg` do.
    pub fn stop_and_continue(&mut self, stopped: Duration) {
        self.process.signal(Signal::SIGSTOP).unwrap();
        let since = Instant::now();
        while since.elapsed() < stopped {
            std::thread::park_timeout(stopped);
        }
        self.process.signal(Signal::SIGCONT).unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&mut self) {
        self.process.signal(Signal::SIGTERM).unwrap();
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.process.signal(Signal::SIGKILL).unwrap();
    }

    /// Whether the program has ended, or does so soon.
    pub fn ends_within(&self, patience: Duration) -> bool {
        let shown = self.screen.shown.lock().unwrap();
        self.screen.more.wait_timeout_while(shown, patience, |shown| !shown.1).unwrap().0.1
    }

    /// Waits for the end: the exit status, 128 and more for a signal, and the transcript.
    pub fn end(self) -> (i32, String) {
        assert!(self.ends_within(PATIENCE), "still running:\n{}", self.transcript().escape_debug());
        let status = match self.process.wait().unwrap() {
            WaitStatus::Exited(_, code) => code,
            WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
            other => panic!("{other:?}"),
        };
        (status, self.transcript())
    }
}

/// The longest port.
const PORT_DIGITS: usize = 5;

/// Where the first occurrence of `text` ends; `PORT` in it stands for digits.
fn end_of(text: &str, shown: &[u8]) -> Option<usize> {
    let (head, tail) = text.split_once("PORT").unwrap_or((text, ""));
    let has_port = head.len() < text.len();
    (0..shown.len()).find_map(|at| {
        let rest = shown[at..].strip_prefix(head.as_bytes())?;
        let digits = rest.iter().take_while(|c| has_port && c.is_ascii_digit()).count();
        let rest = rest[digits..].strip_prefix(tail.as_bytes())?;
        (!has_port || digits > 0).then(|| shown.len() - rest.len())
    })
}
