//! The prompt: lines in from a terminal, through the executor, until `exit`.
//!
//! With a terminal that can move its cursor, lines are edited (rustyline); with any other they are
//! read plainly. A failed command is shown by the executor and does not end anything; Ctrl-C drops
//! the line, Ctrl-D leaves.

use std::cell::RefCell;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use rustyline::config::{BellStyle, ColorMode, CompletionType, Config, Configurer as _};
use rustyline::error::ReadlineError;
use rustyline::history::{History as _, MemHistory};
use rustyline::{Behavior, Editor};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use super::editor::{Helper, Inner};
use super::execute;
use super::history::History;
use super::prompt::{CONTINUATION, prompt};
use super::syntax::parse;
use crate::cancel::{Cancel, Reason};
use crate::commands::Context;
use crate::error::{Error, Kind, Result, io_reason};
use crate::settings::CMD_HISTORY_SIZE;

/// Terminals that cannot move their cursor, by `TERM`.
const PLAIN: [&str; 3] = ["dumb", "cons25", "emacs"];

/// How often a reader that is to stop is woken.
const AGAIN: Duration = Duration::from_millis(20);

/// Runs the prompt until the user leaves. Failures of what was typed do not count for the exit
/// status.
///
/// # Errors
///
/// A terminal that cannot be used.
pub fn run(ctx: &mut Context) -> anyhow::Result<()> {
    let mut history = History::new(ctx.home.history(), history_size(ctx));
    match history.load() {
        Ok(entries) => ctx.history = entries,
        Err(error) => ctx.out.warn(&format!("no history: {}", error.message())),
    }
    let watch = Watch::start(ctx.cancel.clone())?;
    let result = lines(ctx, &mut history, &watch);
    watch.stop();
    // The next shell trims it; there is nobody to tell.
    let _ = history.trim();
    Ok(result?)
}

fn history_size(ctx: &Context) -> usize {
    usize::try_from(ctx.settings.count(CMD_HISTORY_SIZE, None)).unwrap_or(usize::MAX)
}

fn lines(ctx: &mut Context, history: &mut History, watch: &Watch) -> Result<()> {
    let shared = Rc::new(RefCell::new(Inner::new(ctx)));
    let mut editor = editor(&shared)?;
    let mut warned = false;
    // In plain mode the terminal has echoed `^C`, and no line end.
    let mut start = "";
    loop {
        let mut inner = shared.borrow_mut();
        let Inner { ctx, before, .. } = &mut *inner;
        if ctx.cancel.requested() == Some(Reason::Terminated) || ctx.leaving.is_some() {
            return Ok(());
        }
        ctx.cancel.reset();
        ctx.tally.first = None;
        let size = history_size(ctx);
        history.set_size(size);
        ctx.history.drain(..ctx.history.len().saturating_sub(size));
        let prompt = match before.is_empty() {
            true => prompt(ctx),
            false => (CONTINUATION.to_owned(), CONTINUATION.to_owned()),
        };
        let line = match &mut editor {
            Some(editor) => {
                // Only memory is touched, which cannot fail.
                let _ = editor.set_max_history_size(size);
                drop(inner);
                let line = watch.reading(|| editor.readline(&prompt));
                inner = shared.borrow_mut();
                edited(line)?
            }
            None => asked(ctx.out.ask(&format!("{start}{}", prompt.0), &ctx.cancel))?,
        };
        start = "";
        let Inner { ctx, before, .. } = &mut *inner;
        match line {
            Line::Interrupted => {
                before.clear();
                start = "\n";
                continue;
            }
            Line::End if before.is_empty() => return Ok(()),
            // What is there is incomplete, and the executor says so.
            Line::End => {}
            Line::Text(line) => {
                before.push_str(&line);
                if parse(before, "prompt").is_err_and(|error| error.incomplete) {
                    before.push('\n');
                    continue;
                }
            }
        }
        let text = std::mem::take(before);
        let (kept, written) = history.add(&text);
        if let Err(error) = written
            && !std::mem::replace(&mut warned, true)
        {
            ctx.out.warn(&format!("the history is not kept: {}", error.message()));
        }
        if let Some(entry) = kept {
            if let Some(editor) = &mut editor {
                let _ = editor.add_history_entry(&entry);
            }
            ctx.history.push(entry);
        }
        inner.settle();
        let known = !inner.ctx.history.is_empty();
        // The executor has shown what failed.
        let _ = execute::run(inner.ctx, &text, "prompt");
        if known && inner.ctx.history.is_empty() {
            // The command forgot it; so do we.
            if let Some(editor) = &mut editor {
                let _ = editor.clear_history();
            }
            if let Err(error) = history.clear() {
                inner.ctx.out.warn(&format!("the history is still there: {}", error.message()));
            }
        }
    }
}

/// What was entered.
enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal has gone.
    End,
}

fn asked(answer: Result<Option<String>>) -> Result<Line> {
    match answer {
        Ok(Some(line)) => Ok(Line::Text(line)),
        Ok(None) => Ok(Line::End),
        Err(error) if matches!(error.kind(), Kind::Interrupted | Kind::Terminated) => {
            Ok(Line::Interrupted)
        }
        Err(error) => Err(error),
    }
}

fn edited(line: rustyline::Result<String>) -> Result<Line> {
    match line {
        Ok(line) => Ok(Line::Text(line)),
        Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(Line::Interrupted),
        Err(ReadlineError::Eof) => Ok(Line::End),
        Err(error) => Err(terminal(&error)),
    }
}

fn terminal(error: &ReadlineError) -> Error {
    let why = match error {
        ReadlineError::Io(error) => io_reason(error),
        other => other.to_string(),
    };
    Error::new(Kind::Local, format!("terminal: {why}"))
}

type LineEditor<'a> = Editor<Helper<'a>, MemHistory>;

/// The line editor, where the terminal is one that it can work with.
fn editor<'a>(shared: &Rc<RefCell<Inner<'a>>>) -> Result<Option<LineEditor<'a>>> {
    let inner = shared.borrow();
    let ctx = &inner.ctx;
    let to_terminal = std::io::stdout().is_terminal();
    let plain = std::env::var("TERM").is_ok_and(|term| PLAIN.contains(&term.as_str()));
    if ctx.out.interactive() && (plain || !to_terminal) {
        return Ok(None);
    }
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        .color_mode(if ctx.out.has_color() { ColorMode::Forced } else { ColorMode::Disabled })
        // Standard output is for data.
        .behavior(if to_terminal { Behavior::Stdio } else { Behavior::PreferTerm })
        .max_history_size(history_size(ctx))
        .and_then(|builder| builder.history_ignore_dups(true))
        .map_err(|error| terminal(&error))?
        .build();
    let mut history = MemHistory::with_config(&config);
    for entry in &ctx.history {
        let _ = history.add(entry);
    }
    let mut editor = Editor::with_history(config, history).map_err(|error| terminal(&error))?;
    editor.set_helper(Some(Helper(Rc::clone(shared))));
    Ok(Some(editor))
}

/// Ends the reading of a line when the program is asked to end: the line editor itself hears only
/// what comes from the terminal, and SIGINT.
struct Watch {
    reading: Arc<AtomicBool>,
    signals: Vec<SigId>,
}

impl Watch {
    /// # Errors
    ///
    /// [`Kind::Other`] when the system does not let signals be watched.
    fn start(cancel: Cancel) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(Kind::Other, format!("cannot watch signals: {}", io_reason(&error)))
        };
        let (mut signalled, signal) = UnixStream::pair().map_err(failed)?;
        let again = signal.try_clone().map_err(failed)?;
        let signals = vec![
            pipe::register(SIGTERM, signal).map_err(failed)?,
            pipe::register(SIGHUP, again).map_err(failed)?,
        ];
        let reading = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&reading);
        let watcher = move || {
            // The end of the stream is the end of the prompt.
            if signalled.read_exact(&mut [0]).is_err() {
                return;
            }
            loop {
                // The line editor's own handler gets it, on the thread that reads. Only one that
                // arrives during the read itself ends that, and only a reader that finds the
                // program terminated ends as well.
                let terminated = cancel.requested() == Some(Reason::Terminated);
                if terminated && flag.load(Ordering::SeqCst) {
                    let _ = kill_process(getpid(), Signal::INT);
                }
                std::thread::sleep(AGAIN);
            }
        };
        std::thread::Builder::new().name("prompt".into()).spawn(watcher).map_err(failed)?;
        Ok(Self { reading, signals })
    }

    /// Reads, and may be woken.
    fn reading<T>(&self, read: impl FnOnce() -> T) -> T {
        self.reading.store(true, Ordering::SeqCst);
        let line = read();
        self.reading.store(false, Ordering::SeqCst);
        line
    }

    fn stop(self) {
        for signal in self.signals {
            unregister(signal);
        }
    }
}
