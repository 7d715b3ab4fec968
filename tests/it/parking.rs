//! Connections that a command needed and no longer needs: kept for the next one, given up where
//! they are in the way, closed in time.

use std::time::{Duration, Instant};
use support::liar::{Event, Script};
use support::program::Ran;
use support::scene::Scene;

fn with_files(count: usize) -> Script {
    let file = |script: Script, i| script.file(format!("/d/f{i}"), vec![7; 50_000]);
    (0..count).fold(Script::new(), file)
}

/// A command that needs three connections: each file takes its time.
const THREE: &str = "get --overwrite -P 3 d/f*";
const SLOWLY: [&str; 2] = ["--set", "net:limit-rate=250k"];

fn run(scene: &Scene, options: &[&str], commands: &str) -> Ran {
    scene.call().args(SLOWLY).args(options).args(["-c", commands]).run().ok()
}

#[test]
fn the_next_command_finds_the_connections_of_the_one_before() {
    let scene = Scene::new(with_files(6));
    let ran = run(&scene, &[], &format!("{THREE}; {THREE}; mirror -P 3 d again"));
    for i in 0..6 {
        assert!(scene.read(format!("f{i}")) == scene.read(format!("again/f{i}")), "{i}\n{ran}");
    }
    assert_eq!(scene.liar.wire.lines("PASS").len(), 3, "{ran}");
    // All of them are left with a word.
    scene.liar.wire.wait_for("QUIT", 3);
}

#[test]
fn what_was_made_with_other_settings_is_not_used_again() {
    for between in ["set net:timeout 4s", "set ftp:list list"] {
        let scene = Scene::new(with_files(6));
        let ran = run(&scene, &[], &format!("{THREE}; {between}; {THREE}"));
        // The shell's own stays.
        assert_eq!(scene.liar.wire.lines("PASS").len(), 5, "{between}\n{ran}");
    }
}

#[test]
fn close_and_reconnect_close_them_all() {
    for (word, logins) in [("close", 6), ("reconnect", 6)] {
        let scene = Scene::new(with_files(6));
        let ran = run(&scene, &[], &format!("{THREE}; {word}; {THREE}"));
        assert_eq!(scene.liar.wire.lines("PASS").len(), logins, "{word}\n{ran}");
        scene.liar.wire.wait_for("QUIT", 6);
    }
}

#[test]
fn what_is_idle_for_too_long_is_closed_without_a_command() {
    let scene = Scene::new(with_files(6));
    let idle = "repeat -d 20ms --until-ok '! test -e go'";
    let command = scene.call().args(SLOWLY).args(["--set", "net:idle=300ms"]);
    let command = command.args(["-c", &format!("{THREE}; {idle}")]);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| command.run());
        // The two that were parked; the shell's own is closed when the next command comes.
        scene.liar.wire.wait_for("QUIT", 2);
        scene.write("go", "");
        running.join().unwrap().ok();
    });
}

#[test]
fn a_job_gets_the_place_of_one_that_nobody_uses() {
    let scene = Scene::new(with_files(6));
    let limit = ["--set", "net:connection-limit=3"];
    let ran = run(&scene, &limit, &format!("{THREE}; get --overwrite d/f0 & wait"));
    assert!(!ran.err().contains("waiting for one of"), "{ran}");
    let mut open = 0_i32;
    for event in scene.liar.wire.events() {
        match event {
            Event::Connected { .. } => open += 1,
            Event::Ended { .. } => open -= 1,
            _ => {}
        }
        assert!(open <= 3, "{ran}");
    }
}

#[test]
fn those_that_the_server_ended_meanwhile_cost_no_failure() {
    let scene = Scene::new(with_files(6));
    let until_go = "repeat -d 20ms --until-ok '! test -e go'";
    let command = scene.call().args(SLOWLY).args(["--set", "net:max-retries=0"]);
    let command = command.args(["-c", &format!("{THREE}; pwd > parked; {until_go}; {THREE}")]);
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| command.run());
        let late = Instant::now() + Duration::from_secs(10);
        while !scene.path("parked").exists() && Instant::now() < late {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        scene.liar.hang_up();
        scene.write("go", "");
        running.join().unwrap().ok()
    });
    assert_eq!(scene.liar.wire.lines("PASS").len(), 6, "{ran}");
}
