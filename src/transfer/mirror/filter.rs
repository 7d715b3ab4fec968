//! Which files a mirror includes (`-i`, `-x`, `--exclude-from`).
//!
//! The last matching rule decides. If none matches, a file is included, unless the first rule is an
//! include: `-i` alone means only those files. A pattern without a slash is matched against the
//! name, one with a slash against the path below the root; one that ends in a slash matches
//! directories only. An excluded directory is not visited.

use crate::glob::Pattern;

/// One rule.
#[derive(Debug, Clone)]
pub struct FilterRule {
    include: bool,
    only_directories: bool,
    /// The pattern's components; a single one is matched against the name.
    components: Vec<Pattern>,
    /// Whether the whole path is matched, not just the name.
    whole: bool,
}

impl FilterRule {
    /// A rule for a pattern as typed.
    pub fn new(include: bool, pattern: &str) -> Self {
        let only_directories = pattern.ends_with('/');
        let trimmed = pattern.trim_end_matches('/');
        let whole = trimmed.contains('/');
        let components = trimmed.trim_start_matches('/').split('/').map(Pattern::new).collect();
        Self { include, only_directories, components, whole }
    }

    fn matches(&self, path: &str, is_directory: bool) -> bool {
        if self.only_directories && !is_directory {
            return false;
        }
        let mut names: Vec<&str> = path.split('/').collect();
        if !self.whole {
            names = names.split_off(names.len() - 1);
        }
        names.len() == self.components.len()
            && names.iter().zip(&self.components).all(|(name, p)| p.matches_hidden(name))
    }
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In the order in which they were given; the last match decides.
    pub rules: Vec<FilterRule>,
}

impl Filter {
    /// Whether a path is included.
    pub fn includes(&self, path: &str, is_directory: bool) -> bool {
        let decided =
            self.rules.iter().rev().find(|r| r.matches(path, is_directory)).map(|r| r.include);
        match (decided, self.rules.first()) {
            (Some(include), _) => include,
            // Directories are visited for the files in them.
            (None, Some(first)) => is_directory || !first.include,
            (None, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(rules: &[(bool, &str)]) -> Filter {
        Filter { rules: rules.iter().map(|(include, p)| FilterRule::new(*include, p)).collect() }
    }

    #[test]
    fn the_last_rule_that_matches_decides() {
        type Table<'a> = &'a [(&'a [(bool, &'a str)], &'a [(&'a str, bool, bool)])];
        let table: Table<'_> = &[
            (&[], &[("a", false, true), ("d", true, true)]),
            (
                &[(false, "*.o")],
                &[("a.o", false, false), ("d/b.o", false, false), ("a.c", false, true)],
            ),
            (
                &[(true, "*.c")],
                &[
                    ("a.c", false, true),
                    ("d/a.c", false, true),
                    ("a.o", false, false),
                    ("d", true, true),
                ],
            ),
            (
                &[(false, "*"), (true, "keep*")],
                &[("keep.txt", false, true), ("other", false, false), ("d", true, false)],
            ),
            (
                &[(false, "tmp/")],
                &[("tmp", true, false), ("a/tmp", true, false), ("tmp", false, true)],
            ),
            (
                &[(false, "a/b")],
                &[("a/b", false, false), ("x/a/b", false, true), ("b", false, true)],
            ),
            (&[(false, ".*")], &[(".git", true, false), ("a.b", false, true)]),
        ];
        for (rules, cases) in table {
            for (path, is_directory, taken) in *cases {
                let filter = filter(rules);
                assert_eq!(filter.includes(path, *is_directory), *taken, "{rules:?}: {path}");
            }
        }
    }
}
