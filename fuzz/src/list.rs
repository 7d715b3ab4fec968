//! LIST lines of every family: what becomes an entry was in the line, name and size alike, and
//! nothing of it harms a terminal or a local directory.

use chrono::{NaiveDate, NaiveDateTime};
use ftpsh::ftp::list_formats::{Entry, Line, ListParser};
use ftpsh::ftp::path::{encode_name, safe_component};

use super::common::{is_shown_safely, says};

fn now() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 3, 10).and_then(|day| day.and_hms_opt(12, 0, 0)).unwrap()
}

/// The first line is the reply to SYST, the rest is the listing.
pub fn check(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let syst = lines.next().map(String::from_utf8_lossy).unwrap_or_default();
    let mut parser = ListParser::new(Some(&syst), now());
    let mut seen: Vec<u8> = Vec::new();
    for line in lines {
        // An entry may be on two lines.
        seen.extend_from_slice(line);
        if let Line::Entry(entry) = parser.push(line) {
            is_sound(&entry, &seen);
            assert!(entry.size.is_none_or(|size| {
                let blocks = entry.size_in_blocks && says(&seen, size / 512);
                blocks || says(&seen, size) || says_hexadecimal(&seen, size)
            }));
        }
    }
    parser.finish();
}

/// The size of a module on z/OS.
fn says_hexadecimal(bytes: &[u8], number: u64) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_uppercase();
    text.contains(&format!("{number:X}"))
}

/// What every entry promises. `bytes` are what it was read from.
pub fn is_sound(entry: &Entry, bytes: &[u8]) {
    let name = encode_name(&entry.name);
    assert!(!name.is_empty() && name != b"." && name != b"..", "{entry:?}");
    // CMS joins name and type with a dot, VMS leaves out a directory's `.DIR;1`.
    let part_is_there = |part: &[u8]| bytes.windows(part.len().max(1)).any(|w| w == part);
    let mut parts = name.split(|byte| *byte == b'.').filter(|part| !part.is_empty());
    assert!(parts.all(part_is_there), "{entry:?}");
    assert!(entry.mode.is_none_or(|mode| mode <= 0o7777), "{entry:?}");
    if let Ok(safe) = safe_component(&entry.name) {
        assert!(!safe.contains(['/', '\0']) && !safe.bytes().any(|b| b.is_ascii_control()));
        assert!(encode_name(safe).len() <= 255);
        assert_eq!(std::path::Path::new(safe).components().count(), 1, "{safe:?}");
    }
    let texts = [&entry.owner, &entry.group, &entry.target, &entry.perm, &entry.unique];
    for text in texts.into_iter().flatten().chain([&entry.name]) {
        is_shown_safely(text);
    }
}
