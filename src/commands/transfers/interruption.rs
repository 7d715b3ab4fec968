//! What an interrupted command says: how much is done, what the files that it was at have left
//! behind, and the command that resumes them.

use std::path::Path;

use crate::error::Error;
use crate::ftp::path::RemotePath;
use crate::output::{escape, human_bytes};
use crate::transfer::TransferOptions;
use crate::transfer::atomic::upload_name;
use crate::transfer::download::partial::partial_path;

/// So many kept files are named.
const MOST_NAMED: usize = 3;

/// A file that an interrupted transfer has left something of.
#[derive(Debug)]
struct Kept {
    name: String,
    bytes: u64,
    on_server: bool,
}

/// The files that an interrupted command has left something of.
#[derive(Debug, Default)]
pub struct KeptFiles(Vec<Kept>);

impl KeptFiles {
    /// The download of `local`, shown as `name`, was interrupted at `position`.
    pub fn add_download(&mut self, local: &Path, name: String, position: u64) {
        let Ok(partial) = partial_path(local) else { return };
        let length = partial.symlink_metadata().map_or(0, |metadata| metadata.len());
        // Segments fill it from several places.
        let bytes = if position > 0 { length.min(position) } else { length };
        if bytes > 0 {
            self.0.push(Kept { name, bytes, on_server: false });
        }
    }

    /// The upload to `remote` was interrupted at `position`.
    pub fn add_upload(&mut self, remote: &RemotePath, options: &TransferOptions, position: u64) {
        if let Ok(target) = upload_name(remote, options)
            && position > 0
        {
            let name = target.as_str().to_owned();
            self.0.push(Kept { name, bytes: position, on_server: true });
        }
    }

    /// Adds to an interruption how many files of how many are done, unless the command has only
    /// one, what is kept, and how `command` goes on: `interrupted: 3 of 8 files done, IMG_4.jpg kept
    /// at 2.5 MiB; 'get -c …' resumes`.
    pub fn explain(&self, error: Error, done: Option<(u64, u64)>, command: &str) -> Error {
        if !error.is_interruption() {
            return error;
        }
        let done = done.filter(|(_, all)| *all > 0);
        let mut parts: Vec<_> =
            done.iter().map(|(done, all)| format!("{done} of {all} files done")).collect();
        let mut kept: Vec<_> = self.0.iter().collect();
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        parts.extend(kept.iter().take(MOST_NAMED).map(|kept| {
            let (name, bytes) = (escape(&kept.name), human_bytes(kept.bytes));
            match kept.on_server {
                true => format!("{name} incomplete on the server ({bytes} sent)"),
                false => format!("{name} kept at {bytes}"),
            }
        }));
        if let Some(more @ 1..) = self.0.len().checked_sub(MOST_NAMED) {
            parts.push(format!("{more} more"));
        }
        if parts.is_empty() {
            return error;
        }
        let is_all = self.0.is_empty() && done.is_some_and(|(done, all)| done == all);
        let resumes = if is_all { "" } else { &format!("; '{command} -c …' resumes") };
        Error::new(error.kind(), format!("{}: {}{resumes}", error.message(), parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn an_interruption_says_what_is_done_and_what_is_kept_where() {
        let mib = 1 << 20;
        let text = |done, kept: &[(&str, u64, bool)]| {
            let kept = kept.iter().map(|(name, bytes, on_server)| Kept {
                name: (*name).to_owned(),
                bytes: *bytes,
                on_server: *on_server,
            });
            let error = Error::new(Kind::Interrupted, "interrupted");
            let error = KeptFiles(kept.collect()).explain(error, done, "get");
            error.message().to_owned()
        };
        assert_eq!(
            text(Some((3, 8)), &[("IMG_4.jpg", 5 * mib / 2, false)]),
            "interrupted: 3 of 8 files done, IMG_4.jpg kept at 2.5 MiB; 'get -c …' resumes"
        );
        assert_eq!(
            text(
                Some((0, 8)),
                &[("a\x1b", mib, true), ("b", 1, true), ("c", 1, true), ("d", 1, true)]
            ),
            "interrupted: 0 of 8 files done, a\\x1b incomplete on the server (1.0 MiB sent), \
             b incomplete on the server (1 B sent), c incomplete on the server (1 B sent), 1 more; \
             'get -c …' resumes"
        );
        assert_eq!(text(None, &[]), "interrupted");
        assert_eq!(text(Some((0, 0)), &[]), "interrupted");
        assert_eq!(text(Some((2, 2)), &[]), "interrupted: 2 of 2 files done");
    }
}
