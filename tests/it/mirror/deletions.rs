//! `mirror --delete`: last, bounded, and only after listings that are beyond doubt.

use super::{PATHS, below, changes, local_tree, script, there};
use support::liar::{Data, Event, Script, Step};
use support::scene::Scene;

/// A target with the tree and four things more, two of them in a directory of their own.
pub(super) fn with_surplus(script: Script) -> Scene {
    let scene = Scene::new(script);
    local_tree(&scene, "src");
    std::fs::create_dir_all(scene.path("src/gone/sub")).unwrap();
    for name in ["x", "d/y", "gone/z", "gone/sub/w"] {
        scene.write(format!("src/{name}"), "surplus");
    }
    scene
}

pub(super) const SURPLUS: [&str; 6] = ["d/y", "gone", "gone/sub", "gone/sub/w", "gone/z", "x"];

pub(super) fn surplus(scene: &Scene) -> Vec<String> {
    let found = below(scene, "src");
    found.into_iter().filter(|name| SURPLUS.contains(&name.as_str())).collect()
}

#[test]
fn what_the_source_does_not_have_is_deleted_when_it_is_asked_for_and_meant() {
    let scene = with_surplus(script());
    scene.run("mirror src").ok();
    assert_eq!(surplus(&scene), SURPLUS, "not without --delete");
    scene.run("mirror --delete src").status(2).stderr_has("--yes");
    assert_eq!(surplus(&scene), SURPLUS, "not in a script without --yes");
    scene.run("mirror --delete --yes src").ok().stderr_has("6 deleted");
    assert_eq!(below(&scene, "src"), PATHS);

    let scene = with_surplus(Script::new());
    scene.run("mirror -R src there").ok();
    std::fs::remove_dir_all(scene.path("src/gone")).unwrap();
    std::fs::remove_file(scene.path("src/x")).unwrap();
    std::fs::remove_file(scene.path("src/d/y")).unwrap();
    scene.run("mirror -R -e --yes src there").ok().stderr_has("6 deleted");
    assert_eq!(there(&scene, "there"), PATHS);
}

#[test]
fn destructive_lines_of_a_script_are_agreed_to_before_anything_is_connected() {
    let scene = with_surplus(script());
    for line in [
        "mirror -e src",
        "mirror --delete-first src",
        "mirror -R --delete src there",
        "set mirror:confirm-delete yes; mirror -R -e src there",
        "alias m mirror -e; m src",
        "rm -rf *",
        "rm -r d*",
        "echo one; rm -rf src/*",
    ] {
        let ran = scene.run(line).status(2).stderr_has("needs --yes");
        assert_eq!(ran.out(), "", "{line}");
    }
    let both = scene.run("mirror -e src; rm -rf *").status(2).stderr_has("mirror: --delete");
    both.stderr_has("rm: -r with a wildcard");
    assert_eq!(scene.liar.wire.connections(), 0);
    assert_eq!(surplus(&scene), SURPLUS);
    scene.run("set mirror:confirm-delete no; mirror -e src").ok().stderr_has("6 deleted");
    scene.run("rm -r --yes src/*").ok();
    assert_eq!(there(&scene, "src"), [""; 0]);
}

#[test]
fn what_is_excluded_is_not_deleted() {
    let scene = with_surplus(script());
    scene.run("mirror --delete --yes -X x -X gone/ src").ok();
    assert_eq!(surplus(&scene), ["gone", "gone/sub", "gone/sub/w", "gone/z", "x"]);
    // Files that are left out for their size are in the source all the same.
    let scene = with_surplus(script());
    scene.run("mirror --delete --yes --size-range 1M- src").ok();
    assert_eq!(below(&scene, "src"), PATHS);
}

#[test]
fn nothing_is_deleted_after_a_listing_that_is_not_beyond_doubt() {
    let good = "type=file;size=5;modify=20240102030405; a.txt\r\n";
    let with = |line: &str| script().listing_of("MLSD", "/src", format!("{good}{line}\r\n"));
    let of_list = || script().without("MLSD").without("MLST");
    let cases: Vec<(&str, Script)> = vec![
        ("cut", script().data("MLSD", Data::Cut(60))),
        ("cut at the end", script().data("MLSD", Data::Cut(10_000))),
        ("cut within LIST", of_list().always_data("LIST", Data::Cut(60))),
        ("reset", script().data("MLSD", Data::Reset(60))),
        ("426", script().always("MLSD", Step::last("426 broken"))),
        ("451", script().always("MLSD", Step::last("451 no more"))),
        ("no reply", script().always("MLSD", Step::Final(Vec::new()))),
        ("shortened", script().always("MLSD", Step::last("226 Output truncated to 9 matches"))),
        ("450", script().always("MLSD", Step::reply("450 busy"))),
        ("a subdirectory", script().of("MLSD", "/src/d", Step::reply("550 no"))),
        ("a subdirectory, cut", script().of("MLSD", "/src/d", Step::last("426 cut"))),
        ("an unknown line", with("what is this?")),
        ("a line without a name", with("type=file;size=1;")),
        ("a name twice", with("type=file;size=9; a.txt")),
        ("a name twice, of two kinds", with("type=dir; a.txt")),
        ("a refused name", with("type=file;size=1; ../evil")),
        ("a name with a slash", with("type=file;size=1; a/b")),
        ("a control byte", with("type=file;size=1; \x1b[2J")),
        ("an unknown line of LIST", of_list().listing_of("LIST", "/src", "who knows\r\n")),
    ];
    for (case, script) in cases {
        let scene = with_surplus(script);
        let settings = ["--set", "net:timeout=500ms", "--set", "net:max-retries=0"];
        let ran = scene.call().args(settings).args(["-c", "mirror --delete --yes src"]).run();
        assert!(ran.status != 0, "{case}\n{ran}");
        let left = below(&scene, "src");
        for name in PATHS.iter().chain(&SURPLUS) {
            assert!(left.iter().any(|n| n == name), "{case}: {name} was deleted\n{ran}");
        }
    }
}

#[test]
fn nothing_is_deleted_on_the_server_after_a_doubtful_listing_of_the_target() {
    for (case, script) in [
        ("cut", script().of("MLSD", "/src/d", Step::last("426 cut"))),
        ("an unknown line", script().listing_of("MLSD", "/src/d", "who knows\r\n")),
    ] {
        let scene = Scene::new(script.file("/src/x", "surplus").file("/src/d/y", "surplus"));
        local_tree(&scene, "src");
        let ran = scene.run("set net:max-retries 0; mirror -R --delete --yes src");
        assert!(ran.status != 0, "{case}\n{ran}");
        assert!(!scene.liar.wire.has("DELE") && !scene.liar.wire.has("RMD"), "{case}\n{ran}");
    }
}

#[test]
fn nothing_is_deleted_where_a_file_could_not_be_read_here() {
    let scene = Scene::new(Script::new().file("/up/x", "surplus"));
    local_tree(&scene, "up");
    // A local name that cannot be sent.
    scene.write("up/two\nlines", "x");
    let ran = scene.run("mirror -R --delete --yes up");
    assert!(ran.status != 0, "{ran}");
    assert!(scene.liar.content("/up/x").is_some(), "{ran}");
}

#[test]
fn a_limit_of_deletions_is_a_limit_of_all_of_them() {
    for (limit, deletes) in
        [("6", true), ("5", false), ("0", false), ("100%", true), ("40%", false)]
    {
        for setting in [false, true] {
            let scene = with_surplus(script());
            let command = if setting {
                format!("set mirror:max-delete {limit}; mirror --delete --yes src")
            } else {
                format!("mirror --delete --yes --max-delete {limit} src")
            };
            let ran = scene.run(&command);
            assert_eq!(ran.status == 0, deletes, "{limit}\n{ran}");
            let left = surplus(&scene);
            assert_eq!(left.is_empty(), deletes, "{limit}: {left:?}\n{ran}");
            assert!(deletes || left.len() == 6, "{limit}: some were deleted: {left:?}");
        }
    }
    Scene::new(script()).run("mirror --delete --yes --max-delete many src").status(2);
}

#[test]
fn a_missing_source_is_not_an_empty_one() {
    let vsftpd = || script().without("MLSD").without("MLST").listing_of("LIST", "/nosuch", "");
    let apache = || script().listing_of("MLSD", "/nosuch", "");
    let cases = [("MLSD", script()), ("lists it as empty", vsftpd()), ("so does MLSD", apache())];
    for (case, script) in cases {
        let scene = with_surplus(script);
        let before = scene.tree();
        let ran = scene.run("mirror --delete --yes nosuch src").status(8).stderr_has("nosuch");
        assert_eq!(scene.tree(), before, "{case}\n{ran}");
        let ran = scene.run("mirror nosuch").status(8);
        assert_eq!(scene.tree(), before, "{case}: nothing is made for it\n{ran}");
    }
    let scene = Scene::new(script());
    let ran = scene.run("mirror -R --delete --yes nosuch src").status(9).stderr_has("nosuch");
    assert_eq!(changes(&scene), [""; 0], "{ran}");
    scene.run("mirror -R nosuch").status(9);
    assert_eq!(changes(&scene), [""; 0]);
    // A file is no directory either.
    scene.write("file", "x");
    let ran = scene.run("mirror -R --delete --yes file src");
    assert!(ran.status != 0, "{ran}");
    assert_eq!(changes(&scene), [""; 0], "{ran}");
}

#[test]
fn an_empty_source_is_an_empty_target() {
    for script in [Script::new(), Script::new().without("MLSD").without("MLST")] {
        for script in [script.clone(), script.lists_itself()] {
            let scene = with_surplus(script.clone().dir("/none"));
            scene.run("mirror --delete --yes none src").ok();
            assert_eq!(below(&scene, "src"), [""; 0]);
            let scene = with_surplus(script.dir("/none"));
            let call = scene.call().args(["--set", "ftp:list=list"]);
            call.args(["-c", "mirror --delete --yes none src"]).run().ok();
            assert_eq!(below(&scene, "src"), [""; 0]);
        }
    }
}

#[test]
fn files_are_transferred_before_anything_is_deleted() {
    let scene = Scene::new(Script::new().file("/up/x", "surplus").file("/up/old/y", "surplus"));
    local_tree(&scene, "up");
    scene.run("mirror -R --delete --yes up").ok();
    let changes = changes(&scene);
    let first = changes.iter().position(|l| l.starts_with("DELE")).unwrap();
    let last = changes.iter().rposition(|l| l.starts_with("STOR") || l.starts_with("MKD")).unwrap();
    assert!(first > last, "{changes:?}");
    // First of all it is found out whether the directory is a link.
    let order = ["DELE /up/old", "DELE /up/old/y", "DELE /up/x", "RMD /up/old"];
    assert_eq!(changes[first..], order);
}

#[test]
fn nothing_is_deleted_where_something_could_not_be_transferred() {
    // The surplus file may be the only copy of what failed to arrive under another name.
    let failing = || script().of("RETR", "/src/a.txt", Step::reply("550 no"));
    let with_failure = |script: Script| {
        let scene = with_surplus(script);
        std::fs::remove_file(scene.path("src/a.txt")).unwrap();
        scene
    };
    let scene = with_failure(failing());
    let ran = scene.run("mirror --delete --yes src").status(10).stderr_has("a.txt");
    let ran = ran.stderr_has("nothing was deleted").stderr_has("--delete-despite-errors");
    assert_eq!(surplus(&scene), SURPLUS, "{ran}");
    // Who wants it all the same says so.
    let despite = "mirror --delete --yes --delete-despite-errors src";
    let scene = with_failure(failing());
    let ran = scene.run(despite).status(10).stderr_has("1 failed");
    assert_eq!(surplus(&scene), [""; 0], "{ran}");
    // It says nothing of listings.
    let scene = with_failure(failing().of("MLSD", "/src/d/e", Step::last("426 cut")));
    let ran = scene.run(&format!("set net:max-retries 0; {despite}")).status(10);
    assert_eq!(surplus(&scene), SURPLUS, "{ran}");
    scene.run("mirror --delete-despite-errors src").status(2);

    // And up.
    let failing = || {
        let script = Script::new().file("/up/x", "surplus").file("/up/old/y", "surplus");
        script.of("STOR", "/up/a.txt", Step::reply("553 no"))
    };
    let scene = Scene::new(failing());
    local_tree(&scene, "up");
    let ran = scene.run("mirror -R --delete --yes up").status(10);
    assert!(!scene.liar.wire.has("DELE") && !scene.liar.wire.has("RMD"), "{ran}");
    let scene = Scene::new(failing());
    local_tree(&scene, "up");
    scene.run("mirror -R --delete --yes --delete-despite-errors up").status(10);
    assert!(scene.liar.content("/up/x").is_none() && scene.liar.content("/up/old/y").is_none());
}

#[test]
fn a_link_among_the_extraneous_files_is_deleted_and_not_its_target() {
    let scene = with_surplus(script());
    std::fs::create_dir(scene.path("outside")).unwrap();
    scene.write("outside/precious", "x");
    std::os::unix::fs::symlink("../outside", scene.path("src/link")).unwrap();
    scene.run("mirror --delete --yes src").ok();
    assert_eq!(below(&scene, "src"), PATHS);
    assert_eq!(scene.read("outside/precious").unwrap(), b"x");
}

#[test]
fn much_is_deleted_on_a_server_over_several_connections_and_a_failure_is_one_of_its_own() {
    const FILES: usize = 600;
    let script = (0..FILES)
        .fold(Script::new(), |script, i| script.file(format!("/t/d{}/e/f{i:03}", i % 20), "x"));
    let scene = Scene::new(script.of("DELE", "/t/d7/e/f147", Step::reply("550 not this one")));
    std::fs::create_dir(scene.path("src")).unwrap();
    let ran = scene.run("mirror -R --delete --yes --max-delete 639 -P4 src t");
    assert!(ran.status != 0 && there(&scene, "t").len() == FILES + 40, "{ran}");
    let dry = scene.run("mirror -R --delete --dry-run -P4 src t").ok();
    let planned: Vec<_> = dry.out().lines().skip(1).map(str::to_owned).collect();
    let depths: Vec<_> = planned.iter().map(|line| line.matches('/').count()).collect();
    assert!(planned.len() == FILES + 40 && depths.is_sorted_by(|a, b| a >= b), "{dry}");

    let ran = scene.run("mirror -R --delete --yes -P4 src t").status(10).stderr_has("637 deleted");
    // The file, and the two directories that it is in.
    let ran = ran.stderr_has("d7/e/f147").stderr_has("not this one").stderr_has("3 failed");
    assert_eq!(there(&scene, "t"), ["d7", "d7/e", "d7/e/f147"], "{ran}");
    let lines = |verb: &str| {
        let mut lines = Vec::new();
        for event in scene.liar.wire.events() {
            if let Event::Line { session, line, .. } = event {
                let line = String::from_utf8(line).unwrap();
                lines.extend(line.strip_prefix(verb).map(|path| (session, path.to_owned())));
            }
        }
        lines
    };
    let mut sessions: Vec<_> = lines("DELE ").iter().map(|(session, _)| *session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    assert!((2..=4).contains(&sessions.len()), "{sessions:?}");
    // A directory goes after what is in it.
    let removed: Vec<_> = lines("RMD ").into_iter().map(|(_, path)| path).collect();
    let deep = removed.iter().rposition(|path| path.ends_with("/e")).unwrap();
    assert!(removed[..=deep].iter().all(|path| path.ends_with("/e")), "{removed:?}");

    let ran = scene.run("mirror -R --delete --yes src t");
    assert_eq!(ran.status, 10, "it is still refused\n{ran}");
}
