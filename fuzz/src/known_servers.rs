//! The file of known servers: lines that nobody touches stay, and a damaged or doubled line never
//! vouches for its server.

use ftpsh::fuzz::KnownServers;
use ftpsh::trust::entry::{Entry, normal_host};

use super::common::is_shown_safely;

/// The bytes are a file.
pub fn check(data: &[u8]) {
    let file = KnownServers::parse(data);
    let written = file.to_bytes();
    // But for the line feed at the end.
    assert!(written == data || written == [data, b"\n"].concat());
    assert_eq!(KnownServers::parse(&written), file);
    for problem in file.problems() {
        if let Some(host) = &problem.host {
            let vouched = file.entries().filter(|entry| entry.host == *host);
            for entry in vouched {
                // Only for another port of it.
                let found = file.find_entry(&entry.host, entry.port);
                assert!(found.is_err() || found.is_ok_and(|found| found == Some(entry)));
            }
            is_shown_safely(host);
        }
    }
    for entry in file.entries() {
        assert_ne!(entry.port, 0);
        assert_eq!(normal_host(&entry.host).ok().as_deref(), Some(entry.host.as_str()));
        let line = entry.to_string();
        assert!(!line.contains(['\n', '\r']), "{line:?}");
        assert_eq!(line.parse::<Entry>().ok().as_ref(), Some(entry), "{line:?}");
        let mut changed = file.clone();
        changed.put_entry(entry.clone());
        assert_eq!(changed.entries().count(), file.entries().count());
        if file.find_entry(&entry.host, entry.port).is_ok() {
            assert_eq!(changed.find_entry(&entry.host, entry.port).ok(), Some(Some(entry)));
        }
        assert!(changed.remove_lines(&entry.host, Some(entry.port)) > 0);
        assert!(matches!(changed.find_entry(&entry.host, entry.port), Ok(None)));
    }
}
