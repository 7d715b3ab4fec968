//! The first login at a terminal: the user name, the password, and what becomes of a wrong one.

use std::os::unix::fs::PermissionsExt;

use crate::terminal::Terminal;
use crate::{PROMPT, ftpsh, home};
use support::liar::{Liar, Script, Step};

/// A login without a user name, in the environment of alice.
fn login(liar: &Liar, more: &[&str]) -> Terminal {
    let (home, url) = (home(), format!("ftp://{}", liar.addr));
    let mut command = ftpsh(&home, &[&["--trust", "accept-new", &url], more].concat());
    command.env("USER", "alice");
    Terminal::start(command)
}

#[test]
fn the_local_users_name_is_offered_and_the_line_can_be_edited() {
    let liar = Liar::start(Script::new().user("alice", "s3cret-word"));
    let mut terminal = login(&liar, &[]);
    terminal.expect("User name for 127.0.0.1 [alice]: ");
    terminal.send("\r");
    terminal.expect("Password for alice@127.0.0.1: ");
    terminal.send("s3cret-word\r");
    terminal.expect("ftpsh alice@");
    // Another one, whose beginning is mended after a Left and a Home.
    let liar = Liar::start(Script::new().user("tester", "s3cret-word"));
    let mut terminal = login(&liar, &[]);
    terminal.expect("[alice]: ");
    terminal.send("estr\x1b[De\x1b[Ht\r");
    terminal.expect("Password for tester@127.0.0.1: ");
    terminal.send("s3cret-word\r");
    terminal.expect(PROMPT);
}

#[test]
fn a_wrong_password_is_asked_again_on_the_same_connection_three_times_in_all() {
    let refused = || Script::new().on("PASS", Step::reply("530 wrong password"));
    let liar = Liar::start(refused().on("PASS", Step::reply("530 wrong again")));
    let url = liar.url();
    let call = ["--trust", "accept-new", &url];
    let mut terminal = Terminal::start(ftpsh(&home(), &call));
    for reply in ["wrong password", "wrong again"] {
        terminal.expect("Password for tester@127.0.0.1: ");
        terminal.send("s3cret-wrong\r");
        terminal.expect(reply);
    }
    terminal.expect("Password for tester@127.0.0.1: ");
    terminal.send("s3cret-word\r");
    terminal.expect(PROMPT);
    terminal.send("pwd\r");
    terminal.expect("\n/\r\n");
    assert_eq!((liar.wire.connections(), liar.wire.lines("PASS").len()), (1, 3));

    // A server that hangs up after each is dialled again; the third refusal is the last one.
    let liar = Liar::start(Script::new().always("PASS", Step::Close(b"530 no\r\n".to_vec())));
    let url = liar.url();
    let mut terminal =
        Terminal::start(ftpsh(&home(), &["--trust", "accept-new", &url, "-c", "ls"]));
    for _ in 0..3 {
        terminal.expect("Password for tester@127.0.0.1: ");
        terminal.send("s3cret-wrong\r");
    }
    let (status, shown) = terminal.end();
    assert_eq!((status, liar.wire.connections()), (7, 3), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_refused_password_that_was_not_typed_says_where_it_is_from() {
    let liar = Liar::start(Script::new().always("PASS", Step::reply("530 wrong password")));
    let home = home();
    let netrc = home.path().join(".netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login tester password s3cret-wrong\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&netrc, PermissionsExt::from_mode(mode)).unwrap();
    let url = format!("ftp://{}", liar.addr);
    let call = ["--trust", "accept-new", &url, "-c", "ls"];
    let run = || {
        let mut command = ftpsh(&home, &call);
        command.env("HOME", home.path()).env("USER", "alice").env("NETRC", &netrc);
        Terminal::start(command)
    };
    mode(0o600);
    let (status, shown) = run().end();
    assert_eq!(status, 7);
    assert!(shown.contains("the password is from ~/.netrc"), "{shown}");
    assert!(!shown.contains("Password for"), "{shown}");
    // One that others can read is not used, which is said before the question.
    mode(0o644);
    let mut terminal = run();
    terminal.expect(".netrc: not used, because others can access it (chmod 600 fixes that)");
    terminal.expect("User name for");
    terminal.send("\x03");
    assert_eq!(terminal.end().0, 130);
}

#[test]
fn a_wrong_password_is_asked_again_by_a_server_that_drops_pipelined_commands() {
    // The first PASS, which came together with USER, is lost.
    let liar = Liar::start(Script::new().on("PASS", Step::Silence));
    let url = liar.url();
    let call = ["--trust", "accept-new", &url];
    let mut terminal = Terminal::start(ftpsh(&home(), &call));
    terminal.expect("Password for tester@127.0.0.1: ");
    terminal.send("s3cret-wrong\r");
    terminal.expect("dropped pipelined commands");
    terminal.expect("Password for tester@127.0.0.1: ");
    terminal.send("s3cret-word\r");
    terminal.expect(PROMPT);
}
