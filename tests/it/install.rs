//! `make install` and `make uninstall` into a directory of the test's own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use support::tools::is_there;

const FILES: [&str; 6] = [
    "usr/bin/ftpsh",
    "usr/bin/ftpsh-playground",
    "usr/share/man/man1/ftpsh.1",
    "usr/share/bash-completion/completions/ftpsh",
    "usr/share/zsh/site-functions/_ftpsh",
    "usr/share/fish/vendor_completions.d/ftpsh.fish",
];

#[test]
fn what_make_install_installs_make_uninstall_removes() {
    if !is_there("make") {
        return;
    }
    let directory = TempDir::with_prefix("ftpsh-install-").unwrap();
    // Programs that are built already: nothing is compiled here.
    let built = directory.path().join("target/release");
    std::fs::create_dir_all(&built).unwrap();
    for program in ["ftpsh", "ftpsh-playground"] {
        std::fs::copy(env!("CARGO_BIN_EXE_ftpsh"), built.join(program)).unwrap();
    }
    let root = directory.path().join("root");

    make("install", directory.path(), &root);
    let missing: Vec<_> = FILES.iter().filter(|file| !root.join(file).is_file()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let version = Command::new(root.join(FILES[0])).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"ftpsh "), "{version:?}");

    make("uninstall", directory.path(), &root);
    let left: Vec<_> = FILES.iter().filter(|file| root.join(file).exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn make(goal: &str, directory: &Path, root: &Path) {
    let done = Command::new("make")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .args([goal, "PREFIX=/usr", &format!("DESTDIR={}", root.display())])
        // Not the options of a make that runs the tests.
        .env_remove("MAKEFLAGS")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
