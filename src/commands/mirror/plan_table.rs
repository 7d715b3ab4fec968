//! The plan of a dry run, and what a mirror's files are called on both sides.

use crate::commands::transfers::transfer_record;
use crate::error::Result;
use crate::output::{Cell, Column, Output, Record, Table, human_size};
use crate::transfer::Direction;
use crate::transfer::mirror::plan::MirrorAction;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides as _};

/// How many lines of a plan are held back, so that the columns of a short one fit.
const HELD: usize = 1000;

/// The plan of a dry run: a table, or records. A long one is shown as it is found out.
#[derive(Debug, Default)]
pub struct PlanTable {
    rows: Vec<Vec<Cell>>,
    /// Whether some rows have been shown.
    begun: bool,
}

impl PlanTable {
    /// Takes the next action.
    pub fn add_action(
        &mut self,
        out: &Output,
        sides: &Endpoints,
        action: &MirrorAction,
        direction: Direction,
    ) -> Result<()> {
        let verb = action.verb(direction);
        let (size, why) = match action {
            MirrorAction::MakeDirectory { .. } => (None, "missing"),
            MirrorAction::Transfer { size, reason, .. } => (*size, reason.word()),
            MirrorAction::Rename { .. } => (None, "renamed"),
            MirrorAction::RemoveSource { .. } => (None, "transferred"),
            MirrorAction::Delete { .. } => (None, "extraneous"),
        };
        if out.is_json() {
            let MirrorAction::Transfer { path, size, .. } = action else {
                let tree = match action {
                    MirrorAction::RemoveSource { .. } => sides.source(),
                    _ => sides.target(),
                };
                return out.line(&format!("{verb} {}", tree.display_path(action.path())));
            };
            let (remote, local) = remote_and_local(sides, path, direction);
            let mut planned = transfer_record(direction, &remote, &local, None);
            planned.bytes = size.unwrap_or(0);
            planned.status = "planned".to_owned();
            return out.record(&Record::Transfer(planned));
        }
        let size = size.map(human_size).unwrap_or_default();
        self.rows.push(vec![verb.into(), size.into(), why.into(), action.path().into()]);
        if self.rows.len() < HELD { Ok(()) } else { self.show_rows(out, true) }
    }

    /// Shows what was held back.
    pub fn show_rest(&mut self, out: &Output) -> Result<()> {
        self.show_rows(out, self.begun)
    }

    /// Shows rows; of a long plan with the widest columns that there may be.
    fn show_rows(&mut self, out: &Output, is_long: bool) -> Result<()> {
        let least = |width| if is_long { width } else { 0 };
        let mut table = Table::new(&[
            Column::left("Action").at_least(least("Action".len())),
            Column::right("Size").at_least(least("1023".len())),
            Column::left("Why").at_least(least("size differs".len())),
            Column::left("Path"),
        ]);
        if std::mem::replace(&mut self.begun, true) {
            table = table.without_header();
        }
        self.rows.drain(..).for_each(|row| table.row(row));
        if table.is_empty() { Ok(()) } else { out.table(&table) }
    }
}

/// A file's two ends: remote, local.
pub fn remote_and_local(sides: &Endpoints, path: &str, direction: Direction) -> (String, String) {
    let (source, target) = (sides.source().display_path(path), sides.target().display_path(path));
    if direction == Direction::Upload { (target, source) } else { (source, target) }
}
