//! Resolves abbreviated setting names and host patterns.
//!
//! Unknown names are errors with a suggestion. Matching takes at most the product of both lengths.

use std::cmp::Reverse;

use strsim::levenshtein;

use super::lftp::closest_lftp_name;
use super::table::{SETTINGS, Setting};
use crate::error::{Error, Result};

/// Resolves `abbreviation`: a full name; the part after the colon; or a unique prefix of either, or
/// of both parts (`net:time`, `n:t`, `timeout`). If several match and one is a prefix of all
/// others, that one is meant (`xfer:ov` is `xfer:overwrite`).
pub fn resolve(abbreviation: &str) -> Result<&'static Setting> {
    let wanted = abbreviation.to_ascii_lowercase();
    let fits = |row: &&Setting| is_abbreviation(&wanted, row);
    let found: Vec<&'static Setting> = SETTINGS.iter().filter(fits).collect();
    let exact: Vec<_> = found
        .iter()
        .filter(|row| row.name == wanted || group_and_name(row.name).1 == wanted)
        .copied()
        .collect();
    match (&exact[..], &found[..]) {
        ([only], _) | (_, [only]) => Ok(only),
        (_, []) => {
            let error = Error::usage(format!("setting {abbreviation:?}: no such setting"));
            Err(match closest_name(&wanted) {
                Some(name) => error.with_hint(format!("did you mean {name}?")),
                None => error.with_hint("set -a lists all settings"),
            })
        }
        (_, several) => {
            let stem = several.iter().min_by_key(|row| row.name.len());
            let stem = stem.filter(|s| several.iter().all(|row| row.name.starts_with(s.name)));
            stem.copied().ok_or_else(|| {
                let names: Vec<&str> = several.iter().map(|row| row.name).collect();
                Error::usage(format!("setting {abbreviation:?}: ambiguous"))
                    .with_hint(format!("it may be {}", names.join(", ")))
            })
        }
    }
}

/// Whether a setting may be meant by this word.
pub(super) fn names_any(word: &str) -> bool {
    let wanted = word.to_ascii_lowercase();
    SETTINGS.iter().any(|row| is_abbreviation(&wanted, row))
}

fn is_abbreviation(wanted: &str, row: &Setting) -> bool {
    !wanted.is_empty() && abbreviates(wanted, row.name)
}

pub(super) fn abbreviates(wanted: &str, name: &str) -> bool {
    let (group, rest) = group_and_name(name);
    match wanted.split_once(':') {
        Some((g, r)) => group.starts_with(g) && rest.starts_with(r),
        None => group.starts_with(wanted) || rest.starts_with(wanted),
    }
}

fn group_and_name(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The name with the smallest edit distance, if that is small for its length.
fn closest_name(wanted: &str) -> Option<&'static str> {
    // Nobody misspells a name as a text this long.
    if wanted.chars().count() > 40 {
        return None;
    }
    let changes = |name: &str| match wanted.contains(':') {
        true => levenshtein(wanted, name),
        false => levenshtein(wanted, group_and_name(name).1),
    };
    let ours = SETTINGS.iter().map(|row| (changes(row.name), row.name)).min();
    let of_lftp = closest_lftp_name(wanted);
    let (far, name) = ours.into_iter().chain(of_lftp).min_by_key(|(far, _)| *far)?;
    (far <= 1 + wanted.len() / 4).then_some(name)
}

/// A host, or a pattern with `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPattern(String);

impl HostPattern {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let host = normal_host(text);
        let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:%*?".contains(c);
        if host.is_empty() || !host.chars().all(fits) {
            return Err(Error::usage(format!("host {text:?}: not a host or a pattern of hosts"))
                .with_hint("write NAME/HOST, as in net:timeout/*.example.org"));
        }
        Ok(Self(host))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches `host`, in the form of [`normal_host`].
    pub(super) fn matches(&self, host: &str) -> bool {
        let (pattern, host) = (self.0.as_bytes(), host.as_bytes());
        let (mut p, mut h) = (0, 0);
        // Where to backtrack to if the text after the last `*` does not match.
        let mut retry: Option<(usize, usize)> = None;
        while h < host.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    retry = Some((p + 1, h));
                    p += 1;
                }
                Some(&c) if c == b'?' || Some(&c) == host.get(h) => {
                    p += 1;
                    h += 1;
                }
                _ => match retry {
                    Some((after, from)) => {
                        retry = Some((after, from + 1));
                        (p, h) = (after, from + 1);
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(p).all(|c| *c == b'*')
    }

    /// Larger is more specific: a host before any pattern, then more letters, then fewer stars.
    pub(super) fn specificity(&self) -> (bool, usize, Reverse<usize>) {
        let stars = self.0.matches('*').count();
        let wild = stars + self.0.matches('?').count();
        (wild == 0, self.0.len() - wild, Reverse(stars))
    }
}

/// Normalises a host for matching: lower case, no final dot, no brackets.
pub(super) fn normal_host(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}
