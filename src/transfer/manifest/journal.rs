//! What a running mirror has done since it last wrote its manifest, on this computer: after a crash
//! nothing is sent twice.
//!
//! One file for each manifest, in the state directory. It counts only together with the very
//! manifest that it goes on from, which it names by its hash: after another computer has written
//! one, it is forgotten. Beside it is a lock of this computer, and in it the token of the lock on
//! the server, so that a lock that a crash left is known to be left.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::entry::ManifestEntry;
use super::format::{parse_entry, write_entry};
use super::own_paths::OwnPaths;
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::{create_private_dir, replace_private_file};
use crate::transfer::checksum::Algorithm;

const FIRST_LINE: &str = "# ftpsh manifest journal 1";

/// The largest journal that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What identifies a manifest's text: its SHA-256; `None` for none at all.
pub type ManifestDigest = Option<[u8; 32]>;

/// A path, and its entry, or that it has none any more.
pub type Change = (String, Option<ManifestEntry>);

/// What a journal says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct JournalContent {
    /// The manifest that it goes on from.
    pub base: ManifestDigest,
    /// The tokens of the locks that may be left on the server.
    pub tokens: Vec<String>,
    /// What that run did, in order.
    pub changes: Vec<Change>,
}

/// The journal of one manifest, held by one process.
#[derive(Debug)]
pub struct ManifestJournal {
    path: PathBuf,
    open: Option<File>,
    /// Its lock ends with the process.
    _lock: File,
}

impl ManifestJournal {
    /// Opens the journal in this directory; `key` is the site and the path of the manifest.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] if another process of this computer holds it.
    pub fn open(directory: &Path, key: &str) -> Result<Self> {
        create_private_dir(directory)?;
        let digits = Algorithm::Sha256.compute(&mut key.as_bytes());
        let digits = digits.map_err(|error| Error::local(directory, &error))?.digits;
        let path = directory.join(format!("{digits}.journal"));
        let lock = directory.join(format!("{digits}.lock"));
        let mut options = File::options();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&lock);
        let file = opened.map_err(|error| Error::local(&lock, &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path, open: None, _lock: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::new(
                Kind::Refused,
                format!("mirror: {key}: another mirror of this computer runs"),
            )
            .with_hint("wait until it has ended; `jobs` shows those of this shell")),
            Err(errno) => Err(Error::local(&lock, &errno.into())),
        }
    }

    /// What the last run has left; `None` if there is nothing that can be used.
    pub fn read(&self, own: &OwnPaths) -> Option<JournalContent> {
        let mut file = BufReader::new(File::open(&self.path).ok()?.take(LARGEST));
        // A line that was being written when the run ended lacks its end.
        let mut line = || -> Option<String> {
            let mut line = String::new();
            file.read_line(&mut line).ok()?;
            line.strip_suffix('\n').map(str::to_owned)
        };
        if line()? != FIRST_LINE {
            return None;
        }
        let tokens = line()?.split(' ').map(str::to_owned).collect();
        let mut content = JournalContent { tokens, ..JournalContent::default() };
        let base = line()?;
        content.base = match base.as_str() {
            "none" => None,
            hex => Some(super::format::parse_hash(hex)?),
        };
        while let Some(line) = line() {
            let (sign, entry) = line.split_once(' ')?;
            let (path, entry) = parse_entry(entry).ok()?;
            if own.contains(&path) {
                return None;
            }
            match sign {
                "+" => content.changes.push((path, Some(entry))),
                "-" => content.changes.push((path, None)),
                _ => return None,
            }
        }
        Some(content)
    }

    /// Begins anew: before a lock is taken, and after a manifest was read or written.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn restart(
        &mut self,
        base: ManifestDigest,
        tokens: &[&str],
        changes: &[Change],
    ) -> Result<()> {
        self.open = None;
        let tokens = tokens.join(" ");
        let base = base.map_or_else(
            || "none".to_owned(),
            |digest| digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        );
        let mut text = format!("{FIRST_LINE}\n{tokens}\n{base}\n");
        changes.iter().for_each(|change| write_change(&mut text, change));
        let opened = replace_private_file(&self.path, text.as_bytes()).and_then(|()| {
            let opened = File::options().append(true).open(&self.path);
            opened.map_err(|error| Error::local(&self.path, &error))
        });
        match opened {
            Ok(file) => {
                self.open = Some(file);
                Ok(())
            }
            Err(error) => {
                // An old one must not stand for this run.
                let _ = std::fs::remove_file(&self.path);
                Err(error)
            }
        }
    }

    /// Adds a change. If that fails, a crash costs a file sent twice.
    pub fn append(&mut self, change: &Change) {
        let Some(file) = &mut self.open else { return };
        let mut line = String::new();
        write_change(&mut line, change);
        if file.write_all(line.as_bytes()).is_err() {
            self.open = None;
        }
    }

    /// Adds a change that must not be missing after what is before it. Returns whether it is on the
    /// disk.
    pub fn append_durably(&mut self, change: &Change) -> bool {
        self.append(change);
        self.open.as_ref().is_some_and(|file| file.sync_data().is_ok())
    }

    /// Removes the journal: the manifest has everything, and the lock is given back.
    pub fn remove(&mut self) {
        self.open = None;
        let _ = std::fs::remove_file(&self.path);
    }
}

fn write_change(text: &mut String, (path, entry): &Change) {
    const GONE: ManifestEntry = ManifestEntry::File { content: None, mode: None };
    text.push_str(if entry.is_some() { "+ " } else { "- " });
    write_entry(text, path, entry.as_ref().unwrap_or(&GONE));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::manifest::entry::Content;

    fn file() -> ManifestEntry {
        let content = Some(Content { size: 1, sha256: [3; 32] });
        ManifestEntry::File { content, mode: Some(0o644) }
    }

    #[test]
    fn what_was_appended_is_read_by_the_next_run_but_for_a_line_that_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let own = OwnPaths::default();
        let changes: Vec<Change> = vec![
            ("a b.".to_owned(), Some(file())),
            ("d".to_owned(), Some(ManifestEntry::Directory)),
            ("c .".to_owned(), None),
        ];
        let mut journal = ManifestJournal::open(dir.path(), "site").unwrap();
        assert_eq!(journal.read(&own), None);
        journal.restart(Some([9; 32]), &["a", "b"], &changes[..1]).unwrap();
        changes[1..].iter().for_each(|change| journal.append(change));
        let expected = |count: usize| {
            let (base, tokens) = (Some([9; 32]), vec!["a".to_owned(), "b".to_owned()]);
            Some(JournalContent { base, tokens, changes: changes[..count].to_vec() })
        };
        assert_eq!(journal.read(&own), expected(3));
        let whole = std::fs::read(&journal.path).unwrap();
        for end in whole.len() - "- - - - c .".len()..whole.len() {
            std::fs::write(&journal.path, &whole[..end]).unwrap();
            assert_eq!(journal.read(&own), expected(2), "{end}");
        }
        journal.remove();
        assert_eq!(journal.read(&own), None);
    }

    #[test]
    fn one_process_holds_a_journal_and_other_manifests_have_others() {
        let dir = tempfile::tempdir().unwrap();
        let first = ManifestJournal::open(dir.path(), "site").unwrap();
        let error = ManifestJournal::open(dir.path(), "site").unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        ManifestJournal::open(dir.path(), "other").unwrap();
        drop(first);
        ManifestJournal::open(dir.path(), "site").unwrap();
    }

    #[test]
    fn a_journal_with_a_path_of_the_manifest_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = ManifestJournal::open(dir.path(), "site").unwrap();
        journal.restart(None, &["t"], &[(".ftpsh-manifest".to_owned(), Some(file()))]).unwrap();
        assert_eq!(journal.read(&OwnPaths::default()), None);
    }
}
