//! The prompt: reads lines from a terminal and executes them until `exit`.
//!
//! Lines are edited with rustyline on a capable terminal, and read plainly on any other. The
//! executor shows failures, which do not end the prompt; Ctrl-C discards the line, Ctrl-D exits.

use std::cell::RefCell;
use std::rc::Rc;

use rustyline::config::{BellStyle, ColorMode, CompletionType, Config, Configurer as _};
use rustyline::error::ReadlineError;
use rustyline::history::{History as _, MemHistory};
use rustyline::{Behavior, Editor, ExternalPrinter as _};

use super::editor::{Helper, SharedState};
use super::execute;
use super::history::History;
use super::prompt::{CONTINUATION, render_prompt};
use super::syntax::parse_script;
use crate::cancel::Reason;
use crate::commands::Context;
use crate::error::{Error, Kind, Result, io_reason};
use crate::output::{ReadlineInterrupt, is_plain_terminal};
use crate::settings::CMD_HISTORY_SIZE;

/// Runs the prompt until the user exits. Failures of commands typed there do not affect the exit
/// status.
pub fn run_prompt(ctx: &mut Context) -> anyhow::Result<()> {
    let mut history = History::new(ctx.client.app_dirs.history(), history_size(ctx));
    match history.load_entries() {
        Ok(entries) => ctx.history = entries,
        Err(error) => ctx.out.warn(&format!("no history: {}", error.message())),
    }
    ctx.totals.first_failure = None;
    let wake = ReadlineInterrupt::start(ctx.client.cancel.clone())?;
    let shared = Rc::new(RefCell::new(SharedState::new(ctx)));
    let editor = create_editor(&shared)?;
    let mut repl = Repl {
        shared,
        editor,
        history,
        wake,
        warned: false,
        interrupted: false,
        last_failure: None,
    };
    repl.show_job_output();
    while let Some(text) = repl.read_input()? {
        repl.add_to_history(&text);
        repl.execute_input(&text);
    }
    repl.wake.stop();
    let inner = repl.shared.borrow();
    inner.ctx.out.set_printer(None);
    inner.ctx.out.flush_job_output();
    drop(inner);
    // The next shell trims it; the error would not help the user.
    let _ = repl.history.trim_file();
    Ok(())
}

fn history_size(ctx: &Context) -> usize {
    usize::try_from(ctx.client.settings.get(CMD_HISTORY_SIZE, None)).unwrap_or(usize::MAX)
}

/// The state of the prompt.
struct Repl<'a> {
    shared: Rc<RefCell<SharedState<'a>>>,
    /// `None` on a terminal that is read plainly.
    editor: Option<LineEditor<'a>>,
    history: History,
    wake: ReadlineInterrupt,
    /// Whether the warning that the history is not stored was shown.
    warned: bool,
    /// Whether the last line ended with Ctrl-C.
    interrupted: bool,
    /// Why the last command failed; `None` if it did not.
    last_failure: Option<Kind>,
}

impl Repl<'_> {
    /// Output of jobs appears above the line being typed, if the line editor supports it.
    fn show_job_output(&mut self) {
        let Some(Ok(mut printer)) = self.editor.as_mut().map(Editor::create_external_printer)
        else {
            return;
        };
        let print = move |text| printer.print(text).is_ok();
        self.shared.borrow().ctx.out.set_printer(Some(Box::new(print)));
    }

    /// The next input, possibly of several lines; `None` to exit.
    fn read_input(&mut self) -> Result<Option<String>> {
        loop {
            let inner = self.shared.borrow_mut();
            if inner.ctx.client.cancel.requested() == Some(Reason::Terminated)
                || inner.ctx.exit_requested.is_some()
            {
                return Ok(None);
            }
            inner.ctx.client.cancel.reset();
            inner.ctx.jobs.flush_reports(&inner.ctx.out);
            let prompt = match inner.before.is_empty() {
                true => render_prompt(inner.ctx, self.last_failure),
                false => (CONTINUATION.to_owned(), CONTINUATION.to_owned()),
            };
            drop(inner);
            let line = self.read_line(&prompt)?;
            self.interrupted = matches!(line, Line::Interrupted);
            let inner = &mut *self.shared.borrow_mut();
            let before = &mut inner.before;
            match line {
                Line::Interrupted => before.clear(),
                Line::End if before.is_empty() => match inner.ctx.confirm_exit() {
                    Ok(true) => return Ok(None),
                    Ok(false) => {}
                    // The terminal has echoed `^C` without a line end.
                    Err(error) if error.kind() == Kind::Interrupted => inner.ctx.out.notice(""),
                    Err(error) => return Err(error),
                },
                // The input is incomplete, and the executor reports that.
                Line::End => return Ok(Some(std::mem::take(before))),
                Line::Text(line) => {
                    before.push_str(&line);
                    if !parse_script(before, "prompt").is_err_and(|error| error.incomplete) {
                        return Ok(Some(std::mem::take(before)));
                    }
                    before.push('\n');
                }
            }
        }
    }

    fn read_line(&mut self, prompt: &(String, String)) -> Result<Line> {
        if let Some(editor) = &mut self.editor {
            return line_from_editor(self.wake.while_reading(|| editor.readline(prompt)));
        }
        // The terminal has echoed `^C` without a line end.
        let start = if self.interrupted { "\n" } else { "" };
        let inner = self.shared.borrow();
        line_from_answer(
            inner.ctx.out.ask(&format!("{start}{}", prompt.0), &inner.ctx.client.cancel),
        )
    }

    /// Adds an input to the history, in memory and in the file.
    fn add_to_history(&mut self, text: &str) {
        let ctx = &mut *self.shared.borrow_mut().ctx;
        let size = history_size(ctx);
        self.history.set_size(size);
        let (kept, written) = self.history.add_redacted(text);
        if let Err(error) = written
            && !std::mem::replace(&mut self.warned, true)
        {
            ctx.out.warn(&format!("cannot save the history: {}", error.message()));
        }
        if let Some(editor) = &mut self.editor {
            // Only memory is changed, which cannot fail.
            let _ = editor.set_max_history_size(size);
            let _ = kept.as_ref().map(|entry| editor.add_history_entry(entry));
        }
        ctx.history.extend(kept);
        ctx.history.drain(..ctx.history.len().saturating_sub(size));
    }

    fn execute_input(&mut self, text: &str) {
        let mut inner = self.shared.borrow_mut();
        inner.finish_lookups();
        let known = !inner.ctx.history.is_empty();
        // The executor has shown the error.
        let name = if text.contains('\n') { "prompt" } else { "" };
        let _ = execute::run_script(inner.ctx, text, name);
        inner.ctx.note_lftp_settings();
        if self.editor.is_some() {
            inner.ctx.out.begin_line();
        }
        let failure = inner.ctx.totals.first_failure.take();
        if !text.trim().is_empty() {
            self.last_failure = failure;
        }
        if known && inner.ctx.history.is_empty() {
            // The command cleared the history; clear the editor's copy as well.
            if let Some(editor) = &mut self.editor {
                let _ = editor.clear_history();
            }
            if let Err(error) = self.history.clear_all() {
                inner.ctx.out.warn(&format!("cannot clear the history: {}", error.message()));
            }
        }
    }
}

/// What was entered.
enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

fn line_from_answer(answer: Result<Option<String>>) -> Result<Line> {
    match answer {
        Ok(Some(line)) => Ok(Line::Text(line)),
        Ok(None) => Ok(Line::End),
        Err(error) if error.is_interruption() => Ok(Line::Interrupted),
        Err(error) => Err(error),
    }
}

fn line_from_editor(line: rustyline::Result<String>) -> Result<Line> {
    match line {
        Ok(line) => Ok(Line::Text(line)),
        Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(Line::Interrupted),
        Err(ReadlineError::Eof) => Ok(Line::End),
        Err(error) => Err(terminal_error(&error)),
    }
}

fn terminal_error(error: &ReadlineError) -> Error {
    let why = match error {
        ReadlineError::Io(error) => io_reason(error),
        other => other.to_string(),
    };
    Error::new(Kind::Local, format!("terminal: {why}"))
}

type LineEditor<'a> = Editor<Helper<'a>, MemHistory>;

/// Creates the line editor, if it supports the terminal.
fn create_editor<'a>(shared: &Rc<RefCell<SharedState<'a>>>) -> Result<Option<LineEditor<'a>>> {
    let inner = shared.borrow();
    let ctx = &inner.ctx;
    let to_terminal = ctx.out.is_terminal_out();
    if ctx.out.is_interactive() && (is_plain_terminal() || !to_terminal) {
        return Ok(None);
    }
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        .color_mode(if ctx.out.has_color() { ColorMode::Forced } else { ColorMode::Disabled })
        // Standard output is reserved for data.
        .behavior(if to_terminal { Behavior::Stdio } else { Behavior::PreferTerm })
        .max_history_size(history_size(ctx))
        .and_then(|builder| builder.history_ignore_dups(true))
        .map_err(|error| terminal_error(&error))?
        .build();
    let mut history = MemHistory::with_config(&config);
    for entry in &ctx.history {
        let _ = history.add(entry);
    }
    let mut editor =
        Editor::with_history(config, history).map_err(|error| terminal_error(&error))?;
    editor.set_helper(Some(Helper(Rc::clone(shared))));
    Ok(Some(editor))
}
