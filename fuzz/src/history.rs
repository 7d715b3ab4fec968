//! The history file: any bytes can be read, what is added comes back, and nothing else changes.

use std::path::PathBuf;
use std::sync::OnceLock;

use ftpsh::shell::history::History;
use ftpsh::shell::redact::redact_line;

/// Where the file is: this process's own, in memory where the system has such a place.
fn path() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let directory = if memory.is_dir() { memory } else { std::env::temp_dir() };
        directory.join(format!("ftpsh-fuzz-history-{}", std::process::id()))
    })
}

/// The bytes before the first NUL are the file, those after it a line that is typed.
pub fn check(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (file, line) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    std::fs::write(path(), file).expect("written");
    let mut history = History::new(path(), 100);
    let before = history.load_entries().expect("any bytes are a history");
    assert!(before.len() <= 100);
    if let Ok(line) = std::str::from_utf8(line) {
        let (kept, written) = history.add_redacted(line);
        written.expect("written");
        assert!(kept.is_none() || kept == redact_line(line.trim_end()), "{line:?}: {kept:?}");
        let after = History::new(path(), 100).load_entries().expect("still a history");
        match &kept {
            Some(kept) => assert_eq!(after.last(), Some(kept)),
            None => assert_eq!(after, before),
        }
    }
    history.trim_file().expect("trimmed");
    assert!(History::new(path(), 1000).load_entries().expect("a history").len() <= 100);
    std::fs::remove_file(path()).expect("removed");
}
