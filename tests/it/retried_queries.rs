//! Commands that only look: the loss of a connection at any point costs a repetition, not a
//! failure.

use support::closed_port::ClosedPort;
use support::liar::{Data, Script, Step};
use support::program::Ran;
use support::scene::{Scene, noise};

fn script() -> Script {
    Script::new().file("/d/a", "content").file("/d/sub/b", noise(3000)).dir("/d/empty")
}

fn run(scene: &Scene, settings: &str, commands: &str) -> Ran {
    let line = format!("{settings}; cd d; {commands}");
    scene.call().args(["-c", &line]).run()
}

/// How often a lost connection was told.
fn told(ran: &Ran) -> usize {
    let told = |line: &&str| line.contains("trying again") || line.contains("reconnecting");
    ran.err().lines().filter(told).count()
}

#[test]
fn a_lost_connection_does_not_fail_a_command_that_only_looks() {
    let losses: [(&str, Step); 4] = [
        ("421", Step::Close(b"421 going down\r\n".to_vec())),
        ("421 and silence", Step::Reply(b"421 going down\r\n".to_vec())),
        ("cut", Step::Cut(Vec::new())),
        ("reset", Step::Reset(Vec::new())),
    ];
    for (settings, missing, commands, verbs) in [
        ("true", &[][..], "ls -1", &["CWD", "PWD", "MLSD", "EPSV"][..]),
        ("set ftp:list list; reconnect", &[], "ls -1", &["LIST"]),
        ("set ftp:list list; reconnect", &[], "ls -1 sub", &["LIST", "CWD"]),
        ("true", &[], "ls --raw", &["LIST"]),
        ("true", &[], "find", &["MLSD"]),
        ("true", &[], "du -a", &["MLSD"]),
        ("true", &[], "stat a", &["MLST"]),
        ("true", &["MLST", "MLSD"], "stat a", &["LIST", "SIZE", "MDTM"]),
        ("true", &[], "cat a", &["MLST", "RETR"]),
        ("true", &[], "echo *", &["MLSD"]),
        ("true", &[], "cd sub; pwd", &["CWD", "PWD"]),
        ("true", &[], "cd ..; cd; pwd", &["CWD", "PWD"]),
        ("true", &[], "quote NOOP", &["NOOP"]),
        ("true", &[], "quote SIZE a", &["SIZE"]),
        ("true", &[], "quote MDTM a", &["MDTM"]),
        ("true", &[], "quote MLST a", &["MLST"]),
        ("true", &[], "quote PWD", &["PWD"]),
        ("true", &[], "quote CWD sub; pwd", &["CWD", "PWD"]),
    ] {
        let without =
            |script| missing.iter().fold(script, |script: Script, verb| script.without(verb));
        let expected = run(&Scene::new(without(script())), settings, commands).ok();
        for verb in verbs {
            // At the first occurrence after the login, and at later ones.
            let login = usize::from(*verb == "PWD");
            for before in login..login + 2 {
                for (case, loss) in &losses {
                    let steps = (0..before).fold(script(), |s, _| s.on(verb, Step::Honest));
                    let scene = Scene::new(without(steps.on(verb, loss.clone())));
                    let ran = run(&scene, settings, commands);
                    let which = format!("{commands}: {verb} {before}, {case}");
                    assert_eq!(ran.status, 0, "{which}\n{ran}");
                    assert_eq!(ran.out(), expected.out(), "{which}\n{ran}");
                    assert!(told(&ran) <= 1, "{which}\n{ran}");
                }
            }
        }
    }
}

#[test]
fn a_listing_that_breaks_in_the_middle_is_requested_again() {
    for verb in ["MLSD", "LIST"] {
        let settings = if verb == "LIST" { "set ftp:list list; reconnect" } else { "true" };
        for data in [Data::Reset(20), Data::Cut(20), Data::Garbage(b"no TLS".to_vec())] {
            let steps = script().data(verb, data);
            let lost = Step::Final(b"426 lost\r\n".to_vec());
            for script in [steps.clone(), steps.on(verb, lost)] {
                let scene = Scene::new(script);
                let ran = run(&scene, settings, "ls -1").ok();
                assert_eq!(ran.out(), "a\nempty\nsub\n", "{verb}\n{ran}");
            }
        }
    }
    // What was printed as it came is not printed twice.
    let body = b"one line\r\nand a part of".to_vec();
    let scene = Scene::new(
        script()
            .data("LIST", Data::Body(body.clone()))
            .on("LIST", Step::Final(b"421 going down\r\n".to_vec())),
    );
    let ran = run(&scene, "true", "ls --raw");
    assert!(ran.status != 0 && ran.out().matches("one line").count() == 1, "{ran}");
}

#[test]
fn a_refusal_is_an_answer() {
    for (verb, commands) in [("MLSD", "ls"), ("MLST", "stat a"), ("CWD", "cd sub")] {
        for refusal in ["450 busy", "550 no"] {
            let honest = script().on("CWD", Step::Honest);
            let scene = Scene::new(honest.always(verb, Step::reply(refusal)));
            let ran = run(&scene, "true", commands);
            assert!(ran.status != 0 && told(&ran) == 0, "{verb}\n{ran}");
            assert_eq!(scene.liar.wire.connections(), 1, "{verb}\n{ran}");
        }
    }
}

#[test]
fn repetitions_are_bounded() {
    let scene = Scene::new(script().always("MLSD", Step::Close(Vec::new())));
    let ran = scene.call().args(["--set", "net:max-retries=2", "-c", "ls"]).run().status(3);
    assert_eq!(scene.liar.wire.lines("MLSD").len(), 3, "{ran}");
    assert_eq!(told(&ran), 2, "{ran}");
}

#[test]
fn what_changes_something_is_not_sent_twice() {
    for (verb, commands) in [
        ("DELE", "rm a"),
        ("MKD", "mkdir new"),
        ("RMD", "rmdir empty"),
        ("RNTO", "mv a b"),
        ("SITE", "chmod 600 a"),
        ("MDTM", "quote MDTM 20200101000000 a"),
        ("XYZZY", "quote XYZZY"),
    ] {
        let scene = Scene::new(script().on(verb, Step::Close(Vec::new())));
        let ran = run(&scene, "true", commands).status(3);
        assert_eq!(scene.liar.wire.lines(verb).len(), 1, "{verb}\n{ran}");
    }
}

#[test]
fn a_busy_server_is_retried_by_scripts_with_the_reason() {
    for step in [Step::Close(b"421 too many users\r\n".to_vec()), Step::reply("421 too many users")]
    {
        let scene = Scene::new(script().on("", step.clone()).on("", step.clone()));
        let ran = run(&scene, "true", "ls -1").ok();
        assert_eq!(ran.err().matches("too many users").count(), 2, "{ran}");
        ran.stderr_has("trying again in").stdout_has("a\n");
        let scene = Scene::new(script().always("", step));
        let ran = scene.call().args(["--set", "net:max-retries=2", "-c", "ls"]).run().status(3);
        assert_eq!(scene.liar.wire.connections(), 3, "{ran}");
        ran.stderr_has("too many users");
    }
    // Also at the login, and instead of one.
    let scene = Scene::new(script().on("PASS", Step::Close(b"421 too many users\r\n".to_vec())));
    run(&scene, "true", "ls -1").ok();
    // What will be refused again is not asked again.
    let scene = Scene::new(script().on("", Step::reply("530 not you")));
    run(&scene, "true", "ls -1").status(3);
    assert_eq!(scene.liar.wire.connections(), 1);
}

#[test]
fn a_prefetched_port_that_was_closed_costs_a_repetition() {
    let closed = ClosedPort::new();
    let reply = format!("229 entering extended passive mode (|||{}|)", closed.port());
    for at in 0..6 {
        let script = (0..at).fold(script().file("/d/c", "more"), |s, _| s.on("EPSV", Step::Honest));
        let scene = Scene::new(script.on("EPSV", Step::reply(reply.clone())));
        let ran = run(&scene, "true", "get a c; ls -1; cat a; find; mirror . here").ok();
        ran.stdout_has("a\nc\nempty\nsub\n").stdout_has("content");
        assert_eq!(scene.read("here/c").unwrap(), b"more");
    }
}
