//! The last check before deletions: a file just stored must not be deleted under another name.
//!
//! A server may change the spelling of a name. A file stored as `ReadMe` is then listed as
//! `README`, which the source does not have. Before anything is deleted in or below a directory
//! that received files, that directory is listed again: everything stored must be listed under
//! exactly its name; then every other name is something else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::delete::for_each_parallel;
use super::executor::{MirrorSettings, MirrorSummary, is_fatal, with_retry};
use super::listing::CompactListing;
use super::observer::MirrorObserver;
use super::transfer_file::MirrorSides;
use super::tree::ListResult;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};

/// What was stored and created in the directories of the target, by path.
#[derive(Debug, Default)]
pub struct Stored(HashMap<String, Names>);

#[derive(Debug, Default)]
struct Names {
    has_extraneous: bool,
    files: Vec<Box<str>>,
    directories: Vec<Box<str>>,
}

impl Stored {
    /// Marks a directory as containing extraneous entries: what is stored in it now matters.
    pub fn mark_extraneous(&mut self, directory: &str) {
        self.0.entry(directory.to_owned()).or_default().has_extraneous = true;
    }

    /// Records a stored file.
    pub fn add_file(&mut self, path: &str) {
        let (directory, name) = split(path);
        if let Some(names) = self.0.get_mut(directory) {
            names.files.push(name.into());
        }
    }

    /// Records a directory that was created, or existed although it was not listed.
    pub fn add_directory(&mut self, path: &str) {
        let (directory, name) = split(path);
        if !name.is_empty() {
            let names = self.0.entry(directory.to_owned()).or_default();
            names.directories.push(name.into());
        }
    }
}

/// Removes from `MirrorSummary::extraneous` whatever may be a file that was just stored, and what
/// no longer exists. Each directory concerned is reported, and counted in `MirrorSummary::kept`.
pub fn keep_what_was_stored(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    summary: &mut MirrorSummary,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
) -> Result<()> {
    // A local disk reports immediately which file a name refers to.
    if !endpoints.target_is_remote() {
        return Ok(());
    }
    let stored = std::mem::take(&mut summary.stored).0;
    let over: HashSet<&str> =
        summary.extraneous.iter().flat_map(|item| above(&item.path)).collect();
    let mut matters: Vec<(&String, &Names)> = stored.iter().collect();
    matters.retain(|(path, names)| {
        let direct = names.has_extraneous && !names.files.is_empty();
        direct || (!names.directories.is_empty() && over.contains(path.as_str()))
    });
    let looks: Mutex<HashMap<String, SecondListing>> = Mutex::default();
    for_each_parallel(&matters, settings.workers, cancel, |(path, names)| {
        let look = match list_again(endpoints, settings, path, observer, cancel) {
            Ok(listing) => names.among(listing),
            Err(error) if is_fatal(endpoints, &error, cancel) => return Err(error),
            Err(error) => SecondListing::Failed(error),
        };
        if let Some(error) = look.complaint(&endpoints.target().display_path(path)) {
            observer.planning_failed(&error);
        }
        looks.lock().unwrap_or_else(PoisonError::into_inner).insert((*path).clone(), look);
        Ok(())
    })?;
    let looks = looks.into_inner().unwrap_or_else(PoisonError::into_inner);
    if looks.is_empty() {
        return Ok(());
    }
    summary.kept +=
        looks.values().filter(|look| !matches!(look, SecondListing::All(_))).count() as u64;
    let extraneous: HashSet<Box<str>> =
        summary.extraneous.iter().map(|item| item.path.clone()).collect();
    // Whether an extraneous entry is kept, with all its contents.
    let stays = |path: &str| {
        let (directory, name) = split(path);
        extraneous.contains(path)
            && match looks.get(directory) {
                Some(SecondListing::All(listing)) => listing.position_of(name).is_none(),
                Some(_) => true,
                None => false,
            }
    };
    let lost = |path: &str| {
        matches!(looks.get(path), Some(SecondListing::NoDirectory(_) | SecondListing::Failed(_)))
    };
    summary.extraneous.retain(|item| {
        let mut on_the_way = std::iter::once(&*item.path).chain(above(&item.path));
        !on_the_way.any(stays) && !above(&item.path).any(lost)
    });
    Ok(())
}

/// The result of listing a directory again.
enum SecondListing {
    /// Everything stored is there.
    All(CompactListing),
    /// This file is missing under its name: it may be any of the others.
    NoFile(Box<str>),
    /// This directory is missing: its content may be in any of the others.
    NoDirectory(Box<str>),
    /// It could not be listed.
    Failed(Error),
}

impl SecondListing {
    fn complaint(&self, show: &str) -> Option<Error> {
        let kept = |why: &str| {
            Error::new(Kind::Incomplete, format!("{show}: nothing was deleted in it: {why}"))
        };
        match self {
            SecondListing::All(_) => None,
            SecondListing::Failed(error) => Some(kept(error.message())),
            SecondListing::NoFile(name) | SecondListing::NoDirectory(name) => {
                let why = format!("`{name}` was stored in it and is not listed under that name");
                Some(kept(&why).with_hint("give files names that the server keeps as they are"))
            }
        }
    }
}

impl Names {
    fn among(&self, listing: CompactListing) -> SecondListing {
        let missing =
            |names: &[Box<str>]| names.iter().find(|n| listing.position_of(n).is_none()).cloned();
        match (missing(&self.directories), missing(&self.files)) {
            (Some(name), _) => SecondListing::NoDirectory(name),
            (None, Some(name)) => SecondListing::NoFile(name),
            (None, None) => SecondListing::All(listing),
        }
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The parent directories of a path, including the root.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    slashes.chain((!path.is_empty()).then_some(""))
}

/// Lists a directory again; fails if the listing has complaints.
fn list_again(
    endpoints: &dyn MirrorSides,
    settings: &MirrorSettings,
    path: &str,
    observer: &dyn MirrorObserver,
    cancel: &Cancel,
) -> Result<CompactListing> {
    let target = endpoints.target();
    match with_retry(settings, observer, cancel, || target.list_without_clock(path, cancel))? {
        ListResult::Nothing(error) => Err(error),
        ListResult::Directory(listing) => match listing.complaints.first() {
            Some(complaint) => Err(Error::new(Kind::Incomplete, complaint.clone())),
            None => Ok(listing),
        },
    }
}

/// The message for an entry that is kept because it may be one of the source.
pub fn ambiguous_name_error(endpoints: &dyn MirrorSides, path: &str, twin: &str) -> Error {
    let show = endpoints.target().display_path(path);
    let text = format!("{show}: not deleted: it may be what the source has as `{twin}`");
    Error::new(Kind::Incomplete, text)
}
