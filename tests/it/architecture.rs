//! The rules that ARCHITECTURE.md states, checked over every source file.
//!
//! Which module may import which, who may use suppaftp and OpenSSL, who may write on the standard
//! streams, how a file begins, and over how many files the methods of a type may be spread. Code
//! for tests is exempt, but for how a file begins. A failure lists every offender at once.

mod source;

use source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// What everything between the error type and the commands is made of, in layers.
const BELOW_SHELL: &[&str] = &[
    "error",
    "cancel",
    "threads",
    "suggest",
    "glob",
    "fs",
    "settings",
    "target",
    "credentials",
    "output",
    "trust",
    "tls",
    "ftp",
    "transfer",
    "local_path",
    "shell_quote",
    "bookmarks",
    "client",
    "jobs",
    "commands",
];

/// A module, and the modules that it may import beside itself.
const IMPORTS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("cancel", &["error"]),
    ("threads", &["error"]),
    ("settings", &["error"]),
    ("glob", &["error"]),
    ("suggest", &[]),
    ("fs", &["error"]),
    ("target", &["error"]),
    ("credentials", &["error", "target"]),
    ("output", &["error", "cancel", "target"]),
    ("signals", &["error", "cancel"]),
    ("trust", &["error"]),
    ("tls", &["error", "cancel", "trust"]),
    ("ftp", &["error", "cancel", "threads", "tls", "trust"]),
    ("transfer", &["error", "cancel", "threads", "glob", "fs", "tls", "ftp"]),
    ("local_path", &["error", "ftp"]),
    ("shell_quote", &[]),
    ("bookmarks", &["error", "fs", "output", "target", "suggest"]),
    (
        "client",
        &[
            "error",
            "cancel",
            "fs",
            "settings",
            "target",
            "credentials",
            "output",
            "trust",
            "tls",
            "ftp",
            "transfer",
            "local_path",
        ],
    ),
    ("jobs", &["error", "cancel", "output"]),
    ("commands", BELOW_SHELL),
    ("shell", BELOW_SHELL),
    (
        "cli",
        &["error", "fs", "settings", "target", "output", "trust", "bookmarks", "commands", "shell"],
    ),
    ("fuzz", &["credentials", "ftp", "transfer", "trust"]),
    ("man", &["error", "settings", "commands", "cli"]),
];

/// These may import everything: they put the program together.
const TOP: &[&str] = &["app", "lib", "main"];

/// Crates and streams with the modules or files that may use them.
const ONLY: &[(&str, &[&str])] = &[
    ("suppaftp::", &["ftp/data/engine.rs"]),
    // TLS in one place; trust reads certificates, and transfer computes checksums.
    ("openssl::", &["tls", "trust", "transfer"]),
    ("openssl::ssl", &["tls"]),
    ("notify::", &["transfer/mirror/watch/local_watcher.rs"]),
    ("print!", &["output"]),
    ("println!", &["output"]),
    ("eprint!", &["output"]),
    ("eprintln!", &["output"]),
    ("stdout()", &["output"]),
    ("stderr()", &["output"]),
];

/// Over how many files the inherent methods of one type may be spread.
const MAX_FILES_OF_A_TYPE: usize = 3;

/// Fails with all offenders.
#[track_caller]
fn nothing_in(offenders: Vec<String>, rule: &str) {
    assert!(offenders.is_empty(), "{rule}\n  {}", offenders.join("\n  "));
}

#[test]
fn modules_import_only_what_is_below_them() {
    let mut offenders = Vec::new();
    for source in Source::all() {
        let module = source.module();
        if TOP.contains(&module) {
            continue;
        }
        let rule = IMPORTS.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = rule else {
            offenders.push(format!("{}: the module {module} has no rule", source.path));
            continue;
        };
        for (line, import) in source.imports() {
            if import != module && !allowed.contains(&import.as_str()) {
                offenders.push(format!("{}:{line}: {module} imports {import}", source.path));
            }
        }
    }
    nothing_in(offenders, "ARCHITECTURE.md has the picture of which module may import which");
}

#[test]
fn suppaftp_openssl_and_the_standard_streams_stay_in_their_rooms() {
    let mut offenders = Vec::new();
    for source in Source::all() {
        let is_in = |room: &&str| source.path.starts_with(&format!("src/{room}"));
        for (what, allowed) in ONLY.iter().filter(|(_, rooms)| !rooms.iter().any(is_in)) {
            for line in source.lines_with(what) {
                let rooms = allowed.join(" and ");
                offenders.push(format!("{}:{line}: {what} belongs to {rooms}", source.path));
            }
        }
    }
    nothing_in(offenders, "some crates and streams have one door only");
}

#[test]
fn files_say_what_they_are_for() {
    let opens = |source: &&Source| source.text.starts_with("//! ");
    // Files of tests stand beside the file that they test, which says what it is for.
    let sources = Source::all();
    let silent = sources.iter().filter(|source| !source.is_for_tests() && !opens(source));
    let offenders = silent.map(|source| source.path.clone()).collect();
    nothing_in(offenders, "every file opens with `//! ` and what it is for");
}

#[test]
fn the_methods_of_a_type_stand_in_few_files() {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in Source::all().iter().filter(|source| !source.is_for_tests()) {
        for name in source.types_with_methods() {
            let name = format!("{}::{name}", source.module());
            files.entry(name).or_default().insert(source.path.clone());
        }
    }
    let spread = files.iter().filter(|(_, paths)| paths.len() > MAX_FILES_OF_A_TYPE);
    let offenders = spread.map(|(name, paths)| format!("{name}: {paths:?}")).collect();
    nothing_in(offenders, "a type's methods stand in three files at most");
}

#[test]
fn every_rule_is_about_a_module_that_exists() {
    let modules: Vec<_> = Source::all().iter().map(|s| s.module().to_owned()).collect();
    let named = IMPORTS.iter().flat_map(|(name, list)| list.iter().chain([name])).chain(TOP);
    let gone: Vec<_> = named.filter(|name| !modules.iter().any(|m| m == *name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
