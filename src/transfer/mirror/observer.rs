//! Watching a mirror: what it tells whoever shows it.

use super::plan::Action;
use crate::error::{Error, Result};
use crate::transfer::{Outcome, Progress};

/// Is told how a mirror goes. Called from several threads.
pub trait Watch: Sync {
    /// So many files, of so many bytes, are to be carried in addition.
    fn grow(&self, files: u64, bytes: u64);
    /// A file begins.
    fn begin(&self, path: &str, size: Option<u64>) -> Box<dyn Progress>;
    /// Something would be done, if this were no dry run. In the order of the paths, deletions last.
    ///
    /// # Errors
    ///
    /// Nobody wants to hear more; the mirror ends.
    fn planned(&self, action: &Action) -> Result<()>;
    /// Something was done, or failed.
    fn done(&self, action: &Action, result: Result<Option<&Outcome>, &Error>);
    /// Something could not even be planned.
    fn failed(&self, error: &Error);
    /// Something that the user should know.
    fn note(&self, text: &str);
}
