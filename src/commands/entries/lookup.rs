//! One path's entry: by MLST where the server has it, else from the listing it is in.
//!
//! A listing is asked for once a command, however many of its names are looked up.

use std::collections::HashMap;

use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::ftp::list_formats::{Entry, EntryKind, Modified, Precision, Zone};
use crate::ftp::path::RemotePath;
use crate::transfer::remote::may_be_link;

/// Finds entries for one command.
#[derive(Debug, Default)]
pub struct Lookup {
    /// The listings seen, by directory and name.
    directories: HashMap<RemotePath, HashMap<String, Entry>>,
}

impl Lookup {
    /// The entry that `typed` names. Its name is the last component of the path; for `/`, `.` and
    /// `..` it is the path.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] when there is none; those of the server.
    pub fn find_entry(&mut self, ctx: &mut Context, typed: &str) -> Result<Entry> {
        let path = RemotePath::new(typed)?;
        let absolute = ctx.client.absolute_path(typed)?;
        let (Some(name), Some(parent)) = (path.file_name(), absolute.parent()) else {
            return if ctx.client.ask_server(|session| session.is_directory(&path))? {
                Ok(Entry::new(typed, EntryKind::Directory))
            } else {
                Err(no_such_file(typed))
            };
        };
        // What a wildcard found was listed a moment ago.
        let fresh = ctx.words_from_wildcard && self.read_listing(ctx, &path, &parent, true).is_ok();
        if let Some(entry) = self.directories.get(&parent).and_then(|names| names.get(name))
            && (fresh || !ctx.words_from_wildcard)
        {
            return Ok(entry.clone());
        }
        match ctx.client.ask_server(|session| session.mlst_entry(&path)) {
            Ok(Some(entry)) => return Ok(Entry { name: name.to_owned(), ..entry }),
            Err(error) if !lacks_command(&error) => return Err(error),
            _ => {}
        }
        self.read_listing(ctx, &path, &parent, false)?;
        let found = self.directories.get(&parent).and_then(|names| names.get(name));
        found.cloned().ok_or_else(|| no_such_file(typed))
    }

    /// As [`Lookup::find_entry`]; `None` if it does not exist.
    pub fn find_if_exists(&mut self, ctx: &mut Context, typed: &str) -> Result<Option<Entry>> {
        match self.find_entry(ctx, typed) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read_listing(
        &mut self,
        ctx: &mut Context,
        path: &RemotePath,
        parent: &RemotePath,
        cached: bool,
    ) -> Result<()> {
        if self.directories.contains_key(parent) {
            return Ok(());
        }
        // As typed: the server may see a path through a link where we cannot.
        let entries = ctx.client.list_directory(path.parent().as_ref(), cached)?;
        let names = entries.iter().map(|entry| (entry.name.clone(), entry.clone()));
        self.directories.insert(parent.clone(), names.collect());
        Ok(())
    }
}

/// Asks for a file's time (MDTM) unless the listing had it to the second. Returns whether the
/// server told it.
pub fn ask_exact_time(ctx: &mut Context, entry: &mut Entry, path: &RemotePath) -> Result<bool> {
    // The time of a link is not that of the file that it leads to.
    let is_exact = entry.modified.is_some_and(|m| m.precision == Precision::Second);
    if entry.kind != EntryKind::File || (is_exact && !may_be_link(entry)) {
        return Ok(true);
    }
    let time = known_fields(ctx.client.ask_server(|session| session.modified_time(path)))?;
    if let Some(time) = time {
        entry.modified = Some(Modified { time, precision: Precision::Second, zone: Zone::Utc });
    }
    Ok(time.is_some())
}

/// A file that may not be read has an entry all the same.
pub fn known_fields<T>(answer: Result<Option<T>>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == Kind::Refused => Ok(None),
        other => other,
    }
}

fn no_such_file(typed: &str) -> Error {
    Error::new(Kind::Refused, format!("{typed}: no such file or directory"))
}

fn lacks_command(error: &Error) -> bool {
    error.has_reply_code(&[500, 501, 502, 504])
}
