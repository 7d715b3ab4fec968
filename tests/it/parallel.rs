//! Several files at a time, and directories: `get -P`, `put -P`, `get -r`, `put -r`.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::liar::{Data, Event, Script, Step};
use support::program::{Ran, wait};
use support::scene::{Scene, noise};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("f{i:02}")).collect()
}

fn content(name: &str) -> Vec<u8> {
    [name.as_bytes(), &noise(50_000)].concat()
}

/// Files in a directory of the server.
fn with_files(count: usize) -> Script {
    let files = names(count);
    files
        .iter()
        .fold(Script::new(), |script, name| script.file(format!("/d/{name}"), content(name)))
}

#[track_caller]
fn all_arrived(scene: &Scene, count: usize, ran: &Ran) {
    for name in names(count) {
        assert!(scene.read(&name) == Some(content(&name)), "{name}\n{ran}");
    }
    assert_eq!(scene.whole_files(), names(count), "{ran}");
}

fn json(scene: &Scene, commands: &str) -> Ran {
    scene.call().args(["--json", "-c", commands]).run()
}

#[test]
fn several_files_come_at_a_time_and_the_shell_stays_where_it_was() {
    let scene = Scene::new(with_files(9));
    let ran = json(&scene, "cd d; get -P 4 f*; pwd").ok();
    all_arrived(&scene, 9, &ran);
    let transfers = ran.json_of("transfer");
    let mut remotes: Vec<_> = transfers.iter().map(|t| t["remote"].as_str().unwrap()).collect();
    remotes.sort_unstable();
    let paths: Vec<_> = names(9).iter().map(|name| format!("/d/{name}")).collect();
    assert_eq!(remotes, paths, "{ran}");
    assert!(transfers.iter().all(|t| t["status"] == "ok" && t["direction"] == "download"), "{ran}");
    assert_eq!(ran.json_of("summary")[0]["files"], 9, "{ran}");
    assert!(ran.json_of("text").iter().any(|text| text.to_string().contains("/d")), "{ran}");
    let connections = scene.liar.wire.connections();
    assert!((2..=4).contains(&connections), "{connections} connections\n{ran}");
}

#[test]
fn the_setting_counts_where_no_option_does() {
    // One connection would need a second for each file: the others are there before.
    let slow = Data::Trickle(Duration::from_millis(10));
    let files = names(6);
    let script = files
        .iter()
        .fold(Script::new(), |script, name| script.file(format!("/d/{name}"), "x".repeat(100)));
    let scene = Scene::new(script.always_data("RETR", slow));
    let ran = scene.run("set xfer:parallel 3; get d/f*").ok();
    assert_eq!(scene.whole_files(), files, "{ran}");
    assert!(scene.liar.wire.connections() > 1, "{ran}");
}

#[test]
fn a_server_that_takes_two_sessions_serves_them_all() {
    let scene = Scene::new(with_files(12).max_sessions(2));
    let ran = scene.run("get -P 4 d/f*").ok();
    all_arrived(&scene, 12, &ran);
}

#[test]
fn a_file_whose_connection_is_lost_is_retried() {
    for fault in [Data::Reset(20_000), Data::Cut(20_000)] {
        let scene = Scene::new(with_files(8).data("RETR", fault));
        let ran = scene.run("get -P 3 d/f*").ok().stderr_has("trying again");
        all_arrived(&scene, 8, &ran);
    }
    let script = with_files(8).on("RETR", Step::Honest).on("RETR", Step::Reset(Vec::new()));
    let scene = Scene::new(script);
    let ran = scene.run("get -P 3 d/f*").ok();
    all_arrived(&scene, 8, &ran);
}

#[test]
fn a_file_that_fails_is_named_and_the_others_come() {
    let scene = Scene::new(with_files(5));
    let ran = json(&scene, "get -P 3 d/f00 d/f01 d/absent d/f02 d/f03 d/f04").status(8);
    all_arrived(&scene, 5, &ran);
    ran.stderr_has("d/absent").stdout_has("\"status\":\"refused\"");
    // One that is there already is refused in a script; the others are fetched again.
    let scene = Scene::new(with_files(3));
    scene.write("f01", "precious");
    let ran = scene.run("get -P 3 d/f*").status(9).stderr_has("f01: file exists");
    assert_eq!(scene.read("f01").unwrap(), b"precious");
    assert_eq!(scene.read("f02").unwrap(), content("f02"), "{ran}");
}

#[test]
fn several_files_go_up_at_a_time() {
    let scene = Scene::new(Script::new().dir("/in/deep"));
    for name in names(7) {
        scene.write(&name, content(&name));
    }
    let ran = json(&scene, "cd in; put -P 3 f*; put -P 2 -O deep f00 f01; ls -1").ok();
    for name in names(7) {
        assert!(scene.liar.content(format!("/in/{name}")) == Some(content(&name)), "{name}\n{ran}");
    }
    assert!(scene.liar.content("/in/deep/f01") == Some(content("f01")), "{ran}");
    // What was stored shows at once.
    assert_eq!(ran.json_of("entry").len(), 8, "{ran}");
}

#[test]
fn an_upload_refused_for_one_file_is_its_failure_alone() {
    let scene = Scene::new(Script::new().on("STOR", Step::reply("553 not this one")));
    for name in names(4) {
        scene.write(&name, content(&name));
    }
    let ran = scene.run("put -P 2 f*").status(8).stderr_has("not this one");
    let stored =
        names(4).iter().filter(|name| scene.liar.content(format!("/{name}")).is_some()).count();
    assert_eq!(stored, 3, "{ran}");
}

#[test]
fn an_interrupt_ends_all_of_them_within_a_second() {
    let scene = Scene::new(with_files(6).always_data("RETR", Data::Stall(10_000)));
    let mut command = scene.call().args(["-c", "get -P 3 d/f*"]).command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let paused = |event: &&Event| matches!(event, Event::DataPaused { .. });
    scene.liar.wire.wait_until(|events| events.iter().filter(paused).count() == 3);
    let begun = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child, Duration::from_secs(10)), 130);
    // A second for the replies that this server never sends, and some for a busy machine.
    assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    assert_eq!(scene.whole_files(), Vec::<String>::new());
}

#[test]
fn directories_are_fetched_with_what_is_in_them_and_only_once() {
    let script = with_files(3).file("/d/sub/deep/x", "x").file("/d/sub/y", "y").file("/z", "z");
    let scene = Scene::new(script);
    let ran = json(&scene, "get -r d z; get -r -O backup d").ok();
    let found = |path: &str| scene.read(path).map(|b| String::from_utf8_lossy(&b).into_owned());
    assert_eq!(found("d/sub/deep/x").as_deref(), Some("x"), "{ran}");
    assert_eq!(found("backup/d/sub/y").as_deref(), Some("y"), "{ran}");
    assert_eq!(found("z").as_deref(), Some("z"), "{ran}");
    assert_eq!(ran.json_of("transfer").len(), 11, "{ran}");
    let ran = json(&scene, "get -r -P 2 d").ok();
    assert_eq!(ran.json_of("transfer").len(), 0, "{ran}");
}

#[test]
fn directories_are_stored_with_what_is_in_them() {
    let scene = Scene::new(Script::new().dir("/in"));
    std::fs::create_dir_all(scene.path("t/sub")).unwrap();
    scene.write("t/a", "a");
    scene.write("t/sub/b", "b");
    scene.write("c", "c");
    let ran = scene.run("put -r -O in t c; put -r t -o other").ok();
    for (path, text) in
        [("/in/t/a", "a"), ("/in/t/sub/b", "b"), ("/in/c", "c"), ("/other/sub/b", "b")]
    {
        assert_eq!(scene.liar.content(path).as_deref(), Some(text.as_bytes()), "{path}\n{ran}");
    }
    scene.run("put t").status(9).stderr_has("put -r");
}

#[test]
fn reget_and_reput_go_on_with_what_is_there() {
    let whole = noise(3_000_000);
    let scene = Scene::new(Script::new().file("/a", &whole).file("/up", &whole[..2_000_000]));
    scene.write("a", &whole[..1_000_000]);
    scene.write("up", &whole);
    // Another program has begun to store it since.
    scene.liar.files.lock().unwrap().set_time(b"/up", "20980102030405");
    let ran = json(&scene, "reget a; reput up").ok();
    assert!(
        scene.read("a").unwrap() == whole && scene.liar.content("/up").unwrap() == whole,
        "{ran}"
    );
    let from: Vec<_> = ran.json_of("transfer").iter().map(|t| t["resumed_from"].clone()).collect();
    assert_eq!(from, [1_000_000, 2_000_000], "{ran}");
}
