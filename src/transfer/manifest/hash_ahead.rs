//! Computes hashes of local files while the server is asked for the manifest, which takes some round
//! trips.

use super::hash_cache::HashCache;
use crate::cancel::Cancel;
use crate::transfer::mirror::local::LocalTree;
use crate::transfer::mirror::plan::MirrorRules;
use crate::transfer::mirror::tree::{Item, ItemKind};
use crate::transfer::mirror::watch::scan::{is_included, scan};

/// Hashes the files of a tree that a mirror with these rules looks at, until `stop`. What cannot be
/// read is left out: whoever needs its hash is told why there is none.
pub fn hash_ahead(local: &LocalTree, rules: &MirrorRules, hashes: &HashCache, stop: &Cancel) {
    let mut visit = |path: &str, item: Item<'_>| {
        let is_included = is_included(rules, path, item.kind == ItemKind::Directory);
        if is_included && item.kind == ItemKind::File {
            let opened = local.entry(path).map(|entry| local.open_file(&entry).ok());
            if let Ok(Some(mut file)) = opened {
                let _ = hashes.content_of(&mut file, path, stop);
            }
        }
        is_included && stop.check().is_ok()
    };
    let _ = scan(local, "", stop, &mut visit, &mut |_, _| {});
}
