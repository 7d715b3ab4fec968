//! `less`: files in a pager.
//!
//! The pager gets the files' bytes through a pipe. What is not shown on a terminal is written as
//! `cat` does.

use clap::Parser;

use super::programs::pager;
use super::{Builtin, Context, Example, Globs, Group, cat, transfers};
use crate::output::is_broken_pipe;

/// Page through remote files
///
/// The pager is $PAGER, or else `less` or `more`. Without a terminal this is the same as `cat`.
#[derive(Debug, Parser)]
pub struct Less {
    /// Remote files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

impl Builtin for Less {
    const NAME: &'static str = "less";
    const ALIASES: &'static [&'static str] = &["more"];
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "less notes.txt", about: "read a file page by page" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        if !pager::is_wanted(ctx) {
            return transfers::for_each_argument(ctx, &self.files, cat::print_file);
        }
        let paged = pager::Paged::start_paging(ctx)?;
        let shown = transfers::for_each_argument(ctx, &self.files, cat::print_file);
        let enough = shown.as_ref().is_err_and(is_broken_pipe);
        // Whoever leaves a pager early has seen enough.
        paged.end(ctx, if enough { Ok(()) } else { shown })
    }
}
