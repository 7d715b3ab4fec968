//! The clocks of servers that send local time in MDTM, from one run to the next.
//!
//! A text file in the state directory, a line a site: `HOST:PORT +MINUTES`. It holds what uploads
//! have shown; a line that cannot be read counts as missing, and a file that cannot be written is
//! no error: the next upload shows the clock again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::fs::app_dirs::replace_private_file;
use crate::ftp::session::server_clock::ServerClock;
use crate::target::Site;

/// The clocks of all sites of a run; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockStore(Arc<Mutex<BTreeMap<String, ServerClock>>>);

impl ClockStore {
    /// The clock of a site, with what `file` has of it.
    pub(super) fn of_site(&self, site: &Site, file: PathBuf) -> ServerClock {
        let key = site.trust_key();
        let mut clocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = clocks.entry(key.clone()).or_insert_with(|| {
            let remembered = read_offsets(&file).remove(&key).map(TimeDelta::minutes);
            let save = move |offset: TimeDelta| write_offset(&file, &key, offset.num_minutes());
            ServerClock::remembered(remembered, Arc::new(save))
        });
        clock.clone()
    }
}

/// Minutes by site.
fn read_offsets(file: &Path) -> BTreeMap<String, i64> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let offset = |line: &str| {
        let (site, minutes) = line.rsplit_once(' ')?;
        let minutes = minutes.parse().ok().filter(|minutes| (-12 * 60..=14 * 60).contains(minutes));
        Some((site.to_owned(), minutes?))
    };
    text.lines().filter_map(offset).collect()
}

/// A server that sends UTC needs no line.
fn write_offset(file: &Path, site: &str, minutes: i64) {
    let mut offsets = read_offsets(file);
    offsets.remove(site);
    if minutes != 0 {
        offsets.insert(site.to_owned(), minutes);
    }
    let lines = offsets.iter().map(|(site, minutes)| format!("{site} {minutes:+}\n"));
    // Without it, the next run learns the clock again.
    let _ = replace_private_file(file, lines.collect::<String>().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_kept_by_site_and_lines_that_cannot_be_read_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/server_clocks");
        write_offset(&file, "a.example:21", 120);
        write_offset(&file, "[::1]:990", -210);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "[::1]:990 -210\na.example:21 +120\n");
        write_offset(&file, "a.example:21", 0);
        assert_eq!(read_offsets(&file), BTreeMap::from([("[::1]:990".to_owned(), -210)]));
        std::fs::write(&file, "b:21 +60\nb:22 soon\nc:21 +9999\n\n").unwrap();
        assert_eq!(read_offsets(&file), BTreeMap::from([("b:21".to_owned(), 60)]));
    }
}
