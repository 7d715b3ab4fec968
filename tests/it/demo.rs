//! `ftpsh demo`: the program beside ftpsh is started, or named where it is missing.

use std::process::Command;

use support::executable::{copy_program, write_script};
use tempfile::TempDir;

#[test]
fn demo_becomes_the_playground_that_is_installed_beside_it() {
    let directory = TempDir::new().unwrap();
    let program = directory.path().join("ftpsh");
    copy_program(env!("CARGO_BIN_EXE_ftpsh"), &program);
    let demo = || Command::new(&program).arg("demo").output().unwrap();

    let missing = demo();
    let said = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(9), "{said}");
    assert!(said.contains("ftpsh-playground: not installed") && said.contains("hint: "), "{said}");

    let playground = directory.path().join("ftpsh-playground");
    write_script(&playground, "#!/bin/sh\necho playing $#\nexit 7\n");
    let played = demo();
    assert_eq!((played.status.code(), &*played.stdout), (Some(7), &b"playing 0\n"[..]));
}
