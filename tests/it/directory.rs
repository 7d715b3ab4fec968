//! The remote directory across connections: what takes the place of a lost session is in the same
//! directory, or nothing is done with it.

use support::liar::{Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

/// The same names in the login directory and in `work`, with other contents.
fn script() -> Script {
    let names = ["a", "b", "c", "tree/x", "tree/y"];
    names.iter().fold(Script::new().dir("/work").dir("/other"), |script, name| {
        script.file(format!("/{name}"), "home").file(format!("/work/{name}"), "work")
    })
}

fn idle() -> Step {
    Step::After(b"421 idle for too long\r\n".to_vec())
}

/// After the second CWD the server refuses them.
fn refusing_to_return(script: Script) -> Script {
    script.on("CWD", Step::Honest).always("CWD", Step::reply("550 no such directory"))
}

fn at_home(scene: &Scene, ran: &Ran) {
    for name in ["a", "b", "c", "tree/x", "tree/y"] {
        let content = scene.liar.content(format!("/{name}"));
        assert_eq!(content.as_deref(), Some(&b"home"[..]), "/{name}\n{ran}");
    }
}

#[test]
fn nothing_is_done_in_the_login_directory_when_there_is_no_way_back() {
    for commands in [
        "rm a b c",
        "put a b",
        "put a || put b",
        "get b",
        "get b c",
        "rm -rf tree",
        "rm -f b c",
        "mv a z",
        "mkdir new",
        "mkdir -p new/er",
        "touch fresh",
        "chmod 600 b",
        "cat b",
        "ls",
        "find",
        "stat b",
        "put -r here",
        "mirror tree there",
        "mirror -R --delete --yes here . || mirror -R --delete --yes here .",
        "mirror -R --delete --yes here tree || rm -rf tree",
        "quote DELE b",
        "(rm b) & wait all",
    ] {
        let scene = Scene::new(refusing_to_return(script()).on("NOOP", idle()));
        for name in ["a", "b"] {
            scene.write(name, "local");
        }
        std::fs::create_dir(scene.path("here")).unwrap();
        scene.write("here/new", "local");
        let before = scene.liar.files.lock().unwrap().paths();
        let tree = scene.tree();
        let line = format!("cd work; quote NOOP\n{commands}");
        let ran = scene.call().args(["--set", "xfer:overwrite=yes", "-c", &line]).run();
        assert!(ran.status != 0, "{commands}\n{ran}");
        let after = scene.liar.files.lock().unwrap().paths();
        assert_eq!(after, before, "{commands}");
        assert_eq!(scene.tree(), tree, "{commands}");
        for name in ["a", "b"] {
            assert_eq!(scene.read(name).unwrap(), b"local", "{commands}");
        }
    }
}

#[test]
fn several_connections_at_once_work_in_the_directory_of_the_shell() {
    // They name files by absolute paths, wherever their logins lead to.
    let scene = Scene::new(refusing_to_return(script()).on("RETR", idle()));
    let ran = scene.run("cd work; get -P 3 a b c").ok();
    for name in ["a", "b", "c"] {
        assert_eq!(scene.read(name).unwrap(), b"work", "{ran}");
    }
}

#[test]
fn what_follows_fails_too_until_cd_names_a_directory() {
    let scene = Scene::new(
        script()
            .on("NOOP", idle())
            .on("CWD", Step::Honest)
            .on("CWD", Step::reply("550 gone for a moment"))
            .on("CWD", Step::reply("550 still gone")),
    );
    // The third connection finds the directory again.
    let ran = scene.run("cd work; quote NOOP\nrm a || true; rm b || true; rm c").ok();
    ran.stderr_has("cannot return to /work").stderr_has("`cd DIR`");
    at_home(&scene, &scene.run("ls"));
    assert!(scene.liar.content("/work/a").is_some() && scene.liar.content("/work/b").is_some());
    assert!(scene.liar.content("/work/c").is_none());

    for (cd, removed) in
        [("cd /other/..", "/a"), ("cd", "/a"), ("cd ../work/tree; cd ..", "/work/a")]
    {
        let once = Step::reply("550 gone for a moment");
        let script = script().on("NOOP", idle()).on("CWD", Step::Honest).on("CWD", once);
        let scene = Scene::new(script);
        scene.run(&format!("cd work; quote NOOP\nrm a || true\n{cd}; rm a")).ok();
        assert!(scene.liar.content(removed).is_none(), "{cd}");
        let other = if removed == "/a" { "/work/a" } else { "/a" };
        assert!(scene.liar.content(other).is_some(), "{cd}");
    }
}

#[test]
fn a_directory_that_cannot_be_entered_by_cd_leaves_the_one_before() {
    // Lost in between: the new session enters neither.
    let scene = Scene::new(refusing_to_return(script()).on("NOOP", idle()));
    let ran = scene.run("cd work; quote NOOP\ncd other || true; rm a");
    assert!(ran.status != 0, "{ran}");
    at_home(&scene, &ran);
    assert!(scene.liar.content("/work/a").is_some() && scene.liar.content("/other/a").is_none());
}

#[test]
fn a_connection_that_fails_at_first_leads_to_the_same_directory_later() {
    for greeting in ["421 too many\r\n", ""] {
        let scene = Scene::new(
            script()
                .on("NOOP", idle())
                .on("", Step::Honest)
                .on("", Step::Close(greeting.into()))
                .on("", Step::Close(greeting.into())),
        );
        let line = "cd work; quote NOOP\nrm a || true; rm a || true; rm a";
        let command = scene.call().args(["--set", "net:max-retries=0", "-c", line]);
        command.run().ok();
        at_home(&scene, &scene.run("ls"));
        assert!(scene.liar.content("/work/a").is_none());
    }
}

#[test]
fn a_server_that_changes_to_another_directory_than_requested_is_detected() {
    let elsewhere = || Step::reply("257 \"/other\" is the current directory");
    let script = script().on("NOOP", idle());
    let script = script.on("PWD", Step::Honest).on("PWD", Step::Honest).on("PWD", Step::Honest);
    let scene = Scene::new(script.on("PWD", elsewhere()));
    let ran = scene.run("cd work; quote NOOP\nrm a b").status(3);
    ran.stderr_has("the server went to /other instead of /work");
    assert!(!scene.liar.wire.has("DELE"));
}

#[test]
fn a_login_that_leads_to_another_directory_is_not_used() {
    let home = |path: &str| Step::reply(format!("257 \"{path}\" is the current directory"));
    // The shell's own session.
    for commands in ["rm a", "cd work; quote NOOP\nrm a"] {
        let script = script().on("NOOP", idle()).on("PWD", home("/"));
        let script =
            if commands.starts_with("cd") { script.on("PWD", Step::Honest) } else { script };
        let scene = Scene::new(script.always("PWD", home("/other")));
        let line = format!("quote NOOP\n{commands}");
        let line = if commands.starts_with("cd") { commands } else { &line };
        let ran = scene.call().args(["--set", "net:max-retries=1", "-c", line]).run().status(3);
        ran.stderr_has("this login leads to /other, the one before led to /");
        assert!(!scene.liar.wire.has("DELE"), "{commands}");
    }
    // One of several: the others do the work.
    let files = (0..8).fold(script(), |script, i| script.file(format!("/t/{i}"), noise(40_000)));
    let scene = Scene::new(files.on("PWD", home("/")).always("PWD", home("/other")));
    let options = ["--set", "net:limit-rate=400k", "-c", "mirror -P 3 t here"];
    let ran = scene.call().args(options).run().ok();
    for i in 0..8 {
        assert!(scene.read(format!("here/{i}")).unwrap() == noise(40_000), "{ran}");
    }
    assert!(scene.liar.wire.connections() > 1, "{ran}");
    let events = scene.liar.wire.events();
    let used = events.iter().filter_map(|event| match event {
        support::liar::Event::Line { session, line, .. } if line.starts_with(b"RETR") => {
            Some(*session)
        }
        _ => None,
    });
    assert!(used.into_iter().all(|session| session == 0), "{ran}");
}

#[test]
fn a_start_directory_that_cannot_be_entered_is_not_replaced_by_another() {
    let scene = Scene::new(script());
    let url = format!("{}/nosuch/", scene.liar.url());
    for line in ["rm a", "true || true; rm a"] {
        let ran = scene.unconnected().args(["-k", "-c", line]).arg(&url).run();
        assert!(ran.status != 0, "{ran}");
        at_home(&scene, &ran);
    }
    let line = format!("open {url} || rm a || true; rm b || true; cd; rm c");
    let ran = scene.unconnected().args(["-c", &line]).run().ok();
    let there = |name: &str| scene.liar.content(name).is_some();
    assert!(there("/a") && there("/b") && !there("/c"), "{ran}");
}

#[test]
fn a_directory_that_the_server_does_not_name_is_unknown_and_not_the_root() {
    // `work` is entered, and nobody knows its name: what needs no name works, and nothing else.
    for pwd in ["550 no idea", "257 \"/open", "257"] {
        let scene = Scene::new(script().always("PWD", Step::reply(pwd)));
        scene.run("cd work; rm a").ok();
        assert!(scene.liar.content("/a").is_some() && scene.liar.content("/work/a").is_none());
        // There is no way back into it.
        let scene = Scene::new(script().always("PWD", Step::reply(pwd)).on("NOOP", idle()));
        let ran = scene.run("cd work; quote NOOP\nrm a").status(3);
        assert!(scene.liar.content("/a").is_some(), "{pwd}\n{ran}");
        assert!(scene.liar.content("/work/a").is_some(), "{pwd}\n{ran}");
        // An absolute one is known from what the server accepted.
        let scene = Scene::new(script().always("PWD", Step::reply(pwd)).on("NOOP", idle()));
        scene.run("cd /work; quote NOOP\nrm a").ok();
        assert!(scene.liar.content("/a").is_some() && scene.liar.content("/work/a").is_none());
    }
    // A login directory without a name is the same when the server says the same of it.
    let scene = Scene::new(script().always("PWD", Step::reply("550 no idea")).on("NOOP", idle()));
    scene.run("quote NOOP\nrm a").ok();
    let says = |text: &str| Step::reply(format!("550 {text}"));
    let scene = Scene::new(script().on("NOOP", idle()).on("PWD", says("x")).on("PWD", says("y")));
    scene.call().args(["--set", "net:max-retries=0", "-c", "quote NOOP\nrm a"]).run().status(3);
    assert!(scene.liar.content("/a").is_some());
}

#[test]
fn a_directory_with_quotes_is_known_by_either_way_of_quoting() {
    let name = "/a/b \"q\" b";
    for (doubled, link) in [(false, false), (true, false), (false, true)] {
        let inside = if doubled { name.replace('"', "\"\"") } else { name.to_owned() };
        let pwd = Step::reply(format!("257 \"{inside}\" is your \"current\" location"));
        let home = || Step::reply("257 \"/\" is your current location");
        let script = Script::new().file(format!("{name}/x"), "in it").file("/x", "home");
        let script = script.dir("/link").on("NOOP", idle());
        let script = script.on("PWD", home()).on("PWD", pwd.clone()).on("PWD", home());
        let scene = Scene::new(script.always("PWD", pwd));
        let cd = if link { "a/../a/b \"q\" b" } else { name };
        let ran = scene.run(&format!("cd '{cd}'; quote NOOP\nrm x; pwd")).ok();
        assert!(scene.liar.content("/x").is_some(), "{ran}");
        assert!(scene.liar.content(format!("{name}/x")).is_none(), "{ran}");
        assert_eq!(ran.out().lines().last(), Some(name), "{ran}");
    }
}

#[test]
fn further_connections_send_no_name_where_data_is_not_protected() {
    let files = (0..6).fold(script(), |script, i| script.file(format!("/t/{i}"), noise(40_000)));
    let refused = Step::reply("536 not here");
    let scene = Scene::new(files.on("PROT", Step::Honest).always("PROT", refused));
    let options = ["--set", "net:limit-rate=400k", "-c", "mirror -P 3 t here"];
    let ran = scene.call().args(options).run();
    assert!(scene.liar.wire.lines("PROT").len() > 1, "{ran}");
    assert_eq!(scene.liar.wire.lines("USER").len(), 1, "{ran}");
    assert_eq!(scene.liar.wire.lines("PASS").len(), 1, "{ran}");
}
