//! Data connections: cut, short, long, stalled, refused early and late, not the server's own.
//! A transfer is whole by every sign there is, or it is a failure that says which one is missing.

use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::liar::{Data, Event, Script, Step, Versions};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 100_000;

fn script() -> Script {
    Script::new().file("/a", noise(SIZE)).file("/b", "next")
}

/// A server that tells no size anywhere.
fn sizeless() -> Script {
    script().without("SIZE").without("MLST").without("MLSD")
}

/// A failed download: this status, these words; the old file as it was, no new one.
#[track_caller]
fn fails(case: &str, script: Script, status: i32, said: &[&str]) -> (Scene, Ran) {
    let scene = Scene::new(script);
    scene.write("old", "precious");
    let ran = scene.hurried("get a -o new").status(status);
    for said in said {
        assert!(ran.err().contains(said), "{case}: {said:?} wanted\n{ran}");
    }
    assert_eq!(scene.whole_files(), ["old"], "{case}\n{ran}");
    (scene, ran)
}

#[test]
fn a_download_that_lacks_one_sign_of_success_fails_and_says_which() {
    let last = |text: &str| script().always("RETR", Step::last(text));
    let data = |data: Data| script().always_data("RETR", data);
    let half = SIZE / 2;
    let long = [noise(SIZE), b"!".to_vec()].concat();
    let numbers = ["50000 bytes", "100000"];
    fails("short", data(Data::Short(half)), 10, &numbers);
    fails("cut", data(Data::Cut(half)), 10, &numbers);
    fails("reset", data(Data::Reset(half)), 10, &[]);
    fails("nothing", data(Data::Short(0)), 10, &["0 bytes", "100000"]);
    fails("long", data(Data::Body(long)), 10, &["100001 bytes", "100000"]);
    fails("426", last("426 broken pipe"), 10, &["426 \"broken pipe\""]);
    fails("451", last("451 local error"), 10, &["451 \"local error\""]);
    fails("450", last("450 locked"), 8, &["450 \"locked\""]);
    fails("552", last("552 quota"), 8, &["552 \"quota\""]);
    fails("550 late", last("550 gone"), 8, &["550 \"gone\""]);
    fails("200", last("200 fine"), 10, &["200 \"fine\""]);
    fails("421 late", last("421 bye"), 3, &["bye"]);
    fails("no reply", script().always("RETR", Step::Final(Vec::new())), 10, &["unconfirmed"]);
    let stuck = script().always("RETR", Step::Final(b"226-and\r\n".to_vec()));
    fails("half a reply", stuck, 10, &["unconfirmed"]);
}

#[test]
fn without_a_size_a_cut_stream_is_a_failure_and_a_proper_end_is_not() {
    for at in [0, SIZE / 2, SIZE] {
        let script = sizeless().always_data("RETR", Data::Cut(at));
        fails("cut", script, 10, &["close_notify"]);
    }
    let scene = Scene::new(sizeless());
    let ran = scene.run("get a").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE), "{ran}");
    ran.never_says("warning");
}

#[test]
fn a_whole_file_on_a_stream_that_was_cut_is_a_success_with_a_warning() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let script = script().versions(versions).always_data("RETR", Data::Cut(SIZE));
        let scene = Scene::new(script);
        scene.run("get a").ok().stderr_has("warning").stderr_has("not closed properly");
        assert!(scene.read("a").unwrap() == noise(SIZE));
    }
}

#[test]
fn a_size_that_only_the_opening_reply_tells_is_compared_as_well() {
    let opening = b"150 Opening BINARY mode data connection for a (100000 bytes).\r\n".to_vec();
    let script = sizeless().always("RETR", Step::Opening(opening));
    fails("short", script.clone().data("RETR", Data::Short(1000)), 10, &["1000 bytes", "100000"]);
    Scene::new(script).run("get a").ok();
}

#[test]
fn a_transfer_that_does_not_begin_is_an_error_of_its_own() {
    let opening = |text: &str| script().always("RETR", Step::Opening(text.into()));
    fails("425", opening("425 no port\r\n"), 8, &["425 \"no port\"", "hint:"]);
    fails("450", opening("450 busy\r\n"), 8, &["busy"]);
    fails("550", opening("550 no\r\n"), 8, &["550"]);
    fails("421", opening("421 bye\r\n"), 3, &["bye"]);
    fails("530", opening("530 not you\r\n"), 8, &["not you"]);
    let cut = |step: Step| script().always("RETR", step);
    // The system completes the data connection; whether it is reset or hangs is the moment's.
    for step in [Step::Close(b"150 here\r\n".to_vec()), Step::Reset(b"150 here\r\n".to_vec())] {
        let ran = Scene::new(cut(step)).hurried("get a");
        assert!(matches!(ran.status, 3 | 4) && ran.err().contains("data connection"), "{ran}");
    }
    fails("closed", cut(Step::Close(Vec::new())), 3, &["closed"]);
    fails("silent", cut(Step::Silence), 3, &["no reply"]);
}

#[test]
fn a_stall_ends_at_the_deadline_wherever_it_is() {
    for (case, data) in [
        ("never accepted", Data::NeverAccept),
        ("no handshake", Data::NoHandshake),
        ("before the first byte", Data::Stall(0)),
        ("in the middle", Data::Stall(SIZE / 2)),
        ("after the last byte", Data::Stall(SIZE)),
    ] {
        let scene = Scene::new(script().always_data("RETR", data.clone()));
        let started = Instant::now();
        let ran = scene.hurried("get a");
        assert!(matches!(ran.status, 3 | 8 | 10), "{case}\n{ran}");
        assert!(started.elapsed() < Duration::from_secs(4), "{case}\n{ran}");
        assert!(scene.whole_files().is_empty(), "{case}");
    }
    let scene = Scene::new(script().always_data("STOR", Data::Stall(1000)));
    scene.write("up", noise(20_000_000));
    let started = Instant::now();
    scene.hurried("put up").status(3).stderr_has("stalled");
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_slow_transfer_is_not_a_stalled_one() {
    let script = Script::new().file("/a", noise(60));
    let scene = Scene::new(script.always_data("RETR", Data::Trickle(Duration::from_millis(25))));
    // Three times the deadline in all, and never a tenth of it without a byte.
    scene.hurried("get a").ok();
    assert_eq!(scene.read("a").unwrap(), noise(60));
}

#[test]
fn an_endless_body_is_not_waited_for_beyond_the_size() {
    let scene = Scene::new(script().always_data("RETR", Data::Endless(vec![b'x'; 65536])));
    let started = Instant::now();
    let ran = scene.call().args(["-c", "get a"]).timeout(Duration::from_secs(10)).run();
    assert_eq!(ran.status, 10, "{ran}");
    assert!(started.elapsed() < Duration::from_secs(5));
    let partial = std::fs::read_dir(&scene.dest).unwrap().map(|e| e.unwrap().metadata().unwrap());
    assert!(partial.map(|metadata| metadata.len()).sum::<u64>() < 16 << 20);
}

#[test]
fn data_from_a_server_with_another_certificate_is_refused_before_a_byte_moves() {
    let other = Certificate::make("localhost").unwrap();
    for backend in ["openssl", "native-tls"] {
        let script = script()
            .always_data("RETR", Data::Certificate(other.clone()))
            .always_data("STOR", Data::Certificate(other.clone()));
        let scene = Scene::new(script);
        scene.write("up", noise(SIZE));
        let setting = format!("tls:backend={backend}");
        for command in ["get a", "put up"] {
            let call = scene.bare().args(["--insecure", "--password-env", "P", "--set", &setting]);
            let ran = call.env("P", &scene.liar.password).args(["-c", command]).run();
            let ran = ran.status(4).stderr_has("another certificate than the control connection");
            ran.stderr_has("data connection");
        }
        assert_eq!(scene.whole_files(), ["up"]);
        assert!(scene.liar.content("/up").is_none_or(|content| content.is_empty()), "{backend}");
    }
}

#[test]
fn after_a_failed_data_handshake_the_late_reply_answers_nothing_else() {
    let garbage = Data::Garbage(b"SSH-2.0-OpenSSH\r\n".to_vec());
    let scene = Scene::new(script().data("RETR", garbage));
    // However often it tries again: the 425 is the failed transfer's, and nothing else's.
    let ran = scene.call().args(["-k", "-c", "get a; get b"]).run();
    assert!(ran.err().contains("no TLS on the data connection"), "the 425's own words\n{ran}");
    assert_eq!(scene.read("b").as_deref(), Some(&b"next"[..]), "{ran}");
}

#[test]
fn where_sessions_must_be_resumed_the_platforms_tls_says_so_and_how_to_continue() {
    let scene = Scene::new(script().needs_resumption());
    scene.write("up", "x");
    for command in ["get a", "put up"] {
        let call = scene.call().args(["--set", "tls:backend=native-tls", "-c", command]);
        let ran = call.run().status(4).stderr_has("session reuse").stderr_has("hint:");
        ran.stderr_has("tls:backend openssl");
        assert_eq!(scene.whole_files(), ["up"]);
    }
    scene.run("get a; put up").ok();
    assert!(scene.read("a").unwrap() == noise(SIZE));
    // ProFTPD says it in other words, and for an upload only after the data.
    let vague = "425 Unable to build data connection: Operation not permitted";
    let script = script().always("STOR", Step::last(vague)).always("RETR", Step::last(vague));
    let scene = Scene::new(script);
    scene.write("up", "x");
    for command in ["get a", "put up"] {
        let call = scene.call().args(["--set", "tls:backend=native-tls", "-c", command]);
        call.run().status(4).stderr_has("session reuse").stderr_has("tls:backend openssl");
        assert_eq!(scene.run(command).never_says("session reuse").status, 10, "{command}");
    }
}

#[test]
fn the_platforms_tls_works_where_nothing_must_be_resumed() {
    let scene = Scene::new(script());
    scene.write("up", noise(SIZE));
    let native = |commands: &str| {
        scene.call().args(["--set", "tls:backend=native-tls", "-c", commands]).run()
    };
    native("get a; put up; get a -o c").ok();
    assert!(scene.read("c").unwrap() == noise(SIZE));
    assert!(scene.liar.content("/up").unwrap() == noise(SIZE));
    // It cannot tell a cut from an end: the size can, and without one it says so.
    let scene = Scene::new(script().always_data("RETR", Data::Cut(1000)));
    let call = scene.call().args(["--set", "tls:backend=native-tls", "-c", "get a"]);
    call.run().status(10).stderr_has("1000 bytes");
    let scene = Scene::new(sizeless());
    let call = scene.call().args(["--set", "tls:backend=native-tls", "-c", "get a"]);
    call.run().ok().stderr_has("unverified");
}

#[test]
fn cancelled_and_failed_transfers_are_not_ended_as_if_they_were_whole() {
    // The client may end its stream with close_notify only when all of a file was sent.
    let scene = Scene::new(script().always_data("STOR", Data::Stall(1000)));
    scene.write("up", noise(20_000_000));
    scene.hurried("put up").status(3);
    let clean = |event: &Event| matches!(event, Event::DataEnded { clean: true, .. });
    assert_eq!(scene.liar.wire.count(clean), 0);
}
