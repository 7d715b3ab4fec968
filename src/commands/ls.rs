//! `ls`: directories and files as a table, as names, as records, or as the server's own text.
//!
//! Always asks the server: `ls` must show the current state, not a cached listing.

use std::cmp::Ordering;

use clap::{Parser, ValueEnum};

use super::entries::format;
use super::entries::location::EntryLocation;
use super::entries::lookup::{Lookup, ask_exact_time};
use super::entries::timezone;
use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Precision};
use crate::ftp::path::RemotePath;
use crate::ftp::session::list::list_raw_lines;
use crate::output::{Cell, Column, Table, human_size};

/// What `--sort` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SortBy {
    /// By name
    Name,
    /// Largest first
    Size,
    /// Newest first
    Time,
}

/// List directories and files on the server
///
/// Names that begin with a dot are shown only with -a. Times are local if the server sends UTC
/// (MLSD), otherwise in the server's time zone. Output to a pipe has plain columns and no header;
/// with -1 each line is just a name.
#[derive(Debug, Default, Parser)]
pub struct Ls {
    /// Print one name per line
    #[arg(short = '1')]
    pub(super) names: bool,
    /// With -1, mark directories with `/` and links with `@`
    #[arg(short = 'F', long)]
    classify: bool,
    /// With -1, show each name behind the directory that was typed
    #[arg(skip)]
    with_directory: bool,
    /// Include names that begin with a dot
    #[arg(short, long)]
    all: bool,
    /// List directories themselves, not their contents
    #[arg(short, long)]
    directory: bool,
    /// Show sizes as 1.5K, 20M
    #[arg(short, long)]
    human_readable: bool,
    /// Show times with seconds and UTC offset; asks the server where the listing has less
    #[arg(short = 'T', long)]
    full_time: bool,
    /// Show a table (the default)
    #[arg(short)]
    long: bool,
    /// Reverse order
    #[arg(short, long)]
    reverse: bool,
    /// List directories below as well
    #[arg(short = 'R', long, conflicts_with_all = ["directory", "raw"])]
    recursive: bool,
    /// Newest first
    #[arg(short = 't', conflicts_with_all = ["by_size", "sort"])]
    by_time: bool,
    /// Largest first
    #[arg(short = 'S', conflicts_with = "sort")]
    by_size: bool,
    /// The order
    #[arg(long, value_name = "WHAT")]
    sort: Option<SortBy>,
    /// Show the server's listing as sent
    #[arg(long, conflicts_with_all = ["names", "directory"])]
    raw: bool,
    /// Directories and files [default: the current directory]
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

impl Builtin for Ls {
    const NAME: &'static str = "ls";
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "ls", about: "list the current directory" },
        Example { line: "ls -ht docs", about: "newest first, with short sizes" },
        Example { line: "ls -1 docs/*.txt", about: "names only" },
        Example { line: "ls -R docs", about: "list a directory and those below it" },
        Example { line: "ls -T notes.txt", about: "show the exact modification time of a file" },
    ];

    fn run(mut self, ctx: &mut Context) -> anyhow::Result<()> {
        self.all |= ctx.client.lists_hidden();
        let mut failures = transfers::Failures::default();
        if self.paths.is_empty() {
            if self.directory {
                let entry = Lookup::default().find_entry(ctx, ".")?;
                let here = ctx.client.absolute_path(".")?;
                self.show_entries(ctx, vec![(&entry, EntryLocation::At(&here))])?;
            } else if self.recursive {
                self.list_tree(ctx, ".", false, &mut failures)?;
            } else {
                self.list_paths(ctx, None)?;
            }
            return failures.into_result();
        }
        if self.raw {
            for path in &self.paths {
                let result = self.show_raw(ctx, Some(path));
                failures.note_result(ctx, result)?;
            }
            return failures.into_result();
        }
        let (files, directories) = self.partition_paths(ctx, &mut failures)?;
        let mut first = files.is_empty();
        let shown = files.iter().map(|(entry, path)| (entry, EntryLocation::At(path)));
        self.show_entries(ctx, shown.collect())?;
        for path in directories {
            let heading = self.paths.len() > 1 && !ctx.out.is_json();
            if heading && !std::mem::take(&mut first) {
                ctx.out.line("")?;
            }
            if self.recursive {
                self.list_tree(ctx, path, heading, &mut failures)?;
                continue;
            }
            let result = (|| {
                if heading {
                    format::write_name(ctx, &format!("{path}:"))?;
                }
                self.list_paths(ctx, Some(path)).map(drop)
            })();
            failures.note_result(ctx, result)?;
        }
        failures.into_result()
    }
}

/// How many levels -R descends.
const DEEPEST: usize = 64;

/// Entries to show themselves, each with its absolute path.
type Files = Vec<(Entry, RemotePath)>;

/// What is shown.
type Shown<'a> = Vec<(&'a Entry, EntryLocation<'a>)>;

impl Ls {
    /// `ls -1` of these paths.
    pub(super) fn names_of(paths: Vec<String>) -> Self {
        Self { names: true, paths, ..Self::default() }
    }

    /// Turns this into what `cls` lists.
    pub(super) fn list_as_cls(&mut self) {
        self.names = !self.long;
        (self.classify, self.with_directory) = (true, true);
    }

    /// The arguments that are shown themselves, and those whose contents are.
    fn partition_paths(
        &self,
        ctx: &mut Context,
        failures: &mut transfers::Failures,
    ) -> Result<(Files, Vec<&str>)> {
        let mut lookup = Lookup::default();
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        let alone = self.paths.len() == 1 && !ctx.words_from_wildcard;
        for path in &self.paths {
            if path.ends_with('/') && !self.directory {
                directories.push(path.as_str());
                continue;
            }
            // Without MLST only the parent's listing tells what it is, which may be long: going
            // there takes less.
            if alone && !self.directory && !ctx.client.session()?.features().mlst() {
                let remote = RemotePath::new(path)?;
                if ctx.client.ask_server(|session| session.is_directory(&remote))? {
                    directories.push(path.as_str());
                    continue;
                }
            }
            let mut one = || -> Result<()> {
                let entry = lookup.find_entry(ctx, path)?;
                let inside = !self.directory
                    && match entry.kind {
                        EntryKind::Directory => true,
                        EntryKind::Link => {
                            ctx.client.session()?.is_directory(&RemotePath::new(path)?)?
                        }
                        EntryKind::File | EntryKind::Other => false,
                    };
                if inside {
                    directories.push(path.as_str());
                } else {
                    let absolute = ctx.client.absolute_path(path)?;
                    let mut entry = Entry { name: path.clone(), ..entry };
                    // A table shows minutes.
                    let rough = entry.modified.is_none_or(|m| m.precision == Precision::Day);
                    if self.full_time || (alone && (ctx.out.is_json() || rough)) {
                        ask_exact_time(ctx, &mut entry, &absolute)?;
                    }
                    files.push((entry, absolute));
                }
                Ok(())
            };
            let result = one();
            failures.note_result(ctx, result)?;
        }
        Ok((files, directories))
    }

    /// A directory and those below it, each with its path as a heading. Links are not followed.
    fn list_tree(
        &self,
        ctx: &mut Context,
        root: &str,
        heading: bool,
        failures: &mut transfers::Failures,
    ) -> Result<()> {
        let mut todo = vec![(root.to_owned(), 0)];
        while let Some((path, depth)) = todo.pop() {
            ctx.client.cancel.check()?;
            let mut list = || -> Result<Vec<String>> {
                if !ctx.out.is_json() && (heading || depth > 0) {
                    if depth > 0 {
                        ctx.out.line("")?;
                    }
                    format::write_name(ctx, &format!("{path}:"))?;
                }
                self.list_paths(ctx, Some(&path))
            };
            match list() {
                Ok(inner) if depth < DEEPEST => {
                    let inner = inner.into_iter().rev();
                    let child = |name| match path.as_str() {
                        "." => name,
                        path => format!("{}/{name}", path.trim_end_matches('/')),
                    };
                    todo.extend(inner.map(|name| (child(name), depth + 1)));
                }
                Ok(_) => {}
                Err(error) => failures.note_result(ctx, Err(error))?,
            }
        }
        Ok(())
    }

    /// Lists a directory; returns the names of the directories in it.
    fn list_paths(&self, ctx: &mut Context, path: Option<&str>) -> Result<Vec<String>> {
        if self.raw {
            return self.show_raw(ctx, path).map(|()| Vec::new());
        }
        let remote = path.map(RemotePath::new).transpose()?;
        let (listing, cut) = ctx.client.list_even_incomplete(remote.as_ref())?;
        let directory = ctx.client.absolute_path(path.unwrap_or("."))?;
        let prefixed = |entry: &Entry| match path {
            Some(path) if self.names && self.with_directory => {
                let name = format!("{}/{}", path.trim_end_matches('/'), entry.name);
                Entry { name, ..entry.clone() }
            }
            _ => entry.clone(),
        };
        let shown = listing.iter().filter(|entry| self.all || !entry.name.starts_with('.'));
        let mut shown: Vec<Entry> = shown.cloned().collect();
        if self.full_time {
            for entry in &mut shown {
                ctx.client.cancel.check()?;
                let path = EntryLocation::In(&directory).entry_path(entry).into_owned();
                if !ask_exact_time(ctx, entry, &path)? {
                    break;
                }
            }
        }
        let is_inner = |entry: &&Entry| {
            entry.kind == EntryKind::Directory && format::is_component(&entry.name)
        };
        let mut inner: Vec<_> =
            shown.iter().filter(is_inner).map(|entry| entry.name.clone()).collect();
        inner.sort();
        let shown: Vec<_> = shown.iter().map(prefixed).collect();
        let located = shown.iter().map(|entry| (entry, EntryLocation::In(&directory)));
        self.show_entries(ctx, located.collect())?;
        cut.map_or(Ok(inner), Err)
    }

    fn show_raw(&self, ctx: &mut Context, path: Option<&str>) -> Result<()> {
        let remote = path.map(RemotePath::new).transpose()?;
        let out = ctx.out.clone();
        let mut printed = false;
        let cut = ctx.client.ask_server(|session| {
            let charset = session.charset();
            let listed = list_raw_lines(session, remote.as_ref(), self.all, &mut |line| {
                printed = true;
                out.line(&charset.decode(line))
            });
            // What was printed cannot be taken back.
            listed.map_err(|error| if printed { error.as_permanent() } else { error })
        })?;
        match cut {
            None => Ok(()),
            Some(words) => {
                let text = format!("ls: the listing is incomplete: {words}");
                Err(Error::new(Kind::Incomplete, text))
            }
        }
    }

    fn show_entries(&self, ctx: &mut Context, mut shown: Shown<'_>) -> Result<()> {
        sort_entries(&mut shown, self.compare_entries(), self.reverse);
        if ctx.out.is_json() {
            let offset = timezone::server_utc_offset(&mut ctx.client, &shown);
            return shown.iter().try_for_each(|(entry, place)| {
                let path = place.entry_path(entry);
                // Files named on the command line are shown by the path that was typed.
                let name = match place {
                    EntryLocation::At(_) => path.file_name().unwrap_or(&entry.name),
                    EntryLocation::In(_) => &entry.name,
                };
                ctx.out.record(&format::entry_record(entry, name, &path, offset))
            });
        }
        if self.names {
            let marked = |entry: &Entry| match entry.kind {
                EntryKind::Directory if self.classify => format!("{}/", entry.name),
                EntryKind::Link if self.classify => format!("{}@", entry.name),
                _ => entry.name.clone(),
            };
            if !ctx.out.is_terminal_out() {
                return shown.iter().try_for_each(|(entry, _)| ctx.out.line(&marked(entry)));
            }
            let mut table = Table::new(&[Column::left("")]).without_header();
            for (entry, _) in &shown {
                table.row(vec![Cell::styled(marked(entry), format::name_style(ctx, entry))]);
            }
            return ctx.out.table(&table);
        }
        ctx.out.table(&self.entry_table(ctx, &shown))
    }

    fn entry_table(&self, ctx: &Context, shown: &Shown<'_>) -> Table {
        let columns = [
            Column::left("Mode"),
            Column::left("Owner"),
            Column::right("Size"),
            Column::left("Modified"),
            Column::left("Name"),
        ];
        let mut table = Table::new(&columns);
        if !ctx.out.is_terminal_out() {
            table = table.without_header();
        }
        let time = if self.full_time { format::full_modified_text } else { format::modified_text };
        for (entry, _) in shown {
            let size = entry.size.map(|size| match self.human_readable {
                true => human_size(size),
                false => size.to_string(),
            });
            table.row(vec![
                format::mode_text(entry).into(),
                entry.owner.clone().unwrap_or_default().into(),
                size.unwrap_or_default().into(),
                entry.modified.as_ref().map(time).unwrap_or_default().into(),
                Cell::styled(format::name_with_suffix(entry), format::name_style(ctx, entry)),
            ]);
        }
        table
    }

    fn compare_entries(&self) -> SortBy {
        match (self.sort, self.by_time, self.by_size) {
            (Some(by), _, _) => by,
            (None, true, _) => SortBy::Time,
            (None, false, true) => SortBy::Size,
            (None, false, false) => SortBy::Name,
        }
    }
}

fn sort_entries(shown: &mut Shown<'_>, by: SortBy, reverse: bool) {
    shown.sort_by(|(a, _), (b, _)| {
        let order = match by {
            SortBy::Name => Ordering::Equal,
            SortBy::Size => b.size.cmp(&a.size),
            SortBy::Time => b.modified.map(|m| m.time).cmp(&a.modified.map(|m| m.time)),
        };
        let order = order.then_with(|| a.name.cmp(&b.name));
        if reverse { order.reverse() } else { order }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::list_formats::{Modified, Zone};

    fn names(by: SortBy, reverse: bool) -> Vec<String> {
        let day = |day| {
            let time = chrono::NaiveDate::from_ymd_opt(2026, 11, day)?.and_hms_opt(0, 0, 0)?;
            Some(Modified { time, precision: Precision::Day, zone: Zone::Utc })
        };
        let entry = |name: &str, size, modified| Entry {
            size,
            modified,
            ..Entry::new(name, EntryKind::File)
        };
        let entries = [
            entry("b", Some(2), day(2)),
            entry("a", Some(2), day(3)),
            entry("C", None, None),
            entry("d", Some(10), day(1)),
        ];
        let root = RemotePath::root();
        let mut shown = entries.iter().map(|entry| (entry, EntryLocation::In(&root))).collect();
        sort_entries(&mut shown, by, reverse);
        shown.into_iter().map(|(entry, _)| entry.name.clone()).collect()
    }

    #[test]
    fn entries_are_sorted_by_what_was_asked_for_and_then_by_name() {
        assert_eq!(names(SortBy::Name, false), ["C", "a", "b", "d"]);
        assert_eq!(names(SortBy::Name, true), ["d", "b", "a", "C"]);
        assert_eq!(names(SortBy::Size, false), ["d", "a", "b", "C"]);
        assert_eq!(names(SortBy::Time, false), ["a", "b", "d", "C"]);
        assert_eq!(names(SortBy::Time, true), ["C", "d", "b", "a"]);
    }
}
