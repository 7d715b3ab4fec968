//! The servers of the tests, tested: where they are honest, and where they lie.

use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::certificate::Certificate;
use support::client::{Client, connect, read_reply};
use support::embedded::Embedded;
use support::liar::{Data, Event, Liar, Script, Step, Versions};

fn login(liar: &Liar) -> Client {
    Client::explicit(liar.addr).login(&liar.user, &liar.password)
}

#[test]
fn the_embedded_server_serves_its_directory_over_tls() {
    let server = Embedded::start();
    std::fs::write(server.root.join("a.txt"), "hello").unwrap();
    let client = Client::explicit(server.addr);
    assert_eq!(client.fingerprint(), server.fingerprint);
    let mut client = client.login(&server.user, &server.password);
    let (body, clean, reply) = client.fetch("RETR a.txt");
    assert_eq!((&body[..], clean, &reply[..3]), (&b"hello"[..], true, "226"));
    assert_eq!(&client.store("STOR b.txt", b"world")[..3], "226");
    assert_eq!(std::fs::read(server.root.join("b.txt")).unwrap(), b"world");
}

#[test]
fn the_embedded_server_refuses_a_login_without_tls_or_with_another_password() {
    let server = Embedded::start();
    let mut tcp = connect(server.addr);
    read_reply(&mut tcp);
    tcp.write_all(b"USER tester\r\n").unwrap();
    assert!(read_reply(&mut tcp).starts_with('5'));
    let mut client = Client::explicit(server.addr);
    client.command(&format!("USER {}", server.user));
    assert_eq!(&client.command("PASS wrong")[..3], "530");
}

#[test]
fn the_embedded_server_never_misses_the_change_to_tls() {
    let server = Embedded::start();
    for _ in 0..100 {
        Client::explicit(server.addr);
    }
}

#[test]
fn the_embedded_server_is_gone_when_dropped() {
    let server = Embedded::start();
    let root = server.root.clone();
    let mut open = TcpStream::connect(server.addr).unwrap();
    assert!(open.read(&mut [0; 100]).unwrap() > 0, "it greets");
    drop(server);
    assert!(!matches!(open.read(&mut [0; 100]), Ok(1..)), "its connections are closed");
    assert!(!root.exists());
}

#[test]
fn the_scripted_server_without_a_script_is_a_correct_server() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let script = Script::new().versions(versions).needs_resumption();
        let liar = Liar::start(script.file("/d/a", "hello").dir("/e"));
        let mut client = login(&liar);
        assert_eq!(client.fingerprint(), liar.fingerprint);
        for (command, reply) in [
            ("PWD", "257 \"/\" "),
            ("SIZE d/a", "213 5"),
            ("MDTM d/a", "213 20240102030405"),
            ("CWD d", "250"),
            ("MLST a", "250-"),
            ("REST 2", "350"),
        ] {
            assert!(client.command(command).starts_with(reply), "{versions:?} {command}");
        }
        let (body, clean, reply) = client.fetch("RETR a");
        assert_eq!((&body[..], clean, &reply[..3]), (&b"llo"[..], true, "226"));
        assert_eq!(&client.store("STOR b", b"new")[..3], "226");
        assert_eq!(&client.store("APPE b", b"er")[..3], "226");
        assert_eq!(liar.content("/d/b").unwrap(), b"newer");
        // What was stored is of now.
        assert_ne!(liar.files.lock().unwrap().time(b"/d/b"), Some("20240102030405"));
        liar.files.lock().unwrap().set_time(b"/d/b", "20240102030405");
        let facts = "type=file;size=5;modify=20240102030405;UNIX.mode=0644;";
        let wanted = format!("{facts} a\r\n{facts} b\r\n");
        assert_eq!(String::from_utf8(client.fetch("MLSD").0).unwrap(), wanted);
        let list = String::from_utf8(client.fetch("LIST -a ..").0).unwrap();
        assert!(list.starts_with("drwxr-xr-x   1 ftp      ftp            4096 Jan 02  2024 d\r\n"));
        for (command, reply) in [
            ("RNFR b", "350"),
            ("RNTO /e/c", "250"),
            ("SITE CHMOD 600 /e/c", "200"),
            ("MFMT 20200101000000 /e/c", "213"),
            ("MDTM /e/c", "213 20200101000000"),
            ("RMD /e", "550"),
            ("DELE /e/c", "250"),
            ("RMD /e", "250"),
            ("NONSENSE", "500"),
            ("QUIT", "221"),
        ] {
            assert!(client.command(command).starts_with(reply), "{versions:?} {command}");
        }
        assert_eq!(client.rest(), (Vec::new(), true));
        assert_eq!(liar.wire.resumed(), [true; 5], "{versions:?}");
        assert_eq!(liar.wire.clear_lines(), ["AUTH TLS"]);
    }
}

#[test]
fn the_scripted_server_refuses_data_without_resumption_where_it_needs_it() {
    let liar = Liar::start(Script::new().needs_resumption().file("/a", "hello"));
    let mut client = login(&liar);
    client.resume = false;
    assert!(client.fetch("RETR a").2.starts_with("522"));
    assert_eq!(liar.wire.resumed(), [false]);
}

#[test]
fn the_scripted_server_speaks_implicit_tls() {
    let liar = Liar::start(Script::new().implicit().file("/a", "hello"));
    let mut client = Client::implicit(liar.addr).login(&liar.user, &liar.password);
    assert_eq!(client.fetch("RETR a").0, b"hello");
    assert!(liar.wire.clear_lines().is_empty());
}

#[test]
fn steps_are_taken_in_order_and_then_the_scripted_server_is_honest_again() {
    let script = Script::new()
        .on("NOOP", Step::reply("299 first"))
        .on("NOOP", Step::After(b"250 surplus\r\n".to_vec()))
        .on("NOOP", Step::Silence)
        .on("NOOP", Step::Drip(b"200 slow\r\n".to_vec(), Duration::from_millis(1)))
        .always("PWD", Step::reply("257 odd"))
        .without("SIZE");
    let liar = Liar::start(script.file("/a", ""));
    let mut client = login(&liar);
    assert_eq!(client.command("NOOP"), "299 first\r\n");
    assert_eq!(client.command("NOOP"), "200 ok\r\n");
    assert_eq!(client.reply(), "250 surplus\r\n");
    client.send("NOOP");
    assert_eq!(client.command("NOOP"), "200 slow\r\n");
    assert_eq!(client.command("NOOP"), "200 ok\r\n");
    assert_eq!(client.command("PWD"), "257 odd\r\n");
    assert_eq!(client.command("PWD"), "257 odd\r\n");
    assert!(client.command("SIZE a").starts_with("500"));
    assert!(!client.command("FEAT").contains("SIZE"));
    assert_eq!(liar.wire.lines("noop").len(), 5);
}

#[test]
fn the_data_of_a_transfer_can_be_spoilt_in_each_way() {
    let other = Certificate::make("other").unwrap();
    let body = vec![b'x'; 1000];
    let table: [(Data, usize, bool, &str); 6] = [
        (Data::Honest, 1000, true, "226"),
        (Data::Short(10), 10, true, "226"),
        (Data::Cut(10), 10, false, "226"),
        (Data::Cut(1000), 1000, false, "226"),
        (Data::Body(vec![b'y'; 2000]), 2000, true, "226"),
        (Data::Trickle(Duration::ZERO), 1000, true, "226"),
    ];
    let script = table
        .iter()
        .fold(Script::new().file("/a", &body), |script, row| script.data("RETR", row.0.clone()));
    let script = script.data("RETR", Data::Garbage(b"not TLS at all\r\n".to_vec()));
    let script = script.data("RETR", Data::Certificate(other.clone()));
    let liar = Liar::start(script.on("SIZE", Step::reply("213 7")));
    let mut client = login(&liar);
    for (row, (_, length, clean, reply)) in table.iter().enumerate() {
        let got = client.fetch("RETR a");
        assert_eq!((got.0.len(), got.1, &got.2[..3]), (*length, *clean, *reply), "row {row}");
    }
    let (_, tcp) = client.open("RETR a");
    assert!(client.secure_data(tcp).is_err(), "garbage");
    assert_eq!(&client.reply()[..3], "425");

    let (_, tcp) = client.open("RETR a");
    let mut data = client.secure_data(tcp).unwrap();
    let shown = data.ssl().peer_certificate().unwrap().to_der().unwrap();
    assert!(shown == other.x509.to_der().unwrap() && !data.ssl().session_reused());
    data.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn replies_around_a_transfer_can_be_chosen() {
    let script = Script::new()
        .on("RETR", Step::last("426 cut"))
        .on("RETR", Step::Opening(b"425 no\r\n".to_vec()))
        .on("STOR", Step::last("552 full"))
        .data("STOR", Data::Reset(1000));
    let liar = Liar::start(script.file("/a", "hello"));
    let mut client = login(&liar);
    let got = client.fetch("RETR a");
    assert_eq!((&got.0[..], &got.2[..]), (&b"hello"[..], "426 cut\r\n"));
    client.command("EPSV");
    assert_eq!(client.command("RETR a"), "425 no\r\n");
    assert_eq!(client.store("STOR b", &vec![b'x'; 10_000_000]), "552 full\r\n");
    assert_eq!(liar.content("/b").unwrap().len(), 1000);
}

#[test]
fn plain_text_can_follow_the_reply_to_auth_in_one_segment() {
    let script = Script::new().on("AUTH", Step::Reply(b"234 go\r\n230 in\r\n".to_vec()));
    let liar = Liar::start(script);
    let mut tcp = connect(liar.addr);
    read_reply(&mut tcp);
    tcp.write_all(b"AUTH TLS\r\n").unwrap();
    let mut bytes = [0; 100];
    let length = tcp.read(&mut bytes).unwrap();
    assert_eq!(&bytes[..length], b"234 go\r\n230 in\r\n");
}

#[test]
fn a_control_connection_can_end_in_each_way() {
    let script = Script::new()
        .on("NOOP", Step::Close(b"421 bye\r\n".to_vec()))
        .on("NOOP", Step::Cut(b"421 bye\r\n".to_vec()))
        .on("NOOP", Step::Reset(Vec::new()));
    let liar = Liar::start(script);
    let mut client = login(&liar);
    assert_eq!(client.command("NOOP"), "421 bye\r\n");
    assert_eq!(client.rest(), (Vec::new(), true));
    drop(client);
    let mut client = login(&liar);
    assert_eq!(client.command("NOOP"), "421 bye\r\n");
    assert_eq!(client.rest(), (Vec::new(), false));
    drop(client);
    let mut client = login(&liar);
    client.send("NOOP");
    assert_eq!(client.rest(), (Vec::new(), false));
    assert_eq!(liar.wire.connections(), 3);
}

#[test]
fn a_scripted_server_that_stalls_everywhere_stops_at_once_when_dropped() {
    let script = Script::new()
        .on("NOOP", Step::Drip(b"200 slow\r\n".to_vec(), Duration::from_secs(60)))
        .data("RETR", Data::Stall(2))
        .data("STOR", Data::Stall(2))
        .always_data("RETR", Data::NeverAccept);
    let liar = Liar::start(script.file("/a", "hello"));
    let mut clients: Vec<Client> = (0..4).map(|_| login(&liar)).collect();
    clients[0].send("NOOP");
    let data = clients[1].open("RETR a");
    let data = clients[1].secure_data(data.1).unwrap();
    let up = clients[2].open("STOR b");
    let mut up = clients[2].secure_data(up.1).unwrap();
    up.write_all(b"abcd").unwrap();
    let paused = |event: &Event| matches!(event, Event::DataPaused { bytes: 2, .. });
    liar.wire.wait_until(|events| events.iter().filter(|event| paused(event)).count() == 2);
    // A data connection that nobody opens.
    clients[3].command("EPSV");
    clients[3].send("RETR a");
    liar.wire.wait_for("RETR", 2);
    let started = Instant::now();
    drop(liar);
    assert!(started.elapsed() < Duration::from_secs(3));
    drop((data, up));
}

#[test]
fn a_certificate_can_change_while_the_scripted_server_runs() {
    let liar = Liar::start(Script::new());
    let before = Client::explicit(liar.addr).fingerprint();
    let other = Certificate::make("localhost").unwrap();
    liar.show(&other);
    let after = Client::explicit(liar.addr).fingerprint();
    assert_eq!(before, liar.fingerprint);
    assert_eq!(after, other.fingerprint().unwrap());
}

#[test]
fn every_real_server_is_up_with_the_certificate_that_its_table_names() {
    for server in support::servers::all() {
        let addr = format!("{}:{}", server.host, server.port).parse().unwrap();
        let client = match &server.mode[..] {
            "implicit" => Client::implicit(addr),
            _ => Client::explicit(addr),
        };
        assert_eq!(client.fingerprint(), server.cert_sha256, "{}", server.name);
        let mut client = client.login(&server.user, &server.password);
        let name = format!("self-test-{}", std::process::id());
        assert!(client.store(&format!("STOR {name}"), b"hello").starts_with("226"));
        let (body, clean, reply) = client.fetch(&format!("RETR {name}"));
        assert_eq!(
            (&body[..], clean, &reply[..3]),
            (&b"hello"[..], true, "226"),
            "{}",
            server.name
        );
        assert!(client.command(&format!("DELE {name}")).starts_with("250"), "{}", server.name);
        assert!(server.heard("USER"), "{}", server.name);
    }
}

#[test]
fn listings_can_be_given_byte_for_byte() {
    let script = Script::new().listing("MLSD", b"type=file; caf\xe9\r\n").listing_of(
        "MLSD",
        "/d",
        "type=dir; ..\r\n",
    );
    let liar = Liar::start(script);
    let mut client = login(&liar);
    assert_eq!(client.fetch("MLSD /anywhere").0, b"type=file; caf\xe9\r\n");
    assert_eq!(client.fetch("MLSD d").0, b"type=dir; ..\r\n");
}

#[test]
fn the_scripted_server_turns_away_more_sessions_than_it_wants() {
    let liar = Liar::start(Script::new().max_sessions(1));
    let first = login(&liar);
    assert!(read_reply(&mut connect(liar.addr)).starts_with("421"));
    drop(first);
    liar.wire.wait_until(|events| {
        events.iter().filter(|event| matches!(event, Event::Ended { .. })).count() == 2
    });
    login(&liar);
}

#[test]
fn times_can_be_set_in_the_three_ways_that_servers_know() {
    let liar = Liar::start(Script::new().file("/a b", "x"));
    let mut client = login(&liar);
    for (command, time) in [
        ("MFMT 20200101000000 a b", "20200101000000"),
        ("MDTM 20210101000000 a b", "20210101000000"),
        ("SITE UTIME 20220101000000 a b", "20220101000000"),
    ] {
        assert!(client.command(command).starts_with('2'), "{command}");
        assert_eq!(client.command("MDTM a b"), format!("213 {time}\r\n"));
    }
}

#[test]
fn a_program_that_hangs_is_killed_at_its_deadline() {
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    assert_eq!(support::program::wait(&mut child, Duration::ZERO), support::program::KILLED);
    let mut child = std::process::Command::new("false").spawn().unwrap();
    assert_eq!(support::program::wait(&mut child, Duration::from_secs(10)), 1);
}

#[test]
fn the_tree_can_change_before_a_command_and_the_greeting_once() {
    let script = Script::new()
        .file("/a", "old")
        .on("SIZE", Step::change(|files| files.put(b"/a", b"newer".to_vec())))
        .on("", Step::Close(b"421 not yet\r\n".to_vec()));
    let liar = Liar::start(script);
    assert_eq!(read_reply(&mut connect(liar.addr)), "421 not yet\r\n");
    let mut client = login(&liar);
    assert_eq!(client.command("SIZE a"), "213 5\r\n");
}

#[test]
fn a_client_without_a_certificate_is_refused_where_one_is_wanted() {
    let liar = Liar::start(Script::new().wants_certificate().versions(Versions::Tls12));
    let mut tcp = connect(liar.addr);
    read_reply(&mut tcp);
    tcp.write_all(b"AUTH TLS\r\n").unwrap();
    read_reply(&mut tcp);
    let context = SslContext::builder(SslMethod::tls_client()).unwrap().build();
    let mut stream = SslStream::new(Ssl::new(&context).unwrap(), tcp).unwrap();
    assert!(stream.connect().is_err());
}
