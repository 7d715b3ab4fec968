//! Wildcards: `* ? [a-z]` against names.
//!
//! A pattern is text in which a backslash takes a character's meaning away
//! (the shell's words make it). Names come from a lister
//! that the caller gives: this folder does no I/O, knows neither FTP nor files, and is bounded in
//! time and memory whatever the pattern and the names are.

mod expand;
mod pattern;

pub use expand::{Component, Listing, MAX_MATCHES, expand_glob, split_components};
pub use pattern::Pattern;

/// Whether some component of this pattern path can match more than one name.
pub fn has_wildcard(path: &str) -> bool {
    split_components(path).iter().any(|component| matches!(component, Component::Pattern(_)))
}

/// `text` as a pattern that matches only itself.
pub fn escape_glob(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '-' | '!' | '^') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A pattern taken literally: its text without the backslashes.
pub fn unescape_glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_no_glob_and_comes_back() {
        for text in ["a*b", "?", "[a-z]", "back\\slash", "\\", "é[!x]", "-n", ""] {
            assert!(!has_wildcard(&escape_glob(text)), "{text}");
            assert_eq!(unescape_glob(&escape_glob(text)), text);
        }
    }

    #[test]
    fn only_well_formed_wildcards_make_a_glob() {
        for (path, glob) in [("a*", true), ("a/b?/c", true), ("[ab]", true), ("[ab", false)] {
            assert_eq!(has_wildcard(path), glob, "{path}");
        }
        for path in ["", "a/b", "]", "[]", "[!]", "[a/b]", "\\*"] {
            assert!(!has_wildcard(path), "{path}");
        }
    }
}
