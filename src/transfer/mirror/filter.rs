//! Which files a mirror includes (`-i`, `-x`, `-I`, `-X`), by the rules of lftp.
//!
//! The last matching rule decides. If none matches, a file is included, unless the first rule is an
//! include: `-i` alone means only those files, in all directories. A directory's path ends in a
//! slash for every rule. An excluded directory is not visited.

use std::collections::BTreeSet;

use regex::Regex;

use crate::glob::{Pattern, extended_regex};
use crate::transfer::manifest::own_paths::OwnPaths;

/// One rule.
#[derive(Debug, Clone)]
pub struct FilterRule {
    include: bool,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// Matched anywhere in the path below the root.
    Regex(Regex),
    /// Matched against as many components at the path's end as the glob has.
    Glob(Vec<Pattern>),
}

impl FilterRule {
    /// A rule with an extended regular expression.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn regex(include: bool, expression: &str) -> Result<Self, String> {
        let compiled = extended_regex(expression).map_err(|why| {
            format!("`{}`: not a regular expression: {why}", crate::error::shortened(expression))
        })?;
        Ok(Self { include, matcher: Matcher::Regex(compiled) })
    }

    /// A rule with a glob.
    pub fn glob(include: bool, glob: &str) -> Self {
        Self { include, matcher: Matcher::Glob(glob.split('/').map(Pattern::new).collect()) }
    }

    /// `path` ends in a slash if it is a directory's.
    fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Regex(expression) => expression.is_match(path),
            Matcher::Glob(components) => {
                let mut names = path.rsplit('/');
                components.iter().rev().all(|component| {
                    names.next().is_some_and(|name| component.matches_hidden(name))
                })
            }
        }
    }
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What is not part of a tree: a manifest and its lock.
    pub own: OwnPaths,
    /// What is left as it is, with all that is below it: neither transferred nor deleted.
    pub left: BTreeSet<String>,
    /// In the order in which they were given; the last match decides.
    pub rules: Vec<FilterRule>,
    /// Decides where no rule does, if the first one excludes: what it matches is left out.
    pub exclude: Option<FilterRule>,
    /// If not empty, what is directly below the root must match one of these, too.
    pub top: Vec<FilterRule>,
}

impl Filter {
    /// Whether the default exclusion decides anything: the first rule excludes.
    pub fn uses_exclusion(&self) -> bool {
        self.rules.first().is_some_and(|first| !first.include)
    }

    /// Whether a path is left as it is, whatever the rules say.
    pub fn leaves(&self, path: &str) -> bool {
        self.own.contains(path) || self.left.contains(path)
    }

    /// Whether a path is included.
    pub fn includes(&self, path: &str, is_directory: bool) -> bool {
        let slashed: String;
        let text = if is_directory {
            slashed = format!("{path}/");
            &slashed
        } else {
            path
        };
        if !self.top.is_empty() && !path.contains('/') && !self.top.iter().any(|r| r.matches(text))
        {
            return false;
        }
        let decided = self.rules.iter().rev().find(|rule| rule.matches(text));
        match (decided, self.rules.first()) {
            (Some(rule), _) => rule.include,
            // Directories are visited for the files in them.
            (None, Some(first)) if first.include => is_directory,
            (None, Some(_)) => !self.exclude.as_ref().is_some_and(|rule| rule.matches(text)),
            (None, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> FilterRule {
        let (option, pattern) = text.split_once(' ').unwrap();
        match option {
            "-x" | "-i" => FilterRule::regex(option == "-i", pattern).unwrap(),
            _ => FilterRule::glob(option == "-I", pattern),
        }
    }

    /// All rows were seen with lftp 4.9.2.
    #[test]
    fn a_path_is_included_as_by_lftp() {
        let table: &[(&[&str], &str, &str)] = &[
            (&[], "a d/ d/.x", ""),
            (&["-x ^\\.git/$"], "a/.git/ .git", ".git/"),
            (&["-x \\.git"], "a", ".git/ a/.git/ .github/ x.git"),
            (&["-X .git"], ".git/ .gitx", ".git a/.git"),
            (&["-X .git/"], ".git", ".git/ a/.git/"),
            (&["-X *.o"], "a.c d.o/", "a.o d/b.o .o"),
            (&["-X *"], "", "a d/ d/b .x"),
            (&["-X a/tmp/"], "tmp/ b/tmp/ a/tmp", "a/tmp/ x/a/tmp/"),
            (&["-X /tmp/"], "tmp/ a/tmp/", ""),
            (&["-X sub/*.o"], "x.o sub/a/x.o", "sub/y.o a/sub/y.o"),
            (&["-X .*", "-X .*/"], "a.b", ".x .git/"),
            (&["-i \\.txt$"], "a.txt d/ d/a.txt .git/", "a.o d/a.o"),
            (&["-I *.txt"], "a.txt d/ d/a.txt", "a.o d/a.o"),
            (&["-x tmp", "-i t2"], "t2 tmp/t2", "tmp/ a/tmp/"),
            (&["-x .", "-i ^keep"], "keep.txt keep/", "other d/"),
            (&["-i c$", "-x ^b"], "a.c d/", "b.c a.o b/"),
        ];
        for (rules, taken, left) in table {
            let rules: Vec<FilterRule> = rules.iter().map(|text| rule(text)).collect();
            let filter = Filter { rules, ..Filter::default() };
            for (paths, included) in [(taken, true), (left, false)] {
                for path in paths.split_whitespace() {
                    let name = path.trim_end_matches('/');
                    assert_eq!(filter.includes(name, name != path), included, "{filter:?} {path}");
                }
            }
        }
    }

    /// All rows were seen with lftp 4.9.2 and `mirror:exclude-regex log`.
    #[test]
    fn the_default_exclusion_counts_if_the_first_rule_excludes() {
        let table: &[(&[&str], &str, &str)] = &[
            (&[], "a.log logs/ b", ""),
            (&["-x none"], "b", "a.log logs/"),
            (&["-X b"], "c", "a.log logs/ b"),
            (&["-x none", "-i a.log"], "a.log", "c.log"),
            (&["-i b"], "b logs/", "a.log c"),
        ];
        for (rules, taken, left) in table {
            let rules: Vec<FilterRule> = rules.iter().map(|text| rule(text)).collect();
            let exclude = Some(rule("-x log"));
            let filter = Filter { rules, exclude, ..Filter::default() };
            for (paths, included) in [(taken, true), (left, false)] {
                for path in paths.split_whitespace() {
                    let name = path.trim_end_matches('/');
                    assert_eq!(filter.includes(name, name != path), included, "{filter:?} {path}");
                }
            }
        }
    }

    #[test]
    fn what_is_chosen_at_the_top_is_whole_below_it() {
        let filter = Filter { top: vec![rule("-I *.txt"), rule("-I d*/")], ..Filter::default() };
        for (path, is_directory, included) in [
            ("a.txt", false, true),
            ("a.o", false, false),
            ("docs", true, true),
            ("docs", false, false),
            ("e", true, false),
            ("docs/a.o", false, true),
        ] {
            assert_eq!(filter.includes(path, is_directory), included, "{path}");
        }
    }
}
