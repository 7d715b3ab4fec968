//! `du`: how much is in a remote tree.

use clap::Parser;

use super::entries::format;
use super::entries::location::EntryLocation;
use super::entries::lookup::Lookup;
use super::entries::timezone;
use super::entries::walk::{Found, walk_tree};
use super::transfers::Failures;
use super::{Builtin, Context, Example, Globs, Group};
use crate::error::Result;
use crate::ftp::list_formats::EntryKind;
use crate::output::human_size;

/// Show disk usage of directories
///
/// Adds up the file sizes in the server's listings, in KiB (rounded up) unless -h or -b is given.
/// Links are not followed.
#[derive(Debug, Parser)]
pub struct Du {
    /// Show files as well as directories
    #[arg(short, long, conflicts_with = "summarize")]
    all: bool,
    /// Show sizes in bytes
    #[arg(short, long, conflicts_with = "human_readable")]
    bytes: bool,
    /// Show sizes as 1.5K, 20M
    #[arg(short, long)]
    human_readable: bool,
    /// Show only a total for each PATH
    #[arg(short, long, conflicts_with = "max_depth")]
    summarize: bool,
    /// Show directories down to N levels; deeper ones are included in the totals
    #[arg(short = 'd', long, value_name = "N")]
    max_depth: Option<usize>,
    /// Directories and files [default: the current directory]
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<String>,
}

impl Builtin for Du {
    const NAME: &'static str = "du";
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "du -h", about: "every directory below this one" },
        Example { line: "du -sh docs big.iso", about: "a total for each" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut failures = Failures::default();
        let mut lookup = Lookup::default();
        for path in &self.paths {
            let result = self.measure_path(ctx, path, &mut lookup, &mut failures);
            failures.note_result(ctx, result)?;
        }
        failures.into_result()
    }
}

impl Du {
    fn measure_path(
        &self,
        ctx: &mut Context,
        path: &str,
        lookup: &mut Lookup,
        failures: &mut Failures,
    ) -> Result<()> {
        let root = Found::walk_root(path, lookup.find_entry(ctx, path)?)?;
        let mut tree = Vec::new();
        walk_tree(ctx, root, usize::MAX, failures, &mut |_, found| {
            tree.push(found.clone());
            Ok(())
        })?;
        let own = |found: &Found| match found.entry.kind {
            EntryKind::File => found.entry.size.unwrap_or(0),
            _ => 0,
        };
        let sizes: Vec<_> = tree.iter().map(|found| (found.depth, own(found))).collect();
        let deepest = if self.summarize { 0 } else { self.max_depth.unwrap_or(usize::MAX) };
        // What is in a directory comes before its total.
        for (index, total) in directory_totals(&sizes) {
            let found = &tree[index];
            let shown = found.entry.kind == EntryKind::Directory || self.all || found.depth == 0;
            if shown && found.depth <= deepest {
                self.show_total(ctx, found, total)?;
            }
        }
        Ok(())
    }

    fn show_total(&self, ctx: &mut Context, found: &Found, total: u64) -> Result<()> {
        if ctx.out.is_json() {
            let absolute = format::absolute_name(ctx, &found.path);
            let mut entry = found.entry.clone();
            entry.size = Some(total);
            entry.size_in_blocks = false;
            let offset = timezone::server_utc_offset(
                &mut ctx.client,
                &[(&entry, EntryLocation::At(&absolute))],
            );
            return ctx.out.record(&format::entry_record(&entry, &entry.name, &absolute, offset));
        }
        let size = match (self.bytes, self.human_readable) {
            (true, _) => total.to_string(),
            (false, true) => human_size(total),
            (false, false) => total.div_ceil(1024).to_string(),
        };
        // The tab is ours: what surrounds it is made one line.
        let path = match ctx.out.is_terminal_out() {
            true => crate::output::escape(found.path.as_str()),
            false => found.path.as_str().into(),
        };
        ctx.out.line(&format!("{size}\t{path}"))
    }
}

/// Of a tree in the order of a walk (each directory before what is in it) as depths and sizes:
/// the index of each, with the sum of itself and all below, directories after what is in them.
fn directory_totals(tree: &[(usize, u64)]) -> Vec<(usize, u64)> {
    let mut done = Vec::with_capacity(tree.len());
    // Directories that are not finished: index, depth, sum.
    let mut open: Vec<(usize, usize, u64)> = Vec::new();
    for (index, &(depth, size)) in tree.iter().enumerate() {
        close_directory(&mut open, &mut done, depth);
        open.push((index, depth, size));
    }
    close_directory(&mut open, &mut done, 0);
    done
}

/// Finishes all that is open at `depth` or deeper.
fn close_directory(
    open: &mut Vec<(usize, usize, u64)>,
    done: &mut Vec<(usize, u64)>,
    depth: usize,
) {
    while let Some((index, _, sum)) = open.pop_if(|(_, own, _)| *own >= depth) {
        done.push((index, sum));
        if let Some((_, _, parent)) = open.last_mut() {
            *parent = parent.saturating_add(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_counts_all_below_it_and_comes_after_it() {
        // root: 0; a: 1 (b: 2 (5 bytes at 3), 7 at 2); c: 1 (1 at 2)
        let tree = [(0, 0), (1, 0), (2, 0), (3, 5), (2, 7), (1, 0), (2, 1)];
        assert_eq!(
            directory_totals(&tree),
            [(3, 5), (2, 5), (4, 7), (1, 12), (6, 1), (5, 1), (0, 13)]
        );
        assert_eq!(directory_totals(&[(0, 9)]), [(0, 9)]);
        assert!(directory_totals(&[]).is_empty());
        assert_eq!(directory_totals(&[(0, 0), (1, u64::MAX), (1, 5)]).last(), Some(&(0, u64::MAX)));
    }
}
