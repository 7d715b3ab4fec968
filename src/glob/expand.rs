//! Expands a pattern path to the sorted list of matching names.
//!
//! Each directory is listed at most once, and only if a wildcard needs it. Names from the lister
//! are matched here, even if the server did its own matching: a name that contains a slash, or is
//! `.` or `..`, never matches.

use super::{Pattern, unescape_glob};
use crate::error::{Error, Kind, Result};
use std::collections::BTreeSet;

/// Maximum matches of one pattern.
pub const MAX_MATCHES: usize = 1_000_000;

/// The names of a directory, each with whether it can be listed itself.
pub type Listing = Vec<(String, bool)>;

/// A path component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// A name, without backslashes; empty before a leading and after a trailing slash.
    Literal(String),
    /// A component with a wildcard.
    Pattern(Pattern),
}

/// Splits a pattern path. Every slash separates, even in `[…]` and after a backslash.
pub fn split_components(path: &str) -> Vec<Component> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut escaped = false;
    for c in path.chars() {
        if c == '/' {
            parts.push(std::mem::take(&mut part));
        } else if escaped || c != '\\' {
            part.extend(escaped.then_some('\\'));
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    part.extend(escaped.then_some('\\'));
    parts.push(part);
    parts
        .into_iter()
        .map(|part| {
            let pattern = Pattern::new(&part);
            pattern.literal_name().map_or(Component::Pattern(pattern), Component::Literal)
        })
        .collect()
}

/// The paths that match `path`, sorted; none if nothing matches. A path without a wildcard is
/// returned unchanged, and nothing is listed.
///
/// `lister` receives a directory (`.` for the current one) and returns its names. A trailing slash
/// selects directories only, and is kept.
///
/// # Errors
/// The lister's, except that directories found by a wildcard are skipped if the server refuses to
/// list them; [`Kind::Usage`] if there are more than [`MAX_MATCHES`] matches.
pub fn expand_glob(
    path: &str,
    lister: &mut dyn FnMut(&str) -> Result<Listing>,
) -> Result<Vec<String>> {
    let components = split_components(path);
    let Some(first) = components.iter().position(|c| matches!(c, Component::Pattern(_))) else {
        return Ok(vec![unescape_glob(path)]);
    };
    let (head, tail) = components.split_at(first);
    let base: String = head.iter().map(|c| format!("{}/", component_name(c))).collect();
    let mut found = BTreeSet::from([base]);
    for (index, component) in tail.iter().enumerate() {
        // `a//b` is `a/b`; a trailing slash selects directories.
        if *component == Component::Literal(String::new()) {
            continue;
        }
        let inner = index + 1 < tail.len();
        let mut next = BTreeSet::new();
        for base in &found {
            let names = match lister(directory_of_prefix(base)) {
                Ok(names) => names,
                Err(error) if index > 0 && error.kind() == Kind::Refused => continue,
                Err(error) => return Err(error),
            };
            for (name, is_dir) in names {
                if (is_dir || !inner) && matches_name(component, &name) {
                    next.insert(format!("{base}{name}{}", if inner { "/" } else { "" }));
                }
                if next.len() > MAX_MATCHES {
                    let why =
                        format!("{}: more than {MAX_MATCHES} names match", unescape_glob(path));
                    return Err(Error::usage(why));
                }
            }
        }
        found = next;
    }
    Ok(found.into_iter().collect())
}

fn component_name(component: &Component) -> &str {
    match component {
        Component::Literal(name) => name,
        Component::Pattern(_) => "",
    }
}

/// The directory that a prefix such as ``, `/` or `a/b/` names.
fn directory_of_prefix(base: &str) -> &str {
    match base.trim_end_matches('/') {
        "" if base.is_empty() => ".",
        "" => "/",
        name => name,
    }
}

fn matches_name(component: &Component, name: &str) -> bool {
    if matches!(name, "" | "." | "..") || name.contains('/') {
        return false;
    }
    match component {
        Component::Literal(own) => own == name,
        Component::Pattern(pattern) => pattern.matches_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const TREE: &[(&str, &[&str])] = &[
        (".", &["b.txt", "a.txt", ".hidden.txt", "dir/", "other/", "..", ".", "x/y.txt", ""]),
        ("dir", &["readme", "one.c", "two.c", "sub/"]),
        ("dir/sub", &["deep.c", "a*"]),
        ("other", &["readme/", "three.c"]),
        ("/", &["etc/", "tmp/", "eta"]),
        ("/etc", &["hosts"]),
    ];

    fn run(path: &str) -> (Result<Vec<String>>, Vec<String>) {
        let asked = RefCell::new(Vec::new());
        let mut lister = |dir: &str| {
            asked.borrow_mut().push(dir.to_owned());
            let Some((_, names)) = TREE.iter().find(|(name, _)| *name == dir) else {
                return Err(Error::new(Kind::Refused, format!("{dir}: no such directory")));
            };
            let entry = |n: &&str| match n.strip_suffix('/') {
                Some(name) => (name.to_owned(), true),
                None => ((*n).to_owned(), false),
            };
            Ok(names.iter().map(entry).collect())
        };
        (expand_glob(path, &mut lister), asked.into_inner())
    }

    #[test]
    fn matches_are_sorted_and_cost_one_listing_a_directory() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*.txt", &["a.txt", "b.txt"], &["."]),
            (".*", &[".hidden.txt"], &["."]),
            ("dir/*.c", &["dir/one.c", "dir/two.c"], &["dir"]),
            ("*/*.c", &["dir/one.c", "dir/two.c", "other/three.c"], &[".", "dir", "other"]),
            ("*/readme", &["dir/readme", "other/readme"], &[".", "dir", "other"]),
            ("d*/sub/*.c", &["dir/sub/deep.c"], &[".", "dir", "dir/sub"]),
            ("*/", &["dir/", "other/"], &["."]),
            ("dir//*.c", &["dir//one.c", "dir//two.c"], &["dir/"]),
            ("d*//o*", &["dir/one.c"], &[".", "dir"]),
            ("/e*", &["/eta", "/etc"], &["/"]),
            ("/e*/h*", &["/etc/hosts"], &["/", "/etc"]),
            ("nothing*", &[], &["."]),
            ("x*", &[], &["."]),
            ("a.txt", &["a.txt"], &[]),
            ("no/such\\*", &["no/such*"], &[]),
            ("dir/sub/a\\**", &["dir/sub/a*"], &["dir/sub"]),
        ];
        for (path, want, asked) in table {
            let (got, listed) = run(path);
            assert_eq!(got.expect(path), *want, "{path}");
            let listed: Vec<_> = listed.iter().map(|d| d.trim_end_matches('/')).collect();
            let asked: Vec<_> = asked.iter().map(|d| d.trim_end_matches('/')).collect();
            assert_eq!(listed, asked, "{path}");
        }
    }

    #[test]
    fn a_directory_that_was_named_must_exist_one_that_was_found_need_not() {
        assert_eq!(run("nosuch/*").0.expect_err("refused").kind(), Kind::Refused);
        assert_eq!(run("/*/*").0.expect("tmp is passed over"), ["/etc/hosts"]);
        let mut lost = |dir: &str| match dir {
            "." => Ok(vec![("d".to_owned(), true)]),
            _ => Err(Error::new(Kind::Connect, "connection lost")),
        };
        assert_eq!(expand_glob("*/*", &mut lost).expect_err("lost").kind(), Kind::Connect);
    }

    #[test]
    fn many_stars_over_many_names_end_soon() {
        let begun = std::time::Instant::now();
        let names: Vec<_> = (0..100_000).map(|n| (format!("name-{n}"), false)).collect();
        let found = expand_glob(&"*".repeat(1000), &mut |_| Ok(names.clone())).expect("names");
        assert_eq!(found.len(), names.len());
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
    }

    #[test]
    fn too_many_matches_are_an_error() {
        let names: Vec<_> = (0..1100).map(|n| (n.to_string(), true)).collect();
        let error = expand_glob("*/*", &mut |_| Ok(names.clone())).expect_err("too many");
        assert_eq!(error.message(), "*/*: more than 1000000 names match");
    }
}
