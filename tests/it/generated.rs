//! Files that are generated and committed: each must be what the program prints now.
//!
//! `make generate` writes them; here they are only compared, and the first difference is shown.

use std::path::Path;
use std::process::Command;

use support::program::Ftpsh;
use support::tools::is_there;

/// A file, and the arguments that print it.
const FILES: &[(&str, &[&str])] = &[
    ("man/ftpsh.1", &["man"]),
    ("completions/ftpsh.bash", &["completions", "bash"]),
    ("completions/_ftpsh", &["completions", "zsh"]),
    ("completions/ftpsh.fish", &["completions", "fish"]),
];

#[test]
fn generated_files_are_what_the_program_prints() {
    let mut stale = Vec::new();
    for (file, arguments) in FILES {
        let printed = Ftpsh::new().args(*arguments).run().ok().stdout;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let committed = std::fs::read(path).unwrap_or_default();
        if printed != committed {
            stale.push(format!("{file}: {}", difference(&committed, &printed)));
        }
    }
    assert!(stale.is_empty(), "not up to date; run: make generate\n{}", stale.join("\n"));
}

#[test]
fn the_picture_of_the_results_is_that_of_the_newest_table() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let drawn = Command::new(benches.join("plot")).output().expect("python3 runs");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let committed = std::fs::read(benches.join("speed.svg")).unwrap();
    let stale = || format!("run: make generate\n{}", difference(&committed, &drawn.stdout));
    assert!(committed == drawn.stdout, "{}", stale());
}

#[test]
fn the_figures_in_the_readme_are_those_of_the_newest_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = Command::new(root.join("benches/plot")).arg("--table").output().unwrap();
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(readme.contains(&table), "run: make generate\n{table}");
}

/// The first line in which they differ.
fn difference(committed: &[u8], printed: &[u8]) -> String {
    let [old, new] = [committed, printed].map(String::from_utf8_lossy);
    let lines = old.lines().count().max(new.lines().count());
    let differs = |at: &usize| old.lines().nth(*at) != new.lines().nth(*at);
    let at = (0..lines).find(differs).unwrap_or_default();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    format!("line {}\n  committed: {}\n  printed:   {}", at + 1, line(&old), line(&new))
}

#[test]
fn mandoc_reports_nothing_about_the_man_page() {
    if !is_there("mandoc") {
        return;
    }
    // What is committed may be stale; what counts is what is printed.
    let printed = Ftpsh::new().arg("man").run().ok();
    let file = printed.home().path().join("ftpsh.1");
    std::fs::write(&file, &printed.stdout).unwrap();
    let lint = Command::new("mandoc").args(["-Tlint", "-W", "warning"]).arg(&file).output();
    let lint = lint.expect("mandoc runs");
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(lint.status.success() && said.is_empty(), "{said}");
}
