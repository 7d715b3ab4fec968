//! The manifest of a mirror: what is read is below the target, is written again as it was, and is
//! the same in blocks of any size.

use ftpsh::fuzz::{ItemKind, ManifestIndex, ManifestParser, OwnPaths, Unreadable, write_manifest};

use super::common::is_shown_safely;

fn read(data: &[u8], block: usize) -> Result<ManifestIndex, Unreadable> {
    let own = OwnPaths::new(Some("site".to_owned()));
    let mut parser = ManifestParser::new(&own);
    data.chunks(block).try_for_each(|block| parser.push(block))?;
    parser.finish()
}

/// The bytes are a manifest.
pub fn check(data: &[u8]) {
    let whole = read(data, 4096);
    assert_eq!(read(data, 7).is_ok(), whole.is_ok());
    let index = match whole {
        Ok(index) => index,
        Err(why) => return is_shown_safely(&why.to_string()),
    };
    let mut written = Vec::new();
    write_manifest(&index, &|_| false, &mut written).unwrap();
    assert_eq!(written, data);
    let mut files = 0;
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for item in index.list_directory(&directory).iter() {
            assert!(!matches!(item.name, "" | "." | "..") && !item.name.contains('/'));
            let slash = if directory.is_empty() { "" } else { "/" };
            let path = format!("{directory}{slash}{}", item.name);
            match item.kind {
                ItemKind::Directory => directories.push(path),
                _ => {
                    assert!(index.get(&path).is_some_and(|entry| !entry.is_directory()));
                    files += 1;
                }
            }
        }
    }
    assert_eq!(files, index.iter().filter(|(_, entry)| !entry.is_directory()).count());
}
