//! Unknown, known, changed and renewed certificates that nobody but the server vouches for.

use super::authority::renewed;
use super::{CONTENT, Home, Liar, logins, script};
use support::certificate::Certificate;

#[test]
fn an_unknown_certificate_stops_before_any_name_is_sent() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let ran = home.get(&liar, &[]).status(5).stdout_is("");
    ran.stderr_has(&liar.fingerprint)
        .stderr_has("--fingerprint")
        .stderr_has("it is self-signed")
        .never_says(&liar.password);
    assert_eq!(liar.wire.commands(), ["AUTH TLS"]);
    assert_eq!(home.stored(), "");
}

#[test]
fn an_unknown_certificate_of_an_implicit_server_stops_before_anything_is_sent() {
    let (home, liar) = (Home::new(), Liar::start(script().implicit()));
    home.get(&liar, &[]).status(5).stderr_has(&liar.fingerprint);
    assert_eq!(liar.wire.commands(), [""; 0]);
}

#[test]
fn what_was_accepted_as_new_needs_no_option_the_next_time() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    let first = home.get(&liar, &["--trust", "accept-new"]).ok().stdout_is(CONTENT);
    first.stderr_has("a new server was accepted").stderr_has(&liar.fingerprint);
    let stored = home.stored();
    assert!(stored.starts_with(&format!("[127.0.0.1]:{} cert=", liar.addr.port())), "{stored}");
    home.get(&liar, &[]).ok().stdout_is(CONTENT).never_says("accepted");
    assert_eq!(home.stored(), stored);
    assert_eq!(liar.wire.clear_lines(), ["AUTH TLS", "AUTH TLS"]);
}

#[test]
fn a_changed_certificate_stops_with_both_fingerprints_and_no_name_is_sent() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    let (stored, before) = (home.stored(), logins(&liar));
    let other = Certificate::make("localhost").unwrap();
    liar.show(&other);
    for options in [&[][..], &["--trust", "accept-new"], &["--trust", "strict"]] {
        let ran = home.get(&liar, options).status(6).stdout_is("");
        ran.stderr_has(&format!("remembered: {} (first seen", liar.fingerprint))
            .stderr_has(&format!("shown now:  {}", other.fingerprint().unwrap()))
            .stderr_has(&format!("ftpsh trust remove 127.0.0.1:{}", liar.addr.port()));
    }
    assert_eq!(logins(&liar), before);
    assert_eq!(home.stored(), stored);
}

#[test]
fn a_changed_server_is_unknown_once_it_was_removed() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    liar.show(&Certificate::make("localhost").unwrap());
    home.trust(&["remove", &liar.addr.to_string()]).ok();
    home.get(&liar, &[]).status(5);
    home.get(&liar, &["--trust", "accept-new"]).ok().stdout_is(CONTENT);
}

#[test]
fn a_renewal_with_the_same_key_is_accepted_with_one_notice() {
    let old = Certificate::make("localhost").unwrap();
    let (home, liar) = (Home::new(), Liar::start(script().certificate(&old)));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    let before = home.trust(&["list", "--json"]).json_of("trust");

    let new = renewed(&old);
    liar.show(&new);
    let ran = home.get(&liar, &["--trust", "strict"]).ok().stdout_is(CONTENT);
    let notices = ran.err().matches("renewed with the same key").count();
    assert_eq!(notices, 1, "{ran}");
    let ran = ran.stderr_has(&new.fingerprint().unwrap());
    home.get(&liar, &[]).ok().never_says("renewed");

    let after = home.trust(&["list", "--json"]).json_of("trust");
    assert_eq!(after.len(), 1, "{ran}");
    assert_eq!(after[0]["fingerprint"], new.fingerprint().unwrap());
    for same in ["public_key", "first_seen", "reason", "port"] {
        assert_eq!(after[0][same], before[0][same], "{same}");
    }
    // The old one is not known any more as such, but it has the same key.
    liar.show(&old);
    home.get(&liar, &[]).ok().stderr_has("renewed with the same key");
}

#[test]
fn strict_refuses_the_unknown_and_lets_the_known_in() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--trust", "strict"]).status(5);
    assert_eq!(logins(&liar), (0, 0));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    home.get(&liar, &["--trust", "strict"]).ok().stdout_is(CONTENT);
}

#[test]
fn ports_of_one_host_are_different_servers() {
    let home = Home::new();
    let (one, two) = (Liar::start(script()), Liar::start(script()));
    home.get(&one, &["--trust", "accept-new"]).ok();
    home.get(&two, &[]).status(5);
    assert_eq!(logins(&two), (0, 0));
}
