//! `mirror -R --delete` to servers that spell names otherwise than they are given: what was stored is
//! not deleted under its other name, and what is surplus beyond doubt goes.

use super::there;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use support::liar::{Liar, Script, Spelling, Step};
use support::program::Ran;
use support::scene::Scene;

/// How a server spells, a file's name here, and what it is there.
const NAMES: [(Spelling, &[u8], &str); 4] = [
    (Spelling::FoldCase, b"ReadMe", "README"),
    (Spelling::TrimBlanks, b"ReadMe ", "ReadMe"),
    (Spelling::ReplaceBlank, b"ReadMe ", "ReadMe_"),
    (Spelling::Lossy, b"caf\xe9", "caf\u{fffd}"),
];

fn up(scene: &Scene, options: &str) -> Ran {
    scene.run(&format!("set net:max-retries 0; mirror -R --delete --yes {options} up"))
}

fn deleted(scene: &Scene) -> Vec<String> {
    let wire = &scene.liar.wire;
    [wire.lines("DELE"), wire.lines("RMD")].concat()
}

#[test]
fn a_file_that_was_stored_is_not_deleted_under_its_other_name() {
    for (spelling, here, known) in NAMES {
        for (case, script) in [
            ("MLSD", Script::new()),
            ("LIST", Script::new().without("MLSD").without("MLST").lists_itself()),
        ] {
            let script = script.spelling(spelling).file(format!("/up/{known}"), "old");
            let scene = Scene::new(script.file("/up/d/surplus", "x").file("/up/surplus", "x"));
            std::fs::create_dir_all(scene.path("up/d")).unwrap();
            std::fs::write(scene.path("up").join(OsStr::from_bytes(here)), "newer").unwrap();
            scene.write("up/d/new", "new");
            for run in 0..2 {
                let ran = up(&scene, "").status(10).stderr_has("nothing was deleted in it");
                let mut left = [known, "d", "d/new", "surplus"];
                left.sort_unstable();
                assert_eq!(there(&scene, "up"), left, "{spelling:?}, {case}, {run}\n{ran}");
                let content = scene.liar.content(format!("/up/{known}"));
                assert_eq!(content.unwrap(), b"newer", "{case}\n{ran}");
            }
        }
    }
}

#[test]
fn a_directory_that_was_made_is_not_deleted_under_its_other_name() {
    for (spelling, here, known) in NAMES {
        let script = Script::new().spelling(spelling).file(format!("/up/{known}/old"), "old");
        let scene = Scene::new(script.file("/up/other/surplus", "x"));
        let dir = scene.path("up").join(OsStr::from_bytes(here));
        std::fs::create_dir_all(dir.join("sub")).unwrap();
        std::fs::write(dir.join("new"), "new").unwrap();
        std::fs::write(dir.join("sub/deep"), "deep").unwrap();
        let ran = up(&scene, "").status(10).stderr_has("nothing was deleted in it");
        for file in ["old", "new", "sub/deep"] {
            let path = format!("/up/{known}/{file}");
            assert!(scene.liar.content(&path).is_some(), "{path}\n{ran}");
        }
        assert_eq!(deleted(&scene), [""; 0], "{ran}");
    }
}

#[test]
fn two_directories_that_are_one_on_the_server_lose_nothing() {
    // Both are in the source: what comes by the one is surplus to the other.
    let scene = Scene::new(Script::new().spelling(Spelling::FoldCase).dir("/up/sub"));
    for file in ["up/Sub/a", "up/sub/b"] {
        std::fs::create_dir_all(scene.path(file).parent().unwrap()).unwrap();
        scene.write(file, "x");
    }
    for _ in 0..2 {
        let ran = up(&scene, "");
        assert_eq!(there(&scene, "up"), ["sub", "sub/a", "sub/b"], "{ran}");
    }
    assert_eq!(deleted(&scene), [""; 0]);
}

#[test]
fn what_a_filter_leaves_out_is_not_deleted_under_another_name() {
    for (spelling, here, known) in NAMES {
        for options in [
            "--size-range 1M-",
            "-x ReadMe -x 'ReadMe ' -x 'caf*' -i '*'",
            "--newer-than 2100-01-01",
        ] {
            let script = Script::new().spelling(spelling).file(format!("/up/{known}"), "old");
            let scene = Scene::new(script.file("/up/surplus", "x"));
            std::fs::create_dir_all(scene.path("up")).unwrap();
            std::fs::write(scene.path("up").join(OsStr::from_bytes(here)), "small").unwrap();
            let ran = up(&scene, options);
            assert!(scene.liar.content(format!("/up/{known}")).is_some(), "{options}\n{ran}");
        }
        // Links are passed over.
        let script = Script::new().spelling(spelling).file(format!("/up/{known}"), "old");
        let scene = Scene::new(script.file("/up/surplus", "x"));
        std::fs::create_dir_all(scene.path("up")).unwrap();
        let link = scene.path("up").join(OsStr::from_bytes(here));
        std::os::unix::fs::symlink("elsewhere", link).unwrap();
        let ran = up(&scene, "").status(10).stderr_has("not deleted: it may be");
        assert_eq!(there(&scene, "up"), [known], "the other one is surplus beyond doubt\n{ran}");
    }
}

#[test]
fn the_same_holds_between_servers() {
    for (spelling, here, known) in NAMES {
        let near = Script::new().file([b"/up/", here].concat(), "newer");
        let near = near.file([b"/up/Dir", here, b"/x"].concat(), "x");
        let far = Script::new().spelling(spelling);
        let far = Liar::start(far.file(format!("/up/{known}"), "old").file("/up/surplus", "x"));
        let scene = Scene::new(near);
        let login = format!("{}:{}@", far.user, far.password);
        let url = far.url().replace(&format!("{}@", far.user), &login);
        let call = scene.call().args(["--fingerprint", &far.fingerprint]);
        let command = format!("set net:max-retries 0; mirror --delete --yes up {url}/up");
        let ran = call.args(["-c", &command]).run();
        let ran = ran.status(10).stderr_has("nothing was deleted in it");
        assert_eq!(far.content(format!("/up/{known}")).unwrap(), b"newer", "{ran}");
        assert!(far.content("/up/surplus").is_some(), "{ran}");
    }
}

#[test]
fn names_of_one_kind_that_the_server_tells_apart_are_deleted_and_it_costs_one_listing() {
    let scene = Scene::new(Script::new().file("/up/README", "old").file("/up/d/x", "x"));
    std::fs::create_dir_all(scene.path("up")).unwrap();
    scene.write("up/ReadMe", "new");
    up(&scene, "").ok().stderr_has("3 deleted");
    assert_eq!(there(&scene, "up"), ["ReadMe"]);
    let listed = scene.liar.wire.lines("MLSD");
    assert_eq!(listed.iter().filter(|line| *line == "MLSD /up").count(), 2, "{listed:?}");
    assert_eq!(listed.len(), 3, "{listed:?}");
    // Nothing was carried into it, and nothing is asked again.
    let scene = Scene::new(Script::new().file("/up/README", "old").file("/up/d/x", "x"));
    std::fs::create_dir_all(scene.path("up")).unwrap();
    up(&scene, "").ok().stderr_has("3 deleted");
    assert_eq!(scene.liar.wire.lines("MLSD").len(), 2);
}

#[test]
fn what_is_gone_or_cannot_be_listed_when_its_turn_comes_is_not_deleted() {
    let script = || Script::new().file("/up/gone", "x").file("/up/stays", "x");
    let scene = Scene::new(script().on(
        "STOR",
        Step::change(|files| {
            files.drop_file(b"/up/gone");
        }),
    ));
    std::fs::create_dir_all(scene.path("up")).unwrap();
    scene.write("up/new", "new");
    up(&scene, "").ok().stderr_has("1 deleted");
    assert_eq!(there(&scene, "up"), ["new"]);
    let again = script().on("MLSD", Step::Honest).on("MLSD", Step::last("426 cut"));
    let scene = Scene::new(again);
    std::fs::create_dir_all(scene.path("up")).unwrap();
    scene.write("up/new", "new");
    let ran = up(&scene, "").status(10);
    assert_eq!(there(&scene, "up"), ["gone", "new", "stays"], "{ran}");
}
