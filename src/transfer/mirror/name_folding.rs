//! Names that a server may treat as equal: it may fold case, strip trailing blanks and dots, or
//! replace characters that it cannot store.
//!
//! Whether it does is not known beforehand. A file that was stored must be listed under exactly its
//! name before anything next to it is deleted
//! ([`keep_what_was_stored`](super::confirm_stored::keep_what_was_stored)); a file that was not
//! stored has no such proof, and entries with similar names are kept ([`keep_ambiguous`]).

use std::collections::HashMap;

use super::listing::CompactListing;
use super::plan::DirectoryPlan;
use crate::ftp::path::stands_for_byte;

/// Returns the same string for all names that a server could treat as equal.
pub fn fold_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.to_lowercase().chars() {
        let replaced = !c.is_ascii() || stands_for_byte(c) || matches!(c, '?' | '_');
        match (replaced, folded.ends_with('?')) {
            (true, true) => {}
            (true, false) => folded.push('?'),
            (false, _) => folded.push(c),
        }
    }
    // Pure-FTPd turns `a ` into `a_`.
    folded.trim_matches([' ', '.', '?']).to_owned()
}

/// Removes from a plan's deletions whatever may be, under another name, an entry of the source that
/// is not transferred: excluded by a filter, its size or its age, or a link. `is_carried` returns
/// whether the source's item at an index is transferred nevertheless.
pub fn keep_ambiguous(
    plan: &mut DirectoryPlan,
    source: &CompactListing,
    target: &CompactListing,
    is_carried: impl Fn(usize) -> bool,
) {
    if plan.extraneous.is_empty() {
        return;
    }
    let planned = |place| u32::try_from(place).is_ok_and(|p| plan.places.binary_search(&p).is_ok());
    let stays = source.iter().enumerate().filter(|(place, item)| {
        target.position_of(item.name).is_none() && !planned(*place) && !is_carried(*place)
    });
    let stays: HashMap<String, &str> =
        stays.map(|(_, item)| (fold_name(item.name), item.name)).collect();
    if stays.is_empty() {
        return;
    }
    let DirectoryPlan { extraneous, next, ambiguous: twins, .. } = plan;
    extraneous.retain(|item| {
        let name = item.path.rsplit('/').next().unwrap_or_default();
        let Some(twin) = stays.get(&fold_name(name)) else { return true };
        twins.push((item.path.to_string(), (*twin).to_owned()));
        false
    });
    next.retain(|next| next.in_source || twins.iter().all(|(path, _)| *path != next.path));
}

#[cfg(test)]
mod tests {
    use super::fold_name;

    #[test]
    fn names_that_a_server_may_take_for_one_another_are_folded_to_the_same() {
        for (one, other) in [
            ("ReadMe", "README"),
            ("a ", "a"),
            ("a.", "a"),
            ("a ", "a_"),
            (" a", "a"),
            ("caf\u{F7E9}", "caf\u{FFFD}"),
            ("caf\u{F7E9}", "caf?"),
            ("café", "cafe\u{301}".replace('e', "_").as_str()),
            ("x\u{F7FF}\u{F7F1}y", "x?y"),
            ("Ä", "ä"),
        ] {
            assert_eq!(fold_name(one), fold_name(other), "{one} {other}");
        }
        assert_ne!(fold_name("a b"), fold_name("ab"));
        assert_ne!(fold_name("a.b"), fold_name("ab"));
    }
}
