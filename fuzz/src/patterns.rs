//! Wildcards: any pattern ends, and an escaped name matches itself.

use ftpsh::glob::{Pattern, escape_glob, unescape_glob};

/// The first line is a pattern, the rest is a name.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, name) = text.split_once('\n').unwrap_or((text, text));
    let pattern = Pattern::new(pattern);
    let found = pattern.matches_name(name);
    assert!(!found || pattern.matches_hidden(name), "{pattern:?} {name:?}");
    if let Some(literal) = pattern.literal_name() {
        assert_eq!(pattern.matches_hidden(name), literal == name && !name.contains('/'));
    }
    assert_eq!(unescape_glob(&escape_glob(name)), name);
    if !name.contains('/') {
        assert!(Pattern::new(&escape_glob(name)).matches_name(name), "{name:?}");
    }
}
