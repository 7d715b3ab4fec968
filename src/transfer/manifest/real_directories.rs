//! Whether directories of a target are still where a mirror has made them. It is not listed, so a link
//! that somebody has put in the place of one would lead deletions elsewhere.
//!
//! Most servers name a directory by what a link leads to when it is the current one (vsftpd, ProFTPD,
//! Pure-FTPd); one that does not (pyftpdlib) shows no difference. Asked once for each directory in
//! which something is to be deleted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::error::{Kind, Result};
use crate::ftp::path::RemotePath;
use crate::ftp::session::Session;
use crate::transfer::mirror::name_folding::fold_name;

/// What is known of the directories of one target.
#[derive(Debug, Default)]
pub struct RealDirectories(Mutex<HashMap<RemotePath, Option<RemotePath>>>);

impl RealDirectories {
    /// Where a directory below `root` leads, if that is certainly another place.
    ///
    /// # Errors
    ///
    /// What ended the session.
    pub fn elsewhere(
        &self,
        session: &mut Session,
        root: &RemotePath,
        directory: &str,
    ) -> Result<Option<RemotePath>> {
        if directory.is_empty() {
            return Ok(None);
        }
        let Some(real) = self.real(session, root)? else { return Ok(None) };
        let there = self.real(session, &root.join(directory)?)?;
        let expected = real.join(directory)?;
        Ok(there.filter(|there| !may_be_same(there.as_str(), expected.as_str())))
    }

    fn real(&self, session: &mut Session, path: &RemotePath) -> Result<Option<RemotePath>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let real = match session.real_directory(path) {
            // What is not there, is not a directory, or may not be entered leads nowhere else.
            Err(error) if error.kind() == Kind::Refused && !error.is_transient() => None,
            real => real?,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(path.clone(), real.clone());
        Ok(real)
    }
}

/// Whether two paths may name one directory. A server may spell a name differently, above all one with
/// letters that are not ASCII.
fn may_be_same(one: &str, other: &str) -> bool {
    let names = |path: &str| -> Vec<String> {
        path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let is_same = |(one, other): (&String, &String)| {
        !one.is_ascii() || !other.is_ascii() || fold_name(one) == fold_name(other)
    };
    let (one, other) = (names(one), names(other));
    one.len() == other.len() && one.iter().zip(&other).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_under_another_spelling_is_the_same() {
        for (one, other, same) in [
            ("/site/d", "/site/d", true),
            ("/Site/d/", "/site//D", true),
            ("/site/\u{e9}", "/site/e\u{301}", true),
            ("/site/d", "/site/e", false),
            ("/site/d", "/other", false),
            ("/site/d", "/site/d/e", false),
            ("/site/d", "/", false),
        ] {
            assert_eq!(may_be_same(one, other), same, "{one} {other}");
        }
    }
}
