//! `ftpsh trust …`, and the same in the shell.

use super::{CONTENT, Home, Liar, logins, script};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use support::certificate::Certificate;
use support::closed_port::ClosedPort;
use support::program::Ftpsh;

#[test]
fn scan_prints_the_fingerprint_and_neither_logs_in_nor_stores() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let line = format!("{} {}\n", liar.addr, liar.fingerprint);
    home.trust(&["scan", &liar.addr.to_string()]).ok().stdout_is(&line);
    assert_eq!(liar.wire.commands(), ["AUTH TLS", "QUIT"]);
    Ftpsh::at(&home.0)
        .args(["-c", &format!("trust scan {}", liar.url())])
        .run()
        .ok()
        .stdout_is(&line);
    assert_eq!(liar.wire.commands(), ["AUTH TLS", "QUIT", "AUTH TLS", "QUIT"]);
    assert_eq!(home.stored(), "");

    let records = home.trust(&["scan", "--json", &liar.addr.to_string()]).ok().json_of("trust");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["fingerprint"], liar.fingerprint);
    assert_eq!(records[0]["port"], liar.addr.port());
    assert_eq!(records[0]["action"], "scanned");
}

#[test]
fn scan_of_an_implicit_server_sends_only_a_goodbye() {
    let (home, liar) = (Home::new(), Liar::start(script().implicit()));
    let line = format!("{} {}\n", liar.addr, liar.fingerprint);
    home.trust(&["scan", "--implicit", &liar.addr.to_string()]).ok().stdout_is(&line);
    home.trust(&["scan", &liar.url()]).ok().stdout_is(&line);
    assert_eq!(liar.wire.commands(), ["QUIT", "QUIT"]);
}

#[test]
fn scan_of_several_servers_keeps_their_order_and_continues_after_a_failure() {
    let home = Home::new();
    let liars: Vec<Liar> = (0..12).map(|_| Liar::start(script())).collect();
    let mut servers: Vec<String> = liars.iter().map(|liar| liar.addr.to_string()).collect();
    let mut lines = String::new();
    for liar in &liars {
        writeln!(lines, "{} {}", liar.addr, liar.fingerprint).unwrap();
    }
    let closed = ClosedPort::new();
    servers.insert(3, closed.addr.to_string());
    let mut words = vec!["scan"];
    words.extend(servers.iter().map(String::as_str));
    let ran = home.trust(&words).status(3).stdout_is(lines);
    ran.stderr_has(&closed.port().to_string()).stderr_has("connection refused");
    home.trust(&["scan", &servers[0], "a b"]).status(2).stdout_is("");
}

#[test]
fn add_with_a_fingerprint_stores_what_the_server_shows_if_it_is_that() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let server = liar.addr.to_string();
    let other = Certificate::make("localhost").unwrap().fingerprint().unwrap();
    let ran = home.trust(&["add", &server, &other]).status(5);
    ran.stderr_has(&other).stderr_has(&liar.fingerprint);
    assert_eq!(home.stored(), "");
    home.trust(&["add", &server, "SHA256:abc"]).status(2);

    home.trust(&["add", &server, &liar.fingerprint]).ok().stderr_has("added");
    home.trust(&["add", &server, &liar.fingerprint]).ok().stderr_has("trusted already");
    assert!(home.stored().contains("why=add"), "{}", home.stored());
    assert_eq!(logins(&liar), (0, 0));
    home.get(&liar, &[]).ok().stdout_is(CONTENT);

    let new = Certificate::make("localhost").unwrap();
    liar.show(&new);
    let ran = home.trust(&["add", &server, &new.fingerprint().unwrap()]).status(6);
    ran.stderr_has(&liar.fingerprint).stderr_has("trust remove");
}

#[test]
fn add_without_a_fingerprint_stores_nothing_where_nobody_can_be_asked() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let server = liar.addr.to_string();
    let command = format!("ftpsh trust add {server} {}", liar.fingerprint);
    home.trust(&["add", &server]).status(5).stderr_has(&command);
    home.trust(&["add", &server, "--trust", "strict"]).status(5);
    home.trust(&["add", &server, "--insecure"]).status(5);
    assert_eq!(home.stored(), "");
    home.trust(&["add", &server, "--trust", "accept-new"]).ok();
    home.get(&liar, &[]).ok();
}

#[test]
fn show_prints_both_hashes_and_remove_makes_the_server_unknown() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let server = liar.addr.to_string();
    home.trust(&["show", &server]).status(5).stderr_has(&server);
    home.trust(&["remove", &server]).status(5).stderr_has(&server);
    let stored = home.trust(&["add", "--json", &server, &liar.fingerprint]).ok().json_of("trust");
    assert_eq!(stored[0]["action"], "added");
    let key = stored[0]["public_key"].as_str().unwrap().to_owned();
    assert_ne!(key, liar.fingerprint);
    for words in [["show", &server], ["show", "127.0.0.1"]] {
        home.trust(&words).ok().stdout_has(&liar.fingerprint).stdout_has(&key);
    }
    home.trust(&["list"]).ok().stdout_has(&server).stdout_has(&liar.fingerprint);

    // One that is not there does not keep the others.
    home.trust(&["remove", "other.example", &server]).status(5).stderr_has("other.example");
    assert_eq!(home.stored(), "");
    home.get(&liar, &[]).status(5);
}

#[test]
fn a_bookmark_is_a_server_too() {
    let (home, liar) = (Home::new(), Liar::start(script().implicit()));
    let directory = home.known_servers().parent().unwrap().to_owned();
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("bookmarks"), format!("work {}\n", liar.url())).unwrap();
    home.trust(&["scan", "work"]).ok().stdout_has(&liar.fingerprint);
    home.trust(&["add", "work", &liar.fingerprint]).ok();
    home.trust(&["show", "work"]).ok().stdout_has(&liar.fingerprint);
    home.trust(&["remove", "work"]).ok();
}

#[test]
fn what_was_exported_can_be_imported_elsewhere() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    let file = home.0.path().join("exported");
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    home.trust(&["export", file.to_str().unwrap()]).ok().stdout_is("");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), home.stored());
    home.trust(&["export"]).ok().stdout_is(home.stored());

    let elsewhere = Home::new();
    let ran = elsewhere.trust(&["import", "--json", file.to_str().unwrap()]).ok();
    assert_eq!(ran.json_of("trust")[0]["action"], "imported");
    assert_eq!(elsewhere.stored(), home.stored().replace("why=accept-new", "why=import"));
    elsewhere.get(&liar, &[]).ok().stdout_is(CONTENT);
    elsewhere.trust(&["import", file.to_str().unwrap()]).ok().stderr_has("already known: 1");
}

#[test]
fn an_import_adds_what_is_new_and_refuses_what_differs_or_is_damaged() {
    let home = Home::new();
    let (one, two) = (Liar::start(script()), Liar::start(script()));
    home.get(&one, &["--trust", "accept-new"]).ok();
    let stored = home.stored();
    let foreign = Home::new();
    foreign.get(&two, &["--trust", "accept-new"]).ok();
    let ours = foreign.stored();
    let theirs = ours.replace(&two.addr.port().to_string(), &one.addr.port().to_string());
    let text = format!("# a comment\n{theirs}[h]:21 junk\n{ours}");
    let import = Ftpsh::at(&home.0).args(["trust", "import", "-"]).stdin(text);
    let ran = import.run().status(6).stderr_has(&one.fingerprint).stderr_has(&two.fingerprint);
    ran.stderr_has("line 3").stderr_has("imported");
    assert!(home.stored().starts_with(&stored));
    home.get(&one, &[]).ok();
    home.get(&two, &[]).ok();
    home.trust(&["import", "no-such-file"]).status(9).stderr_has("no-such-file");
}

#[test]
fn filezillas_certificates_can_be_imported() {
    let certificate = Certificate::make("localhost").unwrap();
    let (home, liar) = (Home::new(), Liar::start(script().certificate(&certificate)));
    let der = certificate.x509.to_der().unwrap();
    let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let port = liar.addr.port();
    let entry = |host: &str, data: &str| {
        format!(
            "\t\t<Certificate>\n\t\t\t<Data>{data}</Data>\n\t\t\t<ActivationTime>1</ActivationTime>\n\
             \t\t\t<ExpirationTime>2</ExpirationTime>\n\t\t\t<Host>{host}</Host>\n\
             \t\t\t<Port>{port}</Port>\n\t\t\t<TrustSANs>0</TrustSANs>\n\t\t</Certificate>\n"
        )
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<FileZilla3 version=\"3.63.0\">\n\
         \t<TrustedCerts>\n{}{}\t</TrustedCerts>\n</FileZilla3>\n",
        entry("127.0.0.1", &hex),
        entry("broken.example", "30zz"),
    );
    let file = home.0.path().join("trustedcerts.xml");
    std::fs::write(&file, xml).unwrap();
    let ran = home.trust(&["import", file.to_str().unwrap()]).status(9);
    ran.stderr_has("line 12").stderr_has("no usable certificate").stderr_has(&liar.fingerprint);
    home.get(&liar, &[]).ok().stdout_is(CONTENT);
    assert!(!home.stored().contains("broken.example"));

    std::fs::write(&file, "<html></html>").unwrap();
    home.trust(&["import", file.to_str().unwrap()]).status(9);
}
