//! Watching a mirror: what it tells whoever shows it.

use super::plan::MirrorAction;
use crate::error::{Error, Result};
use crate::transfer::{Outcome, Progress};

/// Is told how a mirror goes. Called from several threads.
pub trait MirrorObserver: Sync {
    /// So many files, of so many bytes, are to be transferred in addition.
    fn add_to_total(&self, files: u64, bytes: u64);
    /// A file begins.
    fn begin_file(&self, path: &str, size: Option<u64>) -> Box<dyn Progress>;
    /// Something would be done, if this were no dry run. In the order of the paths, deletions last.
    fn show_planned(&self, action: &MirrorAction) -> Result<()>;
    /// Something was done, or failed.
    fn action_done(&self, action: &MirrorAction, result: Result<Option<&Outcome>, &Error>);
    /// Something could not even be planned.
    fn planning_failed(&self, error: &Error);
    /// Something that the user should know.
    fn show_note(&self, text: &str);
}
