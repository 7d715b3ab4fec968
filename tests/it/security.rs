//! SECURITY.md: every test that it points at is there, and every promise points at one.

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
    assert!(missing.is_empty(), "SECURITY.md names what is not there:\n  {}", missing.join("\n  "));
}

#[test]
fn every_promise_names_a_test() {
    let page = project("SECURITY.md");
    let (_, promises) = page.split_once("## What is promised").unwrap();
    let (promises, _) = promises.split_once("## What is not promised").unwrap();
    let rows = promises
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter(|line| *line != "| promise | tests |");
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 20, "{rows:?}");
    let without: Vec<_> = rows.iter().filter(|row| !row.contains(".rs::")).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_readme_leads_there() {
    assert!(project("README.md").contains("[SECURITY.md](SECURITY.md)"));
}
