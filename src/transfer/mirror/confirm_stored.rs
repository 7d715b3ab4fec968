//! A last look before a mirror deletes: what was just stored is not deleted under another name.
//!
//! A server may spell a name otherwise than it was given. Then what was stored as `ReadMe` is listed
//! as `README`, which the source does not have. Before anything is deleted in or below a directory
//! that something was carried into, that directory is listed again: all that was stored must be
//! there by its very name; then every other name is something else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::delete::together;
use super::executor::{Settings, Summary, ends_all, tried};
use super::listing::Listing;
use super::observer::Watch;
use super::transfer_file::Sides;
use super::tree::Found;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};

/// What was stored and made in the directories of the target, by their paths.
#[derive(Debug, Default)]
pub struct Stored(HashMap<String, Names>);

#[derive(Debug, Default)]
struct Names {
    /// Whether something in it is surplus.
    has_surplus: bool,
    files: Vec<Box<str>>,
    directories: Vec<Box<str>>,
}

impl Stored {
    /// Something in this directory is surplus: what is stored in it matters from now on.
    pub fn has_surplus(&mut self, directory: &str) {
        self.0.entry(directory.to_owned()).or_default().has_surplus = true;
    }

    /// A file was stored.
    pub fn file(&mut self, path: &str) {
        let (directory, name) = split(path);
        if let Some(names) = self.0.get_mut(directory) {
            names.files.push(name.into());
        }
    }

    /// A directory was made, or was there although it was not listed.
    pub fn directory(&mut self, path: &str) {
        let (directory, name) = split(path);
        if !name.is_empty() {
            let names = self.0.entry(directory.to_owned()).or_default();
            names.directories.push(name.into());
        }
    }
}

/// Takes out of `Summary::surplus` what may be something that was just stored, and what is no longer
/// there. Each directory that it is about is told, and counted in `Summary::kept`.
///
/// # Errors
///
/// Ctrl-C, the loss of the server for good.
pub fn settle(
    sides: &Sides,
    settings: &Settings,
    summary: &mut Summary,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<()> {
    // A local disk tells at once which file a name means.
    if matches!(sides, Sides::Down(..)) {
        return Ok(());
    }
    let stored = std::mem::take(&mut summary.stored).0;
    let over: HashSet<&str> = summary.surplus.iter().flat_map(|item| above(&item.path)).collect();
    let mut matters: Vec<(&String, &Names)> = stored.iter().collect();
    matters.retain(|(path, names)| {
        let direct = names.has_surplus && !names.files.is_empty();
        direct || (!names.directories.is_empty() && over.contains(path.as_str()))
    });
    let looks: Mutex<HashMap<String, Look>> = Mutex::default();
    together(&matters, settings.workers, cancel, |(path, names)| {
        let look = match again(sides, settings, path, watch, cancel) {
            Ok(listing) => names.among(listing),
            Err(error) if ends_all(sides, &error, cancel) => return Err(error),
            Err(error) => Look::Failed(error),
        };
        if let Some(error) = look.complaint(&sides.target().show(path)) {
            watch.failed(&error);
        }
        looks.lock().unwrap_or_else(PoisonError::into_inner).insert((*path).clone(), look);
        Ok(())
    })?;
    let looks = looks.into_inner().unwrap_or_else(PoisonError::into_inner);
    if looks.is_empty() {
        return Ok(());
    }
    summary.kept += looks.values().filter(|look| !matches!(look, Look::All(_))).count() as u64;
    let surplus: HashSet<Box<str>> = summary.surplus.iter().map(|item| item.path.clone()).collect();
    // Whether something that is surplus stays, and with it all that is in it.
    let stays = |path: &str| {
        let (directory, name) = split(path);
        surplus.contains(path)
            && match looks.get(directory) {
                Some(Look::All(listing)) => listing.find(name).is_none(),
                Some(_) => true,
                None => false,
            }
    };
    let lost = |path: &str| matches!(looks.get(path), Some(Look::NoDirectory(_) | Look::Failed(_)));
    summary.surplus.retain(|item| {
        let mut on_the_way = std::iter::once(&*item.path).chain(above(&item.path));
        !on_the_way.any(stays) && !above(&item.path).any(lost)
    });
    Ok(())
}

/// What a directory looks like the second time.
enum Look {
    /// All that was stored is there.
    All(Listing),
    /// This file is not, by its name: it may be any of the others.
    NoFile(Box<str>),
    /// This directory is not: its content may be in any of the others.
    NoDirectory(Box<str>),
    /// It could not be listed.
    Failed(Error),
}

impl Look {
    fn complaint(&self, show: &str) -> Option<Error> {
        let kept = |why: &str| {
            Error::new(Kind::Incomplete, format!("{show}: nothing was deleted in it: {why}"))
        };
        match self {
            Look::All(_) => None,
            Look::Failed(error) => Some(kept(error.message())),
            Look::NoFile(name) | Look::NoDirectory(name) => {
                let why = format!("`{name}` was stored in it and is not listed under that name");
                Some(kept(&why).with_hint("give files names that the server keeps as they are"))
            }
        }
    }
}

impl Names {
    fn among(&self, listing: Listing) -> Look {
        let missing =
            |names: &[Box<str>]| names.iter().find(|n| listing.find(n).is_none()).cloned();
        match (missing(&self.directories), missing(&self.files)) {
            (Some(name), _) => Look::NoDirectory(name),
            (None, Some(name)) => Look::NoFile(name),
            (None, None) => Look::All(listing),
        }
    }
}

/// A path's directory and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The directories that a path lies in, the root among them.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    slashes.chain((!path.is_empty()).then_some(""))
}

/// Lists a directory again; fails if that is not clean.
fn again(
    sides: &Sides,
    settings: &Settings,
    path: &str,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Result<Listing> {
    let target = sides.target();
    match tried(settings, watch, cancel, || target.list_roughly(path, cancel))? {
        Found::Nothing(error) => Err(error),
        Found::Directory(listing) => match listing.complaints.first() {
            Some(complaint) => Err(Error::new(Kind::Incomplete, complaint.clone())),
            None => Ok(listing),
        },
    }
}

/// What to say of something that is left alone, because it may be something of the source.
pub fn twin(sides: &Sides, path: &str, twin: &str) -> Error {
    let show = sides.target().show(path);
    let text = format!("{show}: not deleted: it may be what the source has as `{twin}`");
    Error::new(Kind::Incomplete, text)
}
