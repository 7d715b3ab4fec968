//! Wildcards: `* ? [a-z]` against names; and regular expressions against paths.
//!
//! In a pattern, a backslash makes the next character literal (the shell adds them for quoted
//! text). The caller provides a lister: this folder does no I/O, is independent of FTP and file
//! systems, and is bounded in time and memory for any pattern and names.

mod expand;
mod extended_regex;
mod pattern;

pub use expand::{Component, Listing, MAX_MATCHES, expand_glob, split_components};
pub use extended_regex::extended_regex;
pub use pattern::Pattern;

/// Whether some component of this pattern path has a wildcard.
pub fn has_wildcard(path: &str) -> bool {
    split_components(path).iter().any(|component| matches!(component, Component::Pattern(_)))
}

/// Escapes `text` to a pattern that matches only itself.
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

/// The literal text of a pattern, without backslashes.
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
