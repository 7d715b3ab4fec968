//! Tells the program which commit and which system it is built for: `ftpsh --version` shows both.
//!
//! The commit is `FTPSH_COMMIT` where a packager sets it, else that of the git work tree or of the
//! published crate. Debug builds do not look: each commit would compile them again.

#![allow(clippy::print_stdout)] // it is how a build script answers

use std::path::Path;
use std::process::Command;

fn main() {
    for name in ["FTPSH_COMMIT", "TARGET"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    for path in ["build.rs", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=FTPSH_TARGET={target}");
    if let Some(commit) = commit() {
        println!("cargo::rustc-env=FTPSH_COMMIT={commit}");
    }
}

fn commit() -> Option<String> {
    let given = std::env::var("FTPSH_COMMIT").ok().filter(|commit| !commit.is_empty());
    if given.is_some() || std::env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return given;
    }
    if Path::new(".git").exists() { commit_of_work_tree() } else { commit_of_published_crate() }
}

/// With ` (modified)` where tracked files are not as committed.
fn commit_of_work_tree() -> Option<String> {
    // A commit, a checkout and a merge add a line to this log.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    println!("cargo::rerun-if-changed=src");
    let commit = git(&["rev-parse", "HEAD"])?;
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_clean { commit } else { format!("{commit} (modified)") })
}

/// `cargo package` leaves a note: `{"git": {"sha1": "..."}, ...}`.
fn commit_of_published_crate() -> Option<String> {
    let note = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    note.split('"').skip_while(|part| *part != "sha1").nth(2).map(str::to_owned)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
