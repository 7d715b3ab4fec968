//! Output kept in memory, for tests of commands.
//!
//! Behaves like a pipe or like a terminal of a given width, and can answer questions. The standard
//! streams of the process are not used.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex};

use super::lock;

/// Output kept in memory.
pub(super) struct MemoryOutput {
    pub(super) out: MemoryBuffer,
    pub(super) err: MemoryBuffer,
    pub(super) width: usize,
    pub(super) answers: Mutex<VecDeque<String>>,
    /// Whether questions can be asked.
    pub(super) interactive: bool,
}

/// Bytes that a test inspects later.
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
