//! Directories that do not exist, on servers that list them as empty (Apache FtpServer's MLSD) or
//! refuse them as if they were busy (450), and names that a server takes for patterns.

use support::liar::{Script, Step};
use support::program::Ran;
use support::scene::Scene;

/// Servers that do not say plainly that a directory is missing.
fn vague_servers() -> [(&'static str, Script); 4] {
    let refused = "450 Could not list: file does not exist";
    [
        ("MLSD lists nothing", Script::new().apache()),
        ("LIST with 450", Script::new().without("MLSD").list_refuses("450 Non-existing file")),
        (
            "LIST with 450, no MLST",
            Script::new().without("MLSD").without("MLST").list_refuses(refused),
        ),
        ("LIST with 451", Script::new().without("MLSD").list_refuses("451 Something went wrong")),
    ]
}

/// Fails if anything was retried.
#[track_caller]
fn without_retries(ran: &Ran, case: &str) {
    assert!(!ran.err().contains("trying again"), "{case}\n{ran}");
}

#[test]
fn a_mirror_of_a_missing_directory_fails_and_deletes_nothing() {
    for (case, script) in vague_servers() {
        let scene = Scene::new(script.dir("/there"));
        scene.write("kept", "x");
        for options in ["--delete --yes", "--delete --yes --dry-run", "--delete --yes -P 4", ""] {
            let ran = scene.run(&format!("mirror {options} nosuch ."));
            assert_eq!(ran.status, 8, "{case} {options}\n{ran}");
            without_retries(&ran, case);
            assert_eq!(scene.whole_files(), ["kept"], "{case} {options}");
        }
    }
}

#[test]
fn an_upload_into_a_missing_directory_creates_it() {
    for commands in [
        "mirror -R tree new",
        "mirror -R --delete --yes tree new",
        "mirror -R -P 4 tree new",
        "put -r tree -o new",
        "mkdir -p new/sub; mirror -R tree new",
    ] {
        for (case, script) in vague_servers() {
            let scene = Scene::new(script);
            std::fs::create_dir_all(scene.path("tree/sub")).unwrap();
            scene.write("tree/a", "a");
            scene.write("tree/sub/b", "b");
            let ran = scene.run(commands);
            assert_eq!(ran.status, 0, "{case}: {commands}\n{ran}");
            without_retries(&ran, case);
            for (path, content) in [("/new/a", "a"), ("/new/sub/b", "b")] {
                let stored = scene.liar.content(path);
                assert_eq!(
                    stored.as_deref(),
                    Some(content.as_bytes()),
                    "{case}: {commands}\n{ran}"
                );
            }
        }
    }
}

#[test]
fn a_dry_run_into_a_missing_directory_shows_everything_and_creates_nothing() {
    for (case, script) in vague_servers() {
        let scene = Scene::new(script);
        std::fs::create_dir_all(scene.path("tree/sub")).unwrap();
        scene.write("tree/sub/b", "b");
        let ran = scene.run("mirror -R --dry-run --delete --yes tree new");
        assert_eq!(ran.status, 0, "{case}\n{ran}");
        without_retries(&ran, case);
        assert!(ran.out().contains("sub/b"), "{case}\n{ran}");
        assert!(!scene.liar.wire.has("MKD"), "{case}");
    }
}

#[test]
fn every_command_says_that_a_directory_is_missing_and_does_not_wait() {
    for (case, script) in vague_servers() {
        let scene = Scene::new(script.file("/there/a", "a"));
        scene.write("kept", "x");
        for command in [
            "ls nosuch",
            "ls nosuch/",
            "ls --raw nosuch",
            "find nosuch",
            "find nosuch/",
            "du nosuch",
            "stat nosuch",
            "get nosuch",
            "get nosuch/a",
            "get -r nosuch",
            "rm nosuch",
            "rm -r --yes nosuch",
            "rm -r --yes nosuch/deeper",
            "cd nosuch",
            "ls 'no such [1]'",
        ] {
            let ran = scene.run(command);
            assert_eq!(ran.status, 8, "{case}: {command}\n{ran}");
            without_retries(&ran, case);
            assert!(ran.out().is_empty(), "{case}: {command}\n{ran}");
        }
        assert_eq!(scene.whole_files(), ["kept"], "{case}");
        scene.run("rm -r -f nosuch").ok();
        scene.run("mkdir -p there/new/deep; find there").ok().stdout_has("there/new/deep");
    }
}

#[test]
fn a_listing_that_is_refused_for_a_directory_that_exists_is_retried() {
    let script = Script::new().without("MLSD").file("/d/a", "a");
    let script =
        script.of("LIST", "/d", Step::reply("450 busy")).on("LIST", Step::reply("450 busy"));
    let ran = Scene::new(script).run("mirror d .");
    assert!(ran.err().contains("trying again"), "{ran}");
    assert!(ran.err().contains("450"), "{ran}");
}

#[test]
fn rm_with_f_does_not_take_a_refusal_that_may_pass_for_a_missing_file() {
    let script = Script::new().file("/d/a", "a").always("MLST", Step::reply("450 busy"));
    let scene = Scene::new(script);
    let ran = scene.run("rm -r -f d");
    assert_eq!(ran.status, 8, "{ran}");
    assert!(scene.liar.content("/d/a").is_some());
}

/// A server that takes names for patterns, with directories that such a pattern matches.
fn patterns() -> Script {
    let script = Script::new().apache().file("/x[1].txt", "bracket").file("/x1.txt", "another one");
    let script = script.file("/d[1]/a", "in brackets").file("/d[1]/s?b/q", "deep");
    script.file("/d1/b", "without").file("/e[2]", "no directory")
}

#[test]
fn a_name_that_a_server_takes_for_a_pattern_is_fetched_and_stored_under_that_name() {
    let scene = Scene::new(patterns());
    scene.run("get 'x[1].txt'; get 'd[1]/s?b/q'").ok();
    assert_eq!(scene.read("x[1].txt").unwrap(), b"bracket");
    assert_eq!(scene.read("q").unwrap(), b"deep");
    scene.write("y[1].txt", "upload");
    scene.run("put 'y[1].txt'; put 'y[1].txt' -o 'd[1]/z'").ok();
    assert_eq!(scene.liar.content("/y[1].txt").unwrap(), b"upload");
    assert_eq!(scene.liar.content("/d[1]/z").unwrap(), b"upload");
    let ran = scene.run("stat 'x[1].txt'").ok();
    assert!(ran.out().contains('7') && ran.out().contains("file"), "{ran}");
    let ran = scene.run("get 'nosuch[1]'");
    assert_eq!(ran.status, 8, "{ran}");
}

#[test]
fn a_tree_with_names_that_a_server_takes_for_patterns_is_mirrored_as_it_is() {
    let scene = Scene::new(patterns());
    scene.run("mirror . here").ok();
    let expected = [
        "here",
        "here/d1",
        "here/d1/b",
        "here/d[1]",
        "here/d[1]/a",
        "here/d[1]/s?b",
        "here/d[1]/s?b/q",
        "here/e[2]",
        "here/x1.txt",
        "here/x[1].txt",
    ];
    let mut found = scene.whole_files();
    found.sort();
    assert_eq!(found, expected);
    // Nothing is missing there: nothing is deleted here.
    scene.run("mirror --delete --yes . here; mirror -R --delete --yes here .").ok();
    let mut found = scene.whole_files();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(scene.liar.content("/d[1]/s?b/q").unwrap(), b"deep");
    let ran = scene.run("find 'd[1]'; du -a 'd[1]'").ok();
    assert!(ran.out().contains("d[1]/s?b/q") && !ran.out().contains("d1"), "{ran}");
    scene.run("rm -r -f 'd[1]'").ok();
    assert!(scene.liar.content("/d[1]/a").is_none());
    assert!(scene.liar.content("/d1/b").is_some());
}

#[test]
fn a_file_that_is_listed_as_a_directory_with_itself_in_it_is_no_directory() {
    let scene = Scene::new(Script::new().apache().file("/a", "a").file("/d/d", "same name"));
    scene.write("kept", "x");
    let ran = scene.run("mirror --delete --yes a .");
    assert_eq!(ran.status, 8, "{ran}");
    assert_eq!(scene.whole_files(), ["kept"]);
    scene.run("mirror d here").ok();
    assert_eq!(scene.read("here/d").unwrap(), b"same name");
}

#[test]
fn facts_of_another_name_are_not_those_of_the_file() {
    for reply in [
        "250-facts\r\n type=file;size=3;modify=20200101000000; /elsewhere\r\n250 end",
        "250-facts\r\n type=dir;modify=20200101000000; /\r\n250 end",
        "250-facts\r\n type=file;size=3;modify=20200101000000; elsewhere\r\n250 end",
    ] {
        let script =
            Script::new().file("/link", "the whole file").always("MLST", Step::reply(reply));
        let scene = Scene::new(script);
        scene.run("get link").ok();
        assert_eq!(scene.read("link").unwrap(), b"the whole file", "{reply}");
        scene.write("up", "uploaded");
        scene.run("put up").ok();
        let ran = scene.run("stat link").ok();
        assert!(ran.out().contains("14") && !ran.out().contains("elsewhere"), "{reply}\n{ran}");
    }
    // The name alone, or in another case, is the name.
    for name in ["link", "/d/link", "LINK"] {
        let facts = format!("250-facts\r\n type=file;size=14; {name}\r\n250 end");
        let script = Script::new().file("/d/link", "the whole file");
        let scene = Scene::new(script.always("MLST", Step::reply(facts)));
        scene.run("get d/link").ok();
        assert!(!scene.liar.wire.has("SIZE"), "{name}");
    }
}
