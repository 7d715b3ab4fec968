//! All output of the program.
//!
//! Data (bytes, lines, tables, records) goes to standard output or to a redirection; notices,
//! warnings, errors, questions and progress go to standard error. Text may come from a server: it
//! is escaped here for a terminal. `--json`, `--quiet` and colour are handled here. Nothing here
//! may show a secret or end the process.

mod ask;
mod audit_log;
mod background;
mod color;
mod delayed;
mod escape;
mod format;
mod interrupt_readline;
mod json;
mod memory;
mod messages;
mod progress;
mod screen;
mod sink;
mod stopwatch;
mod table;

use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::process::ChildStdin;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use ask::is_plain_terminal;
pub use audit_log::AuditLog;
pub use background::{JobMeter, Printer};
pub use color::{ColorChoice, Environment, NameColors, NameKind, Style, wants_color};
pub use delayed::DelayedNotice;
pub use escape::{escape, escape_multiline, fit};
pub use format::{
    count_entries, full_time_text, human_bytes, human_duration, human_rate, human_size, time_text,
};
pub use interrupt_readline::ReadlineInterrupt;
pub use json::{
    CheckRecord, EntryRecord, ErrorRecord, JobRecord, Record, SummaryRecord, TransferRecord,
    TrustRecord,
};
pub use messages::TraceDirection;
use progress::Look;
pub use progress::{TransferProgress, TreeProgress};
pub use sink::is_broken_pipe;
pub use stopwatch::Stopwatch;
pub use table::{Align, Cell, Column, Overflow, Table};

use crate::error::Result;
use memory::{MemoryBuffer, MemoryOutput};
use screen::Bars;
use sink::{DataFormat, DataSink};

/// Converts a name from the program's internal form to the server's bytes.
pub type NameEncoder = fn(&str) -> Vec<u8>;

/// Width if the terminal does not report it, or if there is no terminal.
const WIDTH: usize = 80;

/// Output options of the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputOptions {
    /// Data as JSON Lines.
    pub json: bool,
    /// Suppresses notices and progress.
    pub quiet: bool,
    /// Verbosity 0 to 2; 2 shows the protocol trace.
    pub verbose: u8,
    /// `--color`.
    pub color: ColorChoice,
}

/// The handle for all output. Cheap to clone; may be used from several threads.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
    data: Arc<Mutex<DataSink>>,
    /// Whether data goes to standard output.
    on_stdout: bool,
    /// Set for a background job: its transfers are counted instead of shown.
    job: Option<JobMeter>,
    /// Where the running command stands in its script, for errors; a job has its own.
    location: Arc<Mutex<Option<ScriptLocation>>>,
}

/// Where a command stands in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptLocation {
    /// The script's name and the line: `deploy.ftpsh:3`.
    pub line: String,
    /// The command without secrets.
    pub command: String,
}

/// State shared by all clones.
struct Shared {
    json: bool,
    quiet: bool,
    verbose: AtomicU8,
    out: Stream,
    err: Stream,
    stdout: Arc<Mutex<DataSink>>,
    stderr: Mutex<Box<dyn Write + Send>>,
    encoder: OnceLock<NameEncoder>,
    names: OnceLock<NameColors>,
    log: Mutex<Option<AuditLog>>,
    bars: Bars,
    waited: stopwatch::WaitedTime,
    /// Whether the terminal shows more than ASCII.
    utf8: bool,
    prompt: Mutex<background::Prompt>,
    memory: Option<MemoryOutput>,
}

/// Properties of a standard stream.
#[derive(Debug, Clone, Copy)]
struct Stream {
    terminal: bool,
    /// A terminal that can move its cursor.
    capable: bool,
    color: bool,
}

impl Output {
    /// Output on the standard streams of the process.
    pub fn new(options: OutputOptions) -> Self {
        let environment = Environment::of_process();
        let stream = |terminal| Stream {
            terminal,
            capable: terminal && environment.is_capable(),
            color: wants_color(options.color, &environment, terminal),
        };
        let out = stream(std::io::stdout().is_terminal());
        let err = stream(std::io::stderr().is_terminal());
        Self::build(
            options,
            out,
            err,
            Box::new(std::io::stdout()),
            Box::new(std::io::stderr()),
            None,
        )
    }

    fn build(
        options: OutputOptions,
        out: Stream,
        err: Stream,
        stdout: Box<dyn Write + Send>,
        stderr: Box<dyn Write + Send>,
        memory: Option<MemoryOutput>,
    ) -> Self {
        let shape = match (options.json, out.terminal) {
            (true, _) => DataFormat::Json,
            (false, true) => DataFormat::Terminal,
            (false, false) => DataFormat::Plain,
        };
        let stdout = Arc::new(Mutex::new(DataSink::new(stdout, shape)));
        let shared = Shared {
            json: options.json,
            quiet: options.quiet,
            verbose: AtomicU8::new(options.verbose),
            out,
            err,
            stdout: Arc::clone(&stdout),
            stderr: Mutex::new(stderr),
            encoder: OnceLock::new(),
            names: OnceLock::new(),
            log: Mutex::new(None),
            bars: Bars::new(memory.is_none()),
            waited: stopwatch::WaitedTime::default(),
            utf8: memory.is_some() || Environment::of_process().is_utf8(),
            prompt: Mutex::default(),
            memory,
        };
        let location = Arc::default();
        Self { shared: Arc::new(shared), data: stdout, on_stdout: true, job: None, location }
    }

    /// Sets how names are converted back to bytes for pipes and files. Only the first call counts.
    pub fn set_name_encoder(&self, encoder: NameEncoder) {
        let _ = self.shared.encoder.set(encoder);
    }

    /// A clone whose data goes to a file. Flush it to learn of write errors.
    pub fn to_file(&self, file: File) -> Self {
        self.redirected(Box::new(file))
    }

    /// A clone whose data goes to a local command. The command's standard input is closed when the
    /// clone (with all clones of it) is dropped; flush it first to learn of write errors.
    pub fn to_child(&self, child: ChildStdin) -> Self {
        self.redirected(Box::new(child))
    }

    fn redirected(&self, to: Box<dyn Write + Send>) -> Self {
        let shape = if self.shared.json { DataFormat::JsonRedirected } else { DataFormat::Plain };
        Self {
            data: Arc::new(Mutex::new(DataSink::new(to, shape))),
            on_stdout: false,
            ..self.clone()
        }
    }

    /// Part of a file's contents: unchanged in a pipe, escaped on a terminal, as `text` records
    /// with `--json`.
    ///
    /// # Errors
    /// Like all functions that write data: the reader has closed the pipe ([`is_broken_pipe`]), or
    /// the data could not be written ([`Kind::Local`](crate::error::Kind::Local)).
    pub fn data(&self, bytes: &[u8]) -> Result<()> {
        self.with_sink(|sink| sink.data(bytes))
    }

    /// A line of text without its line feed: escaped on a terminal, with its original bytes in a
    /// pipe, a `text` record with `--json`.
    pub fn line(&self, text: &str) -> Result<()> {
        let encode = self.encoder();
        self.with_sink(|sink| sink.line(text, encode))
    }

    /// A table, formatted for its destination.
    pub fn table(&self, table: &Table) -> Result<()> {
        if self.is_terminal_out() && !self.shared.json {
            let text = table.terminal(self.width(), self.shared.out.color);
            return self.with_sink(|sink| sink.push_formatted(text.as_bytes()));
        }
        table.plain().try_for_each(|line| self.line(&line))
    }

    /// A record as one line of JSON. Callers check [`Output::is_json`] first.
    pub fn record(&self, record: &Record<'_>) -> Result<()> {
        let encode = self.encoder();
        self.with_sink(|sink| sink.record(record, encode))
    }

    /// Writes buffered data; called at the end of every command.
    pub fn flush(&self) -> Result<()> {
        let mut sink = lock(&self.data);
        sink.end_tail();
        self.drain(&mut sink)
    }

    /// Whether data is written as JSON Lines.
    pub fn is_json(&self) -> bool {
        self.shared.json
    }

    /// Whether notices and progress are suppressed.
    pub fn is_quiet(&self) -> bool {
        self.shared.quiet
    }

    /// Whether data goes to a terminal; `false` for a redirection.
    pub fn is_terminal_out(&self) -> bool {
        self.shared.out.terminal && self.on_stdout
    }

    /// Whether data goes to a file or a local command instead of standard output.
    pub fn is_redirected(&self) -> bool {
        !self.on_stdout
    }

    /// The meter of the job that owns this output.
    pub fn meter(&self) -> Option<&JobMeter> {
        self.job.as_ref()
    }

    /// Measures a duration without the time in which questions wait.
    pub fn start_watch(&self) -> Stopwatch {
        self.shared.waited.start_watch()
    }

    /// Current width of the terminal; 80 if there is none.
    pub fn width(&self) -> usize {
        self.shared.width()
    }

    /// Current height of the terminal; `None` if there is none or it is not reported.
    pub fn height(&self) -> Option<usize> {
        if self.shared.memory.is_some() || !self.shared.out.terminal {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_row > 0).then_some(usize::from(size.ws_row))
    }

    /// Whether data is coloured.
    pub fn has_color(&self) -> bool {
        self.shared.out.color && !self.shared.json
    }

    /// The style of a remote name by `LS_COLORS`; plain without colour.
    pub fn name_style(&self, name: &str, kind: NameKind) -> Style {
        if !self.has_color() {
            return Style::Plain;
        }
        self.shared.names.get_or_init(NameColors::of_process).style(name, kind)
    }

    /// Output into memory, like a pipe; not interactive.
    pub fn memory() -> Self {
        Self::memory_with(OutputOptions::default())
    }

    /// Like [`Output::memory`], with options.
    pub fn memory_with(options: OutputOptions) -> Self {
        Self::in_memory(options, None, None)
    }

    /// Output into memory, like a terminal of `width` columns; bars are counted but not drawn.
    pub fn memory_terminal(options: OutputOptions, width: usize) -> Self {
        Self::in_memory(options, Some(width), None)
    }

    /// Like [`Output::memory_terminal`] with 80 columns and these answers, after which input ends.
    pub fn memory_answering(options: OutputOptions, answers: &[&str]) -> Self {
        Self::in_memory(options, Some(WIDTH), Some(answers))
    }

    fn in_memory(
        options: OutputOptions,
        terminal: Option<usize>,
        answers: Option<&[&str]>,
    ) -> Self {
        let memory = MemoryOutput {
            out: MemoryBuffer::default(),
            err: MemoryBuffer::default(),
            width: terminal.unwrap_or(WIDTH),
            interactive: answers.is_some(),
            answers: Mutex::new(
                answers.unwrap_or_default().iter().map(|&a| a.to_owned()).collect(),
            ),
        };
        let color = options.color == ColorChoice::Always;
        let stream = Stream { terminal: terminal.is_some(), capable: terminal.is_some(), color };
        let (out, err) = (Box::new(memory.out.clone()), Box::new(memory.err.clone()));
        Self::build(options, stream, stream, out, err, Some(memory))
    }

    /// What was written to standard output, for tests; empty unless kept in memory.
    pub fn stdout_text(&self) -> String {
        // A sink in memory cannot fail.
        let _ = lock(&self.shared.stdout).drain();
        self.shared.memory.as_ref().map(|memory| memory.out.text()).unwrap_or_default()
    }

    /// What was written to standard error, for tests; empty unless kept in memory.
    pub fn stderr_text(&self) -> String {
        self.shared.memory.as_ref().map(|memory| memory.err.text()).unwrap_or_default()
    }

    fn encoder(&self) -> NameEncoder {
        self.shared.encoder.get().copied().unwrap_or(sink::own_bytes)
    }

    fn with_sink(&self, give: impl FnOnce(&mut DataSink)) -> Result<()> {
        let mut sink = lock(&self.data);
        give(&mut sink);
        // Output to a terminal is not buffered.
        if self.is_terminal_out() || sink.is_full() { self.drain(&mut sink) } else { Ok(()) }
    }

    fn drain(&self, sink: &mut DataSink) -> Result<()> {
        if self.is_terminal_out() {
            self.shared.bars.suspend(&self.shared, || sink.drain())
        } else {
            sink.drain()
        }
    }
}

impl Shared {
    fn width(&self) -> usize {
        if let Some(memory) = &self.memory {
            return memory.width;
        }
        let size = rustix::termios::tcgetwinsize(std::io::stdout())
            .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()));
        match size {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            _ => WIDTH,
        }
    }

    /// The rows of the terminal on standard error.
    fn rows(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
        (size.ws_row > 0).then_some(usize::from(size.ws_row))
    }

    /// How progress lines are drawn now.
    fn look(&self) -> Look {
        Look { width: self.width(), utf8: self.utf8, color: self.err.color }
    }

    /// Writes to standard error, whatever is on the screen.
    fn write_err(&self, text: &str) {
        let mut stderr = lock(&self.stderr);
        // If it is closed, there is nowhere left to report it.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("json", &self.shared.json).finish_non_exhaustive()
    }
}

/// Locks even if a thread panicked while holding the lock: half a line is better than none.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
