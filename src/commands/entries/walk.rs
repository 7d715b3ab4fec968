//! Going through a remote tree, for `find`, `du`, `rm -r` and `chmod -R`.
//!
//! Links are not followed, a directory is not entered below itself, and depth and number of
//! directories are bounded: a server cannot send a walk round in circles, nor into a tree without
//! end. Names that are no component of a path are
//! reported and left out.

use std::sync::Arc;

use crate::commands::Context;
use crate::commands::entries::format;
use crate::commands::transfers::Failures;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind};
use crate::ftp::path::RemotePath;
use crate::settings::{MIRROR_MAX_DEPTH, MIRROR_MAX_DIRECTORIES};
use crate::transfer::mirror::visit::{TOO_DEEP_MAX, too_many_directories};

/// Something that a walk has found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its path: the root as typed, and what is below.
    pub path: RemotePath,
    /// What it is.
    pub entry: Entry,
    /// How deep below the root, which is 0.
    pub depth: usize,
    /// The server's identifiers of the directories above.
    above: Arc<[String]>,
}

impl Found {
    /// Its path, with a slash behind that of a directory.
    pub fn listed_name(&self) -> String {
        let slash = if self.entry.kind == EntryKind::Directory { "/" } else { "" };
        format!("{}{slash}", self.path)
    }

    /// The root of a walk.
    pub fn walk_root(typed: &str, entry: Entry) -> Result<Self> {
        // With a slash at its end, a link means the directory that it leads to.
        let kind = if typed.ends_with('/') { EntryKind::Directory } else { entry.kind };
        let path = match typed.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let path = RemotePath::new(path)?;
        Ok(Self { path, entry: Entry { kind, ..entry }, depth: 0, above: Arc::default() })
    }
}

/// Visits `root` and all below it down to `max_depth`, each directory before what is in it, in
/// the order of names. A directory that cannot be listed is one of the `failures`.
pub fn walk_tree(
    ctx: &mut Context,
    root: Found,
    max_depth: usize,
    failures: &mut Failures,
    visit: &mut dyn FnMut(&mut Context, &Found) -> Result<()>,
) -> Result<()> {
    let host = ctx.client.connection.host();
    let deepest = ctx.client.settings.get(MIRROR_MAX_DEPTH, host);
    let most = ctx.client.settings.get(MIRROR_MAX_DIRECTORIES, host);
    let (mut entered, mut too_deep) = (0u64, 0u64);
    let mut waiting = vec![root];
    while let Some(found) = waiting.pop() {
        ctx.client.cancel.check()?;
        visit(ctx, &found)?;
        if found.entry.kind != EntryKind::Directory || found.depth >= max_depth {
            continue;
        }
        let at = &found.path;
        if found.depth as u64 >= deepest {
            let error = Error::new(Kind::Refused, format!("{at}: too deep ({deepest} levels)"))
                .with_hint("a loop of directories? see `mirror:max-depth`");
            too_deep += 1;
            // What is without end branches without end.
            if too_deep > TOO_DEEP_MAX {
                return Err(error);
            }
            failures.note_result(ctx, Err(error))?;
            continue;
        }
        entered += 1;
        if entered > most {
            return Err(too_many_directories(at.as_str(), most));
        }
        match walk_below(ctx, &found, failures) {
            Ok(mut entries) => waiting.append(&mut entries),
            Err(error) => failures.note_result(ctx, Err(error))?,
        }
    }
    Ok(())
}

/// What is in a directory, last name first.
fn walk_below(ctx: &mut Context, directory: &Found, failures: &mut Failures) -> Result<Vec<Found>> {
    let at = &directory.path;
    let mut above = Arc::clone(&directory.above);
    if let Some(unique) = &directory.entry.unique {
        if above.contains(unique) {
            return Err(Error::new(Kind::Refused, format!("{at}: directory loop")));
        }
        above = above.iter().chain([unique]).cloned().collect();
    }
    let listing = ctx.client.list_directory(Some(at), false)?;
    let mut found = Vec::with_capacity(listing.len());
    for entry in listing.iter() {
        if !format::is_component(&entry.name) {
            let why =
                format!("{at}: the server sent a name outside the directory: {:?}", entry.name);
            failures.note_result(ctx, Err(Error::new(Kind::Refused, why)))?;
            continue;
        }
        found.push(Found {
            path: at.join(&entry.name)?,
            entry: entry.clone(),
            depth: directory.depth + 1,
            above: Arc::clone(&above),
        });
    }
    found.sort_by(|a, b| b.entry.name.cmp(&a.entry.name));
    Ok(found)
}
