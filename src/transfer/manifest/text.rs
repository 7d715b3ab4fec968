//! The text of a manifest that is about to be written: complete before the first byte is sent, so
//! that what changes meanwhile does not get into it.
//!
//! It is kept in a file without a name, or in memory where there can be none: of 100,000 entries it
//! has more than 10 MB.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use openssl::hash::{Hasher, MessageDigest};

use super::format::write_manifest;
use super::index::ManifestIndex;
use super::journal::ManifestDigest;
use crate::error::{Error, Kind, Result};

/// The text of a manifest.
pub struct ManifestText {
    content: Box<dyn Content + Send>,
    /// Bytes.
    pub size: u64,
    /// Its digest.
    pub digest: ManifestDigest,
}

trait Content: Read + Write + Seek {}

impl<T: Read + Write + Seek> Content for T {}

impl ManifestText {
    /// Writes the text, in a file in `directory` if that is possible; the files of which
    /// `is_doubtful` says so are in doubt.
    ///
    /// # Errors
    ///
    /// SHA-256 cannot be computed.
    pub fn write(
        index: &ManifestIndex,
        is_doubtful: &dyn Fn(&str) -> bool,
        directory: &Path,
    ) -> Result<Self> {
        let in_file =
            unnamed_file(directory).and_then(|file| Self::write_to(index, is_doubtful, file));
        let text = in_file.or_else(|_| Self::write_to(index, is_doubtful, Cursor::new(Vec::new())));
        text.map_err(|error| Error::new(Kind::Other, format!("the manifest: {error}")))
    }

    fn write_to(
        index: &ManifestIndex,
        is_doubtful: &dyn Fn(&str) -> bool,
        content: impl Content + Send + 'static,
    ) -> io::Result<Self> {
        let hasher = Hasher::new(MessageDigest::sha256())?;
        let mut counted = Counted { to: BufWriter::new(content), hasher, size: 0 };
        write_manifest(index, is_doubtful, &mut counted)?;
        let Counted { to, mut hasher, size } = counted;
        let content = to.into_inner().map_err(io::IntoInnerError::into_error)?;
        let digest = <[u8; 32]>::try_from(&*hasher.finish()?).ok();
        Ok(Self { content: Box::new(content), size, digest })
    }

    /// The text, from its beginning.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn read(&mut self) -> io::Result<&mut dyn Read> {
        self.content.rewind()?;
        Ok(&mut self.content)
    }
}

/// A file that ends with the program.
fn unnamed_file(directory: &Path) -> io::Result<File> {
    let path = directory.join(format!("{}.text", std::process::id()));
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path);
    // One of this name was left by a process that was killed before it removed it.
    std::fs::remove_file(&path)?;
    file
}

/// Counts and hashes what is written.
struct Counted<W> {
    to: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(bytes)?;
        self.hasher.update(bytes)?;
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::manifest::entry::ManifestEntry;

    #[test]
    fn the_text_is_the_same_where_no_file_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = ManifestIndex::default();
        index.insert("d", ManifestEntry::Directory);
        let expected = "# ftpsh manifest 1\n- - - d/\n";
        for directory in [dir.path(), &dir.path().join("missing"), Path::new("/dev/null")] {
            let mut text = ManifestText::write(&index, &|_| false, directory).unwrap();
            for _ in 0..2 {
                let mut read = String::new();
                text.read().unwrap().read_to_string(&mut read).unwrap();
                assert_eq!(read, expected);
            }
            assert_eq!(text.size, expected.len() as u64);
            assert_eq!(text.digest, Some(openssl::sha::sha256(expected.as_bytes())));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
