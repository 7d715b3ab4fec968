//! Output that is kept instead of printed: what a test of any command looks at.
//!
//! It behaves as a pipe or as a terminal of a given width, and can answer questions. It never touches
//! the process's own streams.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use super::{ColorChoice, Output, OutputOptions, Stream, WIDTH, lock};

/// Output that is kept instead of printed, for tests.
pub(super) struct MemoryOutput {
    pub(super) out: MemoryBuffer,
    pub(super) err: MemoryBuffer,
    pub(super) width: usize,
    pub(super) answers: Mutex<VecDeque<String>>,
    /// Whether questions can be asked.
    pub(super) interactive: bool,
}

/// Bytes that a test looks at later.
#[derive(Clone, Default)]
pub(super) struct MemoryBuffer(pub(super) Arc<Mutex<Vec<u8>>>);

impl Write for MemoryBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// Output into memory, as into pipes; nobody is there to answer.
    pub fn memory() -> Self {
        Self::memory_with(OutputOptions::default())
    }

    /// As [`Output::memory`], with options.
    pub fn memory_with(options: OutputOptions) -> Self {
        Self::in_memory(options, None, None)
    }

    /// Output into memory as to a terminal of `width` columns; bars are kept but not drawn.
    pub fn memory_terminal(options: OutputOptions, width: usize) -> Self {
        Self::in_memory(options, Some(width), None)
    }

    /// As [`Output::memory_terminal`] with 80 columns, where somebody gives these answers, then ends
    /// the input.
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

    /// What was written to standard output so far, for tests; empty unless it is kept in memory.
    pub fn stdout_text(&self) -> String {
        // A sink in memory cannot fail.
        let _ = lock(&self.shared.stdout).drain();
        self.shared.memory.as_ref().map(|memory| text_of(&memory.out)).unwrap_or_default()
    }

    /// What was written to standard error so far, for tests; empty unless it is kept in memory.
    pub fn stderr_text(&self) -> String {
        self.shared.memory.as_ref().map(|memory| text_of(&memory.err)).unwrap_or_default()
    }
}

fn text_of(shelf: &MemoryBuffer) -> String {
    String::from_utf8_lossy(&lock(&shelf.0)).into_owned()
}
