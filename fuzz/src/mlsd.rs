//! MLSD and MLST lines: facts are what was sent, and a line made of them says the same.

use ftpsh::ftp::list_formats::{Entry, EntryKind, Line, parse_mlst, parse_mlsx};
use ftpsh::ftp::path::encode_name;

use super::common::says;
use super::list::is_sound;

/// The bytes are one line, or several.
pub fn check(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        if let Line::Entry(entry) = parse_mlsx(line) {
            is_sound(&entry, line);
            assert!(entry.size.is_none_or(|size| says(line, size)), "{entry:?}");
            assert!(line.ends_with(&encode_name(&entry.name)), "{entry:?}");
            // Before the facts of MLST there is a space; here there were no facts.
            assert!(line.starts_with(b" ") || parse_mlst(line).is_some(), "{entry:?}");
            comes_back(&entry);
        }
    }
}

/// An entry, written as facts, is read as the same.
fn comes_back(entry: &Entry) {
    let kind = match entry.kind {
        EntryKind::File => "file",
        EntryKind::Directory => "dir",
        EntryKind::Link => "OS.unix=symlink",
        EntryKind::Other => "x",
    };
    let mut line = format!("type={kind};");
    if let Some(size) = entry.size {
        line += &format!("size={size};");
    }
    if let Some(modified) = entry.modified {
        line += &format!("modify={};", modified.time.format("%Y%m%d%H%M%S"));
    }
    if let Some(mode) = entry.mode {
        line += &format!("unix.mode={mode:04o};");
    }
    let line = [line.as_bytes(), b" ", &encode_name(&entry.name)].concat();
    let expected = Entry {
        size: entry.size,
        modified: entry.modified,
        mode: entry.mode,
        ..Entry::new(entry.name.clone(), entry.kind)
    };
    assert_eq!(parse_mlsx(&line), Line::Entry(expected));
}
