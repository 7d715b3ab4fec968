//! The interface through which a mirror reports its progress.

use super::plan::MirrorAction;
use super::tree::Item;
use crate::error::{Error, Result};
use crate::transfer::{Outcome, Progress};

/// Receives the progress of a mirror. Called from several threads.
pub trait MirrorObserver: Sync {
    /// Adds files and bytes to the total to be transferred.
    fn add_to_total(&self, files: u64, bytes: u64);
    /// The transfer of a file starts.
    fn begin_file(&self, path: &str, size: Option<u64>) -> Box<dyn Progress>;
    /// An action of a dry run. In the order of the paths, deletions last.
    fn show_planned(&self, action: &MirrorAction) -> Result<()>;
    /// An action was done, or failed.
    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>);
    /// The transfer of a file was interrupted when it had come this far.
    fn file_interrupted(&self, _path: &str, _position: u64) {}
    /// An action could not even be planned.
    fn planning_failed(&self, error: &Error);
    /// A directory of the source is visited.
    fn visiting(&self, _path: &str) {}
    /// A file of the source was found equal in the target, where the rules ask for it.
    fn kept(&self, _path: &str, _item: Item<'_>) {}
    /// Something that the source does not have is not deleted.
    fn not_deleted(&self, _path: &str) {}
    /// A note for the user.
    fn show_note(&self, text: &str);
}
