//! The plan of a dry run, and what a mirror's files are called on both sides.

use crate::commands::transfers::record;
use crate::error::Result;
use crate::output::{Cell, Column, Output, Record, Table, Way, human_size};
use crate::transfer::mirror::carry::Sides;
use crate::transfer::mirror::plan::Action;

/// The plan of a dry run: a table, or records.
pub fn plan(out: &Output, sides: &Sides, actions: &[Action], way: Way) -> Result<()> {
    let mut table = Table::new(&[
        Column::left("Action"),
        Column::right("Size"),
        Column::left("Why"),
        Column::left("Path"),
    ]);
    for action in actions {
        let (verb, size, why) = match action {
            Action::MakeDirectory { .. } => ("mkdir", None, "missing"),
            Action::Carry { item, reason, .. } => {
                (if way == Way::Download { "get" } else { "put" }, item.size, reason.word())
            }
            Action::Delete { .. } => ("delete", None, "surplus"),
        };
        if out.is_json() {
            match action {
                Action::Carry { path, item, .. } => {
                    let (remote, local) = ends(sides, path, way);
                    let mut planned = record(way, &remote, &local, None);
                    planned.bytes = item.size.unwrap_or(0);
                    planned.status = "planned".to_owned();
                    out.record(&Record::Transfer(planned))?;
                }
                _ => out.line(&format!("{verb} {}", sides.target().show(action.path())))?,
            }
            continue;
        }
        table.row(vec![
            Cell::new(verb),
            Cell::new(size.map(human_size).unwrap_or_default()),
            Cell::new(why),
            Cell::new(action.path()),
        ]);
    }
    if out.is_json() || table.is_empty() { Ok(()) } else { out.table(&table) }
}

/// A file's two ends: remote, local.
pub fn ends(sides: &Sides, path: &str, way: Way) -> (String, String) {
    let (source, target) = (sides.source().show(path), sides.target().show(path));
    if way == Way::Upload { (target, source) } else { (source, target) }
}
