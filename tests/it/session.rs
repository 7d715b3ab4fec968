//! The commands that concern the connection: user, close, reconnect, status, bookmark, exit.

use support::embedded::Embedded;
use support::liar::{Event, Liar, Script};
use support::program::Ftpsh;

/// A call that is connected to `server`, whose password is in a variable.
fn connected(server: &Embedded, script: &str) -> Ftpsh {
    Ftpsh::new()
        .env("PASSWORD_OF_TESTS", &server.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &server.fingerprint])
        .args(["-c", script, &server.url()])
}

#[test]
fn status_tells_where_we_are_and_how_it_is_protected() {
    let server = Embedded::start();
    let ran = connected(&server, "status").run().ok();
    let text = ran.out();
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{name}  ")));
        line.unwrap_or_else(|| panic!("no {name}\n{ran}"))[name.len()..].trim().to_owned()
    };
    assert_eq!(value("site"), server.url());
    assert_eq!(value("user"), "tester");
    assert_eq!(value("connection"), "open");
    assert_eq!(value("directory"), "/");
    assert!(value("tls").starts_with("TLSv1."), "{ran}");
    assert_eq!(value("tls backend"), "openssl");
    assert_eq!(value("fingerprint"), server.fingerprint);
    assert!(value("features").contains("SIZE"), "{ran}");
    assert!(value("openssl").starts_with("OpenSSL "), "{ran}");
    ran.never_says(&server.password);
}

#[test]
fn a_closed_connection_opens_again_when_it_is_needed() {
    let server = Embedded::start();
    std::fs::write(server.root.join("a.txt"), "a").unwrap();
    let script = "close; status; get a.txt -o -; close; reconnect; status";
    let ran = connected(&server, script).run().ok();
    let states: Vec<_> = ran
        .out()
        .lines()
        .filter(|line| line.starts_with("connection") || *line == "a")
        .map(|line| line.trim_start_matches("connection").trim().to_owned())
        .collect();
    assert!(states[0] == "closed" && states[states.len() - 1] == "open", "{states:?}\n{ran}");
}

#[test]
fn another_login_is_made_on_another_connection() {
    let liar = Liar::start(Script::new());
    let ran = Ftpsh::new()
        .env("PASSWORD_OF_TESTS", &liar.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--trust", "accept-new"])
        .args(["-c", "user tester; status", &liar.url()])
        .run()
        .ok();
    assert!(ran.out().contains("tester"), "{ran}");
    let logins: Vec<_> = liar
        .wire
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Line { session, line, .. } if line.starts_with(b"USER ") => Some(session),
            _ => None,
        })
        .collect();
    assert!(logins.len() == 2 && logins[0] != logins[1], "{logins:?}");
}

#[test]
fn a_refused_login_leaves_the_old_one_as_it_was() {
    let server = Embedded::start();
    let netrc = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&netrc, "machine 127.0.0.1 login nobody password wrong").unwrap();
    let ran = connected(&server, "user nobody || status").env("NETRC", netrc.path()).run().ok();
    let ran = ran.stderr_has("login as nobody").stdout_has("tester").stdout_has("open");
    assert!(!ran.out().contains("nobody"), "{ran}");
    connected(&server, "user nobody").run().status(7);
}

#[test]
fn the_current_site_can_be_kept_and_opened_by_its_name() {
    let server = Embedded::start();
    let first = connected(&server, "bookmark add here").run().ok();
    let home = first.home();
    let file = std::fs::read_to_string(home.path().join("ftpsh/bookmarks")).unwrap();
    assert!(file.contains(&format!("here {}", server.url())), "{file}");
    Ftpsh::at(&home)
        .env("PASSWORD_OF_TESTS", &server.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &server.fingerprint])
        .args(["-c", "status", "here"])
        .run()
        .ok()
        .stdout_has("connection        open");
}

#[test]
fn the_command_that_opens_says_as_whom_before_the_command_line_does() {
    let server = Embedded::start();
    let open = format!("open -u tester {}; status", server.addr);
    Ftpsh::new()
        .env("PASSWORD_OF_TESTS", &server.password)
        .args(["--password-env", "PASSWORD_OF_TESTS", "--fingerprint", &server.fingerprint])
        .args(["-u", "nobody", "-c", &open])
        .run()
        .ok()
        .stdout_has("tester");
}

#[test]
fn exit_decides_the_status() {
    for (script, status) in [
        ("exit 7; echo no", 7),
        ("false || exit 0", 0),
        ("exit", 0),
        ("(lcd /nowhere || exit 4); echo no", 4),
        ("exit 256", 2),
    ] {
        let ran = Ftpsh::new().args(["-c", script, "-c", "echo no"]).run().status(status);
        assert_eq!(ran.out(), "", "{script}");
    }
}
