//! The progress of an upload, which shows when the server has created the file: what a crash leaves of
//! it then is known to be no one else's.

use std::cell::Cell;
use std::time::Duration;

use super::Deployment;
use crate::transfer::Progress;

/// Passes progress on, and records the beginning.
pub(super) struct BegunUpload<'a> {
    deployment: &'a Deployment,
    path: &'a str,
    /// Nothing is to be recorded, or it was.
    is_recorded: Cell<bool>,
    progress: &'a dyn Progress,
}

impl<'a> BegunUpload<'a> {
    /// Of a file, `in_place` if it is sent under its own name.
    pub(super) fn new(
        deployment: &'a Deployment,
        path: &'a str,
        in_place: bool,
        progress: &'a dyn Progress,
    ) -> Self {
        Self { deployment, path, is_recorded: Cell::new(!in_place), progress }
    }
}

impl Progress for BegunUpload<'_> {
    fn set_total(&self, total: u64) {
        self.progress.set_total(total);
    }

    fn start_at(&self, offset: u64) {
        self.progress.start_at(offset);
    }

    fn advance(&self, bytes: u64) {
        // The server has said 150 before it takes the first byte.
        if !self.is_recorded.replace(true) {
            self.deployment.record_begun(self.path);
        }
        self.progress.advance(bytes);
    }

    fn show_note(&self, text: &str) {
        self.progress.show_note(text);
    }

    fn time_waited(&self) -> Duration {
        self.progress.time_waited()
    }
}
