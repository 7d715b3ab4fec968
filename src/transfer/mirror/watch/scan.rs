//! Looks at the local tree: one path, or all that is below a directory.

use std::ffi::OsStr;

use rustix::fs::FileType;

use super::index::Stamp;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::dir_handle::file_type;
use crate::transfer::download::partial::is_partial_name;
use crate::transfer::mirror::confirm_stored::above;
use crate::transfer::mirror::local::{Found, LocalTree};
use crate::transfer::mirror::plan::{MirrorRules, is_in_range};
use crate::transfer::mirror::tree::{Item, ItemKind, ListResult, Tree as _, join_path};

/// What is at a path of the local tree.
#[derive(Debug, Clone, Copy)]
pub enum Local {
    /// A file, and its permission bits.
    File(Stamp, u16),
    /// A directory, and its permission bits.
    Directory(u16),
    /// A link or a device: no part of a mirror.
    Other,
    /// Nothing.
    Missing,
}

/// Looks at a path. What is behind a link is no part of the tree.
pub fn look_at(tree: &LocalTree, path: &str) -> Result<Local> {
    let stat = match tree.stat(path)? {
        Found::Entry(stat) => stat,
        Found::Nothing => return Ok(Local::Missing),
        Found::BehindLink => return Ok(Local::Other),
    };
    let mode = u16::try_from(stat.st_mode & 0o7777).unwrap_or(0);
    Ok(match file_type(&stat) {
        FileType::RegularFile => Local::File(Stamp::of_file(&stat), mode),
        FileType::Directory => Local::Directory(mode),
        _ => Local::Other,
    })
}

/// Whether a mirror with these rules looks at a path at all: neither it nor a directory that it is
/// in is excluded, or left as it is.
pub fn is_included(rules: &MirrorRules, path: &str, is_directory: bool) -> bool {
    let is_partial = |name: &str| is_partial_name(OsStr::new(name));
    let takes = |path: &str, is_directory: bool| {
        !rules.filter.leaves(path) && rules.filter.includes(path, is_directory)
    };
    path.is_empty()
        || !path.split('/').any(is_partial)
            && takes(path, is_directory)
            && above(path).all(|above| above.is_empty() || takes(above, true))
}

/// Whether a file is of a size that is mirrored.
pub fn has_right_size(rules: &MirrorRules, stamp: &Stamp) -> bool {
    let item = Item {
        name: "",
        kind: ItemKind::File,
        size: Some(stamp.size),
        modified: None,
        unique: None,
        mode: None,
    };
    is_in_range(item, rules)
}

/// Whether a name is one of the files that editors keep beside the one that is edited: swap, lock
/// and backup files.
pub fn is_of_an_editor(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let swap = |name: &str| {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        name.starts_with('.')
            && extension
                .is_some_and(|ext| ext.len() == 3 && ext.starts_with("sw") || ext == "kate-swp")
    };
    name == "4913"
        || name.ends_with('~')
        || name.starts_with(".#")
        || name.starts_with("~$")
        || name.starts_with(".goutputstream-")
        || name.ends_with("___jb_tmp___")
        || name.ends_with("___jb_old___")
        || (name.len() > 2 && name.starts_with('#') && name.ends_with('#'))
        || swap(name)
}

/// Visits everything below a directory: its path, whether it is a directory, and for a file
/// its state. `false` from `visit` leaves a directory out. What cannot be read goes to `failed`.
pub fn scan(
    tree: &LocalTree,
    directory: &str,
    cancel: &Cancel,
    visit: &mut dyn FnMut(&str, Item<'_>) -> bool,
    failed: &mut dyn FnMut(&str, Error),
) -> Result<()> {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        cancel.check()?;
        let listing = match tree.list_directory(&directory, cancel) {
            Ok(ListResult::Directory(listing)) => listing,
            // It has gone meanwhile: that will be reported.
            Ok(ListResult::Nothing(_)) => continue,
            Err(error) => {
                failed(&directory, error);
                continue;
            }
        };
        for complaint in &listing.complaints {
            let error = Error::new(Kind::Local, complaint.clone());
            failed(&directory, error);
        }
        for item in listing.iter() {
            let path = join_path(&directory, item.name);
            if visit(&path, item) && item.kind == ItemKind::Directory {
                waiting.push(path);
            }
        }
    }
    Ok(())
}
