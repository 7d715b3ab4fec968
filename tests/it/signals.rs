//! Signals and sudden death: the program stops in time in every phase, with its own status, and
//! what is under a final name is old or whole.

use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::liar::{Data, Script, Step};
use support::program::{Ftpsh, wait};
use support::scene::{Scene, noise};

const SIZE: usize = 2_000_000;

/// What a download that hangs half-way has written by then, at least: whole blocks.
const BLOCKS: usize = SIZE / 4;

fn start(call: &Ftpsh) -> Child {
    let mut command = call.command();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// A phase: what the server does, the command, and what is on the wire once it hangs.
struct Phase(&'static str, Script, &'static str, fn(&Scene));

fn phases() -> Vec<Phase> {
    let script = || Script::new().file("/a", noise(SIZE));
    let connected = |scene: &Scene| scene.liar.wire.wait_until(|events| !events.is_empty());
    let paused = |scene: &Scene| {
        use support::liar::Event;
        let paused = |event: &Event| matches!(event, Event::DataPaused { .. });
        scene.liar.wire.wait_until(|events| events.iter().any(paused));
    };
    vec![
        Phase("greeting", script().greeting(Step::Silence), "get a", connected),
        Phase("AUTH", script().always("AUTH", Step::Silence), "get a", |s| {
            s.liar.wire.wait_for("AUTH", 1);
        }),
        Phase("login", script().always("PASS", Step::Silence), "get a", |s| {
            s.liar.wire.wait_for("PASS", 1);
        }),
        Phase("facts", script().always("MLST", Step::Silence), "get a", |s| {
            s.liar.wire.wait_for("MLST", 1);
        }),
        Phase("listing", script().always_data("MLSD", Data::Stall(10)), "get *", paused),
        Phase("RETR", script().always("RETR", Step::Silence), "get a", |s| {
            s.liar.wire.wait_for("RETR", 1);
        }),
        Phase("data handshake", script().always_data("RETR", Data::NoHandshake), "get a", |s| {
            s.liar.wire.wait_for("RETR", 1);
        }),
        Phase("download", script().always_data("RETR", Data::Stall(SIZE / 2)), "get a", |s| {
            let grown = || s.read(".a.ftpsh-part").is_some_and(|bytes| bytes.len() >= BLOCKS);
            let deadline = Instant::now() + Duration::from_secs(10);
            while !grown() {
                assert!(Instant::now() < deadline, "{:?}", s.tree());
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }),
        Phase("upload", script().always_data("STOR", Data::Stall(1000)), "put up", paused),
        Phase("completion", script().always("RETR", Step::Final(Vec::new())), "get a", |s| {
            use support::liar::Event;
            let ended = |event: &Event| matches!(event, Event::DataEnded { .. });
            s.liar.wire.wait_until(|events| events.iter().any(ended));
        }),
    ]
}

#[test]
fn an_interrupt_ends_the_program_in_every_phase() {
    ends_in_every_phase(Signal::INT, 130);
}

#[test]
fn a_termination_ends_the_program_in_every_phase() {
    ends_in_every_phase(Signal::TERM, 143);
}

#[test]
fn a_lost_terminal_ends_the_program_in_every_phase() {
    ends_in_every_phase(Signal::HUP, 143);
}

fn ends_in_every_phase(signal: Signal, status: i32) {
    for Phase(name, script, commands, hangs) in phases() {
        let scene = Scene::new(script);
        scene.write("up", noise(20_000_000));
        let call = scene.call().args(["--set", "net:timeout=30s", "-c", commands]);
        let mut child = start(&call);
        hangs(&scene);
        let sent = Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = wait(&mut child, Duration::from_secs(5));
        let took = sent.elapsed();
        assert_eq!(ended, status, "{signal:?} in {name}");
        assert!(took < Duration::from_secs(2), "{signal:?} in {name}: {took:?}");
        assert_eq!(scene.whole_files(), ["up"], "{signal:?} in {name}");
        if name == "download" {
            let partial = scene.read(".a.ftpsh-part").unwrap();
            assert!(partial == noise(SIZE)[..partial.len()], "{signal:?}: kept, and right");
        }
    }
}

#[test]
fn an_interrupted_script_does_not_continue() {
    let script = Script::new().file("/a", noise(SIZE)).file("/b", "x");
    let scene = Scene::new(script.always("RETR", Step::Silence));
    for commands in ["get a; get b", "get a || get b", "! sleep 4; get b"] {
        let mut child = start(&scene.call().args(["-k", "-c", commands]));
        if commands.starts_with('!') {
            scene.liar.wire.wait_for("PWD", 3);
        } else {
            scene.liar.wire.wait_until(|events| {
                let retr = |event: &support::liar::Event| {
                    matches!(event, support::liar::Event::Line { line, .. }
                        if line.starts_with(b"RETR"))
                };
                events.iter().filter(|event| retr(event)).count()
                    >= if commands.contains("||") { 2 } else { 1 }
            });
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(5)), 143, "{commands}");
    }
    assert!(
        !scene
            .liar
            .wire
            .commands()
            .iter()
            .any(|line| line.contains('b') && line != "PBSZ 0" && line.starts_with("RETR b"))
    );
}

#[test]
fn a_kill_leaves_the_final_name_absent_old_or_whole() {
    let whole = noise(SIZE);
    let scene = Scene::new(Script::new().file("/a", &whole));
    // FTPSH_KILLS=1000 is for those who have a quarter of an hour.
    let rounds = std::env::var("FTPSH_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    for round in 0..rounds {
        let old = round % 2 == 1;
        let _ = std::fs::remove_file(scene.path("a"));
        if old {
            scene.write("a", "old");
        }
        let mut child = start(&scene.call().args(["-c", "get --overwrite a"]));
        // From before the connection to after the end.
        let moment = Duration::from_micros(3_000 + round * 4_000 % 79_999);
        let ended = wait_or_kill(&mut child, moment);
        match scene.read("a") {
            None => assert!(!old && !ended, "round {round}"),
            Some(bytes) if bytes == b"old" => assert!(old && !ended, "round {round}"),
            Some(bytes) => assert!(bytes == whole, "round {round}: a mixture"),
        }
    }
    // Whatever was left behind is in nobody's way.
    scene.run("get --overwrite a").ok();
    assert!(scene.read("a").unwrap() == whole);
    assert_eq!(scene.tree(), ["dest", "dest/a"]);
}

/// Waits for so long, then kills with SIGKILL; whether it ended by itself, and well.
fn wait_or_kill(child: &mut Child, moment: Duration) -> bool {
    std::thread::park_timeout(moment);
    child.kill().unwrap();
    child.wait().unwrap().success()
}
