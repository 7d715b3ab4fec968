//! `doctor` on a healthy server and on broken ones: what it sees, what it advises, its status,
//! and that it stores nothing, changes nothing, and tells a server that is not trusted no name.

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::certificate::{Certificate, DAY};
use support::closed_port::ClosedPort;
use support::liar::{Data, Event, Script, Step, Versions};
use support::program::{Ran, wait};
use support::scene::{PASSWORD, Scene};

pub fn script() -> Script {
    Script::new().file("/notes", "remember the milk\n")
}

/// Examines the scene's server with a deadline of a second, with these options.
pub fn doctor(scene: &Scene, options: &[&str]) -> Ran {
    scene
        .bare_unaddressed()
        .env(PASSWORD, &scene.liar.password)
        .args(["doctor", &scene.liar.url(), "--password-env", PASSWORD])
        .args(["--set", "net:timeout=1s"])
        .args(options)
        .run()
}

/// The same, of a server whose certificate is given.
pub fn trusting(scene: &Scene, options: &[&str]) -> Ran {
    let pin = ["--fingerprint", &scene.liar.fingerprint];
    doctor(scene, &[&pin[..], options].concat())
}

/// The object of one check.
#[track_caller]
fn check(ran: &Ran, name: &str) -> serde_json::Value {
    let found = ran.json_of("text").into_iter().find(|value| value["check"] == name);
    found.unwrap_or_else(|| panic!("a check {name} wanted\n{ran}"))
}

/// Fails unless the check has this mark, and these words in some field of it.
#[track_caller]
pub fn shows(ran: &Ran, name: &str, mark: &str, words: &[&str]) {
    let found = check(ran, name);
    assert_eq!(found["mark"], mark, "{name}\n{ran}");
    for words in words {
        assert!(found.to_string().contains(words), "{name}: {words:?} wanted\n{ran}");
    }
}

/// Fails if a name or a password was sent.
#[track_caller]
fn nothing_was_told(scene: &Scene) {
    let commands = scene.liar.wire.commands();
    let told = |line: &String| line.starts_with("USER") || line.starts_with("PASS");
    assert!(!commands.iter().any(told), "{commands:?}");
}

#[test]
fn a_healthy_server_passes_every_check_and_nothing_is_changed_or_stored() {
    for script in [script(), script().implicit(), script().needs_resumption()] {
        let scene = Scene::new(script);
        let ran = trusting(&scene, &["--json"]).ok();
        let checks = [
            "dns",
            "tcp ipv4",
            "greeting",
            "tls",
            "tls 1.2",
            "tls 1.3",
            "certificate",
            "names",
            "dates",
            "trust",
            "pbsz",
            "prot",
            "login",
            "features",
            "utf8",
            "epsv",
            "pasv",
            "mlsd",
            "close_notify",
            "size",
            "mdtm",
            "rest",
            "mfmt",
            "connections",
            "data connection",
            "resumption 1.2",
            "resumption 1.3",
            "session reuse",
        ];
        for name in checks {
            shows(&ran, name, "ok", &[]);
        }
        shows(&ran, "upload", "skip", &["--write"]);
        shows(&ran, "size", "ok", &["notes: 18 bytes"]);
        let changes = |line: &String| {
            let verb = line.split(' ').next().unwrap_or_default();
            ["STOR", "APPE", "MFMT", "DELE", "MKD", "RNFR", "SITE"].contains(&verb)
        };
        let commands = scene.liar.wire.commands();
        assert!(!commands.iter().any(changes), "{commands:?}");
        assert!(!scene.home.path().join("ftpsh/known_servers").exists());
        ran.never_says(&scene.liar.password);
    }
}

#[test]
fn in_words_it_is_a_table_and_says_what_is_demanded() {
    let scene = Scene::new(script().needs_resumption());
    let ran = trusting(&scene, &[]).ok();
    ran.stdout_has("\nok    epsv                port ").stdout_has("demanded: without it");
    let scene = Scene::new(script());
    trusting(&scene, &[]).ok().stdout_has("session reuse       not demanded");
}

#[test]
fn with_write_a_file_goes_up_and_down_and_away() {
    let scene = Scene::new(script());
    let ran = trusting(&scene, &["--json", "--write"]).ok();
    for name in ["upload", "times", "download", "remove"] {
        shows(&ran, name, "ok", &[]);
    }
    let wire = &scene.liar.wire;
    let (up, gone) = (wire.lines("STOR"), wire.lines("DELE"));
    assert_eq!((up.len(), gone.len()), (1, 1));
    assert_eq!(up[0].trim_start_matches("STOR "), gone[0].trim_start_matches("DELE "));
    // What cannot be stored is a failure, since it was asked for.
    let scene = Scene::new(script().always("STOR", Step::reply("553 no")));
    let ran = trusting(&scene, &["--json", "-w"]).status(8);
    shows(&ran, "upload", "bad", &["553", "allow this user to write"]);
}

#[test]
fn an_expired_certificate_is_shown_and_nothing_is_sent_to_the_server() {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let (begin, end) = (1_600_000_000, 1_600_000_000 + 90 * DAY);
    let expired = Certificate::sign("localhost", key, begin, end).unwrap();
    let scene = Scene::new(script().certificate(&expired));
    let ran = doctor(&scene, &["--json"]).status(5);
    shows(&ran, "dates", "bad", &["2020-09-13 to 2020-12-12", "expired", "renew"]);
    let add = format!("ftpsh trust add {} {}", scene.liar.addr, scene.liar.fingerprint);
    shows(&ran, "trust", "bad", &["it expired on 2020-12-12", &add, "no password is sent"]);
    shows(&ran, "login", "skip", &["not trusted"]);
    nothing_was_told(&scene);
    assert!(!scene.home.path().join("ftpsh/known_servers").exists());
    // Somebody who knows the certificate can go on with it.
    shows(&trusting(&scene, &["--json"]).ok(), "dates", "note", &["expired"]);
}

#[test]
fn a_changed_certificate_has_its_own_status_and_the_command_to_forget_it() {
    let scene = Scene::new(script());
    scene.call().args(["--trust", "accept-new", "-c", "pwd"]).run().ok();
    let trust = ["trust", "add", &scene.liar.addr.to_string(), &scene.liar.fingerprint];
    scene.bare_unaddressed().args(trust).run().ok();
    let told = scene.liar.wire.lines("USER").len();
    scene.liar.show(&Certificate::make("localhost").unwrap());
    let ran = doctor(&scene, &["--json", "--trust", "accept-new"]).status(6);
    shows(&ran, "trust", "bad", &["has changed", "ftpsh trust remove"]);
    assert_eq!(scene.liar.wire.lines("USER").len(), told);
}

#[test]
fn a_private_passive_address_is_a_note_since_the_peers_is_used() {
    let script = script().without("EPSV").passive_address(Ipv4Addr::new(10, 1, 2, 3));
    let scene = Scene::new(script.greeting(Step::reply("220 (vsFTPd 3.0.5)")));
    let ran = trusting(&scene, &["--json"]).ok();
    shows(&ran, "epsv", "note", &["500", "vsftpd: `pasv_enable=YES`"]);
    shows(&ran, "pasv", "note", &["10.1.2.3, a private address", "vsftpd: `pasv_address="]);
    shows(&ran, "data connection", "ok", &["resumed"]);
}

#[test]
fn blocked_data_ports_are_found_by_their_deadline_and_named() {
    let blocked = Blocked::new();
    let port = blocked.address.port();
    let passive = format!("227 ok (127,0,0,1,{},{})", port >> 8, port & 255);
    let script = script()
        .greeting(Step::reply("220 ProFTPD Server"))
        .always("EPSV", Step::reply(format!("229 ok (|||{port}|)")))
        .always("PASV", Step::reply(passive));
    let scene = Scene::new(script);
    let begun = Instant::now();
    let ran = trusting(&scene, &["--json"]).status(3);
    assert!(begun.elapsed() < Duration::from_secs(10), "{ran}");
    for name in ["epsv", "pasv"] {
        shows(&ran, name, "bad", &["no answer within 1 s", "firewall", "PassivePorts"]);
    }
    shows(&ran, "data connection", "bad", &["no passive port"]);
    shows(&ran, "close_notify", "skip", &[]);
    // A port that refuses is known at once, and as bad.
    let refused = script_with_closed_ports();
    let ran = trusting(&Scene::new(refused), &["--json"]).status(3);
    shows(&ran, "pasv", "bad", &["connection refused", "firewall"]);
}

fn script_with_closed_ports() -> Script {
    script()
        .always("EPSV", Step::reply("229 ok (|||1|)"))
        .always("PASV", Step::reply("227 ok (127,0,0,1,0,1)"))
}

#[test]
fn a_demand_for_session_reuse_is_reported_to_the_backend_that_cannot() {
    let scene = Scene::new(script().needs_resumption());
    let ran = trusting(&scene, &["--json", "--set", "tls:backend=native-tls"]).status(4);
    shows(&ran, "data connection", "bad", &["session reuse", "set tls:backend openssl"]);
    shows(&ran, "session reuse", "ok", &["demanded: without it"]);
    ran.stderr_has("hint: `set tls:backend openssl`");
}

#[test]
fn a_server_without_tls_is_distinguished_and_gets_no_name() {
    for (reply, greeting, setting) in [
        ("500 what?", "220 (vsFTPd 3.0.3)", "vsftpd: `ssl_enable=YES`"),
        ("502 no TLS", "220 ProFTPD Server", "ProFTPD: load mod_tls"),
        ("500 what?", "220-Welcome to Pure-FTPd\r\n220 hi", "Pure-FTPd: `TLS 1`"),
        ("504 no", "220-FileZilla Server 1.8.0\r\n220 hi", "FileZilla Server: Server listeners"),
        ("500 what?", "220 hello", "turn TLS on"),
    ] {
        let script = script().always("AUTH", Step::reply(reply)).greeting(Step::reply(greeting));
        let scene = Scene::new(script);
        let ran = doctor(&scene, &["--json"]).status(4);
        shows(&ran, "auth tls", "bad", &["does not offer TLS", setting, "clear text"]);
        nothing_was_told(&scene);
    }
}

#[test]
fn a_demand_for_a_client_certificate_is_explained() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let scene = Scene::new(script().wants_certificate().versions(versions));
        let ran = trusting(&scene, &["--json"]);
        let ran = ran.status(4).stderr_has("client certificate");
        ran.stderr_has("hint: ").stderr_has("tls:cert-file");
        nothing_was_told(&scene);
    }
}

#[test]
fn a_version_refused_for_the_lack_of_a_client_certificate_is_not_called_missing() {
    let scene = Scene::new(script().wants_certificate());
    let ran = trusting(&scene, &["--json"]).status(4);
    shows(&ran, "tls 1.2", "skip", &["without a client certificate"]);
    shows(&ran, "pbsz", "bad", &["wants a client certificate", "set tls:cert-file FILE"]);
    let scene = Scene::new(script().versions(Versions::Tls13));
    shows(&trusting(&scene, &["--json"]).ok(), "tls 1.2", "note", &["not offered"]);
}

#[test]
fn a_server_that_refuses_protection_fails_with_the_setting() {
    let script = script().greeting(Step::reply("220 (vsFTPd 3.0.5)"));
    let scene = Scene::new(script.always("PROT", Step::reply("536 not here")));
    let ran = trusting(&scene, &["--json"]).status(4);
    shows(&ran, "prot", "bad", &["536", "ssl_enable=YES", "not be protected"]);
    nothing_was_told(&scene);
}

#[test]
fn without_credentials_the_rest_is_left_out_and_a_refused_login_is_a_failure() {
    let scene = Scene::new(script());
    let pin = ["--fingerprint", &scene.liar.fingerprint];
    let call = scene.bare_unaddressed().args(pin).args(["--json", "doctor", &scene.liar.url()]);
    let ran = call.run().ok();
    shows(&ran, "login", "skip", &["no password", "--password-file"]);
    nothing_was_told(&scene);
    let scene = Scene::new(script().always("PASS", Step::reply("530 login incorrect")));
    let ran = trusting(&scene, &["--json"]).status(7);
    shows(&ran, "login", "bad", &["refused: \\\"login incorrect"]);
    assert_eq!(ran.json_of("error")[0]["reply"], "530 login incorrect", "{ran}");
}

#[test]
fn missing_features_and_limits_are_notes_with_a_remedy() {
    let script = script().without("MLSD").without("MLST").without("MFMT").without("REST");
    let scene = Scene::new(script.max_sessions(3));
    let ran = trusting(&scene, &["--json"]).ok();
    shows(&ran, "mlsd", "note", &["LIST"]);
    shows(&ran, "mfmt", "note", &[]);
    shows(&ran, "rest", "note", &["resumed"]);
    shows(&ran, "connections", "note", &["3 at a time", "set net:connection-limit 3"]);
}

#[test]
fn a_stream_without_close_notify_is_a_note() {
    let listing = "type=file;size=18;modify=20240102030405; notes\r\n";
    let script = script()
        .listing("MLSD", listing)
        .data("MLSD", Data::Cut(listing.len()))
        .data("LIST", Data::Cut(0));
    let ran = trusting(&Scene::new(script), &["--json"]).ok();
    shows(&ran, "close_notify", "note", &["without it"]);
}

#[test]
fn in_the_shell_it_examines_the_server_connected_to() {
    let scene = Scene::new(script());
    let ran = scene.call().args(["--json", "-c", "doctor; pwd"]).run().ok();
    shows(&ran, "login", "ok", &["as tester"]);
    shows(&ran, "data connection", "ok", &[]);
    let sessions = scene.liar.wire.count(|event| matches!(event, Event::Connected { .. }));
    assert!(sessions > 5, "{ran}");
}

#[test]
fn a_password_in_one_servers_url_is_not_sent_to_another() {
    let (here, there) = (Scene::new(script()), Scene::new(script()));
    let (name, secret) = (&here.liar.user, &here.liar.password);
    let url = format!("ftpes://{name}:{secret}@{}", here.liar.addr);
    let commands = format!("doctor {}", there.liar.url());
    let call = here.bare_unaddressed().args(["--insecure", "--json", "-c", &commands, &url]);
    let ran = call.run().ok();
    shows(&ran, "login", "skip", &["no password"]);
    nothing_was_told(&there);
    assert_eq!(here.liar.wire.lines("PASS").len(), 1);
}

#[test]
fn without_a_server_it_asks_for_one() {
    let scene = Scene::new(script());
    scene.bare_unaddressed().args(["-c", "doctor"]).run().status(2).stderr_has("which server");
}

#[test]
fn an_interrupt_ends_it_wherever_it_waits() {
    let phases = [
        ("PROT", script().always("PROT", Step::Silence)),
        ("PASV", script().always("PASV", Step::Silence)),
        ("LIST", script().always_data("LIST", Data::Stall(5))),
    ];
    for (verb, script) in phases {
        let scene = Scene::new(script);
        let options = ["--fingerprint", &scene.liar.fingerprint, "--password-env", PASSWORD];
        let call = scene.bare_unaddressed().env(PASSWORD, &scene.liar.password);
        let mut command = call.args(options).args(["doctor", &scene.liar.url()]).command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        scene.liar.wire.wait_for(verb, 1);
        let sent = Instant::now();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(5)), 130, "{verb}");
        assert!(sent.elapsed() < Duration::from_secs(2), "{verb}: {:?}", sent.elapsed());
    }
}

/// A port that answers nothing, as behind a firewall: its queue of connections is full.
struct Blocked {
    address: SocketAddr,
    _listener: Socket,
    _queued: Vec<TcpStream>,
}

impl Blocked {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let wait = Duration::from_millis(200);
        let queue = || TcpStream::connect_timeout(&address, wait);
        let queued = std::iter::from_fn(|| queue().ok()).take(16).collect();
        Self { address, _listener: listener, _queued: queued }
    }
}

#[test]
fn advice_recommends_nothing_that_was_just_tried_and_names_the_ports_that_were_seen() {
    let refused = Step::reply("425 Can't build data connection");
    let scene =
        Scene::new(script().always("EPSV", refused.clone()).always("PASV", refused.clone()));
    let ran = trusting(&scene, &[]);
    for tried in ["`doctor`", "ftp:mode", "net:connection-limit 1`"] {
        assert!(!ran.out().contains(tried) && !ran.err().contains(tried), "{tried}\n{ran}");
    }
    assert!(ran.out().contains("no passive port is free"), "{ran}");
    let scene = Scene::new(script().always("MLSD", refused.clone()).always("LIST", refused));
    let ran = trusting(&scene, &[]);
    assert!(ran.out().contains("a firewall may block the data ports"), "{ran}");
    for tried in ["`doctor`", "ftp:mode"] {
        assert!(!ran.out().contains(tried) && !ran.err().contains(tried), "{tried}\n{ran}");
    }
    // A port that nobody listens to.
    let closed = ClosedPort::new();
    let port = closed.port();
    let passive = Step::reply(format!("229 entering extended passive mode (|||{port}|)"));
    let greeting = Step::reply("220 ProFTPD Server (test) [127.0.0.1]");
    let scene = Scene::new(script().greeting(greeting).always("EPSV", passive).without("PASV"));
    let ran = trusting(&scene, &["--json"]);
    let first = port - port % 100;
    let range = format!("`PassivePorts {first} {}`", first.saturating_add(99));
    shows(&ran, "epsv", "bad", &[&range]);
}

#[test]
fn a_full_server_is_no_matter_of_the_account() {
    let scene = Scene::new(script().always("PASS", Step::reply("530 max 1 users")));
    let ran = trusting(&scene, &["--json"]).status(3);
    shows(&ran, "login", "bad", &["no more connections", "allow more connections"]);
    assert!(!ran.out().contains("net:connection-limit 1"), "{ran}");
}

#[test]
fn a_server_without_protected_data_is_fit_for_use_if_clear_text_was_allowed() {
    let refusal = || Step::reply("550 Action not taken");
    let script = script().always("PBSZ", refusal()).always("PROT", refusal());
    let scene = Scene::new(script);
    let ran = trusting(&scene, &["--json"]).status(4);
    shows(&ran, "pbsz", "bad", &["Action not taken"]);
    let ran = trusting(&scene, &["--json", "--set", "tls:data=clear"]).ok();
    shows(&ran, "prot", "note", &["cannot be protected"]);
    shows(&ran, "data connection", "ok", &["1 entries listed; not protected"]);
}
