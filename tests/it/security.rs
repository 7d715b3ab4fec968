//! SECURITY.md: every test that it names exists, and every guarantee names a test.

use std::path::Path;

fn project(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The texts in back quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = project("SECURITY.md");
    let named: Vec<_> = quoted(&page).filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 50, "{} tests: is this the page?", named.len());
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, name)| {
            let text = project(&format!("{file}.rs"));
            !text.contains(&format!("fn {name}("))
        })
        .map(|(file, name)| format!("{file}.rs::{name}"))
        .collect();
    assert!(
        missing.is_empty(),
        "SECURITY.md names tests that do not exist:\n  {}",
        missing.join("\n  ")
    );
}

#[test]
fn every_guarantee_names_a_test() {
    let page = project("SECURITY.md");
    let (_, guarantees) = page.split_once("## Guarantees").unwrap();
    let (guarantees, _) = guarantees.split_once("## Not guaranteed").unwrap();
    let rows = guarantees
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter(|line| *line != "| guarantee | tests |");
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 20, "{rows:?}");
    let without: Vec<_> = rows.iter().filter(|row| !row.contains(".rs::")).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_readme_links_to_it() {
    assert!(project("README.md").contains("[SECURITY.md](SECURITY.md)"));
}
