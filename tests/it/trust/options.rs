//! `--fingerprint` and `--insecure`: for one run, and stored nowhere.

use super::{CONTENT, Home, Liar, logins, script};
use support::certificate::Certificate;
use support::program::Ftpsh;

#[test]
fn a_given_fingerprint_accepts_exactly_that_certificate_and_stores_nothing() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--fingerprint", &liar.fingerprint]).ok().stdout_is(CONTENT);
    home.get(&liar, &["--fingerprint", &hex(&liar.fingerprint)]).ok().stdout_is(CONTENT);
    assert_eq!(home.stored(), "");

    let before = logins(&liar);
    let other = Certificate::make("localhost").unwrap().fingerprint().unwrap();
    home.get(&liar, &["--fingerprint", &other]).status(5).stderr_has(&liar.fingerprint);
    home.get(&liar, &["--fingerprint", "SHA256:short"]).status(2);
    home.get(&liar, &["--trust", "accept-new", "--fingerprint", &other]).status(5);
    assert_eq!(logins(&liar), before);
    assert_eq!(home.stored(), "");
    home.get(&liar, &["--fingerprint", &other, "--fingerprint", &liar.fingerprint]).ok();
}

/// A fingerprint in hexadecimal with colons, as other programs print it.
fn hex(fingerprint: &str) -> String {
    let base64 = format!("{}=", fingerprint.strip_prefix("SHA256:").unwrap());
    let digest = openssl::base64::decode_block(&base64).unwrap();
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[test]
fn insecure_warns_every_time_and_stores_nothing() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    for options in [&["--insecure"][..], &["--insecure", "--quiet"], &["--insecure"]] {
        let ran = home.get(&liar, options).ok().stdout_is(CONTENT);
        ran.stderr_has("warning:").stderr_has("was not verified").stderr_has(&liar.fingerprint);
    }
    assert_eq!(home.stored(), "");
    home.get(&liar, &[]).status(5);
}

#[test]
fn insecure_accepts_a_changed_certificate_with_a_warning_that_says_so() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--trust", "accept-new"]).ok();
    let stored = home.stored();
    liar.show(&Certificate::make("localhost").unwrap());
    let ran = home.get(&liar, &["--insecure"]).ok();
    ran.stderr_has("it is not the one remembered").stderr_has(&liar.fingerprint);
    assert_eq!(home.stored(), stored);
}

#[test]
fn insecure_cannot_be_stored_in_a_setting_or_the_start_up_file() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    for setting in ["trust:policy=insecure", "trust:insecure=yes", "insecure=yes"] {
        home.get(&liar, &["--set", setting]).status(2);
        let rc = home.0.path().join("rc");
        let line = setting.replace('=', " ");
        std::fs::write(&rc, format!("set {line}\n")).unwrap();
        home.get(&liar, &["--rcfile", rc.to_str().unwrap()]).status(11);
        Ftpsh::at(&home.0).args(["-c", &format!("set {line}")]).run().status(2);
    }
    assert_eq!(liar.wire.connections(), 0);
}

#[test]
fn insecure_excludes_the_other_ways_to_say_what_is_trusted() {
    let (home, liar) = (Home::new(), Liar::start(script()));
    home.get(&liar, &["--insecure", "--trust", "strict"]).status(2);
    home.get(&liar, &["--insecure", "--fingerprint", &liar.fingerprint]).status(2);
}
