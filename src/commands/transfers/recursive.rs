//! Whole directories for `get -r` and `put -r`: `mirror` without deletions, so that only what
//! differs is carried.

use clap::Parser;

use crate::commands::mirror::Mirror;
use crate::commands::{Builtin, Context};
use crate::error::{Error, Kind, Result, find_typed};

/// How directories are carried.
#[derive(Debug, Clone, Copy)]
pub struct RecursiveTransfer {
    /// Up instead of down.
    pub up: bool,
    /// Go on with unfinished files.
    pub resume: bool,
    /// How many files at a time; `None` is the setting `mirror:parallel`.
    pub parallel: Option<u64>,
}

impl RecursiveTransfer {
    /// Makes `target` like `source`; without a target it has the source's name.
    ///
    /// # Errors
    ///
    /// Those of `mirror`.
    pub fn transfer_tree(
        self,
        ctx: &mut Context,
        source: &str,
        target: Option<String>,
    ) -> Result<()> {
        let mut words = vec![Mirror::NAME.to_owned()];
        words.extend(self.up.then(|| "-R".to_owned()));
        words.extend(self.resume.then(|| "-c".to_owned()));
        words.extend(self.parallel.map(|count| format!("-P{count}")));
        words.extend(["--".to_owned(), source.to_owned()]);
        words.extend(target);
        let mirror = Mirror::try_parse_from(words)
            .map_err(|error| Error::usage(error.render().to_string()))?;
        mirror.run(ctx).map_err(|error| match find_typed(&error) {
            Some(error) => error.clone(),
            None => Error::new(Kind::Other, error.to_string()),
        })
    }
}
