//! Logins in the way of lftp, ftp and sftp: `-u NAME,PASSWORD`, `open`, then `user NAME PASSWORD`,
//! commands in `-e` and on standard input. The password logs in, and is shown nowhere.

use support::liar::{Script, Step};
use support::program::{Ftpsh, Ran};
use support::scene::Scene;

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello").file("/sub/b", "below"))
}

/// The program without a URL or a login.
fn call(scene: &Scene) -> Ftpsh {
    let call = scene.bare_unaddressed().args(["--fingerprint", &scene.liar.fingerprint]);
    call.args(["--set", "net:timeout=5s", "--set", "net:max-retries=0"])
}

/// Replaces the words by those of the server.
fn filled(scene: &Scene, text: &str) -> String {
    let text = text.replace("PW", &scene.liar.password);
    let text = text.replace("PORT", &scene.liar.addr.port().to_string());
    text.replace("HOST", "127.0.0.1").replace("USER", "tester")
}

#[track_caller]
fn logged_in(scene: &Scene, ran: &Ran) {
    assert_eq!(scene.liar.wire.lines("USER"), ["USER tester"], "{ran}");
    assert_eq!(scene.liar.wire.lines("PASS"), [format!("PASS {}", scene.liar.password)], "{ran}");
}

/// What users of lftp type, by the way in which it gets to the program.
const WAYS: [(&str, &[&str], &str); 12] = [
    ("arguments", &["-u", "USER,PW", "-p", "PORT", "HOST", "-c", "get a"], ""),
    ("arguments", &["HOST", "-p", "PORT", "-u", "USER,PW"], "get a\n"),
    ("arguments", &["ftp://USER:PW@HOST:PORT", "-c", "get a"], ""),
    ("arguments", &["-c", "open -u USER,PW -p PORT HOST; get a"], ""),
    ("arguments", &["-c", "open HOST -p PORT -u USER,PW && get a"], ""),
    ("arguments", &["-c", "open HOST:PORT; user USER PW; get a"], ""),
    ("arguments", &["-e", "user USER PW; get a; quit", "HOST:PORT"], ""),
    ("arguments", &["-c", "open -e 'get a' -u USER,PW -p PORT HOST"], ""),
    ("hidden", &[], "open -u USER,PW -p PORT HOST\nget a\nbye\n"),
    ("hidden", &[], "set net:timeout 9\nopen HOST:PORT\nuser USER PW\nget a\n"),
    ("hidden", &["HOST:PORT"], "user USER 'PW'\nget a\n"),
    ("hidden", &["-f", "-"], "open ftp://USER:PW@HOST:PORT\nget a\n"),
];

#[test]
fn a_password_in_the_way_of_lftp_logs_in_and_is_shown_nowhere() {
    for (way, arguments, input) in WAYS {
        for options in [&[][..], &["-q"], &["-vv"], &["-d", "--json"]] {
            let scene = scene();
            let log = scene.path("log");
            let arguments = arguments.iter().map(|word| filled(&scene, word));
            let call = call(&scene).args(options).args(arguments).arg("--log-file").arg(&log);
            let ran = call.stdin(filled(&scene, input)).run().ok();
            assert_eq!(scene.read("a").unwrap(), b"hello", "{ran}");
            logged_in(&scene, &ran);
            let warnings = ran.err().matches("holds a password").count();
            let expected = usize::from(way == "arguments" && options != ["-q"]);
            assert_eq!(warnings, expected, "one warning, and only where others can see it: {ran}");
            let ran = ran.never_says(&scene.liar.password);
            let log = std::fs::read_to_string(log).unwrap();
            assert!(!log.contains(&scene.liar.password), "{log}\n{ran}");
        }
    }
}

#[test]
fn a_refused_password_is_not_repeated_by_the_error() {
    for (_, arguments, input) in WAYS {
        let refuse = Step::reply("530 Login incorrect.");
        let scene = Scene::new(Script::new().file("/a", "hello").always("PASS", refuse));
        let arguments = arguments.iter().map(|word| filled(&scene, word));
        let ran = call(&scene).args(arguments).stdin(filled(&scene, input)).run().status(7);
        ran.stderr_has("Login incorrect").never_says(&scene.liar.password);
        // Nor is it part of a name.
        assert_eq!(scene.liar.wire.lines("USER"), ["USER tester"]);
    }
}

#[test]
fn commands_in_the_place_of_a_file_are_refused_and_not_repeated() {
    let scene = scene();
    for text in [
        "open -u bob,s3cret-word HOST; ls",
        "user bob s3cret-word",
        "ftp://bob:s3cret-word@h",
        "open\n-u bob,s3cret-word",
    ] {
        let ran = scene.call().args(["-f", text]).run().status(2);
        let ran = ran.never_says("s3cret").never_says("bob");
        ran.stderr_has("looks like commands: -c");
        let ran = scene.call().args(["check", text]).run();
        assert_ne!(ran.status, 0, "{ran}");
        ran.never_says("s3cret");
        let ran = scene.run(&format!("source '{text}'")).status(2).never_says("s3cret");
        ran.stderr_has("looks like commands");
    }
    // What is a file is one, whatever its name.
    scene.write("get a; x", "get a\n");
    scene.call().args(["-f", "get a; x"]).run().ok();
    scene.call().args(["-f", "absent"]).run().status(9).stderr_has("absent: no such file");
}

#[test]
fn what_is_wrong_on_the_command_line_is_told_without_the_password() {
    let scene = scene();
    for arguments in [
        &["-u", "bob", "s3cret-word", "h"][..],
        &["h", "bob,s3cret-word"],
        &["bob,s3cret-word@h"],
        &["ftp://bob,s3cret-word@h/d"],
        &["doctor", "bob,s3cret-word@h"],
        &["trust", "add", "bob,s3cret-word@h"],
        &["-c", "open bob,s3cret-word@h"],
        &["-c", "get ftp://bob,s3cret-word@h/x"],
        &["-c", "bookmark add x bob,s3cret-word@h"],
        &["h", "open -u bob,s3cret-word h"],
        &["-ps3cret-word", "h"],
        &["-u", "bob,s3cret-word\n", "h"],
        &["-u", ",s3cret-word", "h"],
        &["--password", "s3cret-word", "h"],
        &["--pass", "s3cret-word", "h"],
        &["--passwd=s3cret-word", "h"],
        &["doctor", "h", "s3cret-word"],
        &["trust", "add", "h", "x", "s3cret-word"],
        &["-c", "user bob,s3cret-word"],
        &["-c", "user ftp://bob:s3cret-word@h"],
        &["-c", "user bob s3cret-word s3cret-word"],
        &["-c", "open h s3cret-word"],
        &["-c", "open --password s3cret-word h"],
        &["-c", "open -u bob,s3cret-word h s3cret-word"],
        &["-c", "open -u ',s3cret-word' h"],
        &["-c", "lcd ftp://bob:s3cret-word@h/x"],
        &["-c", "put ftp://bob:s3cret-word@h:1/x"],
        &["-c", "quote USER bob,s3cret-word"],
        &["-c", "alias x user bob s3cret-word; alias; help x; x"],
    ] {
        let ran = call(&scene).args(arguments).run();
        assert_ne!(ran.status, 0, "{ran}");
        ran.never_says("s3cret");
    }
    // No path on the server is a URL, which would be sent and logged.
    for command in ["ls", "cd", "rm", "cat", "mkdir", "ls ftp://bob:s3cret-word@h/* "] {
        let ran = scene.run(&format!("{command} ftp://bob:s3cret-word@h/x")).status(2);
        ran.never_says("s3cret").stderr_has("a URL is no path");
    }
    let mut sent = scene.liar.wire.commands();
    sent.retain(|line| line.contains("s3cret") && !line.starts_with("PASS"));
    assert!(sent.is_empty(), "{sent:?}");
}

#[test]
fn every_execute_runs_and_then_standard_input() {
    let scene = scene();
    let both = ["-e", "echo one", "-e", "echo two; echo three"];
    let ran = scene.call().args(both).stdin("echo four\nget a\n").run().ok();
    assert_eq!(ran.out().trim_end(), "one\ntwo\nthree\nfour", "{ran}");
    assert_eq!(scene.read("a").unwrap(), b"hello");
    // Both are validated before anything runs.
    let ran = scene.call().args(both).stdin("nonsense\n").run().status(2);
    assert_eq!(ran.out(), "", "{ran}");
    // -c and -f say all that is to be done.
    let ran = scene.call().args(["-c", "echo one", "-e", "echo two"]).stdin("echo no\n").run().ok();
    assert_eq!(ran.out().trim_end(), "one\ntwo", "{ran}");
}

#[test]
fn commands_that_end_with_quit_do_not_wait_for_standard_input() {
    use std::process::Stdio;
    use std::time::Duration;
    use support::program::wait;
    let scene = scene();
    let mut command = scene.call().args(["-e", "get a; quit"]).command();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Its other end stays open.
    let input = child.stdin.take();
    wait(&mut child, Duration::from_secs(20));
    assert_eq!(scene.read("a").unwrap(), b"hello");
    drop(input);
}

#[test]
fn the_password_of_lftps_variable_is_used_and_hidden_from_children() {
    for arguments in [
        &["--env-password", "-u", "USER", "HOST:PORT", "-c", "get a; ! env"][..],
        &["-c", "open --user USER --env-password HOST:PORT; get a; ! env"],
    ] {
        let scene = scene();
        let arguments = arguments.iter().map(|word| filled(&scene, word));
        let call = call(&scene).args(arguments).env("LFTP_PASSWORD", &scene.liar.password);
        let ran = call.run().ok().never_says(&scene.liar.password);
        assert!(!ran.err().contains("holds a password"), "{ran}");
        logged_in(&scene, &ran);
    }
}

#[test]
fn the_port_is_that_of_the_target_and_debugging_shows_the_protocol() {
    let scene = scene();
    let port = scene.liar.addr.port().to_string();
    let login = ["-u", &format!("tester,{}", scene.liar.password)];
    let ran = call(&scene).args(login).args(["-d", "-p", &port, "127.0.0.1", "-c", "pwd"]).run();
    ran.ok().stderr_has("---> USER tester");
    for arguments in [&["-c", "pwd"][..], &["doctor", "127.0.0.1"]] {
        let ran = call(&scene).args(["-p", &port]).args(arguments).run().status(2);
        ran.stderr_has("--port is for a TARGET");
    }
    for line in ["open 127.0.0.1 PORT", "open -u tester 127.0.0.1 PORT"] {
        let ran = call(&scene).args(["-c", &line.replace("PORT", &port)]).run().status(2);
        ran.stderr_has(&format!("`open HOST:{port}` or `open -p {port} HOST`"));
    }
}

#[test]
fn a_login_is_put_off_until_a_command_needs_it() {
    // One connection: it waits for the name.
    let scene = scene();
    let commands = filled(&scene, "open HOST:PORT; echo here; user USER PW; get a");
    let ran = call(&scene).args(["-c", &commands]).run().ok();
    assert_eq!(scene.liar.wire.lines("AUTH").len(), 1, "{ran}");
    logged_in(&scene, &ran);
    // The directory of the URL is entered after the login.
    let scene = self::scene();
    let commands = filled(&scene, "open ftp://HOST:PORT/sub; user USER PW; get b; pwd");
    let ran = call(&scene).args(["-c", &commands]).run().ok();
    assert_eq!((scene.read("b").unwrap(), ran.out().trim_end()), (b"below".to_vec(), "/sub"));
    let commands = filled(&scene, "open ftp://HOST:PORT/absent; user USER PW; ls");
    call(&scene).args(["-k", "-c", &commands]).run().status(8);
    assert!(!scene.liar.wire.commands().iter().any(|line| line.starts_with("MLSD")));
    // A server that is not there, or not trusted, is reported by `open`.
    let call_without_trust = || scene.bare_unaddressed().args(["--set", "net:max-retries=0"]);
    call_without_trust().args(["-c", "open 127.0.0.1:1; echo no"]).run().status(3);
    let commands = filled(&scene, "open HOST:PORT; echo no");
    let ran = call_without_trust().args(["-c", &commands]).run().status(5);
    assert_eq!(ran.out(), "");
    // Without a name there is no login, also where nothing else was to be done.
    for commands in ["open HOST:PORT; get a", "open HOST:PORT"] {
        let ran = call(&scene).args(["-c", &filled(&scene, commands)]).run().status(7);
        ran.stderr_has("no user name for 127.0.0.1");
    }
}

#[test]
fn a_connection_that_the_server_closed_while_it_waited_for_a_login_is_made_again() {
    let script = Script::new().file("/a", "hello").on("USER", Step::Close(Vec::new()));
    let scene = Scene::new(script);
    let commands = filled(&scene, "open HOST:PORT; user USER PW; get a");
    let ran = call(&scene).args(["-c", &commands]).run().ok();
    assert_eq!(scene.read("a").unwrap(), b"hello", "{ran}");
    assert_eq!(scene.liar.wire.lines("AUTH").len(), 2, "{ran}");
}
