//! Directories that the server cannot read and lists as empty ones, with a good end and `226`.
//! Each case is what a real server sends (measured).

use super::deletions::{SURPLUS, surplus, with_surplus};
use super::{PATHS, below, script};
use support::liar::{Script, Step};
use support::program::Ran;
use support::scene::Scene;

type Case = (&'static str, fn(&str) -> Script);

/// No MLSD, and `LIST -a` holds the directory itself.
fn by_list() -> Script {
    script().lists_itself().without("MLSD").without("MLST")
}

fn refused(script: Script, verb: &str, path: &str) -> Script {
    script.of(verb, path, Step::reply("550 Permission denied"))
}

/// What servers send for a directory `path` that they cannot read.
const CASES: [Case; 9] = [
    ("vsftpd, 0711", |path| {
        let said = Step::last("226 Transfer done (but failed to open directory).");
        by_list().listing_of("LIST", path, "").of("LIST", path, said)
    }),
    ("vsftpd, 0744", |path| refused(by_list().listing_of("LIST", path, ""), "CWD", path)),
    ("Pure-FTPd, 0711, LIST", |path| {
        let said =
            "226-Sorry, we were unable to read [.]\r\n226-Options: -a -l\r\n226 0 matches total";
        by_list().listing_of("LIST", path, "").of("LIST", path, Step::last(said))
    }),
    ("Pure-FTPd, 0711, MLSD", |path| refused(script().lists_itself(), "MLSD", path)),
    ("ProFTPD, 0711, LIST", |path| by_list().listing_of("LIST", path, "")),
    ("ProFTPD, 0744, LIST", |path| refused(by_list().listing_of("LIST", path, ""), "CWD", path)),
    ("ProFTPD, 0744, MLSD", |path| {
        let own = "type=cdir;perm=fl; .\r\ntype=pdir;perm=fle; ..\r\n";
        refused(script().listing_of("MLSD", path, own), "CWD", path)
    }),
    ("the same, and it may be entered", |path| {
        script().listing_of("MLSD", path, "type=cdir;perm=fe; .\r\n")
    }),
    ("pyftpdlib, 0744, MLSD", |path| refused(script().listing_of("MLSD", path, ""), "CWD", path)),
];

#[test]
fn nothing_is_deleted_for_a_directory_that_was_not_read() {
    for path in ["/src", "/src/d"] {
        for (case, script) in CASES {
            let scene = with_surplus(script(path));
            let ran = scene.run("set net:max-retries 0; mirror --delete --yes src");
            assert!(ran.status != 0, "{path}: {case}\n{ran}");
            assert_eq!(surplus(&scene), SURPLUS, "{path}: {case}\n{ran}");
        }
    }
}

#[test]
fn a_directory_that_was_not_read_is_not_empty_to_any_command() {
    for (case, script) in CASES {
        for command in
            ["ls src/d/", "find src", "du src", "get -r src", "rm -r --yes src", "mirror src"]
        {
            let scene = Scene::new(script("/src/d"));
            let ran = scene.run(&format!("set net:max-retries 0; {command}"));
            assert!(ran.status != 0, "{command}: {case}\n{ran}");
        }
    }
}

/// A mirror that lists with LIST from the first connection on.
fn mirror_by_list(scene: &Scene) -> Ran {
    let settings = ["--set", "ftp:list=list", "--set", "net:max-retries=0"];
    scene.call().args(settings).args(["-c", "mirror --delete --yes src"]).run()
}

#[test]
fn an_empty_listing_without_a_dot_is_held_against_mlsd_or_the_directory_above() {
    for path in ["/src", "/src/d"] {
        let unread = || script().listing_of("LIST", path, "").lists_itself();
        let by_mlsd = refused(unread(), "MLSD", path);
        let by_the_one_above = unread().without("MLSD").without("MLST");
        for script in [by_mlsd, by_the_one_above] {
            let scene = with_surplus(script);
            let ran = mirror_by_list(&scene);
            assert!(ran.status != 0, "{ran}");
            assert_eq!(surplus(&scene), SURPLUS, "{ran}");
        }
    }
}

#[test]
fn a_listing_with_something_in_it_costs_no_proof() {
    for script in [script(), script().lists_itself(), by_list()] {
        let mut script = script;
        // All of its directories have something in them.
        script = script.file("/src/empty/x", "x");
        let scene = Scene::new(script);
        scene.run("mirror src").ok();
        assert_eq!(below(&scene, "src").len(), PATHS.len() + 1);
        let commands = scene.liar.wire.commands();
        let asked = commands.iter().filter(|line| line.starts_with("CWD")).count();
        assert_eq!(asked, 0, "{commands:#?}");
    }
    // An empty one that lists itself is proved by that.
    for script in [script().lists_itself(), by_list()] {
        let scene = Scene::new(script);
        scene.run("mirror src").ok();
        let commands = scene.liar.wire.commands();
        assert!(!commands.iter().any(|line| line.starts_with("CWD")), "{commands:#?}");
    }
}
