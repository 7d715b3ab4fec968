//! One large file over several connections: `pget` and `get --segments`.

use std::process::Stdio;
use support::liar::{Data, Event, Script, Step};
use support::scene::{Scene, noise};

const SIZE: usize = 17 * 1024 * 1024 + 5;

fn script() -> Script {
    Script::new().file("/d/a", noise(SIZE)).file("/d/b", "b")
}

#[test]
fn a_large_file_comes_over_several_connections() {
    for commands in ["cd d; pget a", "get --segments 4 d/a", "set xfer:segments 4; get d/a"] {
        let scene = Scene::new(script());
        let ran = scene.call().args(["--json", "-c", commands]).run().ok();
        assert!(scene.read("a").unwrap() == noise(SIZE), "{commands}\n{ran}");
        assert_eq!(scene.tree(), ["dest", "dest/a"], "{commands}\n{ran}");
        let transfers = ran.json_of("transfer");
        assert_eq!(transfers.len(), 1, "{commands}\n{ran}");
        assert_eq!(transfers[0]["bytes"], SIZE, "{commands}\n{ran}");
        assert_eq!(scene.liar.wire.lines("RETR").len(), 4, "{commands}\n{ran}");
        assert_eq!(scene.liar.wire.lines("REST").len(), 3, "{commands}\n{ran}");
    }
}

#[test]
fn a_small_file_is_not_split() {
    let scene = Scene::new(Script::new().file("/a", noise(5_000_000)));
    scene.run("pget -n 8 a").ok();
    assert!(scene.read("a").unwrap() == noise(5_000_000));
    assert_eq!((scene.liar.wire.connections(), scene.liar.wire.lines("RETR").len()), (1, 1));
}

#[test]
fn a_server_that_takes_two_sessions_or_loses_some_is_good_enough() {
    let scene = Scene::new(script().max_sessions(2));
    let ran = scene.run("pget d/a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE), "{ran}");
    let faults = script().data("RETR", Data::Reset(2_000_000)).data("RETR", Data::Cut(1_000_000));
    let scene = Scene::new(faults.on("RETR", Step::reply("450 busy")));
    let ran = scene.run("pget d/a").ok().stderr_has("trying again");
    assert!(scene.read("a").unwrap() == noise(SIZE), "{ran}");
}

#[test]
fn a_server_that_cannot_begin_at_an_offset_serves_one_connection() {
    let ignores = Step::reply("350 of course");
    for (case, script) in [
        ("no REST", script().without("REST")),
        ("REST refused", script().always("REST", Step::reply("501 no"))),
        ("REST ignored", script().always("REST", ignores)),
    ] {
        let scene = Scene::new(script);
        let ran = scene.run("pget d/a").ok();
        assert!(ran.err().contains("over one connection"), "{case}\n{ran}");
        assert!(scene.read("a").unwrap() == noise(SIZE), "{case}\n{ran}");
        assert_eq!(scene.tree(), ["dest", "dest/a"], "{case}\n{ran}");
    }
}

#[test]
fn a_bad_end_is_a_failure_and_the_old_file_stays() {
    let last = script().always("RETR", Step::last("451 disk error"));
    for script in
        [last, script().without("SIZE").without("MLST").data("RETR", Data::Cut(5_000_000))]
    {
        let scene = Scene::new(script);
        scene.write("a", "precious");
        let ran = scene.hurried("get --segments 4 --overwrite d/a").status(10);
        assert_eq!(scene.read("a").unwrap(), b"precious", "{ran}");
    }
}

#[test]
fn a_killed_one_resumes_in_segments_or_over_one_connection() {
    for again in ["pget -c d/a", "get -c d/a", "cd d; get -c -P 2 a b"] {
        let parts = (0..4)
            .fold(script(), |script, i| script.data("RETR", Data::Stall(1_000_000 * (i + 1))));
        let scene = Scene::new(parts);
        let mut command = scene.call().args(["-c", "pget d/a"]).command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let paused = |event: &&Event| matches!(event, Event::DataPaused { .. });
        scene.liar.wire.wait_until(|events| events.iter().filter(paused).count() == 4);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(scene.whole_files(), Vec::<String>::new());
        let ran = scene.run(again).ok();
        assert!(scene.read("a").unwrap() == noise(SIZE), "{again}\n{ran}");
        assert!(!scene.tree().iter().any(|name| name.contains("part")), "{again}\n{ran}");
    }
}

#[test]
fn what_came_before_a_stall_is_not_fetched_again() {
    let parts = (0..4).fold(script(), |script, _| script.data("RETR", Data::Stall(2_000_000)));
    let scene = Scene::new(parts);
    scene.hurried("pget d/a").status(3);
    let ran = scene.call().args(["--json", "-c", "pget -c d/a"]).run().ok();
    assert!(scene.read("a").unwrap() == noise(SIZE), "{ran}");
    let from = ran.json_of("transfer")[0]["resumed_from"].as_u64().unwrap();
    assert!(from > 5_000_000, "{ran}");
}
