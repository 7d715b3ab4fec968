//! The handshake of a data connection, and what the control connection says meanwhile: servers
//! that handshake before they reply, reply before they handshake, or close without either.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::liar::{Data, Event, Script, Step, Versions};
use support::program::Ran;
use support::scene::{Scene, noise};

const SIZE: usize = 100_000;

/// What takes longer waits for something that never comes: the deadline for a reply is five
/// seconds.
const SOON: Duration = Duration::from_secs(3);

fn script() -> Script {
    Script::new().file("/a", noise(SIZE)).file("/empty", "").dir("/nothing")
}

/// Runs commands, which must not wait for what never comes.
#[track_caller]
fn soon(scene: &Scene, commands: &str) -> Ran {
    let begun = Instant::now();
    let ran = scene.call().args(["-k", "-c", commands]).run();
    assert!(begun.elapsed() < SOON, "{:?}\n{ran}", begun.elapsed());
    ran
}

fn logins(scene: &Scene) -> usize {
    scene.liar.wire.lines("USER").len()
}

#[test]
fn a_server_that_handshakes_before_it_replies_is_served() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        for backend in ["openssl", "native-tls"] {
            let scene = Scene::new(script().handshake_first().versions(versions));
            scene.write("up", noise(SIZE));
            let setting = format!("tls:backend={backend}");
            let commands = "ls; get a; get empty; put up; mirror . all; mirror -R all again";
            let call = scene.bare().args(["--insecure", "--password-env", "P", "--set", &setting]);
            let ran = call.env("P", &scene.liar.password).args(["-c", commands]).run().ok();
            assert_eq!(scene.read("a").unwrap(), noise(SIZE), "{ran}");
            assert_eq!(scene.liar.content("/again/up").unwrap(), noise(SIZE), "{ran}");
            ran.never_says("(425");
        }
    }
    let scene = Scene::new(script().handshake_first());
    let ran = scene.unconnected().args(["doctor", &scene.liar.url()]).run().ok();
    ran.never_says("(425");
}

#[test]
fn no_byte_of_an_upload_is_sent_before_the_command_is_accepted() {
    let refused = Step::Opening(b"553 not here\r\n".to_vec());
    let scene = Scene::new(script().handshake_first().always("STOR", refused));
    scene.write("up", noise(SIZE));
    soon(&scene, "put up").status(8).stderr_has("553");
    assert!(scene.liar.content("/up").is_none());
    let ended = |event: &Event| matches!(event, Event::DataEnded { bytes: 1.., .. });
    assert_eq!(scene.liar.wire.count(ended), 0);
    // Nor to a server that is not the one of the control connection.
    let other = Certificate::make("localhost").unwrap();
    let scene = Scene::new(
        script()
            .handshake_first()
            .always_data("STOR", Data::Certificate(other.clone()))
            .always_data("RETR", Data::Certificate(other)),
    );
    scene.write("up", noise(SIZE));
    let ran = soon(&scene, "put up; get a").status(4);
    ran.stderr_has("another certificate than the control connection");
    assert!(scene.liar.content("/up").is_none_or(|content| content.is_empty()));
    assert_eq!(scene.whole_files(), ["up"]);
}

#[test]
fn a_refusal_ends_the_wait_for_a_handshake_at_once() {
    // The system completes the connection, and nobody reads what is sent there.
    for (reply, status) in [
        ("550 no such directory", 8),
        ("150 go on\r\n550 no such directory", 8),
        ("450 error during transfer", 8),
        ("150 go on\r\n425 no data connection", 8),
    ] {
        let step = Step::reply(reply);
        let scene = Scene::new(
            script().always("STOR", step.clone()).always("RETR", step.clone()).always("MLSD", step),
        );
        scene.write("up", noise(SIZE));
        for command in ["put up", "get a", "ls"] {
            let ran = soon(&scene, &format!("{command}; pwd")).status(status).stdout_has("/");
            let code = reply.lines().last().unwrap().split(' ').next().unwrap();
            let ran = ran.stderr_has(code);
            ran.never_says("handshake");
        }
        assert_eq!(logins(&scene), 3, "{reply}: the connection is in step after a refusal");
    }
}

#[test]
fn a_lost_control_connection_ends_the_wait_for_a_handshake_at_once() {
    for step in [Step::Close(b"150 go on\r\n".to_vec()), Step::Reset(Vec::new())] {
        let scene = Scene::new(script().on("RETR", step));
        soon(&scene, "get a").ok();
        assert_eq!(scene.read("a").unwrap(), noise(SIZE));
        assert_eq!(logins(&scene), 2);
    }
}

#[test]
fn an_upload_is_over_with_its_completion_reply() {
    let scene = Scene::new(script().always_data("STOR", Data::KeepOpen(usize::MAX)));
    for name in ["b", "c", "d"] {
        scene.write(name, noise(SIZE));
    }
    let ran = soon(&scene, "put b c d").ok();
    assert_eq!(scene.liar.content("/d").unwrap(), noise(SIZE), "{ran}");
    assert_eq!(logins(&scene), 1, "{ran}");
}

#[test]
fn a_failure_reported_in_the_middle_of_a_transfer_ends_it() {
    let full = Step::last("552 disk full");
    let scene = Scene::new(
        script()
            .file("/big", noise(4 << 20))
            .always("STOR", full.clone())
            .always_data("STOR", Data::KeepOpen(1000))
            .always("RETR", Step::last("551 read error"))
            .always_data("RETR", Data::KeepOpen(1000)),
    );
    scene.write("up", noise(16 << 20));
    soon(&scene, "put up").status(8).stderr_has("552 \"disk full\"");
    soon(&scene, "get big").status(8).stderr_has("551 \"read error\"");
}

#[test]
fn a_failure_that_is_read_together_with_the_preliminary_reply_ends_the_transfer() {
    let both = Step::Opening(b"150 here\r\n551 read error\r\n".to_vec());
    let script = script().handshake_first().file("/big", noise(4 << 20));
    let scene = Scene::new(script.always("RETR", both).always_data("RETR", Data::Stall(1000)));
    soon(&scene, "get big").status(8).stderr_has("551 \"read error\"");
}

#[test]
fn an_empty_file_whose_connection_is_closed_without_a_handshake_is_complete_by_its_size() {
    let closed = |script: Script| script.always_data("RETR", Data::CloseUnsecured);
    let scene = Scene::new(closed(script()));
    let ran = soon(&scene, "get empty; pwd").ok().stderr_has("not closed properly");
    assert_eq!(scene.read("empty").unwrap(), b"", "{ran}");
    assert_eq!(logins(&scene), 1, "{ran}");
    // Nothing shows that a file of unknown size is empty.
    let scene = Scene::new(closed(script()).without("SIZE").without("MLST").without("MLSD"));
    let ran = soon(&scene, "get empty").status(10).stderr_has("before its TLS handshake");
    assert!(scene.whole_files().is_empty(), "{ran}");
    assert_eq!(scene.liar.wire.lines("RETR").len(), 1, "{ran}");
    // Nor is a file complete whose size is another one, or whose failure was reported.
    let scene = Scene::new(closed(script()));
    soon(&scene, "get a").status(10).stderr_has("100000");
    let scene = Scene::new(closed(script()).always("RETR", Step::last("426 broken")));
    soon(&scene, "get empty").status(8).stderr_has("426");
    assert!(scene.whole_files().is_empty());
}

#[test]
fn a_listing_whose_connection_is_closed_without_a_handshake_is_incomplete() {
    for verb in ["MLSD", "LIST"] {
        let closed = script().always_data(verb, Data::CloseUnsecured);
        let scene = Scene::new(if verb == "LIST" { closed.without("MLSD") } else { closed });
        std::fs::create_dir(scene.path("here")).unwrap();
        scene.write("here/kept", "precious");
        soon(&scene, "ls nothing").status(10).stderr_has("before its TLS handshake");
        let ran = soon(&scene, "mirror --delete --yes nothing here").status(10);
        assert_eq!(scene.read("here/kept").unwrap(), b"precious", "{ran}");
    }
}

#[test]
fn a_data_connection_is_begun_while_the_command_before_it_is_under_way() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (accepted, seen) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let told = Arc::clone(&seen);
    // The lock of a manifest is taken before the manifest is asked for.
    let wait = Step::change(move |_| {
        let until = Instant::now() + SOON;
        while Instant::now() < until && !accepted.load(Ordering::Relaxed) {
            accepted.store(listener.accept().is_ok(), Ordering::Relaxed);
        }
        told.store(accepted.load(Ordering::Relaxed), Ordering::Relaxed);
    });
    let reply = Step::reply(format!("229 ok (|||{port}|)"));
    let scene = Scene::new(Script::new().dir("/t").on("EPSV", reply).on("MKD", wait));
    std::fs::create_dir(scene.path("l")).unwrap();
    // What connects there is nobody's data: the mirror fails.
    scene.run("mirror -R --manifest l t");
    assert!(seen.load(Ordering::Relaxed));
    assert_eq!(scene.liar.wire.lines("MKD").len(), 2, "the connection was there after the first");
}
