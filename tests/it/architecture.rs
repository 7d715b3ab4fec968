//! The rules that ARCHITECTURE.md states, checked over every source file.
//!
//! Which module may import which, who may use suppaftp and OpenSSL, who may write on the standard
//! streams, how long a file may be and how it begins. Code for tests is exempt from the first
//! three. A failure lists every offender at once.

mod source;

use source::Source;

/// What everything between the error type and the commands is made of, in layers.
const BELOW_SHELL: &[&str] = &[
    "error",
    "cancel",
    "threads",
    "suggest",
    "glob",
    "home",
    "settings",
    "site",
    "credentials",
    "output",
    "trust",
    "tls",
    "ftp",
    "transfer",
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
    ("home", &["error"]),
    ("site", &["error"]),
    ("credentials", &["error", "site"]),
    ("output", &["error", "cancel"]),
    ("signals", &["error", "cancel"]),
    ("trust", &["error"]),
    ("tls", &["error", "cancel", "trust"]),
    ("ftp", &["error", "cancel", "threads", "tls", "trust"]),
    ("transfer", &["error", "cancel", "threads", "glob", "tls", "ftp"]),
    ("commands", BELOW_SHELL),
    ("shell", BELOW_SHELL),
    ("cli", &["error", "home", "settings", "output", "trust", "commands", "shell"]),
    ("fuzz", &["credentials", "ftp", "trust"]),
    ("man", &["error", "settings", "commands", "cli"]),
];

/// These may import everything: they put the program together.
const TOP: &[&str] = &["app", "lib", "main"];

/// Crates and streams with the modules that may use them.
const ONLY: &[(&str, &[&str])] = &[
    ("suppaftp::", &["ftp"]),
    // TLS in one place; trust reads certificates, and transfer computes checksums.
    ("openssl::", &["tls", "trust", "transfer"]),
    ("openssl::ssl", &["tls"]),
    ("print!", &["output"]),
    ("println!", &["output"]),
    ("eprint!", &["output"]),
    ("eprintln!", &["output"]),
    ("stdout()", &["output"]),
    ("stderr()", &["output"]),
];

/// The longest file, in lines.
const MAX_LINES: usize = 400;

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
        for (what, allowed) in ONLY.iter().filter(|(_, rooms)| !rooms.contains(&source.module())) {
            for line in source.lines_with(what) {
                let rooms = allowed.join(" and ");
                offenders.push(format!("{}:{line}: {what} belongs to {rooms}", source.path));
            }
        }
    }
    nothing_in(offenders, "some crates and streams have one door only");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut offenders = Vec::new();
    for source in Source::all() {
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            offenders.push(format!("{}: {lines} lines", source.path));
        }
        // Files of tests stand beside the file that they test, which says what it is for.
        if !source.text.starts_with("//! ") && !source.is_for_tests() {
            offenders.push(format!("{}: does not open with `//! `", source.path));
        }
    }
    nothing_in(offenders, "every file has at most 400 lines and opens with what it is for");
}

#[test]
fn every_rule_is_about_a_module_that_exists() {
    let modules: Vec<_> = Source::all().iter().map(|s| s.module().to_owned()).collect();
    let named = IMPORTS.iter().flat_map(|(name, list)| list.iter().chain([name])).chain(TOP);
    let gone: Vec<_> = named.filter(|name| !modules.iter().any(|m| m == *name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
