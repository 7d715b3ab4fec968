//! Servers and others on the way that never stop talking: a deadline and Ctrl-C hold also for a
//! client whose reads never wait, and its memory does not grow.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::liar::{Data, Record, Script, Step, Versions};
use support::program::wait;
use support::proxy::{Manner, Proxy};
use support::scene::Scene;

/// A request to renegotiate as a record in clear text (RFC 5246 section 7.4.1.1).
const HELLO_REQUEST: [u8; 9] = [22, 3, 3, 0, 4, 0, 0, 0, 0];

fn script() -> Script {
    Script::new().file("/a", "hello").file("/d/b", "below")
}

/// What a server does without end, and when; the event that it has begun; and the command.
fn cases() -> Vec<(String, Script, &'static str)> {
    let mut cases = Vec::new();
    let records = [
        (Record::Ticket, Versions::Tls13),
        (Record::KeyUpdate, Versions::Tls13),
        (Record::HelloRequest, Versions::Tls12),
    ];
    for (record, versions) in records {
        let script = || script().versions(versions);
        for verb in ["MLST", "RETR", "QUIT"] {
            let script = script().always(verb, Step::EndlessRecords(record));
            cases.push((format!("{record:?} for a reply to {verb}"), script, "get a"));
        }
        let listing = script().always_data("MLSD", Data::EndlessRecords(record));
        cases.push((format!("{record:?} in a listing"), listing, "ls"));
        let file = script().always_data("RETR", Data::EndlessRecords(record));
        cases.push((format!("{record:?} in a file"), file, "get a"));
        let greeting = script().implicit().greeting(Step::EndlessRecords(record));
        cases.push((format!("{record:?} for a greeting"), greeting, "get a"));
    }
    let data = script().always_data("RETR", Data::EndlessGarbage(HELLO_REQUEST.repeat(1000)));
    cases.push(("HelloRequest for a data handshake".into(), data, "get a"));
    cases
}

#[test]
fn tls_records_without_payload_end_by_their_deadline_with_little_memory() {
    for (case, script, command) in cases() {
        let all = ["openssl", "native-tls"];
        // Both have the same socket below.
        let backends = if case.contains("in a file") { &all[..] } else { &all[..1] };
        for backend in backends {
            let scene = Scene::new(script.clone());
            let started = Instant::now();
            let ran = scene
                .call()
                .args(["--set", "net:timeout=500ms", "--set", "net:max-retries=0"])
                .args(["--set", &format!("tls:backend={backend}"), "-c", command])
                .timeout(Duration::from_secs(10))
                .run()
                .within_mib(64);
            let quits = case.contains("QUIT");
            assert!(matches!(ran.status, 3 | 4 | 8 | 10) || quits, "{case}, {backend}\n{ran}");
            let took = started.elapsed();
            assert!(took < Duration::from_secs(4), "{case}, {backend}: {took:?}");
            assert!(scene.whole_files().is_empty() || quits, "{case}, {backend}");
        }
    }
}

#[test]
fn one_interrupt_ends_a_client_that_is_sent_data_endlessly() {
    for (case, script, command) in cases() {
        let scene = Scene::new(script);
        let call = scene.call().args(["--set", "net:timeout=60s", "-c", command]);
        interrupt(call.command(), &case, || {
            // All that it waits for has begun when it does nothing but read.
            scene.liar.wire.wait_until(|events| !events.is_empty());
        });
    }
}

/// Interrupts the program once it has spent some processor time on nothing.
fn interrupt(mut command: std::process::Command, case: &str, begun: impl Fn()) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    begun();
    let stat = format!("/proc/{}/stat", child.id());
    let busy = || {
        let stat = std::fs::read_to_string(&stat).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        ticks(11) + ticks(12)
    };
    let deadline = Instant::now() + Duration::from_secs(3);
    while busy() < 20 && Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let sent = Instant::now();
    if child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    }
    let ended = wait(&mut child, Duration::from_secs(5));
    let took = sent.elapsed();
    assert!(matches!(ended, 130 | 0), "{case}: {ended}");
    // The server that floods it takes a processor as well, and other tests run beside it.
    assert!(took < Duration::from_millis(2500), "{case}: {took:?}");
}

#[test]
fn preliminary_replies_without_end_end_by_their_deadline_with_little_memory() {
    let wait = || Step::Endless(b"120 wait\r\n".repeat(1000));
    let mut cases = vec![
        ("greeting", script().greeting(wait())),
        ("implicit greeting", script().implicit().greeting(wait())),
        ("AUTH", script().always("AUTH", wait())),
    ];
    for verb in ["PBSZ", "USER", "PASS", "FEAT", "MLST", "EPSV"] {
        cases.push((verb, script().always(verb, wait())));
    }
    for (case, script) in cases {
        let scene = Scene::new(script);
        let started = Instant::now();
        let ran = scene
            .call()
            .args(["--set", "net:timeout=60s", "--set", "net:max-retries=0", "-vv"])
            .args(["-c", "get a"])
            .run()
            .within_mib(64)
            .status(3);
        assert!(started.elapsed() < Duration::from_secs(4), "{case}");
        assert!(ran.err().contains("more than 64 preliminary replies"), "{case}\n{ran}");
    }
}

#[test]
fn what_comes_after_our_close_notify_is_not_read_for_ever() {
    let scene = Scene::new(script().always_data("STOR", Data::Endless(vec![b'x'; 16_000])));
    scene.write("up", "content");
    let started = Instant::now();
    scene.run("put up").within_mib(64);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

/// A server that answers the first bytes of a handshake with requests to begin one.
fn hello_requests_before_tls() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&tcp);
            let _ = (&tcp).write_all(b"220 hello\r\n");
            let _ = lines.read_line(&mut String::new());
            let _ = (&tcp).write_all(b"234 go\r\n");
            let _ = lines.read(&mut [0; 4096]);
            while (&tcp).write_all(&HELLO_REQUEST.repeat(1000)).is_ok() {}
        }
    });
    port
}

#[test]
fn a_handshake_that_never_begins_ends_by_its_deadline() {
    let scene = Scene::new(script());
    let url = format!("ftp://x@127.0.0.1:{}", hello_requests_before_tls());
    for backend in ["openssl", "native-tls"] {
        let started = Instant::now();
        let call = || {
            let backend = format!("tls:backend={backend}");
            scene.unconnected().args(["--set", "net:max-retries=0", "--set", &backend, &url])
        };
        let ran = call().args(["--set", "net:timeout=500ms", "-c", "ls"]).run().within_mib(64);
        assert!(matches!(ran.status, 3 | 4), "{backend}\n{ran}");
        assert!(started.elapsed() < Duration::from_secs(3), "{backend}");
        let call = call().args(["--set", "net:timeout=60s", "-c", "ls"]);
        interrupt(call.command(), backend, || ());
    }
    let started = Instant::now();
    let doctor = scene.bare_unaddressed().args(["--set", "net:timeout=500ms"]);
    doctor.args(["doctor", &url]).run().within_mib(64);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_proxy_that_never_stops_talking_is_left_by_its_deadline() {
    for (scheme, words) in [("http", &b"HTTP/1.1 100 wait\r\n\r\n"[..]), ("socks5", b"\x05\x02")] {
        let proxy = Proxy::start(Manner::Endless(words));
        let scene = Scene::new(script());
        let started = Instant::now();
        let setting = format!("net:proxy={scheme}://{}", proxy.addr);
        let call = scene.call().args(["--set", &setting, "--set", "net:timeout=500ms"]);
        let ran = call.args(["--set", "net:max-retries=0", "-c", "ls"]).run().within_mib(64);
        assert_eq!(ran.status, 3, "{scheme}\n{ran}");
        assert!(started.elapsed() < Duration::from_secs(3), "{scheme}");
    }
}
