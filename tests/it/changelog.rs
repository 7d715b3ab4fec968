//! CHANGELOG.md has the form of Keep a Changelog, so that people and programs find what they look for.

use std::collections::HashSet;
use std::path::Path;

/// The groups of changes, in the order in which they stand.
const GROUPS: &[&str] =
    &["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Known gaps"];

#[test]
fn the_changelog_has_versions_with_dates_and_groups_in_order_without_duplicates() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md");
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("# Changelog"));
    let mut wrong = Vec::new();
    let mut seen = HashSet::new();
    let mut versions = 0;
    let mut group = None;
    for line in lines {
        let is_in_order = if let Some(version) = line.strip_prefix("## ") {
            versions += 1;
            group = None;
            if versions == 1 { version == "[Unreleased]" } else { is_dated_version(version) }
        } else if let Some(name) = line.strip_prefix("### ") {
            let before = group.replace(GROUPS.iter().position(|group| *group == name));
            let (before, now) = (before.flatten(), group.flatten());
            now.is_some() && before < now
        } else if line.starts_with("- ") {
            group.is_some() && seen.insert(line)
        } else {
            // A sentence, or the topic of the lines after it: no other marks.
            !line.starts_with(['#', '*', '+', ' '])
        };
        if !is_in_order {
            wrong.push(line);
        }
    }
    assert!(versions > 0 && wrong.is_empty(), "in the wrong place, or of another form: {wrong:#?}");
}

/// `[1.2.3] - 2026-11-22`
fn is_dated_version(title: &str) -> bool {
    let form = regex::Regex::new(r"^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$").unwrap();
    form.is_match(title)
}
