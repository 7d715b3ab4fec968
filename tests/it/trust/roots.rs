//! Servers for which a root vouches, or once did.

use super::authority::Authority;
use super::{CONTENT, Home, Liar, logins, script};
use support::certificate::Certificate;

/// A server with a valid certificate that has been met, what set the root, and how often was
/// logged in.
fn met(authority: &Authority, certificate: &Certificate) -> (Home, Liar, String) {
    let (home, set) = (Home::new(), authority.setting());
    let liar = Liar::start(script().certificate(certificate));
    home.get(&liar, &["--set", &set]).ok().stdout_is(CONTENT);
    (home, liar, set)
}

#[test]
fn a_valid_certificate_is_accepted_and_remembered_as_such() {
    let authority = Authority::new();
    let certificate = authority.issue();
    let (home, liar, set) = met(&authority, &certificate);
    let listed = home.trust(&["list", "--json"]).json_of("trust");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["reason"], "ca");
    assert_eq!(listed[0]["fingerprint"], certificate.fingerprint().unwrap());

    // The authority may give it another key.
    liar.show(&authority.issue());
    let ran = home.get(&liar, &["--set", &set]).ok().stdout_is(CONTENT);
    ran.stderr_has("a new certificate, valid by the system's roots");
}

#[test]
fn what_was_valid_and_is_no_longer_has_changed() {
    let authority = Authority::new();
    let first = authority.issue();
    for (later, words) in [
        (Certificate::make("localhost").unwrap(), "it is self-signed"),
        (authority.expired(&first.key), "it expired on"),
        (authority.elsewhere(), "it is for other.example, not for 127.0.0.1"),
        (Authority::new().issue(), "which this system does not know"),
    ] {
        let (home, liar, set) = met(&authority, &first);
        let (before, stored) = (logins(&liar), home.stored());
        liar.show(&later);
        let ran = home.get(&liar, &["--set", &set, "--trust", "accept-new"]).status(6);
        ran.stderr_has(&first.fingerprint().unwrap())
            .stderr_has(&later.fingerprint().unwrap())
            .stderr_has("no longer is")
            .stderr_has(words);
        assert_eq!(logins(&liar), before, "{words}");
        assert_eq!(home.stored(), stored, "{words}");
    }
}

#[test]
fn a_new_server_that_is_not_valid_is_unknown_and_says_why() {
    let authority = Authority::new();
    let key = authority.issue().key;
    for (certificate, words) in [
        (authority.elsewhere(), "it is for other.example, not for 127.0.0.1"),
        (authority.expired(&key), "it expired on"),
        (Authority::new().issue(), "which this system does not know"),
    ] {
        let home = Home::new();
        let liar = Liar::start(script().certificate(&certificate));
        home.get(&liar, &["--set", &authority.setting()])
            .status(5)
            .stderr_has(words)
            .stderr_has(&liar.fingerprint);
        assert_eq!(liar.wire.commands(), ["AUTH TLS"], "{words}");
    }
}

#[test]
fn without_its_root_a_valid_server_has_changed() {
    let authority = Authority::new();
    let (home, liar, _) = met(&authority, &authority.issue());
    let before = logins(&liar);
    let ran = home.get(&liar, &[]).status(6).stderr_has("which this system does not know");
    // The system's roots are as they were.
    ran.stderr_has("valid with the roots of tls:ca-file, which is not set now")
        .stderr_has("hint: `set tls:ca-file FILE` as then")
        .never_says("no longer is");
    assert_eq!(logins(&liar), before);
}
