//! What a manifest in a tree on a server says of the contents of its files, for a mirror that compares
//! contents without `--manifest`.
//!
//! It is read when the first file is compared, and only if the root's listing has it. Nothing else of
//! it is used: it does not say what is there, and nothing is deleted because of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::entry::Content;
use super::index::ManifestIndex;
use super::own_paths::{DEFAULT_NAME, OwnPaths};
use super::store::{ManifestStore, StoredManifest};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;

/// The manifest of the default name in the root of a tree.
#[derive(Debug, Default)]
pub struct KnownContents(Mutex<Reading>);

#[derive(Debug, Default)]
enum Reading {
    /// None is known to be there.
    #[default]
    Unseen,
    /// A listing has it.
    Listed,
    Done(Arc<ManifestContents>),
    Ignored,
}

/// A manifest that was read, or was to be.
#[derive(Debug)]
pub struct ManifestContents {
    /// Its path, for messages.
    pub path: String,
    /// What it says, or why it cannot be used.
    pub index: std::result::Result<ManifestIndex, String>,
}

impl ManifestContents {
    /// The content of a file of this size, unless it is in doubt.
    pub fn of(&self, path: &str, size: Option<u64>) -> Option<Content> {
        let content = self.index.as_ref().ok()?.get(path)?.content()?;
        Some(content).filter(|content| size == Some(content.size))
    }
}

impl KnownContents {
    /// The root's listing has a manifest.
    pub fn note_listed(&self) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*reading, Reading::Unseen) {
            *reading = Reading::Listed;
        }
    }

    /// It is not used from now on.
    pub fn ignore(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Reading::Ignored;
    }

    /// The manifest, if there is one: the first caller reads it.
    ///
    /// # Errors
    ///
    /// It could not be read: lost connections, Ctrl-C.
    pub fn read(
        &self,
        session: &mut Session,
        root: &RemotePath,
        cancel: &Cancel,
    ) -> Result<Option<Arc<ManifestContents>>> {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*reading {
            Reading::Listed => {}
            Reading::Done(contents) => return Ok(Some(Arc::clone(contents))),
            Reading::Unseen | Reading::Ignored => return Ok(None),
        }
        let store = ManifestStore::Remote(root.join(DEFAULT_NAME)?);
        let own = OwnPaths::new(Some(DEFAULT_NAME.to_owned()));
        let index = match store.read(session, &own, cancel)? {
            StoredManifest::Found(index, _) => Ok(index),
            StoredManifest::Missing => Err("it is not there any more".to_owned()),
            StoredManifest::Unreadable(why) => Err(why.to_string()),
        };
        let contents = Arc::new(ManifestContents { path: store.display_path(), index });
        *reading = Reading::Done(Arc::clone(&contents));
        Ok(Some(contents))
    }
}
