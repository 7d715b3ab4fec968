//! Data connections: the control connection's session, or the very same certificate.

use super::{CONTENT, Home, Liar, script};
use support::certificate::Certificate;
use support::liar::{Data, Event, Versions};

#[test]
fn a_data_connection_with_another_certificate_fails_before_a_byte_of_file_moves() {
    let other = || Certificate::make("localhost").unwrap();
    for versions in [Versions::Tls12, Versions::Tls13] {
        let home = Home::new();
        let script = script().versions(versions).always_data("RETR", Data::Certificate(other()));
        let liar = Liar::start(script.always_data("STOR", Data::Certificate(other())));
        let ran = home.get(&liar, &["--trust", "accept-new"]).status(4).stdout_is("");
        ran.stderr_has("another certificate than the control connection");
        assert_eq!(liar.wire.connections(), 1, "tried again");

        std::fs::write(home.0.path().join("secret"), "my secret").unwrap();
        let put = home.call(&liar, &["-c", "put secret"]).arg(liar.url());
        put.run().status(4).stderr_has("another certificate than the control connection");
        let uploaded = liar.content("/secret").unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&uploaded), "", "{versions:?}");
        let got = |event: &Event| matches!(event, Event::DataEnded { clean: true, .. });
        assert_eq!(liar.wire.count(got), 0, "{versions:?}");
    }
}

#[test]
fn nothing_is_accepted_for_data_that_was_not_for_control() {
    // Even where anything goes on the control connection.
    let other = Certificate::make("localhost").unwrap();
    let liar = Liar::start(script().always_data("RETR", Data::Certificate(other)));
    let ran = Home::new().get(&liar, &["--insecure"]).status(4);
    ran.stdout_is("").stderr_has("another certificate than the control connection");
}

#[test]
fn data_connections_resume_the_control_connections_session() {
    for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
        let home = Home::new();
        let liar = Liar::start(script().versions(versions).needs_resumption());
        let words = ["--trust", "accept-new", "-c", "get /notes -o -; get /notes -o -"];
        let ran = home.call(&liar, &words).arg(liar.url()).run().ok();
        ran.stdout_is([CONTENT, CONTENT].concat());
        let resumed = liar.wire.resumed();
        assert!(resumed.len() >= 2 && resumed.iter().all(|resumed| *resumed), "{resumed:?}");
    }
}

#[test]
fn a_session_that_was_resumed_before_and_is_not_any_more_is_refused_and_repeated() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let certificate = Certificate::make("localhost").unwrap();
        // The same certificate, and no session: the second and every later RETR.
        let forgotten = || Data::Certificate(certificate.clone());
        let script = script().versions(versions).certificate(&certificate);
        let once = script.clone().data("RETR", Data::Honest).data("RETR", forgotten());
        let liar = Liar::start(once);
        let words = ["--trust", "accept-new", "-c", "get /notes -o -; get /notes -o -"];
        let ran = Home::new().call(&liar, &words).arg(liar.url()).run().ok();
        ran.stdout_is([CONTENT, CONTENT].concat());
        assert_eq!(liar.wire.connections(), 2, "{versions:?}: nothing of the file by the second");
        let bytes: Vec<_> = liar.wire.bodies();
        assert!(bytes.iter().filter(|bytes| **bytes > 0).count() <= 3, "{bytes:?}");

        // Where it never was resumed, the very same certificate is enough.
        let liar = Liar::start(script.always_data("RETR", forgotten()));
        let ran = Home::new().call(&liar, &words).arg(liar.url()).run().ok();
        ran.stdout_is([CONTENT, CONTENT].concat());
    }
}

#[test]
fn without_tickets_a_data_connection_resumes_its_own_session_or_nothing_moves() {
    let certificate = Certificate::make("localhost").unwrap();
    let script = script().certificate(&certificate);
    let run = |liar: &Liar, settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let words = ["--trust", "accept-new", "--set", "tls:session-tickets=no", "--set"];
        let words = words.into_iter().chain(["net:max-retries=0"]).chain(settings);
        let words: Vec<&str> = words.chain(["-c", "get /notes -o -; status"]).collect();
        Home::new().call(liar, &words).arg(liar.url()).run()
    };
    let liar = Liar::start(script.clone());
    let ran = run(&liar, &[]).ok().stdout_has(CONTENT).stdout_has("TLSv1.2");
    assert!(!liar.wire.resumed().is_empty() && !liar.wire.resumed().contains(&false), "{ran}");
    // The first one already must, though it shows the very same certificate.
    let liar = Liar::start(script.always_data("RETR", Data::Certificate(certificate.clone())));
    let ran = run(&liar, &[]).status(4).stderr_has("does not resume the control connection's");
    assert!(!ran.out().contains(CONTENT), "{ran}");
    for setting in ["tls:min-version=1.3", "tls:backend=native-tls"] {
        run(&liar, &[setting]).status(2).stderr_has("tls:session-tickets no: needs");
    }
}
