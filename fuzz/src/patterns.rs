//! Wildcards: any pattern ends, and an escaped name matches itself.

use ftpsh::glob::{Pattern, escape, unescape};

/// The first line is a pattern, the rest is a name.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, name) = text.split_once('\n').unwrap_or((text, text));
    let pattern = Pattern::new(pattern);
    let found = pattern.matches(name);
    assert!(!found || pattern.matches_hidden(name), "{pattern:?} {name:?}");
    if let Some(literal) = pattern.literal() {
        assert_eq!(pattern.matches_hidden(name), literal == name && !name.contains('/'));
    }
    assert_eq!(unescape(&escape(name)), name);
    if !name.contains('/') {
        assert!(Pattern::new(&escape(name)).matches(name), "{name:?}");
    }
}
