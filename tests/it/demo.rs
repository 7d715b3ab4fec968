//! `ftpsh demo`: the program beside ftpsh is started, or named where it is missing.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;

#[test]
fn demo_becomes_the_playground_that_is_installed_beside_it() {
    let directory = TempDir::new().unwrap();
    let program = directory.path().join("ftpsh");
    std::fs::copy(env!("CARGO_BIN_EXE_ftpsh"), &program).unwrap();
    let demo = || Command::new(&program).arg("demo").output().unwrap();

    let missing = demo();
    let said = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(9), "{said}");
    assert!(said.contains("ftpsh-playground: not installed") && said.contains("hint: "), "{said}");

    let playground = directory.path().join("ftpsh-playground");
    std::fs::write(&playground, "#!/bin/sh\necho playing $#\nexit 7\n").unwrap();
    std::fs::set_permissions(&playground, std::fs::Permissions::from_mode(0o755)).unwrap();
    let played = demo();
    assert_eq!((played.status.code(), &*played.stdout), (Some(7), &b"playing 0\n"[..]));
}
