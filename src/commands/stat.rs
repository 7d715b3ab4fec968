//! `stat`: all that the server says of a file.

use clap::Parser;

use super::entries::format;
use super::entries::location::EntryLocation;
use super::entries::lookup::{Lookup, ask_exact_time, known_fields};
use super::entries::timezone;
use super::{Builtin, Context, Example, Globs, Group, transfers};
use crate::error::Result;
use crate::ftp::list_formats::{Entry, EntryKind, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::output::{Column, Table, human_bytes};
use crate::transfer::remote::may_be_link;

/// Show all details of files and directories
#[derive(Debug, Parser)]
pub struct Stat {
    /// Files and directories
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Builtin for Stat {
    const NAME: &'static str = "stat";
    const GROUP: Group = Group::Look;
    const GLOBS: Globs = Globs::Remote;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "stat notes.txt", about: "show size, time, permissions and owner" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut lookup = Lookup::default();
        let mut first = true;
        transfers::for_each_argument(ctx, &self.paths, |ctx, path| {
            let entry = exact_entry(ctx, &mut lookup, path)?;
            let absolute = ctx.client.absolute_path(path)?;
            if ctx.out.is_json() {
                let offset = timezone::server_utc_offset(
                    &mut ctx.client,
                    &[(&entry, EntryLocation::At(&absolute))],
                );
                return ctx.out.record(&format::entry_record(
                    &entry,
                    &entry.name,
                    &absolute,
                    offset,
                ));
            }
            if !std::mem::take(&mut first) {
                ctx.out.line("")?;
            }
            ctx.out.table(&stat_table(&entry, &absolute))
        })
    }
}

/// The entry; asks the server for what the listing has only roughly.
fn exact_entry(ctx: &mut Context, lookup: &mut Lookup, typed: &str) -> Result<Entry> {
    let mut entry = lookup.find_entry(ctx, typed)?;
    // The size and time of a link are not those of the file that it leads to.
    let rough = entry.size_in_blocks
        || may_be_link(&entry)
        || entry.modified.is_none_or(|m| m.precision != Precision::Second);
    if entry.kind != EntryKind::File || !rough {
        return Ok(entry);
    }
    let path = RemotePath::new(typed)?;
    if let Some(size) = known_fields(ctx.client.ask_server(|session| session.file_size(&path)))? {
        entry.size = Some(size);
        entry.size_in_blocks = false;
    }
    ask_exact_time(ctx, &mut entry, &path)?;
    Ok(entry)
}

fn stat_table(entry: &Entry, path: &RemotePath) -> Table {
    let size = entry.size.map(|size| match size {
        _ if entry.size_in_blocks => format!("at most {size}"),
        0..1024 => size.to_string(),
        _ => format!("{size} ({})", human_bytes(size)),
    });
    let modified = entry.modified.as_ref().map(|modified| match modified.zone {
        Zone::Utc => format::modified_text(modified),
        Zone::Server => format!("{} (the server's clock)", format::modified_text(modified)),
    });
    let mode = entry.mode.map(|mode| format!("{mode:04o} ({})", format::mode_text(entry)));
    let rows = [
        ("name:", Some(entry.name.clone())),
        ("path:", Some(path.as_str().to_owned())),
        ("kind:", Some(format::kind_name(entry.kind).to_owned())),
        ("size:", size),
        ("modified:", modified),
        ("mode:", mode),
        ("owner:", entry.owner.clone()),
        ("group:", entry.group.clone()),
        ("target:", entry.target.clone()),
    ];
    let mut table = Table::new(&[Column::left(""), Column::left("")]).without_header();
    for (name, value) in rows {
        if let Some(value) = value {
            table.row(vec![name.into(), value.into()]);
        }
    }
    table
}
