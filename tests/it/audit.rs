//! The audit log: an object for each connection, trust decision, login, transfer, deletion and other
//! change, with all that an auditor asks; and its life under logrotate.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use support::certificate::Certificate;
use support::embedded::Embedded;
use support::liar::{Data, Event, Script, Step};
use support::program::{Ftpsh, Ran, wait};
use support::scene::Scene;

/// The log of a run, parsed.
fn events(scene: &Scene) -> Vec<Value> {
    let text = String::from_utf8(scene.read("log").unwrap()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `event status`, and the fields named, of each event.
fn told(scene: &Scene, fields: &[&str]) -> Vec<String> {
    let word = |event: &Value, name: &str| match &event[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let line = |event: &Value| {
        let all = ["event", "status"].iter().chain(fields);
        all.map(|name| word(event, name)).collect::<Vec<_>>().join(" ")
    };
    events(scene).iter().map(line).collect()
}

fn logged(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--log-file", "log", "-c", commands]).run()
}

#[test]
fn a_session_is_reported_from_its_first_connection_to_its_last_deletion() {
    let scene = Scene::new(Script::new().file("/d/a", "hello").file("/d/b", "x").dir("/e"));
    scene.write("up", "123");
    let commands = "cd d; get a; cat b; get none || true; put up; rm up; cd; rmdir e; \
                    rmdir e || true; quote DELE d/b; quote DELE d/b || true";
    logged(&scene, commands).ok();
    let here = scene.dest.canonicalize().unwrap().display().to_string();
    let wanted = [
        "trust - - - - -".to_owned(),
        "connect ok - - - -".to_owned(),
        "login ok - - - -".to_owned(),
        format!("transfer ok download /d/a {here}/a -"),
        "transfer ok download /d/b - -".to_owned(),
        format!("transfer refused download /d/none {here}/none -"),
        format!("transfer ok upload /d/up {here}/up -"),
        "delete ok - - - /d/up".to_owned(),
        "delete ok - - - /e".to_owned(),
        "delete refused - - - /e".to_owned(),
        "delete ok - - - /d/b".to_owned(),
        "delete refused - - - /d/b".to_owned(),
    ];
    assert_eq!(told(&scene, &["direction", "remote", "local", "path"]), wanted);
    let events = events(&scene);
    let port = scene.liar.addr.port();
    for event in &events {
        assert_eq!((&event["host"], &event["port"]), (&"127.0.0.1".into(), &port.into()));
        assert!(event["pid"].is_u64() && event["time"].as_str().unwrap().ends_with('Z'), "{event}");
        let known = event["event"] != "trust" && event["event"] != "connect";
        assert_eq!(event["user"] == "tester", known, "{event}");
        assert_eq!(event["error"].is_string(), event["status"] == "refused", "{event}");
    }
    assert_eq!(events[0]["fingerprint"], *scene.liar.fingerprint);
    assert_eq!(events[3]["bytes"], 5);
}

#[test]
fn every_change_on_the_server_is_reported_by_whatever_command_it_was_made() {
    let script = Script::new().file("/d/a", "hello").file("/d/b", "x").dir("/e");
    let scene = Scene::new(script.always("SITE", Step::reply("200 done")));
    let commands = "cd d; mv a c; mv none z || true; mkdir new; mkdir new || true; chmod 640 c; \
                    touch c fresh; ln -s c l; site CHMOD 600 c; quote SITE PSWD s3cret other; \
                    quote MKD /f; quote RNFR c; quote RNTO /f/c; quote RNTO g || true; \
                    quote MFMT 20200101000000 b; quote RNFR b; quote NOOP; quote RNTO h; \
                    quote MDTM h; quote PWD; cd; mv d e";
    logged(&scene, commands).ok();
    let told = told(&scene, &["from", "to", "path", "place", "mode", "command"]);
    let wanted = [
        "rename ok /d/a /d/c - - - -",
        "rename refused /d/none /d/z - - - -",
        "mkdir ok - - /d/new remote - -",
        "mkdir refused - - /d/new remote - -",
        "chmod ok - - /d/c - 640 -",
        "touch ok - - /d/c - - -",
        "touch ok - - /d/fresh - - -",
        "command ok - - - - - SITE SYMLINK c l",
        "command ok - - - - - SITE CHMOD 600 c",
        "command ok - - - - - SITE PSWD ***",
        "mkdir ok - - /f remote - -",
        "rename ok /d/c /f/c - - - -",
        "rename refused - /d/g - - - -",
        "command ok - - - - - MFMT 20200101000000 b",
        "rename ok /d/b /d/h - - - -",
        "rename ok /d /e/d - - - -",
    ];
    assert_eq!(told[3..], wanted);
    assert!(!String::from_utf8(scene.read("log").unwrap()).unwrap().contains("s3cret"));
}

#[test]
fn a_transfer_says_whether_its_data_connection_resumed_the_session() {
    let certificate = Certificate::make("localhost").unwrap();
    let script = Script::new().certificate(&certificate).file("/a", "hello").file("/b", "x");
    let commands = "get a; put a -o c; cat b > /dev/null; get none || true; status";
    let scene = Scene::new(script.clone());
    let ran = logged(&scene, commands).ok().stdout_has("resume the TLS session");
    ran.never_says("do not resume");
    let wanted = ["transfer ok true", "transfer ok true", "transfer ok true", "transfer refused -"];
    assert_eq!(told(&scene, &["resumed"])[3..], wanted);

    // The same certificate, and no session of the control connection's.
    let anew =
        |script: Script, verb| script.always_data(verb, Data::Certificate(certificate.clone()));
    let scene = Scene::new(["RETR", "STOR"].into_iter().fold(script, anew));
    let log = ["--log-file", "log", "-v", "-c", commands];
    let ran = scene.call().args(log).run().ok().stdout_has("TLS session not resumed");
    let notice = "data connections do not resume the TLS session";
    assert_eq!(ran.err().matches(notice).count(), 1, "{ran}");
    let wanted = ["transfer ok false", "transfer ok false", "transfer ok false"];
    assert_eq!(told(&scene, &["resumed"])[3..6], wanted);
    // Nobody who does not ask for it is told.
    logged(&scene, "get a -o again").ok().never_says(notice);
}

#[test]
fn directories_that_a_mirror_makes_are_reported() {
    let scene = Scene::new(Script::new().file("/d/sub/a", "x").dir("/up"));
    logged(&scene, "mirror d; mirror -R d /up/d").ok();
    let told = told(&scene, &["place", "path"]);
    let here = scene.dest.canonicalize().unwrap().display().to_string();
    for wanted in [
        format!("mkdir ok local {here}/d/sub"),
        "mkdir ok remote /up/d".to_owned(),
        "mkdir ok remote /up/d/sub".to_owned(),
    ] {
        assert!(told.contains(&wanted), "{wanted}: {told:?}");
    }
}

#[test]
fn what_fails_before_a_transfer_is_reported_as_well() {
    let scene = Scene::new(Script::new().file("/a", "hello"));
    let log = |call: Ftpsh| call.args(["--log-file", "log", "-c", "get a"]).run();
    log(scene.bare()).status(5);
    log(scene.call().env("SCENE_PASSWORD", "wrong")).status(7);
    log(scene.unconnected().arg("127.0.0.1:1")).status(3);
    let decisions = told(&scene, &["decision", "fingerprint"]);
    let shown = &scene.liar.fingerprint;
    assert_eq!(decisions[0], format!("trust - refused {shown}"));
    assert_eq!(decisions[1], format!("trust - accepted {shown}"));
    assert_eq!(decisions[2..], ["connect ok - -", "login login - -", "connect connect - -"]);
}

#[test]
fn every_connection_of_parallel_work_is_reported_and_what_a_mirror_deletes() {
    let all = (0..8).map(|n| format!("/d/{n}"));
    // Slow enough that the first connection cannot be done before there is a second one.
    let slow = Script::new().always_data("RETR", Data::Trickle(Duration::from_millis(50)));
    let scene = Scene::new(all.fold(slow, |script, path| script.file(&path, "hello")));
    std::fs::create_dir(scene.path("d")).unwrap();
    scene.write("d/surplus", "x");
    logged(&scene, "mirror -P 3 --delete --yes d").ok();
    let all = told(&scene, &[]);
    let count = |what: &str| all.iter().filter(|line| line.starts_with(what)).count();
    let connections = scene.liar.wire.connections();
    assert!(connections > 1, "{all:?}");
    assert_eq!((count("connect ok"), count("login ok")), (connections, connections), "{all:?}");
    assert_eq!(count("transfer ok"), 8, "{all:?}");
    let here = scene.dest.canonicalize().unwrap().display().to_string();
    let deleted = told(&scene, &["place", "path"]);
    let wanted = format!("delete ok local {here}/d/surplus");
    assert!(deleted.contains(&wanted), "{deleted:?}");
}

#[test]
fn a_copy_names_both_servers() {
    let (from, to) = (Embedded::start(), Embedded::serve("tester", "s3cret-word").unwrap());
    std::fs::write(from.root.join("a"), "hello").unwrap();
    let call = Ftpsh::new();
    let home = call.home();
    let commands = format!(
        "get a -o ftpes://tester:{}@{}/b; get none -o ftpes://tester:{}@{}/c || true",
        to.password, to.addr, to.password, to.addr
    );
    call.env("PW", &from.password)
        .args(["--trust", "accept-new", "--password-env", "PW", "--log-file", "log"])
        .args(["-c", &commands, &from.url()])
        .run()
        .ok();
    let log = std::fs::read_to_string(home.path().join("log")).unwrap();
    let wanted = format!(r#""local":"ftpes://tester@{}/b""#, to.addr);
    assert!(log.contains(&wanted), "{log}");
    assert!(!log.contains(&to.password) && !log.contains(&from.password));
    assert_eq!(log.matches(r#""event":"transfer""#).count(), 2, "{log}");
}

#[test]
fn sighup_opens_the_log_anew_and_the_transfer_goes_on() {
    let scene = Scene::new(Script::new().file("/a", "hello").data("RETR", Data::Stall(2)));
    let mut command = scene
        .call()
        .args(["--set", "net:timeout=1s", "--set", "net:max-retries=0", "--log-file", "log"])
        .args(["-c", "lcd /; get a -o /dev/null || get a -o - > /dev/null"])
        .command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    scene.liar.wire.wait_until(|events| events.iter().any(paused));
    std::fs::rename(scene.path("log"), scene.path("log.1")).unwrap();
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !scene.path("log").exists() {
        assert!(Instant::now() < deadline, "the log is not opened anew");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(wait(&mut child, Duration::from_secs(20)), 0);
    let before = String::from_utf8(scene.read("log.1").unwrap()).unwrap();
    assert!(before.contains(r#""event":"login""#) && !before.contains("transfer"), "{before}");
    assert!(told(&scene, &[])[0].starts_with("transfer "), "{:?}", told(&scene, &[]));
    assert!(!std::path::Path::new("/log").exists(), "where it was before `lcd`");
}

#[test]
fn under_nohup_sighup_ends_nothing() {
    let scene = Scene::new(Script::new().file("/a", "hello").data("RETR", Data::Stall(2)));
    let call = scene.call().args(["--set", "net:timeout=1s", "--set", "net:max-retries=0"]);
    let call = call.args(["-c", "get a || ls -1"]).command();
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    shell.arg(call.get_program()).args(call.get_args()).env_clear();
    shell.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(&scene.dest).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = shell.stdin(Stdio::null()).spawn().unwrap();
    let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
    scene.liar.wire.wait_until(|events| events.iter().any(paused));
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    assert_eq!(wait(&mut child, Duration::from_secs(20)), 0);
}
