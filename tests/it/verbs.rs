//! Servers that lack a command, and data connections that a server names wrongly.

use std::io::ErrorKind;
use std::net::TcpListener;
use support::closed_port::ClosedPort;
use support::liar::{Script, Step};
use support::scene::{Scene, noise};

fn script() -> Script {
    Script::new().file("/a", noise(300_000))
}

/// What a server may lack: each of them, and then as little as a server of 1985 knows.
fn lacking() -> Vec<Vec<&'static str>> {
    let all = [
        "EPSV", "PASV", "SIZE", "MDTM", "MLST", "MLSD", "REST", "FEAT", "UTF8", "OPTS", "SYST",
        "MFMT", "TVFS", "PWD", "NOOP", "QUIT",
    ];
    let mut cases: Vec<_> = all.iter().map(|verb| vec![*verb]).collect();
    cases.push(all.into_iter().filter(|verb| *verb != "PASV").collect());
    cases
}

fn without(script: Script, missing: &[&str]) -> Scene {
    Scene::new(missing.iter().fold(script, |script, verb| script.without(verb)))
}

#[test]
fn get_and_put_work_without_each_optional_command() {
    for missing in lacking() {
        let scene = without(script(), &missing);
        scene.write("up", noise(200_000));
        scene.run("get a; put up; get a -o again").ok();
        assert!(scene.read("a").unwrap() == noise(300_000), "{missing:?}");
        assert!(scene.read("again").unwrap() == noise(300_000), "{missing:?}");
        assert!(scene.liar.content("/up").unwrap() == noise(200_000), "{missing:?}");
    }
}

#[test]
fn ls_and_mirror_work_without_each_optional_command() {
    let script = || Script::new().file("/t/a", noise(3000)).file("/t/d/b c", "x").dir("/t/empty");
    for missing in lacking() {
        let scene = without(script(), &missing);
        let ran = scene.run("ls -1 t; mirror t here; mirror -R here there").ok();
        assert_eq!(ran.out(), "a\nd\nempty\n", "{missing:?}\n{ran}");
        assert!(scene.read("here/a").unwrap() == noise(3000), "{missing:?}\n{ran}");
        assert_eq!(scene.read("here/d/b c").unwrap(), b"x", "{missing:?}\n{ran}");
        assert!(scene.path("here/empty").is_dir(), "{missing:?}\n{ran}");
        assert!(scene.liar.content("/there/a").unwrap() == noise(3000), "{missing:?}\n{ran}");
        assert_eq!(scene.liar.content("/there/d/b c").unwrap(), b"x", "{missing:?}\n{ran}");
        // Once more: nothing is carried that is there, unless there was no time to tell it by.
        let before = scene.liar.wire.lines("RETR").len();
        scene.run("mirror t here").ok();
        assert_eq!(scene.liar.wire.lines("RETR").len(), before, "{missing:?}");
    }
}

#[test]
fn what_cannot_be_had_without_a_command_is_said() {
    for (missing, commands, status, said) in [
        (["EPSV", "PASV"].as_slice(), "get a", 8, "PASV: the server does not know"),
        (&["REST"], "get a; get -c a", 0, ""),
        (&["MLSD", "MLST"], "set ftp:list mlsd; reconnect; ls", 8, "`set ftp:list auto`"),
        (&["UTF8"], "quote OPTS UTF8 ON", 0, ""),
        (&["MFMT", "MDTM", "SITE"], "touch a", 8, "time"),
    ] {
        let scene = without(script(), missing);
        let ran = scene.run(commands).status(status);
        assert!(ran.err().contains(said), "{missing:?}\n{ran}");
    }
}

#[test]
fn the_modification_time_is_set_by_whatever_the_server_takes() {
    for (missing, verb) in [("", "MFMT"), ("MFMT", "MDTM")] {
        let scene = Scene::new(script().without(missing));
        scene.write("up", "x");
        let time =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let file = std::fs::File::options().write(true).open(scene.path("up")).unwrap();
        file.set_modified(time).unwrap();
        scene.run("put up").ok();
        let lines = scene.liar.wire.lines(verb);
        assert!(lines.iter().any(|line| line.contains("20010909014640")), "{verb}: {lines:?}");
    }
}

#[test]
fn a_closed_extended_passive_port_is_followed_by_pasv_once() {
    let closed = ClosedPort::new();
    let reply = format!("229 ok (|||{}|)", closed.port());
    let script = script().always("EPSV", Step::reply(reply));
    let scene = Scene::new(script);
    scene.run("get a; get a -o b").ok();
    assert!(scene.read("b").unwrap() == noise(300_000));
    assert_eq!(scene.liar.wire.lines("EPSV").len(), 1, "what works is used from then on");
    assert_eq!(scene.liar.wire.lines("PASV").len(), 2);
    assert_eq!(scene.liar.wire.lines("RETR").len(), 2, "nothing was asked for twice");
}

#[test]
fn unusable_extended_passive_replies_are_followed_by_pasv() {
    for reply in [
        "229 ok (|||0|)",
        "229 ok (|||65536|)",
        "229 ok (|||-1|)",
        "229 ok (|||x|)",
        "229 ok",
        "500 what?",
        "522 address family",
        "425 no port",
    ] {
        let scene = Scene::new(script().always("EPSV", Step::reply(reply)));
        scene.run("get a").ok();
        assert_eq!(scene.liar.wire.lines("PASV").len(), 1, "{reply}");
    }
}

#[test]
fn the_address_in_a_passive_reply_is_not_connected_to() {
    // One port on two addresses: only the control connection's may be dialled.
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = own.local_addr().unwrap().port();
    let foreign = TcpListener::bind(("127.9.9.9", port)).unwrap();
    foreign.set_nonblocking(true).unwrap();
    let (high, low) = (port >> 8, port & 255);
    let script = script()
        .without("EPSV")
        .on("PASV", Step::reply(format!("227 ok (127,9,9,9,{high},{low})")));
    let scene = Scene::new(script);
    let ran = scene.hurried("get a");
    assert!(ran.status != 0, "{ran}");
    own.set_nonblocking(true).unwrap();
    own.accept().expect("the control connection's address was dialled");
    assert_eq!(foreign.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_foreign_address_does_no_harm_where_the_port_is_right() {
    // 192.0.2.1 (RFC 5737) routes nowhere: a server behind NAT that tells its inner address.
    let closed = ClosedPort::new();
    let port = closed.port();
    let reply = format!("227 ok (192,0,2,1,{},{})", port >> 8, port & 255);
    let scene = Scene::new(script().without("EPSV").on("PASV", Step::reply(reply)));
    let started = std::time::Instant::now();
    scene.hurried("get a").status(3).stderr_has(&format!("port {port}"));
    assert!(started.elapsed().as_millis() < 2000, "the closed port was found at once");
}

#[test]
fn passive_replies_without_a_usable_port_are_errors_and_nothing_is_fetched() {
    for reply in [
        "227 ok (127,0,0,1,0,0)",
        "227 ok (127,0,0,1,256,1)",
        "227 ok (127,0,0,1,1)",
        "227 ok (127,0,0,1,-1,5)",
        "227 ok",
        "421 bye",
        "550 no",
    ] {
        let scene = Scene::new(script().without("EPSV").always("PASV", Step::reply(reply)));
        let ran = scene.hurried("get a");
        assert!(ran.status != 0, "{reply}\n{ran}");
        assert!(!scene.liar.wire.has("RETR"), "{reply}\n{ran}");
        assert!(scene.tree().iter().all(|path| path == "dest"), "{reply}: {:?}", scene.tree());
    }
}

#[test]
fn a_server_that_refuses_the_binary_type_is_not_transferred_with() {
    let scene = Scene::new(script().always("TYPE", Step::reply("504 only ASCII")));
    scene.run("get a").status(8).stderr_has("only ASCII");
    assert!(!scene.liar.wire.has("RETR"));
}

#[test]
fn the_binary_type_is_set_after_every_login_and_bytes_are_not_touched() {
    let text = b"a\nb\r\nc\rd\0\xff\xfe\n\n";
    let scene = Scene::new(Script::new().file("/text.txt", text));
    scene.write("up.txt", text);
    scene.run("get text.txt; put up.txt").ok();
    assert_eq!(scene.read("text.txt").unwrap(), text);
    assert_eq!(scene.liar.content("/up.txt").unwrap(), text);
    assert_eq!(scene.liar.wire.lines("TYPE"), ["TYPE I"]);
    scene.run("get --overwrite=yes text.txt").ok();
    assert_eq!(scene.liar.wire.lines("TYPE"), ["TYPE I"; 2]);
}

#[test]
fn what_must_never_be_sent_is_not_sent() {
    let scene = Scene::new(script());
    scene.write("up", noise(1000));
    scene.run("get a; put up").ok();
    for verb in ["CCC", "CDC", "MODE", "ABOR", "PORT", "EPRT"] {
        assert!(!scene.liar.wire.has(verb), "{verb}");
    }
    assert_eq!(scene.liar.wire.lines("PROT"), ["PROT P"]);
}
