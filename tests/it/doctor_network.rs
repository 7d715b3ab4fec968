//! `doctor` on addresses and TLS: both families, both ways to begin TLS, its versions old and new.

use crate::doctor::{script, shows, trusting};
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};
use support::closed_port::ClosedPort;
use support::liar::{Event, Step, Versions};
use support::scene::Scene;

#[test]
fn the_other_way_to_begin_tls_is_found_and_named() {
    let scene = Scene::new(script().implicit());
    let wrong = scene.liar.url().replace("ftps://", "ftp://");
    let call = scene.bare_unaddressed().args(["--set", "net:timeout=500ms", "--json"]);
    let ran = call.args(["doctor", &wrong]).run().status(3);
    shows(
        &ran,
        "greeting",
        "bad",
        &["from the first byte", &format!("ftps://{}", scene.liar.addr)],
    );
    let scene = Scene::new(script());
    let wrong = scene.liar.url().replace("ftpes://", "ftps://");
    let ran = scene.bare_unaddressed().args(["--json", "doctor", &wrong]).run().status(4);
    shows(&ran, "tls", "bad", &["AUTH TLS is expected", &format!("ftp://{}", scene.liar.addr)]);
}

#[test]
fn old_tls_is_named_and_a_single_version_is_a_note() {
    for script in [script(), script().implicit()] {
        let scene = Scene::new(script.versions(Versions::Tls11));
        let begun = Instant::now();
        let call = scene.bare_unaddressed().args(["--json", "doctor", &scene.liar.url()]);
        let ran = call.run().status(4);
        shows(&ran, "tls", "bad", &["TLS 1.2"]);
        // It has answered in TLS: no greeting in clear text is waited for.
        assert!(begun.elapsed() < Duration::from_secs(10), "{ran}");
    }
    // Its alert shows that it speaks TLS from the first byte.
    let scene = Scene::new(script().implicit().versions(Versions::Tls11));
    let wrong = scene.liar.url().replace("ftps://", "ftp://");
    let call = scene.bare_unaddressed().args(["--set", "net:timeout=500ms", "--json"]);
    let ran = call.args(["doctor", &wrong]).run().status(3);
    shows(&ran, "greeting", "bad", &["from the first byte"]);
    for (versions, missing) in [(Versions::Tls12, "tls 1.3"), (Versions::Tls13, "tls 1.2")] {
        let scene = Scene::new(script().versions(versions));
        shows(&trusting(&scene, &["--json"]).ok(), missing, "note", &["not offered"]);
    }
}

#[test]
fn tls_before_1_2_is_looked_for_and_told_with_the_setting_against_it() {
    for (greeting, setting) in [
        ("220 (vsFTPd 3.0.5)", "vsftpd: `ssl_ciphers=TLSv1.2+HIGH:!aNULL`"),
        ("220 ProFTPD Server", "ProFTPD: `TLSProtocol TLSv1.2 TLSv1.3`"),
        ("220 hello", "allow TLS 1.2 and TLS 1.3 only"),
    ] {
        let script = script().versions(Versions::All).greeting(Step::reply(greeting));
        let scene = Scene::new(script.clone());
        let ran = trusting(&scene, &["--json"]).ok();
        shows(&ran, "tls 1.0, 1.1", "note", &["TLS 1.0 (", "TLS 1.1 (", "RFC 8996", setting]);
        shows(&ran, "tls", "ok", &["TLSv1.3"]);
        // Nothing at all is sent on those two connections.
        let events = scene.liar.wire.events();
        let mute = events.iter().filter_map(|event| match event {
            Event::Secured { session, .. } => Some(*session),
            _ => None,
        });
        let said = |of: usize| {
            let is = |event: &Event| matches!(event, Event::Line { session, tls: true, .. } if *session == of);
            events.iter().any(is)
        };
        assert_eq!(mute.filter(|session| !said(*session)).count(), 2, "{ran}");
    }
    for versions in [Versions::Both, Versions::Tls12, Versions::Tls13] {
        let scene = Scene::new(script().versions(versions));
        shows(&trusting(&scene, &["--json"]).ok(), "tls 1.0, 1.1", "ok", &["not offered"]);
    }
}

#[test]
fn a_server_on_ipv6_is_examined_as_one_on_ipv4() {
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    for script in [script(), script().implicit()] {
        let scene = Scene::new(script.ipv6());
        let ran = trusting(&scene, &["--json", "--write"]).ok();
        shows(&ran, "dns", "ok", &["an address"]);
        shows(&ran, "tcp ipv6", "ok", &["[::1]:", "answers in"]);
        shows(&ran, "epsv", "ok", &["resumed"]);
        shows(&ran, "pasv", "skip", &["IPv4 only"]);
        shows(&ran, "download", "ok", &[]);
        assert!(!ran.out().contains("tcp ipv4"), "{ran}");
        assert!(scene.liar.wire.lines("PASV").is_empty(), "{ran}");
    }
    let closed = ClosedPort::on(Ipv6Addr::LOCALHOST.into());
    let scene = Scene::new(script());
    let call = scene.bare_unaddressed().args(["--json", "doctor", &closed.addr.to_string()]);
    let ran = call.run().status(3);
    shows(&ran, "tcp ipv6", "bad", &["connection refused", "the server is down"]);
}

#[test]
fn without_write_the_clock_is_what_the_greeting_tells_of_it() {
    let ran = trusting(&Scene::new(script()), &["--json"]).ok();
    shows(&ran, "clock", "skip", &["needs `--write`"]);
    for (ahead, mark, words) in [(0, "ok", "is right"), (5, "note", "ahead")] {
        let there = chrono::Utc::now() + chrono::TimeDelta::minutes(ahead + 330);
        let greeting =
            format!("220 Welcome to Pure-FTPd. Local time is now {}.", there.format("%H:%M"));
        let scene = Scene::new(script().greeting(Step::reply(greeting)));

        shows(&trusting(&scene, &["--json"]).ok(), "clock", mark, &[words]);
    }
}
