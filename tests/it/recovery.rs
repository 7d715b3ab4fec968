//! Lost connections, restarts and farewells: what is tried again, how often, and what is not.

use std::time::Duration;
use support::certificate::Certificate;
use support::liar::{Data, Event, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 400_000;

fn script() -> Script {
    Script::new().file("/d/a", noise(SIZE)).dir("/d/up")
}

/// Runs commands in the directory `d` of the server.
fn run_in(scene: &Scene, settings: &[&str], commands: &str) -> Ran {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let url = format!("{}/d/", scene.liar.url());
    scene.unconnected().args(settings).args(["-c", commands]).arg(url).run()
}

/// The lines on standard error that tell of another try.
fn recoveries(ran: &Ran) -> Vec<String> {
    let told = |line: &&str| line.contains("trying again") || line.contains("reconnecting");
    ran.err().lines().filter(told).map(str::to_owned).collect()
}

/// The command lines of the last control connection.
fn last_session(scene: &Scene) -> Vec<String> {
    let last = scene.liar.wire.connections() - 1;
    let line = |event| match event {
        Event::Line { session, line, .. } if session == last => {
            Some(String::from_utf8_lossy(&line).into_owned())
        }
        _ => None,
    };
    scene.liar.wire.events().into_iter().filter_map(line).collect()
}

#[test]
fn a_421_at_any_moment_of_a_transfer_is_survived() {
    let farewell = || b"421 going down\r\n".to_vec();
    let steps: [(&str, Step); 4] = [
        ("instead of a reply", Step::Close(farewell())),
        ("and nothing behind it", Step::Cut(farewell())),
        ("no word", Step::Cut(Vec::new())),
        ("a reset", Step::Reset(Vec::new())),
    ];
    for (commands, verbs) in
        [("get a", &["MLST", "EPSV", "RETR"][..]), ("put x", &["EPSV", "STOR", "MLST", "MFMT"])]
    {
        for verb in verbs {
            for (case, step) in &steps {
                let scene = Scene::new(script().on(verb, step.clone()));
                scene.write("x", noise(SIZE));
                let ran = run_in(&scene, &[], commands);
                assert_eq!(ran.status, 0, "{verb}, {case}\n{ran}");
                if commands == "get a" {
                    assert!(scene.read("a").unwrap() == noise(SIZE), "{verb}, {case}");
                } else {
                    let there = scene.liar.content("/d/x");
                    assert!(there.unwrap() == noise(SIZE), "{verb}, {case}\n{ran}");
                }
                assert_eq!(recoveries(&ran).len(), 1, "{verb}, {case}\n{ran}");
                assert_eq!(scene.liar.wire.connections(), 2, "{verb}, {case}\n{ran}");
            }
        }
    }
}

#[test]
fn a_421_after_a_command_is_detected_before_the_next_one() {
    for (first, verb) in [("ls", "MLSD"), ("get a -o b", "RETR"), ("quote NOOP", "NOOP")] {
        for last in ["421 idle\r\n", "200 one too many\r\n"] {
            let scene = Scene::new(script().on(verb, Step::After(last.into())));
            let ran = run_in(&scene, &[], &format!("{first}; get a"));
            assert_eq!(ran.status, 0, "{first}\n{ran}");
            assert!(scene.read("a").unwrap() == noise(SIZE), "{first}\n{ran}");
            assert_eq!(recoveries(&ran).len(), 1, "{first}\n{ran}");
        }
    }
}

#[test]
fn a_transfer_resumes_after_either_connection_is_lost_in_the_middle() {
    for (case, data, last) in [
        ("data reset", Data::Reset(SIZE / 2), None),
        ("data cut", Data::Cut(SIZE / 2), None),
        ("data cut, and said so", Data::Cut(SIZE / 2), Some(Step::last("426 lost"))),
        ("data cut, no reply", Data::Cut(SIZE / 2), Some(Step::Final(Vec::new()))),
    ] {
        let mut down = script().data("RETR", data.clone());
        let mut up = script().data("STOR", data);
        if let Some(step) = last {
            down = down.on("RETR", step.clone());
            up = up.on("STOR", step);
        }
        let settings = ["net:timeout=2s"];
        let scene = Scene::new(down);
        let ran = run_in(&scene, &settings, "get a").ok();
        assert!(scene.read("a").unwrap() == noise(SIZE), "down, {case}\n{ran}");
        assert_eq!(recoveries(&ran).len(), 1, "down, {case}\n{ran}");
        // What a reset overtakes never arrives.
        let lost = if case == "data reset" { SIZE / 2 } else { 0 };
        let moved: usize = scene.liar.wire.bodies().iter().sum();
        assert!(moved <= SIZE + 70_000 + lost, "down, {case}: {moved} bytes\n{ran}");

        let scene = Scene::new(up);
        scene.write("x", noise(SIZE));
        let ran = run_in(&scene, &settings, "put x").ok();
        assert!(scene.liar.content("/d/x").unwrap() == noise(SIZE), "up, {case}\n{ran}");
        assert_eq!(recoveries(&ran).len(), 1, "up, {case}\n{ran}");
    }
}

#[test]
fn a_server_that_is_gone_for_a_moment_is_waited_for() {
    // Slow enough for the server to go in the middle.
    for (commands, verb) in [("get a", "RETR"), ("put x", "STOR")] {
        let scene = Scene::new(script());
        scene.write("x", noise(SIZE));
        let settings = ["net:limit-rate=1M", "net:reconnect-interval=100ms"];
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| run_in(&scene, &settings, commands));
            for times in 1..=2 {
                scene.liar.wire.wait_for(verb, times);
                scene.liar.wire.wait_until(|events| {
                    let up = |e: &&Event| matches!(e, Event::DataSecured { .. });
                    events.iter().filter(up).count() >= times
                });
                scene.liar.hang_up();
            }
            run.join().unwrap()
        });
        assert_eq!(ran.status, 0, "{commands}\n{ran}");
        assert!(recoveries(&ran).len() >= 2, "{commands}\n{ran}");
        match commands {
            "get a" => assert!(scene.read("a").unwrap() == noise(SIZE)),
            _ => assert!(scene.liar.content("/d/x").unwrap() == noise(SIZE)),
        }
    }
}

#[test]
fn a_transfer_without_a_completion_reply_is_unconfirmed_and_the_next_one_finds_it_done() {
    let settings = ["net:timeout=500ms", "net:max-retries=0"];
    let silent = || Step::Final(Vec::new());
    let scene = Scene::new(script().on("RETR", silent()).on("STOR", silent()));
    scene.write("x", noise(SIZE));
    run_in(&scene, &settings, "get a").status(10).stderr_has("unconfirmed");
    run_in(&scene, &settings, "put x").status(10).stderr_has("unconfirmed");
    // The server may still be counting what it got.
    scene.liar.wire.wait_idle();
    let before = scene.liar.wire.bodies().len();
    let ran = run_in(&scene, &[], "get -c a; put -c x").ok();
    let moved: usize = scene.liar.wire.bodies()[before..].iter().sum();
    assert!(moved <= 2 * 64 * 1024, "{moved} bytes moved again\n{ran}");
    assert!(scene.read("a").unwrap() == noise(SIZE));
    assert!(scene.liar.content("/d/x").unwrap() == noise(SIZE));
    assert_eq!(scene.liar.wire.lines("STOR").len(), 1);
    // And with retries the first one finds it.
    let scene = Scene::new(script().on("RETR", silent()));
    let ran = run_in(&scene, &["net:timeout=500ms"], "get a").ok();
    assert_eq!(recoveries(&ran).len(), 1, "{ran}");
}

#[test]
fn retries_are_bounded_and_their_number_is_a_setting() {
    for retries in 0..=2 {
        let setting = format!("net:max-retries={retries}");
        let settings = [setting.as_str(), "net:reconnect-interval=10ms"];
        for (case, script) in [
            ("cut", script().always_data("RETR", Data::Cut(1000))),
            ("busy", script().always("RETR", Step::reply("450 busy"))),
            ("closed", script().always("RETR", Step::Close(Vec::new()))),
        ] {
            let scene = Scene::new(script);
            let ran = run_in(&scene, &settings, "get a");
            assert!(matches!(ran.status, 3 | 8 | 10), "{case}\n{ran}");
            let tries = scene.liar.wire.lines("RETR").len();
            // A cut file's second try may begin by finding out that it can go on.
            assert_eq!(tries, retries + 1, "{case}\n{ran}");
            assert_eq!(recoveries(&ran).len(), retries, "{case}\n{ran}");
        }
    }
}

#[test]
fn pauses_before_retries_grow() {
    let scene = Scene::new(script().always("RETR", Step::reply("450 busy")));
    let settings = ["net:max-retries=2", "net:reconnect-interval=200ms"];
    let started = std::time::Instant::now();
    run_in(&scene, &settings, "get a").status(8);
    // 200 ms and 400 ms, each a quarter less at the least.
    assert!(started.elapsed() > Duration::from_millis(450), "{:?}", started.elapsed());
}

#[test]
fn what_is_refused_for_good_is_not_retried() {
    for (case, script, verb) in [
        ("550 first", script().always("RETR", Step::reply("550 no")), "RETR"),
        ("550 last", script().always("RETR", Step::last("550 no")), "RETR"),
        ("552", script().always("STOR", Step::last("552 full")), "STOR"),
        ("553", script().always("STOR", Step::reply("553 no")), "STOR"),
    ] {
        let scene = Scene::new(script);
        scene.write("x", "x");
        let ran = run_in(&scene, &[], if verb == "STOR" { "put x" } else { "get a" });
        let ran = ran.status(8);
        assert_eq!(scene.liar.wire.lines(verb).len(), 1, "{case}\n{ran}");
        assert_eq!(recoveries(&ran), [""; 0], "{case}\n{ran}");
    }
}

#[test]
fn a_wrong_password_is_sent_once() {
    let scene = Scene::new(script());
    let ran = scene.call().env(support::scene::PASSWORD, "wrong").args(["-c", "get d/a"]);
    ran.run().status(7);
    assert_eq!(scene.liar.wire.lines("PASS").len(), 1);
    // One that was right before, too.
    let script = script().on("PASS", Step::Honest).always("PASS", Step::reply("530 no more"));
    let scene = Scene::new(script.on("RETR", Step::Cut(Vec::new())));
    run_in(&scene, &[], "get a").status(7);
    assert_eq!(scene.liar.wire.lines("PASS").len(), 2);
}

#[test]
fn a_certificate_that_changes_between_two_connections_stops_everything() {
    for commands in ["get a", "mirror . into"] {
        let scene = Scene::new(script());
        let other = Certificate::make("localhost").unwrap();
        // A certificate that was remembered, not one of the command line.
        let known = scene.bare().env(support::scene::PASSWORD, &scene.liar.password);
        let known = known.args(["--password-env", support::scene::PASSWORD]);
        let known = known.args(["--trust", "accept-new", "--set", "net:limit-rate=200k"]);
        let known = known.args(["--set", "net:reconnect-interval=10ms"]);
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| known.args(["-c", &format!("cd d; {commands}")]).run());
            scene.liar.wire.wait_for("RETR", 1);
            scene.liar.show(&other);
            scene.liar.hang_up();
            run.join().unwrap()
        });
        assert_eq!(ran.status, 6, "{commands}\n{ran}");
        assert!(scene.liar.wire.connections() > 1, "{commands}\n{ran}");
        assert_eq!(last_session(&scene), ["AUTH TLS"], "{commands}\n{ran}");
    }
}

#[test]
fn everything_is_as_it_was_before_the_next_command_after_a_reconnection() {
    for (commands, verb, after) in [
        ("get a", "RETR", vec!["MLST /d/a", "EPSV", "RETR a"]),
        ("put x", "STOR", vec!["EPSV", "STOR x", "MLST /d/x"]),
    ] {
        let scene = Scene::new(script().on(verb, Step::Cut(Vec::new())));
        scene.write("x", "content");
        let ran = run_in(&scene, &[], commands).ok();
        let lines = last_session(&scene);
        let start = [
            "AUTH TLS",
            "PBSZ 0",
            "PROT P",
            "USER tester",
            &format!("PASS {}", scene.liar.password),
            "FEAT",
            "TYPE I",
            "PWD",
            "SYST",
            "OPTS UTF8 ON",
            "CWD /d",
            "PWD",
        ];
        assert_eq!(lines[..start.len()], start, "{ran}");
        assert_eq!(lines[start.len()..][..after.len()], after, "{ran}");
    }
}

#[test]
fn a_text_is_a_text_again_after_a_reconnection() {
    let scene =
        Scene::new(Script::new().file("/a", "one\r\ntwo\r\n").on("RETR", Step::Cut(vec![])));
    scene.run("get -a a").ok();
    assert_eq!(scene.read("a").unwrap(), b"one\ntwo\n");
    let lines = last_session(&scene);
    let last = lines.iter().rfind(|line| line.starts_with("TYPE")).unwrap();
    assert_eq!(last, "TYPE A", "{lines:?}");
}

#[test]
fn a_listing_that_is_interrupted_is_requested_again() {
    // A look around is no transfer, but a lost connection is no reason to fail either: the next
    // command works in any case.
    let scene = Scene::new(script().on("MLSD", Step::Cut(Vec::new())));
    let ran = run_in(&scene, &[], "ls -1 || ls -1").ok();
    assert_eq!(ran.out(), "a\nup\n", "{ran}");
}

#[test]
fn a_connection_that_ended_between_two_commands_is_made_again_before_the_second() {
    let scene = Scene::new(script().on("NOOP", Step::Close(b"200 ok\r\n".to_vec())));
    // The end of the connection has to arrive first: a command of the local shell takes that long.
    let ran = run_in(&scene, &[], "quote NOOP\n! sleep 0.2\nls -1; pwd").ok();
    let ran = ran.stdout_has("a\n").stdout_has("/d\n");
    assert_eq!(recoveries(&ran).len(), 1, "{ran}");
}

#[test]
fn the_closing_line_of_a_transfer_that_was_resumed_counts_the_whole_file() {
    const BIG: usize = 3 << 20;
    let script = |verb| {
        let script = Script::new().file("/d/a", noise(BIG)).dir("/d/up");
        script.data(verb, Data::Reset(BIG / 2))
    };
    for (command, verb) in [
        ("get a", "RETR"),
        ("put x", "STOR"),
        ("get -P 2 a nosuch nosuch2", "RETR"),
        ("put -P 2 x nosuch nosuch2", "STOR"),
    ] {
        for json in [false, true] {
            let scene = Scene::new(script(verb));
            scene.write("x", noise(BIG));
            // With -k a local file that is not there does not stop the rest.
            let options: &[&str] = if json { &["-k", "--json"] } else { &["-k"] };
            let url = format!("{}/d/", scene.liar.url());
            let ran = scene.unconnected().args(options).args(["-c", command]).arg(url).run();
            assert_eq!(recoveries(&ran).len(), 1, "{command}\n{ran}");
            if json {
                let done = ran.json_of("transfer").into_iter();
                let done: Vec<_> = done.filter(|value| value["status"] == "ok").collect();
                assert_eq!(done.len(), 1, "{command}\n{ran}");
                assert_eq!(done[0]["bytes"], BIG, "{command}\n{ran}");
                assert!(done[0]["resumed_from"].is_null(), "{command}\n{ran}");
            } else {
                assert!(ran.err().contains(": 3.0 MiB in"), "{command}\n{ran}");
            }
        }
    }
    let scene = Scene::new(script("RETR"));
    let ran = run_in(&scene, &[], "mirror . here").ok();
    assert!(ran.err().contains("(3.0 MiB)"), "{ran}");
}

#[test]
fn a_551_has_one_status_and_a_missing_file_is_not_waited_for() {
    for (verb, command) in [("RETR", "get a"), ("STOR", "put x")] {
        for step in [Step::reply("551 a: error"), Step::last("551 a: error")] {
            let scene = Scene::new(script().always(verb, step));
            scene.write("x", "x");
            let ran = run_in(&scene, &[], command);
            assert_eq!(ran.status, 8, "{command}\n{ran}");
        }
    }
    let scene =
        Scene::new(script().always("RETR", Step::reply("450 a: No such file or directory")));
    let ran = run_in(&scene, &[], "get a").status(8);
    assert!(ran.err().contains("get a: no such file or directory (450"), "{ran}");
    assert!(recoveries(&ran).is_empty() && !ran.err().contains("in use"), "{ran}");
}
