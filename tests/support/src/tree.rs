//! What lies below a directory, to be compared with what lay there before or elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Paths from the top, files with their content, directories with none.
pub type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// Every file with its content, every directory with none; links as what they are.
pub fn tree(top: &Path) -> Tree {
    fn walk(top: &Path, dir: &Path, found: &mut Tree) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                found.insert(name, None);
                walk(top, &path, found);
            } else {
                found.insert(name, Some(std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Tree::new();
    walk(top, top, &mut found);
    found
}

/// What is different in a tree: `SIDE + name: content` for what is new, `~` for a file with another
/// content, `-` for what is gone.
pub fn changes(side: &str, before: &Tree, after: &Tree) -> Vec<String> {
    let mut changes = Vec::new();
    for (name, content) in after {
        let mark = match before.get(name) {
            None => '+',
            Some(old) if old != content => '~',
            Some(_) => continue,
        };
        let mut change = format!("{side} {mark} {name}");
        match content {
            None => change.push('/'),
            Some(bytes) if bytes.is_empty() => change.push_str(": (empty)"),
            Some(bytes) if bytes.len() > 200 => write!(change, ": {} bytes", bytes.len()).unwrap(),
            Some(bytes) => {
                write!(change, ": {}", String::from_utf8_lossy(bytes).escape_debug()).unwrap();
            }
        }
        changes.push(change);
    }
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    changes.extend(gone.map(|name| format!("{side} - {name}")));
    changes
}
