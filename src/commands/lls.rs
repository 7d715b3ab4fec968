//! `lls`: list a local directory.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Parser;
use unicode_width::UnicodeWidthStr as _;

use super::{Builtin, Context, Example, Globs, Group, ScriptCheck};
use crate::error::{Error, Result};
use crate::local_path;
use crate::output::{
    Cell, Column, EntryRecord, NameKind, Record, Table, escape, human_size, time_text,
};

/// List local files
///
/// Names that begin with a dot are shown only with -a.
#[derive(Debug, Parser)]
pub struct Lls {
    /// Print one name per line
    #[arg(short = '1', conflicts_with = "long")]
    one: bool,
    /// Include names that begin with a dot
    #[arg(short, long)]
    all: bool,
    /// Show permissions, sizes and times
    #[arg(short, long)]
    long: bool,
    /// With -l, show sizes as 1.5K, 20M
    #[arg(short = 'h', long)]
    human_readable: bool,
    /// Directories and files [default: the local directory]
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<String>,
}

impl Builtin for Lls {
    const NAME: &'static str = "lls";
    const GROUP: Group = Group::Local;
    const GLOBS: Globs = Globs::Local;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "lls", about: "list the local directory" },
        Example { line: "lls -lh *.txt", about: "list some files with their sizes" },
    ];

    fn check_in_script(&self, script: &mut ScriptCheck) {
        script.tests_local_files();
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let paths = if self.paths.is_empty() { vec![".".to_owned()] } else { self.paths.clone() };
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        let mut failed = None;
        for path in paths {
            match read_metadata(&path, ctx) {
                Ok(found) if found.metadata.is_dir() => directories.push(path),
                Ok(found) => files.push(found),
                Err(error) => {
                    failed.get_or_insert(error.kind());
                    ctx.out.error(&error.into());
                }
            }
        }
        self.show_files(&files, ctx)?;
        let titled = directories.len() > 1 || !files.is_empty();
        for (index, directory) in directories.iter().enumerate() {
            ctx.client.cancel.check()?;
            if titled && !ctx.out.is_json() {
                if index > 0 || !files.is_empty() {
                    ctx.out.line("")?;
                }
                ctx.out.line(&format!("{directory}:"))?;
            }
            match self.list_local(directory, ctx) {
                Ok(found) => self.show_files(&found, ctx)?,
                Err(error) => {
                    failed.get_or_insert(error.kind());
                    ctx.out.error(&error.into());
                }
            }
        }
        match failed {
            Some(kind) => Err(Error::already_shown(kind).into()),
            None => Ok(()),
        }
    }
}

/// A local file as it is listed.
struct Found {
    name: String,
    path: PathBuf,
    /// Of a link's target, if that exists.
    metadata: Metadata,
    target: Option<String>,
}

/// A path as the user gave it: a link is followed.
fn read_metadata(word: &str, ctx: &Context) -> Result<Found> {
    let path = ctx.local_path(word);
    let metadata = std::fs::metadata(&path).or_else(|_| std::fs::symlink_metadata(&path));
    let metadata = metadata.map_err(|error| Error::local_file(&path, &error))?;
    Ok(Found { name: word.to_owned(), target: None, path, metadata })
}

impl Lls {
    fn list_local(&self, directory: &str, ctx: &Context) -> Result<Vec<Found>> {
        let path = ctx.local_path(directory);
        let failed = |error: std::io::Error| Error::local_file(&path, &error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = local_path::word_from_path(Path::new(&entry.file_name()));
            if name.starts_with('.') && !self.all {
                continue;
            }
            // A file that vanished meanwhile is not there any more.
            let Ok(metadata) = entry.metadata() else { continue };
            let target =
                std::fs::read_link(entry.path()).ok().map(|to| local_path::word_from_path(&to));
            found.push(Found { name, path: entry.path(), metadata, target });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn show_files(&self, found: &[Found], ctx: &Context) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let terminal = ctx.out.is_terminal_out();
        if ctx.out.is_json() {
            found.iter().try_for_each(|file| ctx.out.record(&Record::Entry(file_record(file))))
        } else if self.long {
            ctx.out.table(&self.file_table(found, ctx))
        } else if terminal && !self.one {
            let names: Vec<_> = found.iter().map(|file| escape(&file.name).into_owned()).collect();
            show_grid(&names, ctx.out.width()).iter().try_for_each(|line| ctx.out.line(line))
        } else {
            found.iter().try_for_each(|file| match terminal {
                // A line feed in a name makes no second line.
                true => ctx.out.line(&escape(&file.name)),
                false => ctx.out.line(&file.name),
            })
        }
    }

    fn file_table(&self, found: &[Found], ctx: &Context) -> Table {
        let mut table = Table::new(&[
            Column::left("Mode"),
            Column::right("Size"),
            Column::left("Modified"),
            Column::left("Name"),
        ]);
        for file in found {
            let size = file.metadata.len();
            let size = if self.human_readable { human_size(size) } else { size.to_string() };
            let style = ctx.out.name_style(&file.name, name_kind(file));
            let name = match &file.target {
                Some(target) => format!("{} -> {target}", file.name),
                None => file.name.clone(),
            };
            table.row(vec![
                permission_text(&file.metadata).into(),
                if file.metadata.is_dir() { Cell::default() } else { size.into() },
                modified_text(&file.metadata).map(time_text).unwrap_or_default().into(),
                Cell::styled(name, style),
            ]);
        }
        table
    }
}

fn name_kind(file: &Found) -> NameKind {
    if file.metadata.is_symlink() {
        NameKind::Link
    } else if file.metadata.is_dir() {
        NameKind::Directory
    } else {
        NameKind::File
    }
}

fn modified_text(metadata: &Metadata) -> Option<DateTime<Utc>> {
    metadata.modified().ok().map(DateTime::<Utc>::from)
}

fn permission_text(metadata: &Metadata) -> String {
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => 'l',
        kind if kind.is_dir() => 'd',
        kind if kind.is_file() => '-',
        _ => '?',
    };
    let mode = metadata.permissions().mode();
    let bits = (0..9).rev().zip("rwxrwxrwx".chars());
    std::iter::once(kind)
        .chain(bits.map(|(bit, letter)| if mode >> bit & 1 == 1 { letter } else { '-' }))
        .collect()
}

fn file_record(file: &Found) -> EntryRecord<'_> {
    let kind = match file.metadata.file_type() {
        kind if kind.is_symlink() => "link",
        kind if kind.is_dir() => "directory",
        kind if kind.is_file() => "file",
        _ => "other",
    };
    EntryRecord {
        name: match file.path.file_name() {
            Some(name) => local_path::word_from_path(Path::new(name)).into(),
            None => (&file.name).into(),
        },
        path: local_path::word_from_path(&file.path).into(),
        kind,
        size: file.metadata.is_file().then_some(file.metadata.len()),
        modified: modified_text(&file.metadata),
        modified_text: modified_text(&file.metadata)
            .map(|time| time.format("%Y-%m-%d %H:%M:%SZ").to_string()),
        modified_precision: modified_text(&file.metadata).map(|_| "second"),
        mode: Some(file.metadata.permissions().mode() & 0o7777),
        target: file.target.as_ref().map(Into::into),
        ..EntryRecord::default()
    }
}

/// Names in columns, down and then to the right, in as few lines as the width allows.
fn show_grid(names: &[String], width: usize) -> Vec<String> {
    let longest = names.iter().map(|name| name.width()).max().unwrap_or_default() + 2;
    let columns = ((width + 2) / longest).max(1);
    let rows = names.len().div_ceil(columns);
    let line = |row: usize| {
        let mut line = String::new();
        for name in names.iter().skip(row).step_by(rows.max(1)) {
            line.push_str(name);
            line.extend(std::iter::repeat_n(' ', longest - name.width()));
        }
        line.trim_end().to_owned()
    };
    (0..rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_down_and_then_to_the_right() {
        let names = ["a", "bb", "c", "d", "e"].map(str::to_owned);
        assert_eq!(show_grid(&names, 10), ["a   c   e", "bb  d"]);
        assert_eq!(show_grid(&names, 7), ["a   d", "bb  e", "c"]);
        assert_eq!(show_grid(&names, 1).len(), 5);
        assert!(show_grid(&[], 10).is_empty());
    }
}
