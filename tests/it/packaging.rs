//! The scripts of a release, as far as they can be run without building one.
//!
//! What `make dist` itself makes is tried when it is made (CONTRIBUTING.md); here is what a change
//! elsewhere can break unseen.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::executable::write_script;
use tempfile::TempDir;

const URL: &str = "https://example.org/someone/ftpsh/releases/download/v1.2.3";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// `packaging/fill-in` in a directory whose SHA256SUMS has these files, with sums of their own.
fn fill_in(files: &[&str]) -> (TempDir, Output) {
    let directory = TempDir::with_prefix("ftpsh-release-").unwrap();
    let sums: String =
        files.iter().enumerate().map(|(n, file)| format!("{}  {file}\n", sum(n))).collect();
    std::fs::write(directory.path().join("SHA256SUMS"), sums).unwrap();
    let output = Command::new(script("fill-in"))
        .arg(directory.path())
        .args(["1.2.3", URL])
        .output()
        .unwrap();
    (directory, output)
}

fn sum(number: usize) -> String {
    format!("{number:064x}")
}

const RELEASE: [&str; 3] = [
    "ftpsh-1.2.3.tar.xz",
    "ftpsh-1.2.3-x86_64-unknown-linux-musl.tar.xz",
    "ftpsh-1.2.3-aarch64-unknown-linux-musl.tar.xz",
];

#[test]
fn the_formula_and_the_pkgbuild_get_the_version_the_address_and_each_file_s_own_sum() {
    let (directory, output) = fill_in(&RELEASE);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name| std::fs::read_to_string(directory.path().join(name)).unwrap();

    let formula = read("ftpsh.rb");
    assert!(formula.contains(&format!("url \"{URL}/{}\"\n", RELEASE[0])), "{formula}");
    assert!(formula.contains(&format!("sha256 \"{}\"\n", sum(0))), "{formula}");
    assert!(formula.contains("homepage \"https://example.org/someone/ftpsh\"\n"), "{formula}");

    let asks = r#". "$0"; echo "$pkgver ${source_x86_64[*]} ${sha256sums_x86_64[*]} ${source_aarch64[*]} ${sha256sums_aarch64[*]}""#;
    let pkgbuild = directory.path().join("PKGBUILD");
    let said = Command::new("bash").args(["-euc", asks]).arg(pkgbuild).output().unwrap();
    let wanted = format!("1.2.3 {URL}/{} {} {URL}/{} {}\n", RELEASE[1], sum(1), RELEASE[2], sum(2));
    assert_eq!(String::from_utf8_lossy(&said.stdout), wanted);

    for text in [formula, read("PKGBUILD")] {
        let left: Vec<_> = text
            .split('@')
            .filter(|word| {
                word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            })
            .collect();
        assert!(left.is_empty(), "{left:?} in\n{text}");
    }
}

#[test]
fn a_release_without_one_of_its_files_gets_no_formula() {
    let (directory, output) = fill_in(&RELEASE[..2]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("has no {}", RELEASE[2])), "{said}");
    assert!(!directory.path().join("ftpsh.rb").exists());
}

#[test]
fn the_c_compiler_of_a_release_gets_no_path_of_the_build_and_no_second_target() {
    let directory = TempDir::with_prefix("ftpsh-zig-").unwrap();
    let zig = directory.path().join("zig");
    write_script(&zig, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    let said = Command::new(script("zig-cc"))
        .env("ZIG", &zig)
        .env("ZIG_TARGET", "x86_64-linux-musl")
        .env("BUILD_DIRECTORY", "/build/here")
        .args([
            "--target=x86_64-unknown-linux-musl",
            "-DMODULESDIR=\"/build/here/lib\"",
            "-c",
            "a.c",
        ])
        .output()
        .unwrap();
    let arguments = String::from_utf8(said.stdout).unwrap();
    let arguments: Vec<_> = arguments.lines().collect();
    assert_eq!(arguments[..3], ["cc", "-target", "x86_64-linux-musl"]);
    let with_path: Vec<_> = arguments.iter().filter(|one| one.contains("/build/here")).collect();
    assert_eq!(with_path, [&"-ffile-prefix-map=/build/here=."]);
    assert!(!arguments.iter().any(|one| one.starts_with("--target")), "{arguments:?}");
    assert!(arguments.ends_with(&["-c", "a.c"]), "{arguments:?}");
}

#[test]
fn the_published_crate_has_what_a_build_needs_and_nothing_else() {
    let listed = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["package", "--list", "--allow-dirty", "--quiet"])
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed: Vec<_> = listed.lines().collect();
    for file in [
        "build.rs",
        "src/main.rs",
        "Cargo.lock",
        "man/ftpsh.1",
        "completions/_ftpsh",
        "LICENSE-MIT",
    ] {
        assert!(listed.contains(&file), "{file} is missing in {listed:?}");
    }
    // What the code includes from outside src/ would be missing.
    let wanted = |file: &&str| {
        let directories = ["src/", "man/", "completions/"];
        directories.iter().any(|one| file.starts_with(one)) || !file.contains('/')
    };
    let surplus: Vec<_> = listed.iter().filter(|file| !wanted(file)).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}
