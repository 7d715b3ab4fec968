//! Passwords: where they come from, and that they are nowhere to be seen afterwards.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use support::liar::{Data, Event, Script, Step};
use support::program::{Ftpsh, Ran, wait};
use support::scene::Scene;

const SECRET: &str = "s3cret-word";

fn scene() -> Scene {
    Scene::new(Script::new().file("/a", "hello"))
}

/// The program with the server trusted and no password.
fn without_password(scene: &Scene) -> Ftpsh {
    scene.bare().args(["--fingerprint", &scene.liar.fingerprint])
}

/// A file with permissions.
fn file(path: &Path, text: &str, mode: u32) {
    // The one before may not be writable.
    let _ = std::fs::remove_file(path);
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Fails if a file below a directory holds the password.
fn nowhere_below(dir: &Path, but: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere_below(&path, but);
        } else if path != but {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn a_password_comes_from_a_file_a_command_or_the_environment() {
    let scene = scene();
    let path = scene.home.path().join("pw");
    file(&path, "s3cret-word\nnot this line\n", 0o600);
    let path = path.to_str().unwrap();
    for arguments in [
        &["--password-file", path][..],
        &["--password-command", "echo s3cret-word; echo more"],
        &["--password-env", "PW"],
    ] {
        let call = without_password(&scene).args(arguments).env("PW", SECRET);
        call.args(["-vv", "-c", "get --overwrite a"]).run().ok().never_says(SECRET);
    }
    for (arguments, status) in [
        (&["--password-file", "/absent"][..], 9),
        (&["--password-command", "exit 3"], 7),
        (&["--password-command", "true"], 7),
        (&["--password-env", "UNSET"], 7),
        (&[], 7),
    ] {
        let ran = without_password(&scene).args(arguments).args(["-c", "get a"]).run();
        assert_eq!(ran.status, status, "{ran}");
    }
    assert_eq!(scene.liar.wire.lines("PASS").len(), 3);
}

#[test]
fn a_password_is_nowhere_to_be_seen() {
    let scenes = [
        scene(),
        Scene::new(Script::new().always("PASS", Step::reply("530 wrong: s3cret"))),
        Scene::new(Script::new().always("PASS", Step::Silence)),
        Scene::new(Script::new().always("PASS", Step::Close(Vec::new()))),
    ];
    for scene in scenes {
        let log = scene.path("log");
        let ran = scene
            .call()
            .args(["--set", "net:timeout=300ms", "-vv", "--json", "--log-file"])
            .arg(&log)
            .args(["-c", "get a"])
            .run();
        ran.never_says(SECRET);
        assert!(log.metadata().unwrap().len() > 0);
        assert_eq!(log.metadata().unwrap().mode() & 0o077, 0, "nobody else's business");
        nowhere_below(&scene.dest, Path::new(""));
        nowhere_below(scene.home.path(), Path::new(""));
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_repeated() {
    let scene = scene();
    for commands in [
        "user bob s3cret",
        "login bob s3cret",
        "user bob -s3cret",
        "user bob --s3cret=s3cret",
        "open h s3cret",
        "open bob,s3cret@h",
        "bookmark add w bob,s3cret@h",
        "open ftp://bob,s3cret@h/d",
        "open -u bob h s3cret",
        "open -p s3cret h",
        "open ftp://bob:s3cret@h s3cret",
        "bookmark add a ftp://h s3cret",
        "quote PASS s3cret",
        "quote 'PASS\ts3cret'",
        "quote ACCT s3cret",
        "quote SITE PSWD old s3cret",
        "site ADDUSER bob s3cret",
        "site chpass bob s3cret",
        "set ftp:password s3cret",
        "pwd; user bob s3cret; pwd",
        "queue user bob s3cret",
        "user bob s3cret &",
    ] {
        let commands = &commands.replace("s3cret", SECRET);
        for options in [&["-k", "-vv"][..], &["-vv", "--json"]] {
            let log = scene.path("log");
            let call = scene.call().args(options).arg("--log-file").arg(&log);
            let ran = call.args(["-c", commands]).run();
            ran.never_says(SECRET);
            nowhere_below(&scene.dest, Path::new(""));
            // The same as what is typed into a shell.
            let ran = scene.call().args(options).stdin(format!("{commands}\n")).run();
            ran.never_says(SECRET);
        }
    }
}

#[test]
fn a_password_is_in_no_command_line_and_in_no_childs_environment() {
    let scene = Scene::new(Script::new().file("/a", "hello").data("RETR", Data::Stall(1)));
    let mut command = scene.call().args(["-c", "get a"]).command();
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    scene.liar.wire.wait_until(|events| events.iter().any(paused));
    let line = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains(SECRET));
    child.kill().unwrap();
    wait(&mut child, Duration::from_secs(5));
    let ran = scene.run("! env; echo x | env").ok();
    ran.never_says(SECRET);
}

#[test]
fn files_that_the_program_keeps_are_for_its_user_alone_under_any_umask() {
    let scene = scene();
    let call = scene.bare().args(["--trust", "accept-new", "--password-env", "P"]);
    let call = call.args(["-c", "get a"]).env("P", SECRET).command();
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]);
    shell.arg(call.get_program()).args(call.get_args()).env_clear();
    shell.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(shell.current_dir(&scene.dest).status().unwrap().success());
    let mut seen = 0;
    private(&scene.home.path().join("ftpsh"), &mut seen);
    assert!(seen > 0, "known servers are kept");
}

fn private(path: &Path, seen: &mut usize) {
    let metadata = path.metadata().unwrap();
    assert_eq!(metadata.mode() & 0o077, 0, "{}: {:o}", path.display(), metadata.mode());
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            private(&entry.unwrap().path(), seen);
        }
    } else {
        *seen += 1;
    }
}

/// A run with this netrc file.
fn with_netrc(scene: &Scene, text: &str, mode: u32, arguments: &[&str]) -> Ran {
    let path = scene.home.path().join("netrc");
    file(&path, &text.replace("HOST", "127.0.0.1"), mode);
    let url = format!("ftpes://{}", scene.liar.addr);
    let call = Ftpsh::at(&scene.home).cwd(&scene.dest).arg(url).args(arguments);
    call.env("NETRC", &path).args(["-vv", "-c", "get --overwrite a"]).run().never_says(SECRET)
}

#[test]
fn netrc_is_read_when_nobody_else_can_read_it() {
    let scene = scene();
    let fingerprint = ["--fingerprint", &scene.liar.fingerprint[..]];
    let good = "machine HOST login tester password s3cret-word\n";
    for mode in [0o600, 0o400] {
        with_netrc(&scene, good, mode, &fingerprint).ok();
    }
    for mode in [0o640, 0o604, 0o644, 0o660, 0o620] {
        let ran = with_netrc(&scene, good, mode, &fingerprint).status(7);
        ran.stderr_has("netrc");
    }
    assert_eq!(scene.liar.wire.lines("PASS").len(), 2);
}

#[test]
fn netrc_entries_go_to_their_host_only() {
    let scene = scene();
    let fingerprint = ["--fingerprint", &scene.liar.fingerprint[..]];
    for (text, status) in [
        ("machine example.org login tester password s3cret-word\n", 7),
        ("machine 127.0.0.11 login tester password s3cret-word\n", 7),
        ("machine 127.0.0 login tester password s3cret-word\n", 7),
        (
            "machine x.org login tester password no machine HOST login tester password s3cret-word",
            0,
        ),
        ("machine HOST\n  login tester\n  password s3cret-word\n", 0),
        ("machine HOST login tester password \"s3cret-word\"\n", 0),
        ("default login tester password s3cret-word\n", 0),
        (
            "machine HOST login tester password wrong\ndefault login tester password s3cret-word\n",
            7,
        ),
    ] {
        let ran = with_netrc(&scene, text, 0o600, &fingerprint);
        assert_eq!(ran.status, status, "{text}\n{ran}");
    }
    // Nobody has checked that certificate.
    with_netrc(&scene, "default login tester password s3cret-word\n", 0o600, &["--insecure"])
        .status(7);
}

#[test]
fn nobody_logs_in_as_anonymous_by_accident() {
    let scene = scene();
    let url = format!("ftpes://{}", scene.liar.addr);
    let call = Ftpsh::at(&scene.home).arg(url).args(["--fingerprint", &scene.liar.fingerprint]);
    call.args(["-c", "get a"]).run().status(7);
    assert!(!scene.liar.wire.has("USER"));
}
