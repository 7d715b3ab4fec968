//! Mirrors of servers that lie about names and directories: nothing leaves the target.

use super::{below, script};
use std::time::{Duration, Instant};
use support::liar::Script;
use support::scene::Scene;

const NAMES: [&[u8]; 17] = [
    b"..",
    b".",
    b"",
    b"../evil",
    b"/abs",
    b"a/../../x",
    b"sub/x",
    b"..\\win",
    b"\\..\\..\\win",
    b"with\0nul",
    b"esc\x1b[2J",
    b"bell\x07",
    b"line\rbreak",
    b"~/../evil",
    b"./x",
    b"//tmp/evil",
    b"del\x7f",
];

#[test]
fn hostile_names_are_refused_named_and_nothing_lies_outside() {
    for list in [false, true] {
        for kind in ["file", "dir"] {
            let mut listing = Vec::new();
            for name in NAMES.iter().chain(&[&b"good"[..]]) {
                let kind = if name == b"good" { "file" } else { kind };
                listing.extend(
                    match (list, kind) {
                        (false, _) => {
                            format!("type={kind};size=5;modify=20240102030405;UNIX.mode=0777; ")
                        }
                        (true, "file") => "-rw-r--r-- 1 ftp ftp 5 Jan  2  2024 ".to_owned(),
                        (true, _) => "drwxrwxrwx 1 ftp ftp 5 Jan  2  2024 ".to_owned(),
                    }
                    .into_bytes(),
                );
                listing.extend([name, &b"\r\n"[..]].concat());
            }
            let mut script = Script::new().file("/s/good", "hello");
            for name in NAMES {
                script = script.file([b"/s/", name].concat(), "evil!");
            }
            let verb = if list { "LIST" } else { "MLSD" };
            let script = script.listing_of(verb, "/s", listing);
            let scene = Scene::new(if list { script.without("MLSD") } else { script });
            let ran = scene.run("mirror s");
            assert_eq!(ran.status, 10, "{verb}, {kind}\n{ran}");
            let mut tree = scene.tree();
            // A line of LIST may end at a CR.
            tree.retain(|path| !path.contains("line") && path != "dest/s/x");
            assert_eq!(tree, ["dest", "dest/s", "dest/s/good"], "{verb}, {kind}\n{ran}");
            assert!(!ran.stderr.iter().any(|b| *b < 0x20 && *b != b'\n'), "{verb}\n{ran}");
            assert!(ran.err().contains("evil"), "{verb}, {kind}\n{ran}");
            let mode = scene.path("s").metadata().unwrap();
            let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o022;
            assert_eq!(mode, 0, "the target's own permissions were changed");
        }
    }
}

#[test]
fn names_that_mean_something_to_a_shell_are_only_names() {
    let names = ["-rf", "~root", "|touch x", "$(touch y)", "a\";touch z;\"", "* ?", "\u{202e}txt"];
    let script = names.iter().fold(Script::new(), |s, name| s.file(format!("/s/{name}"), name));
    let scene = Scene::new(script.dir("/s/-d").file("/s/-d/-x", "x"));
    scene.run("mirror s").ok();
    for name in names {
        assert_eq!(scene.read(format!("s/{name}")).as_deref(), Some(name.as_bytes()), "{name}");
    }
    assert_eq!(scene.read("s/-d/-x").unwrap(), b"x");
    assert_eq!(below(&scene, "s").len(), names.len() + 2);
    assert!(!scene.liar.wire.commands().iter().any(|line| line.starts_with("MLSD -")));
}

#[test]
fn nothing_is_written_through_a_link_that_a_listing_made_a_directory() {
    // The same name, once a link and once a directory.
    let listing = "type=OS.unix=symlink:/outside; lnk\r\ntype=dir; lnk\r\n";
    let list = "lrwxrwxrwx 1 f f 8 Jan  2  2024 lnk -> ../outside\r\n\
                drwxr-xr-x 1 f f 8 Jan  2  2024 lnk\r\n";
    for (verb, listing) in [("MLSD", listing), ("LIST", list)] {
        let script = Script::new().file("/s/lnk/pwned", "evil").listing_of(verb, "/s", listing);
        let scene = Scene::new(if verb == "LIST" { script.without("MLSD") } else { script });
        std::fs::create_dir(scene.path("outside")).unwrap();
        let ran = scene.run("mirror s").status(10).stderr_has("lnk");
        assert_eq!(scene.tree(), ["dest", "dest/outside", "dest/s"], "{verb}\n{ran}");
    }
}

#[test]
fn nothing_is_written_through_a_link_in_the_target() {
    let scene = Scene::new(script());
    std::fs::create_dir_all(scene.path("outside/e")).unwrap();
    std::fs::create_dir(scene.path("src")).unwrap();
    scene.write("outside/c.txt", "precious, and long enough");
    scene.write("outside/secret", "precious");
    std::os::unix::fs::symlink("../outside", scene.path("src/d")).unwrap();
    std::os::unix::fs::symlink("../outside/secret", scene.path("src/a.txt")).unwrap();
    let ran = scene.run("mirror --delete --yes src").status(10).stderr_has("link");
    assert_eq!(scene.read("outside/c.txt").unwrap(), b"precious, and long enough", "{ran}");
    assert_eq!(scene.read("outside/secret").unwrap(), b"precious", "{ran}");
    assert_eq!(below(&scene, "outside"), ["c.txt", "e", "secret"], "{ran}");
    // The rest is there, and the link to a file was replaced.
    assert_eq!(scene.read("src/a.txt").unwrap(), b"alpha", "{ran}");
    assert!(!scene.path("src/a.txt").is_symlink());
    assert!(scene.read("src/b.bin").is_some());
}

#[test]
fn directories_without_end_end() {
    for (case, listing) in [
        ("MLSD", "type=dir; loop\r\ntype=file;size=1; f\r\n"),
        ("LIST", "drwxr-xr-x 1 f f 8 Jan  2  2024 loop\r\n-rw-r--r-- 1 f f 1 Jan  2  2024 f\r\n"),
    ] {
        let script = Script::new().listing(case, listing).dir("/s");
        let scene = Scene::new(if case == "LIST" { script.without("MLSD") } else { script });
        let started = Instant::now();
        let ran = scene.run("mirror --dry-run --delete s").within_mib(64);
        assert!(ran.status != 0, "{case}\n{ran}");
        assert!(started.elapsed() < Duration::from_secs(10), "{case}: {:?}", started.elapsed());
        let asked = scene.liar.wire.lines(case).len();
        assert!(asked <= 2 * 66 + 2, "{case}: {asked} directories");
        for command in ["find s", "get -r s", "du s"] {
            let started = Instant::now();
            let ran = scene.run(command).within_mib(64);
            assert!(ran.status != 0, "{case}, {command}\n{ran}");
            assert!(started.elapsed() < Duration::from_secs(10), "{case}, {command}");
        }
    }
    let scene = Scene::new(Script::new().listing("MLSD", "type=dir; loop\r\n").dir("/s"));
    let ran = scene.run("set mirror:max-depth 5; mirror s");
    assert!(ran.status != 0, "{ran}");
    ran.stderr_has("5 deep");
    assert!(below(&scene, "s").len() <= 6);
}
