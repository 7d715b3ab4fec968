//! Trust on first use, on real servers: unknown, accepted, known, changed.

use crate::bench::{Bench, NAMES, on};

/// Did this part of a log see a login begin?
fn told_a_name(log: &str, user: &str) -> bool {
    log.contains(&format!("USER {user}")) || log.contains(&format!("[user] [{user}]"))
}

/// Does the server's log show a login since then? It may be written a moment after the fact.
fn sees_a_login(bench: &Bench, before: usize) -> bool {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !told_a_name(&bench.logged_since(before), &bench.server.user) {
        if std::time::Instant::now() > deadline {
            return false;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    true
}

#[test]
fn first_contact_needs_a_decision_and_the_second_none() {
    on(&NAMES, |bench| {
        let name = &bench.server.name;
        bench.write("up", "x");
        let put = format!("put up -o {}first", bench.prefix);
        let before = bench.server.logged().len();
        let ran = bench.stranger().args(["-c", &put]).run().status(5);
        ran.stdout_is("").stderr_has(&bench.server.cert_sha256).stderr_has("--fingerprint");
        let after = bench.server.logged().len();
        bench.stranger().args(["--trust", "accept-new", "-c", &put]).run().ok();
        assert!(sees_a_login(bench, after), "{name}: the log shows logins");
        let refused = bench.logged_since(before);
        let refused = &refused[..after - before];
        assert!(!told_a_name(refused, &bench.server.user), "{name}: {refused}");
        let ran = bench.stranger().args(["-c", &put]).run().ok();
        assert!(!ran.err().contains("SHA256"), "{name}: nothing to say\n{ran}");
    });
}

/// Gives a server another certificate, which goes into its description.
fn refused_after_a_change(name: &str) {
    let Some(mut bench) = Bench::at(name) else { return };
    bench.write("up", "x");
    let put = format!("put up -o {}changed", bench.prefix);
    bench.stranger().args(["--trust", "accept-new", "-c", &put]).run().ok();
    let old = bench.server.cert_sha256.clone();
    bench.recertify();
    let new = bench.server.cert_sha256.clone();
    assert!(old != new);
    let before = bench.server.logged().len();
    for trust in ["ask", "accept-new", "strict"] {
        let ran = bench.stranger().args(["--trust", trust, "-c", &put]).run().status(6);
        ran.stderr_has(&old).stderr_has(&new).stderr_has("trust remove");
    }
    let after = bench.server.logged().len();
    bench.stranger().args(["--fingerprint", &new, "-c", &put]).run().ok();
    assert!(sees_a_login(&bench, after));
    let refused = bench.logged_since(before);
    assert!(!told_a_name(&refused[..after - before], &bench.server.user), "{refused}");
}

#[test]
fn a_changed_certificate_is_refused_on_vsftpd() {
    refused_after_a_change("vsftpd");
}

#[test]
fn a_changed_certificate_is_refused_on_implicit_vsftpd() {
    refused_after_a_change("vsftpd-implicit");
}

#[test]
fn a_changed_certificate_is_refused_on_proftpd() {
    refused_after_a_change("proftpd");
}

#[test]
fn a_changed_certificate_is_refused_on_pure_ftpd() {
    refused_after_a_change("pure-ftpd");
}

#[test]
fn a_changed_certificate_is_refused_on_pyftpdlib() {
    refused_after_a_change("pyftpdlib");
}
