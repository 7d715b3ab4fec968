//! The file of `mirror --log` and `--script`: the commands that would do the same, one a line.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::plan_table::remote_and_local;
use crate::error::{Error, Result};
use crate::shell_quote::quote_word;
use crate::transfer::Direction;
use crate::transfer::mirror::plan::MirrorAction;
use crate::transfer::mirror::transfer_file::{Endpoints, MirrorSides as _};
use crate::transfer::mirror::tree::ItemKind;

/// The file that commands are written to.
#[derive(Debug)]
pub struct CommandLog {
    file: File,
    path: PathBuf,
}

impl CommandLog {
    /// Empties the file, for a mirror that begins.
    pub fn begin(path: &Path) -> Result<()> {
        File::create(path).map(drop).map_err(|error| Error::local(path, &error))
    }

    /// Opens the file to write more.
    pub fn open(path: PathBuf) -> Result<Self> {
        let file = File::options().append(true).create(true).open(&path);
        Ok(Self { file: file.map_err(|error| Error::local(&path, &error))?, path })
    }

    /// Writes the command that does the same as an action.
    pub fn write_action(
        &mut self,
        sides: &Endpoints,
        action: &MirrorAction,
        direction: Direction,
    ) -> Result<()> {
        let path = action.path();
        // Commands of the local side go to a local shell.
        let at = |in_source| match (direction, in_source) {
            (Direction::Upload, true) | (Direction::Download, false) => "!",
            _ => "",
        };
        let quoted = |in_source: bool| {
            let tree = if in_source { sides.source() } else { sides.target() };
            quote_word(&tree.display_path(path))
        };
        let line = match action {
            MirrorAction::MakeDirectory { .. } => {
                format!("{}mkdir -p {}", at(false), quoted(false))
            }
            MirrorAction::Transfer { .. } => {
                let (remote, local) = remote_and_local(sides, path, direction);
                let (from, to) = match direction {
                    Direction::Upload => (local, remote),
                    Direction::Download | Direction::Copy => (remote, local),
                };
                let verb = action.verb(direction);
                format!("{verb} {} -o {}", quote_word(&from), quote_word(&to))
            }
            MirrorAction::Rename { from, .. } => {
                let from = quote_word(&sides.target().display_path(from));
                format!("{}mv {from} {}", at(false), quoted(false))
            }
            MirrorAction::RemoveSource { .. } => format!("{}rm {}", at(true), quoted(true)),
            MirrorAction::Delete { kind: ItemKind::Directory, .. } => {
                format!("{}rmdir {}", at(false), quoted(false))
            }
            MirrorAction::Delete { .. } => format!("{}rm {}", at(false), quoted(false)),
        };
        writeln!(self.file, "{line}").map_err(|error| Error::local(&self.path, &error))
    }
}
