//! Servers that are full: of users, connections or passive ports. What is retried, and how often;
//! and that a wrong password is never sent again.

use support::liar::{Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const FULL: [&str; 6] = [
    "530 max 1 users",
    "530 Sorry, the maximum number of clients (1) for this user are already connected.",
    "530 Login failed: too many connections for this user",
    "421 Login failed: too many connections for this user",
    "421 Too many users logged in, closing control connection.",
    "421 Maximum login limit has been reached.",
];

const WRONG: [&str; 5] = [
    "530 Login incorrect.",
    "530 Too many failed logins",
    "530 Authentication failed, maximum number of attempts reached",
    "421 Maximum login attempts (3) exceeded, connection refused",
    "421 Too many login failures, goodbye",
];

fn run(scene: &Scene, retries: &str, commands: &str) -> Ran {
    let retries = format!("net:max-retries={retries}");
    scene.call().args(["--set", &retries, "-c", commands]).run()
}

#[test]
fn a_script_waits_for_a_full_server() {
    for verb in ["USER", "PASS", ""] {
        for reply in FULL {
            let script = Script::new().file("/a", "a");
            let script = (0..2).fold(script, |script, _| script.on(verb, Step::reply(reply)));
            let scene = Scene::new(script);
            let ran = run(&scene, "3", "ls -1");
            assert_eq!(ran.status, 0, "{verb} {reply}\n{ran}");
            assert_eq!(ran.out(), "a\n", "{verb} {reply}\n{ran}");
            assert_eq!(scene.liar.wire.connections(), 3, "{verb} {reply}\n{ran}");
            assert!(ran.err().contains("trying again"), "{verb} {reply}\n{ran}");
        }
    }
}

#[test]
fn a_server_that_stays_full_is_asked_so_often_as_the_setting_says() {
    for (verb, reply) in [("PASS", FULL[0]), ("PASS", FULL[4]), ("", FULL[1]), ("", FULL[4])] {
        for (retries, connections) in [("0", 1), ("2", 3)] {
            let scene = Scene::new(Script::new().always(verb, Step::reply(reply)));
            let ran = run(&scene, retries, "ls");
            assert_eq!(ran.status, 3, "{verb} {reply}\n{ran}");
            assert_eq!(scene.liar.wire.connections(), connections, "{verb} {reply}\n{ran}");
            assert!(ran.err().contains("hint: wait, or use fewer"), "{verb} {reply}\n{ran}");
            assert!(!ran.err().contains("check the user name"), "{verb} {reply}\n{ran}");
        }
    }
}

#[test]
fn a_server_that_is_full_after_a_loss_is_asked_so_often_as_the_setting_says() {
    for (command, lost) in [("ls", "MLSD"), ("get a", "RETR"), ("cat a", "RETR"), ("cd d", "CWD")] {
        let script = Script::new().file("/a", "a").dir("/d").on(lost, Step::Cut(Vec::new()));
        let script = script.on("PASS", Step::Honest).always("PASS", Step::reply(FULL[0]));
        let scene = Scene::new(script);
        let ran = run(&scene, "2", command);
        assert_eq!(ran.status, 3, "{command}\n{ran}");
        assert_eq!(scene.liar.wire.connections(), 4, "{command}\n{ran}");
    }
}

#[test]
fn a_wrong_password_is_sent_once() {
    for reply in WRONG {
        let scene = Scene::new(Script::new().always("PASS", Step::reply(reply)));
        let ran = run(&scene, "3", "ls");
        assert_eq!(ran.status, 7, "{reply}\n{ran}");
        assert_eq!(scene.liar.wire.lines("PASS").len(), 1, "{reply}\n{ran}");
        assert!(ran.err().contains("check the user name and the password"), "{reply}\n{ran}");
    }
}

#[test]
fn a_mirror_makes_do_with_the_logins_that_a_server_allows() {
    for reply in ["530 max 2 users", "421 Too many connections (2) from this IP"] {
        let files = |script: Script, n: usize| script.file(format!("/d/{n:02}"), noise(20_000));
        let script = (0..20).fold(Script::new(), files).max_logins(2, reply);
        let scene = Scene::new(script);
        let ran = scene.run("mirror -P 8 d d; mirror -R -P 8 d up").ok();
        assert_eq!(scene.whole_files().len(), 21, "{ran}");
        for n in 0..20 {
            assert_eq!(scene.liar.content(format!("/up/{n:02}")).unwrap().len(), 20_000);
        }
    }
}

#[test]
fn a_server_without_a_free_port_is_asked_again_and_it_is_said() {
    for command in ["ls -1", "ls --raw", "get a", "cat a", "mirror . here", "put up", "stat *"] {
        let port = || Step::reply("425 Can't open passive connection.");
        let script = Script::new().file("/a", "a");
        let script = (0..2).fold(script, |s, _| s.on("EPSV", port()).on("PASV", port()));
        let scene = Scene::new(script);
        scene.write("up", "up");
        let ran = run(&scene, "3", command);
        assert_eq!(ran.status, 0, "{command}\n{ran}");
        assert!(ran.err().contains("no free port"), "{command}\n{ran}");
    }
    // vsftpd says so and is gone.
    let text =
        "500 OOPS: vsf_sysutil_bind, maximum number of attempts to find a listening port exceeded";
    let gone = || Step::Close([text.as_bytes(), b"\r\n"].concat());
    let scene = Scene::new(Script::new().file("/a", "a").on("EPSV", gone()).on("EPSV", gone()));
    let ran = run(&scene, "3", "ls -1").ok();
    assert!(ran.err().contains("no free port for a data connection (500"), "{ran}");
    let scene = Scene::new(Script::new().max_ports(0));
    let ran = run(&scene, "1", "ls");
    assert_eq!(ran.status, 8, "{ran}");
    assert!(ran.err().contains("no free port for a data connection (425"), "{ran}");
    assert!(ran.err().contains("use fewer connections"), "{ran}");
}

#[test]
fn a_mirror_makes_do_with_the_ports_that_a_server_has() {
    for ports in [1, 2] {
        let files = |script: Script, n: usize| script.file(format!("/d/{n:02}"), noise(20_000));
        let script = (0..30).fold(Script::new(), files).max_ports(ports);
        let scene = Scene::new(script);
        for commands in ["mirror -P 8 d d", "mirror -R -P 8 d up", "get -P 8 d/*"] {
            let ran = run(&scene, "3", commands);
            assert_eq!(ran.status, 0, "{ports}: {commands}\n{ran}");
        }
        assert_eq!(scene.whole_files().len(), 61);
        for n in 0..30 {
            assert_eq!(scene.liar.content(format!("/up/{n:02}")).unwrap().len(), 20_000);
        }
    }
}

#[test]
fn a_file_in_segments_makes_do_with_the_ports_that_a_server_has() {
    const BIG: usize = 12 << 20;
    for ports in [1, 2] {
        let scene = Scene::new(Script::new().file("/big", noise(BIG)).max_ports(ports));
        let ran = run(&scene, "3", "get --segments 4 big").ok();
        assert!(scene.read("big").unwrap() == noise(BIG), "{ports}\n{ran}");
    }
}
