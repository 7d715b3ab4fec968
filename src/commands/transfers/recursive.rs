//! Whole directories for `get -r` and `put -r`: `mirror` without deletions, so that only what
//! differs is transferred.

use crate::commands::Context;
use crate::commands::mirror::Mirror;
use crate::error::{Error, Result};

/// How directories are transferred.
#[derive(Debug, Clone, Copy)]
pub struct RecursiveTransfer {
    /// Up instead of down.
    pub up: bool,
    /// Resume unfinished files.
    pub resume: bool,
    /// How many files at a time; `None` is the setting `mirror:parallel`.
    pub parallel: Option<u64>,
}

impl RecursiveTransfer {
    /// Makes `target` like `source`; without a target it has the source's name.
    pub fn transfer_tree(
        self,
        ctx: &mut Context,
        source: &str,
        target: Option<String>,
    ) -> Result<()> {
        if source.is_empty() || target.as_deref().is_some_and(str::is_empty) {
            return Err(Error::usage("-r needs a directory's name"));
        }
        Mirror::for_tree(self, source.to_owned(), target).mirror(ctx)
    }
}
