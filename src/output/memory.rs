//! Output that is kept instead of printed: what a test of any command looks at.
//!
//! It behaves as a pipe or as a terminal of a given width, and can answer questions. It never touches
//! the process's own streams.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use super::lock;

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

impl MemoryBuffer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}
