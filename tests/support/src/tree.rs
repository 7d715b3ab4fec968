//! What lies below a directory, to be compared with what lay there before or elsewhere.

use std::collections::BTreeMap;
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
