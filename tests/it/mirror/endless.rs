//! Trees without end: loops of links here, and servers that put directories into every directory. Each
//! command ends with an error, in time, and nothing is deleted.

use super::there;
use std::os::unix::fs::symlink;
use std::time::Duration;
use support::liar::Script;
use support::program::Ran;
use support::scene::Scene;

/// Two directories in every directory, and a file.
fn branching() -> Script {
    let body = "type=dir; a\r\ntype=dir; b\r\ntype=file;size=1; f\r\n";
    Script::new().listing("MLSD", body).file("/d/f", "x")
}

fn run(scene: &Scene, settings: &[&str], command: &str) -> Ran {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let call = scene.call().args(settings).args(["-c", command]);
    call.timeout(Duration::from_secs(60)).run()
}

#[test]
fn a_link_that_forms_a_loop_is_reported_and_not_followed() {
    let scene = Scene::new(Script::new().file("/up/surplus", "x"));
    std::fs::create_dir_all(scene.path("up/d/e")).unwrap();
    scene.write("up/f", "x");
    scene.write("up/d/e/g", "x");
    std::fs::create_dir(scene.path("other")).unwrap();
    scene.write("other/h", "x");
    symlink("../../", scene.path("up/d/to-the-root")).unwrap();
    symlink(".", scene.path("up/d/e/itself")).unwrap();
    symlink("..", scene.path("up/d/e/above")).unwrap();
    symlink("../other", scene.path("up/fine")).unwrap();
    symlink("../up", scene.path("other/round")).unwrap();
    symlink("../other", scene.path("up/fine-too")).unwrap();
    let ran = run(&scene, &[], "mirror -R -L --delete --yes up").status(10);
    for name in ["d/e/itself", "d/e/above", "fine/round", "fine-too/round"] {
        let told = format!("up/{name}: directory loop; skipped");
        assert!(ran.err().contains(&told), "{name}\n{ran}");
    }
    let found = there(&scene, "up");
    // Beside the root lies `other`, too: what a link leads to is gone into once on each way.
    for name in ["f", "d/e/g", "fine/h", "fine-too/h", "surplus"] {
        assert!(found.contains(&name.to_owned()), "{name}: {found:?}\n{ran}");
    }
    assert!(found.iter().all(|path| path.matches('/').count() < 6), "{found:?}");
}

#[test]
fn a_tree_that_branches_without_end_ends_every_command() {
    for (command, statuses) in [
        ("mirror --delete --yes d", [10, 10]),
        ("mirror --dry-run d", [10, 10]),
        ("get -r d", [10, 10]),
        ("find d", [8, 10]),
        ("du -s d", [8, 10]),
        ("rm -r --yes d", [8, 10]),
        ("chmod -R 700 d", [8, 10]),
    ] {
        let shallow = ["mirror:max-depth=12"];
        let few = ["mirror:max-directories=300"];
        for (settings, status, why) in [
            (&[][..], statuses[0], "deep"),
            (&shallow, statuses[0], "deep"),
            (&few, statuses[1], "gave up after 300 directories"),
        ] {
            // The default depth would be reached first.
            let settings = if settings == few {
                &["mirror:max-directories=300", "mirror:max-depth=10000"]
            } else {
                settings
            };
            let scene = Scene::new(branching());
            std::fs::create_dir_all(scene.path("d")).unwrap();
            scene.write("d/surplus", "x");
            let ran = run(&scene, settings, command).status(status).stderr_has(why);
            assert!(ran.err().lines().count() < 300, "{command}");
            assert_eq!(scene.read("d/surplus").unwrap(), b"x", "{command}\n{ran}");
            assert!(
                !scene.liar.wire.has("DELE") && !scene.liar.wire.has("RMD"),
                "{command}\n{ran}"
            );
            // Four workers go down 64 levels and list until 50 are too deep: about 300 directories.
            // While one of them is held up, the others go down another branch.
            let listed = scene.liar.wire.lines("MLSD").len();
            assert!(listed < 1000, "{command}: {listed}");
        }
    }
}

#[test]
fn an_endless_extraneous_tree_is_not_deleted() {
    let scene = Scene::new(branching());
    std::fs::create_dir_all(scene.path("up")).unwrap();
    let ran = run(&scene, &[], "mirror -R --delete --yes up d").status(10).stderr_has("deep");
    assert!(!scene.liar.wire.has("DELE") && !scene.liar.wire.has("RMD"), "{ran}");
}

#[test]
fn a_tree_with_a_few_directories_that_are_too_deep_is_mirrored_but_for_those() {
    let deep = "x/".repeat(14);
    let script = (0..20).fold(Script::new(), |s, n| s.file(format!("/d/{n}/{deep}f"), "x"));
    let scene = Scene::new(script.file("/d/z", "x"));
    let ran = run(&scene, &["mirror:max-depth=12"], "mirror d").status(10);
    assert_eq!(scene.read("d/z").unwrap(), b"x", "{ran}");
    let ran = run(&scene, &["mirror:max-depth=12"], "find d").status(8);
    assert!(ran.out().lines().any(|line| line == "d/z"), "{ran}");
}
