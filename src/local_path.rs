//! Local paths in command arguments.

use std::io::Read as _;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::ftp::path::encode_name;

/// Expands a leading `~` or `~/`; any other text is unchanged.
pub fn expand_tilde(text: &str) -> String {
    let rest = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => return text.to_owned(),
    };
    match dirs::home_dir() {
        Some(home) => format!("{}{rest}", home.display()),
        None => text.to_owned(),
    }
}

/// A word as a local path, with mapped bytes that are not UTF-8 restored.
pub fn path_from_word(word: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    PathBuf::from(std::ffi::OsString::from_vec(encode_name(word)))
}

/// A local path as a word: the inverse of [`path_from_word`].
pub fn word_from_path(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    crate::ftp::path::decode_name(path.as_os_str().as_bytes())
}

/// The names in a directory, each with whether it is one itself; `shown` names it in errors.
pub fn list_names(directory: &std::path::Path, shown: &str) -> Result<Vec<(String, bool)>> {
    let failed = |error: std::io::Error| Error::local_file(shown, &error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = word_from_path(std::path::Path::new(&entry.file_name()));
        names.push((name, entry.path().is_dir()));
    }
    Ok(names)
}

/// The name of a file for messages, and its contents. `-` is standard input; `locate` converts any
/// other name to a path.
pub fn read_file_or_stdin(
    file: &str,
    locate: impl FnOnce(&str) -> PathBuf,
) -> Result<(String, Vec<u8>)> {
    if file == "-" {
        let name = "standard input";
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map(|_| (name.to_owned(), bytes)).map_err(|why| Error::local(name, &why));
    }
    let path = locate(&expand_tilde(file));
    let bytes = std::fs::read(&path).map_err(|why| Error::local_file(&path, &why))?;
    Ok((path.display().to_string(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_of_ones_own_is_written_out() {
        let home = dirs::home_dir().unwrap().display().to_string();
        assert_eq!(expand_tilde("~"), home);
        assert_eq!(expand_tilde("~/x"), format!("{home}/x"));
        assert_eq!(expand_tilde("~root"), "~root");
        assert_eq!(expand_tilde("a~"), "a~");
    }

    #[test]
    fn any_bytes_survive() {
        let bytes = b"caf\xe9".to_vec();
        let name = crate::ftp::path::decode_name(&bytes);
        assert_eq!(word_from_path(&path_from_word(&name)), name);
        assert_eq!(
            std::os::unix::ffi::OsStrExt::as_bytes(path_from_word(&name).as_os_str()),
            &bytes[..]
        );
    }
}
