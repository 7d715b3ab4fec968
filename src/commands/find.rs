//! `find`: names in a remote tree, by name, kind, size and time.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Parser, ValueEnum};

use super::entries::format;
use super::entries::location::EntryLocation;
use super::entries::lookup::Lookup;
use super::entries::parse_time;
use super::entries::timezone;
use super::entries::walk::{Found, walk_tree};
use super::{Builtin, Context, Example, Group, transfers};
use crate::error::{Error, Result};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::glob::Pattern;
use crate::settings::parse_size;

/// What `--type` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Type {
    /// Files
    #[value(name = "f")]
    File,
    /// Directories
    #[value(name = "d")]
    Directory,
    /// Links
    #[value(name = "l")]
    Link,
}

/// What `--size` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Exactly(u64),
    MoreThan(u64),
    LessThan(u64),
}

/// Find files and directories by name, kind, size and time
///
/// Searches PATH (the current directory by default) recursively and prints the paths that match all
/// conditions. Links are not followed. Wildcards in --name need no quotes.
#[derive(Debug, Parser)]
pub struct Find {
    /// Match the name against a pattern
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// f: files, d: directories, l: links
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Type>,
    /// Files of this size: 10k, +1M (more than), -100 (less than)
    #[arg(long, value_name = "[+-]N", allow_hyphen_values = true, value_parser = parse_size_filter)]
    size: Option<Size>,
    /// Modified after a date or within a period: 2026-11-20, '2026-11-20 07:15', 3d, 2h
    #[arg(long, value_name = "WHEN", value_parser = parse_moment_argument)]
    newer: Option<DateTime<Utc>>,
    /// Descend at most N levels
    #[arg(long, value_name = "N")]
    max_depth: Option<usize>,
    /// Show at most N levels, PATH itself being the first
    #[arg(short = 'd', value_name = "N", conflicts_with = "max_depth",
          value_parser = clap::value_parser!(u64).range(1..))]
    levels: Option<u64>,
    /// Show permissions, owner, size and time as well
    #[arg(short, long)]
    long: bool,
    /// Where to search [default: the current directory]
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<String>,
}

impl Builtin for Find {
    const NAME: &'static str = "find";
    const GROUP: Group = Group::Look;
    const SINGLE_DASH: &'static [&'static str] = &["name", "type", "size", "newer", "max-depth"];
    const EXAMPLES: &'static [Example] = &[
        Example { line: "find", about: "list everything below the current directory" },
        Example {
            line: "find docs --name *.txt --newer 365d",
            about: "text files changed in the last year",
        },
        Example { line: "find -type f -size +100k", about: "files larger than 100 KiB" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut failures = transfers::Failures::default();
        let mut lookup = Lookup::default();
        let pattern = self.name.as_deref().map(Pattern::new);
        let out = ctx.out.clone();
        for path in &self.paths {
            let result = (|| {
                let entry = lookup.find_entry(ctx, path)?;
                let root = Found::walk_root(path, entry)?;
                let below = self.levels.map(|levels| usize::try_from(levels - 1));
                let below = below.transpose().unwrap_or_default();
                let deepest = self.max_depth.or(below).unwrap_or(usize::MAX);
                walk_tree(ctx, root, deepest, &mut failures, &mut |ctx, found| {
                    if !self.matches_filters(&found.entry, pattern.as_ref()) {
                        return Ok(());
                    }
                    let absolute = format::absolute_name(ctx, &found.path);
                    let entry = &found.entry;
                    let exact = self.newer.is_some() || out.is_json();
                    let shown = [(entry, EntryLocation::At(&absolute))];
                    let offset = if exact {
                        timezone::server_utc_offset(&mut ctx.client, &shown)
                    } else {
                        None
                    };
                    if !self.is_newer(entry, offset) {
                        return Ok(());
                    }
                    match out.is_json() {
                        true => {
                            out.record(&format::entry_record(entry, &entry.name, &absolute, offset))
                        }
                        false if self.long => {
                            format::write_name(ctx, &long_line(entry, found.path.as_str()))
                        }
                        false => format::write_name(ctx, found.path.as_str()),
                    }
                })
            })();
            failures.note_result(ctx, result)?;
        }
        failures.into_result()
    }
}

impl Find {
    fn matches_filters(&self, entry: &Entry, pattern: Option<&Pattern>) -> bool {
        let kind = self.kind.is_none_or(|kind| match kind {
            Type::File => entry.kind == EntryKind::File,
            Type::Directory => entry.kind == EntryKind::Directory,
            Type::Link => entry.kind == EntryKind::Link,
        });
        let size = self.size.is_none_or(|wanted| {
            entry.kind == EntryKind::File
                && format::exact_size(entry).is_some_and(|size| match wanted {
                    Size::Exactly(n) => size == n,
                    Size::MoreThan(n) => size > n,
                    Size::LessThan(n) => size < n,
                })
        });
        let name = pattern.is_none_or(|pattern| pattern.matches_hidden(&entry.name));
        kind && size && name
    }

    fn is_newer(&self, entry: &Entry, offset: Option<TimeDelta>) -> bool {
        // A clock of an unknown zone is taken for UTC: about right.
        let offset = offset.or(Some(TimeDelta::zero()));
        let modified = entry.modified.and_then(|modified| timezone::to_utc(&modified, offset));
        self.newer.is_none_or(|moment| modified.is_some_and(|modified| modified > moment))
    }
}

/// A line of `find -l`.
fn long_line(entry: &Entry, path: &str) -> String {
    let mode = format::mode_text(entry);
    let owner = entry.owner.as_deref().unwrap_or_default();
    let size = entry.size.map(|size| size.to_string()).unwrap_or_default();
    let time = entry.modified.as_ref().map(format::full_modified_text).unwrap_or_default();
    format!("{mode:<10} {owner:<12} {size:>12} {time:>19} {path}")
}

fn parse_size_filter(text: &str) -> Result<Size> {
    let (make, number): (fn(u64) -> Size, _) = match text.split_at_checked(1) {
        Some(("+", number)) => (Size::MoreThan, number),
        Some(("-", number)) => (Size::LessThan, number),
        _ => (Size::Exactly, text),
    };
    parse_size(number).map(make).ok_or_else(|| Error::usage("not a size such as 10k, +1M or -100"))
}

fn parse_moment_argument(text: &str) -> Result<DateTime<Utc>> {
    parse_time::parse_moment(text, Utc::now())
        .ok_or_else(|| Error::usage("not a date such as 2026-11-20, nor a time such as 3d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::list_formats::{Modified, Precision, Zone};

    fn found(words: &[&str]) -> Vec<&'static str> {
        let find = Find::parse_from(std::iter::once("find").chain(words.iter().copied()));
        let time = chrono::NaiveDate::from_ymd_opt(2020, 5, 6).unwrap().and_hms_opt(0, 0, 0);
        let modified =
            time.map(|time| Modified { time, precision: Precision::Second, zone: Zone::Utc });
        let entries = [
            Entry { size: Some(1024), modified, ..Entry::new("a.txt", EntryKind::File) },
            Entry { size: Some(1025), ..Entry::new(".b.txt", EntryKind::File) },
            Entry { size: Some(4096), ..Entry::new("dir", EntryKind::Directory) },
            Entry::new("link", EntryKind::Link),
        ];
        let names = ["a.txt", ".b.txt", "dir", "link"];
        let pattern = find.name.as_deref().map(Pattern::new);
        let wanted = |(entry, _): &(&Entry, _)| {
            find.matches_filters(entry, pattern.as_ref()) && find.is_newer(entry, None)
        };
        entries.iter().zip(names).filter(wanted).map(|(_, name)| name).collect()
    }

    #[test]
    fn all_conditions_must_hold() {
        assert_eq!(found(&[]).len(), 4);
        assert_eq!(found(&["--name", "*.txt"]), ["a.txt", ".b.txt"]);
        assert_eq!(found(&["--type", "d"]), ["dir"]);
        assert_eq!(found(&["--type", "l"]), ["link"]);
        assert_eq!(found(&["--size", "1k"]), ["a.txt"]);
        assert_eq!(found(&["--size", "+1k"]), [".b.txt"]);
        assert_eq!(found(&["--size", "-1025"]), ["a.txt"]);
        assert_eq!(found(&["--newer", "2020-05-05"]), ["a.txt"]);
        assert!(found(&["--newer", "2020-05-08"]).is_empty());
        assert!(found(&["--size", "-10k", "--type", "d"]).is_empty());
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "+", "x", "+-1", "1.5", "--1"] {
            assert!(parse_size_filter(text).is_err(), "{text:?}");
        }
    }
}
