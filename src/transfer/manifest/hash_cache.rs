//! SHA-256 of local files, remembered by device, inode, size, mtime and ctime.
//!
//! Of these a digest is kept, which takes less memory: about 70 bytes a file in all.
//!
//! The kernel changes the ctime of a file with every change of its content, but its clock has a
//! granularity: the hash of a file that changed just before it was read is not remembered, because a
//! further change might not show.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use openssl::hash::{Hasher, MessageDigest};
use openssl::sha::sha256;

use super::entry::Content;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::fs::app_dirs::write_private_file;
use crate::transfer::BLOCK;
use crate::transfer::checksum::Algorithm;
use crate::transfer::upload::journal::is_racy;

const MAGIC: [u8; 15] = *b"ftpsh hashes 2\n";

/// The size of an entry in the file: the key, the digest of the identity, and the hash.
const ROW: u64 = 8 + 16 + 32;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 128 * 1024 * 1024;

/// Entries that this run has not used are kept up to this number, or that of the used ones.
const UNUSED: usize = 1024;

/// Everything that changes with a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl FileIdentity {
    /// That of a file.
    pub fn of(metadata: &Metadata) -> Self {
        let nanos = |nanos: i64| u32::try_from(nanos).unwrap_or(0);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), nanos(metadata.mtime_nsec())),
            changed: (metadata.ctime(), nanos(metadata.ctime_nsec())),
        }
    }

    fn key(&self) -> FileKey {
        (self.inode ^ self.device.rotate_left(32)).to_le_bytes()
    }

    fn digest(&self) -> [u8; 16] {
        let Self { device, inode, size, modified, changed } = self;
        let times = [modified, changed].map(|(seconds, nanos)| {
            [seconds.to_le_bytes(), u64::from(*nanos).to_le_bytes()].concat()
        });
        let numbers = [device, inode, size].map(|number| number.to_le_bytes()).concat();
        let mut digest = [0; 16];
        digest.copy_from_slice(&sha256(&[numbers, times.concat()].concat())[..16]);
        digest
    }
}

/// What a file is found by. Two files with the same key forget each other's hash, no more.
type FileKey = [u8; 8];

#[derive(Debug, Clone, Copy)]
struct Remembered {
    /// The digest of the identity.
    digest: [u8; 16],
    sha256: [u8; 32],
    used: bool,
}

#[derive(Debug, Default)]
struct Known {
    files: HashMap<FileKey, Remembered>,
    has_changed: bool,
}

/// The hashes of one tree's files, kept in a file.
#[derive(Debug)]
pub struct HashCache {
    /// Where they are kept, if anywhere.
    file: Option<PathBuf>,
    known: Mutex<Known>,
}

impl HashCache {
    /// Those of the files below a directory of this computer, kept in `directory`.
    pub fn load_for(directory: &Path, tree: &Path) -> Self {
        let digits = Algorithm::Sha256.compute(&mut tree.as_os_str().as_bytes()).ok();
        Self::load(digits.map(|digits| directory.join(format!("{}.hashes", digits.digits))))
    }

    /// What the file has; nothing if it cannot be read.
    pub fn load(file: Option<PathBuf>) -> Self {
        let files = file.as_ref().and_then(|file| read_rows(file).ok()).unwrap_or_default();
        Self { file, known: Mutex::new(Known { files, has_changed: false }) }
    }

    /// The content of a file, read only if it may have changed since it was read last, and its
    /// identity.
    ///
    /// # Errors
    ///
    /// Those of reading; it changed while it was read; Ctrl-C.
    pub fn content_of(
        &self,
        file: &mut File,
        shown: &str,
        cancel: &Cancel,
    ) -> Result<(Content, FileIdentity)> {
        let failed = |error: io::Error| Error::local_file(shown, &error);
        let before = file.metadata().map_err(failed)?;
        let identity = FileIdentity::of(&before);
        let (key, digest) = (identity.key(), identity.digest());
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let there = known.files.get_mut(&key).filter(|there| there.digest == digest);
            if let Some(there) = there {
                there.used = true;
                return Ok((Content { size: identity.size, sha256: there.sha256 }, identity));
            }
        }
        let racy = is_racy(&before);
        let content = read_content(file, shown, cancel)?;
        let after = FileIdentity::of(&file.metadata().map_err(failed)?);
        if after != identity || content.size != identity.size {
            let text = format!("{shown}: the file changed while it was read");
            return Err(Error::new(Kind::Incomplete, text)
                .with_hint("run it again when nothing writes to the file"));
        }
        if !racy {
            let row = Remembered { digest, sha256: content.sha256, used: true };
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.files.insert(key, row);
            known.has_changed = true;
        }
        Ok((content, identity))
    }

    /// Writes the file, if there is something new.
    ///
    /// # Errors
    ///
    /// It could not be written: the next run reads more files.
    pub fn save(&self) -> Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = self.file.as_ref().filter(|_| known.has_changed) else { return Ok(()) };
        let used = known.files.values().filter(|there| there.used).count();
        if known.files.len() - used > used.max(UNUSED) {
            known.files.retain(|_, there| there.used);
        }
        write_private_file(file, &mut |to| {
            to.write_all(&MAGIC)?;
            known.files.iter().try_for_each(|(key, there)| {
                to.write_all(key)?;
                to.write_all(&there.digest)?;
                to.write_all(&there.sha256)
            })
        })?;
        known.has_changed = false;
        Ok(())
    }
}

fn read_content(file: &mut File, shown: &str, cancel: &Cancel) -> Result<Content> {
    let failed = |error: io::Error| Error::local_file(shown, &error);
    let mut hasher =
        Hasher::new(MessageDigest::sha256()).map_err(|error| failed(io::Error::other(error)))?;
    let length = file.metadata().map_err(failed)?.len();
    // One byte more, so that the end is seen together with the last byte.
    let mut block = vec![0; usize::try_from(length + 1).map_or(BLOCK, |size| size.min(BLOCK))];
    let mut size = 0;
    loop {
        cancel.check()?;
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(count) => {
                let hashed = hasher.update(&block[..count]);
                hashed.map_err(|error| failed(io::Error::other(error)))?;
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let digest = hasher.finish().map_err(|error| failed(io::Error::other(error)))?;
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(&digest);
    Ok(Content { size, sha256 })
}

fn read_rows(file: &PathBuf) -> io::Result<HashMap<FileKey, Remembered>> {
    let file = File::open(file)?;
    let length = file.metadata()?.len().min(LARGEST);
    let mut bytes = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    bytes.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Ok(HashMap::new());
    }
    let rows = length.saturating_sub(MAGIC.len() as u64) / ROW;
    let mut files = HashMap::with_capacity(usize::try_from(rows).unwrap_or(0));
    for _ in 0..rows {
        let (mut key, mut digest, mut sha256) = ([0; 8], [0; 16], [0; 32]);
        bytes.read_exact(&mut key)?;
        bytes.read_exact(&mut digest)?;
        bytes.read_exact(&mut sha256)?;
        files.insert(key, Remembered { digest, sha256, used: false });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    /// A file whose content was not changed just now.
    fn settled(path: &std::path::Path) -> Metadata {
        let begun = SystemTime::now();
        while is_racy(&std::fs::metadata(path).unwrap()) {
            assert!(begun.elapsed().unwrap() < Duration::from_secs(30));
            std::thread::yield_now();
        }
        std::fs::metadata(path).unwrap()
    }

    fn content(cache: &HashCache, path: &std::path::Path) -> Content {
        cache.content_of(&mut File::open(path).unwrap(), "x", &Cancel::new()).unwrap().0
    }

    #[test]
    fn a_hash_is_remembered_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (path, kept) = (dir.path().join("a"), dir.path().join("state/hashes"));
        std::fs::write(&path, "alpha").unwrap();
        settled(&path);
        let cache = HashCache::load(Some(kept.clone()));
        let first = content(&cache, &path);
        assert_eq!(first.size, 5);
        cache.save().unwrap();
        let again = HashCache::load(Some(kept.clone()));
        assert_eq!(again.known.lock().unwrap().files.len(), 1);
        // What it remembers is believed: a wrong hash would come back.
        again.known.lock().unwrap().files.values_mut().for_each(|there| there.sha256 = [1; 32]);
        assert_eq!(content(&again, &path).sha256, [1; 32]);
        // Same size and time, other content.
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, "aleph").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert_ne!(content(&again, &path).sha256, [1; 32]);
        assert_ne!(content(&again, &path).sha256, first.sha256);
    }

    #[test]
    fn a_file_that_changed_just_now_is_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let cache = HashCache::load(None);
        // As often as it takes to read it within the granularity of the clock.
        let begun = SystemTime::now();
        loop {
            std::fs::write(&path, "alpha").unwrap();
            let before = cache.known.lock().unwrap().files.len();
            content(&cache, &path);
            if cache.known.lock().unwrap().files.len() == before {
                break;
            }
            assert!(begun.elapsed().unwrap() < Duration::from_secs(30));
        }
    }

    #[test]
    fn a_hash_takes_little_memory() {
        assert!(size_of::<(FileKey, Remembered)>() <= 57);
    }

    #[test]
    fn a_damaged_file_of_hashes_is_no_hash() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("hashes");
        for bytes in [&b""[..], b"something else, and more", &[&MAGIC[..], &[7; 50]].concat()] {
            std::fs::write(&kept, bytes).unwrap();
            let cache = HashCache::load(Some(kept.clone()));
            assert!(cache.known.lock().unwrap().files.is_empty());
        }
    }
}
