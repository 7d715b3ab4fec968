//! Trust, passwords, interruptions, ends: what happens around the lines that are typed.

use std::time::Duration;

use crate::terminal::Terminal;
use crate::{PROMPT, connected, ftpsh, home, lied_to};
use support::embedded::Embedded;
use support::liar::{Data, Liar, Script, Step};
use support::program::Ftpsh;

/// What a Ctrl-C may take, with a slow machine allowed for.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
fn a_server_that_is_not_trusted_gets_nothing_and_is_not_remembered() {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    let home = home();
    let mut terminal = Terminal::start(ftpsh(&home, &[&server.url()]));
    terminal.expect(&server.fingerprint);
    terminal.expect("[no]? ");
    terminal.send("perhaps\r");
    terminal.expect("please type");
    terminal.expect("[no]? ");
    terminal.send("no\r");
    let (status, shown) = terminal.end();
    assert_eq!(status, 5, "{shown}");
    assert!(!shown.contains("assword"), "{shown}");
    assert!(!home.path().join("ftpsh/known_servers").exists());
}

#[test]
fn a_first_visit_asks_and_the_second_one_remembers_all_but_the_password() {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    std::fs::write(server.root.join("notes.txt"), "remember the milk\n").unwrap();
    let home = home();
    let mut terminal = Terminal::start(ftpsh(&home, &[&server.url()]));
    terminal.expect("[no]? ");
    terminal.send("yes\r");
    terminal.expect("Password for tester@127.0.0.1: ");
    terminal.send("s3cret-word\r");
    terminal.expect(PROMPT);
    terminal.send("get notes.txt -o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    let (status, shown) = terminal.end();
    assert_eq!(status, 0);
    assert!(!shown.contains("s3cret"), "{shown}");

    let mut terminal = Terminal::start(ftpsh(&home, &[&server.url()]));
    terminal.expect("Password for");
    assert!(!terminal.transcript().contains("[no]?"));
    terminal.send("s3cret-word\r");
    terminal.expect(PROMPT);
    // The history of the first visit: the line before, found by its beginning and by its middle.
    terminal.send("\x1b[A\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send("\x12notes");
    terminal.expect("get notes.txt -o -");
    terminal.send("\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn ctrl_c_ends_a_stalled_transfer_at_once_and_the_prompt_works_again() {
    let script = Script::new()
        .file("big.iso", vec![b'x'; 1 << 20])
        .file("small.txt", "still here")
        .data("RETR", Data::Stall(1000));
    let home = home();
    let (liar, mut terminal) = lied_to(&home, script, &[]);
    terminal.send("get big.iso\r");
    liar.wire.wait_for("RETR", 1);
    terminal.send("\x03");
    terminal.expect_within("interrupted", AT_ONCE);
    terminal.expect_within(PROMPT, AT_ONCE);
    terminal.send("get small.txt -o -\r");
    terminal.expect("still here");
    terminal.expect(PROMPT);
    assert!(!home.path().join("big.iso").exists());
    terminal.send_ctrl_d();
    // What was typed at the prompt does not count.
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_second_ctrl_c_leaves() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    // A command that no Ctrl-C ends.
    terminal.send("! trap '' INT; echo ready; read never\r");
    terminal.expect("ready\r\n");
    terminal.send("\x03");
    terminal.expect("^C");
    // Two that arrive together count as one.
    while !terminal.ends_within(Duration::from_millis(300)) {
        terminal.send("\x03");
    }
    assert_eq!(terminal.end().0, 130);
}

#[test]
fn sigterm_at_the_prompt_leaves_the_terminal_as_it_was() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("get notes.txt -o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send("half a li");
    terminal.expect("half a li");
    terminal.terminate();
    let (status, shown) = terminal.end();
    assert_eq!(status, 143, "{shown}");
    // Bracketed paste is off again.
    assert!(shown.rfind("\x1b[?2004l") > shown.rfind("\x1b[?2004h"), "{}", shown.escape_debug());
    let history = std::fs::read_to_string(home.path().join("ftpsh/history")).unwrap();
    assert_eq!(history, "get notes.txt -o -\n");
}

#[test]
fn failures_at_the_prompt_are_shown_and_do_not_count() {
    let (_server, mut terminal) = connected(&home(), &[]);
    for (line, error) in [
        ("nonsense", "unknown command"),
        ("get missing -o -", "missing"),
        ("get x )", "ftpsh: `)` without `(`"),
        ("! exit 3", "status 3"),
    ] {
        terminal.send(&format!("{line}\r"));
        terminal.expect(error);
        terminal.expect(PROMPT);
    }
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let evil = "\x1b]0;title\x07\x1b[2J\u{9b}2J\u{202e}";
    let listing = format!("type=file;size=1; good.txt\r\ntype=file;size=1; e{evil}\r\n");
    let script = Script::new()
        .greeting(Step::reply(format!("220 hello {evil}")))
        .listing("MLSD", &listing)
        .on("RETR", Step::reply(format!("550 no {evil}")));
    let (_liar, mut terminal) = lied_to(&home(), script, &["-vv"]);
    terminal.send("get \t\t");
    terminal.expect("good.txt");
    // The dialogue of a completion does not get into the line.
    assert!(!terminal.transcript().contains("MLSD"), "{}", terminal.transcript());
    terminal.send("\r");
    terminal.expect("550 no ");
    terminal.expect(PROMPT);
    terminal.send("get e*\r");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    let (_, shown) = terminal.end();
    for part in ["\x1b]", "\x07", "\x1b[2J", "\u{9b}", "\u{202e}"] {
        assert!(!shown.contains(part), "{part:?} in {}", shown.escape_debug());
    }
}

#[test]
fn a_server_trusted_for_this_run_only_shows_in_the_prompt() {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    let mut terminal = Terminal::start(ftpsh(&home(), &[&server.url()]));
    terminal.expect("[no]? ");
    terminal.send("once\r");
    terminal.expect("Password for");
    terminal.send("s3cret-word\r");
    terminal.expect(&format!("! {PROMPT}"));
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_enough() {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    std::fs::write(server.root.join("notes.txt"), "remember the milk\n").unwrap();
    let home = home();
    let program = Ftpsh::at(&home)
        .args(["--trust", "accept-new", "--password-env", "SECRET", &server.url()])
        .env("SECRET", &server.password)
        .env("TERM", "dumb");
    let mut terminal = Terminal::start(program.command());
    terminal.expect(PROMPT);
    terminal.send("get notes.txt \\\r");
    terminal.expect("\r\n> ");
    terminal.send("-o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send("half a line\x03");
    terminal.expect(&format!("\n{PROMPT}"));
    terminal.send("\x04");
    let (status, shown) = terminal.end();
    assert_eq!(status, 0);
    assert!(!shown.contains('\x1b'), "{}", shown.escape_debug());
}

#[test]
fn data_goes_where_standard_output_goes_and_the_prompt_to_the_terminal() {
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    std::fs::write(server.root.join("notes.txt"), "remember the milk\n").unwrap();
    let home = home();
    let mut command = std::process::Command::new("/bin/sh");
    let program = Ftpsh::at(&home).env("TERM", "xterm").env("SECRET", &server.password).command();
    let environment = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command
        .env_clear()
        .envs(environment)
        .current_dir(home.path())
        .arg("-c")
        .arg(r#"exec "$0" --trust accept-new --password-env SECRET "$1" > out"#)
        .arg(program.get_program())
        .arg(server.url());
    let mut terminal = Terminal::start(command);
    terminal.expect(PROMPT);
    terminal.send("get notes.txt -o -\r");
    terminal.expect(PROMPT);
    terminal.send("\x04");
    assert_eq!(terminal.end().0, 0);
    let out = std::fs::read_to_string(home.path().join("out")).unwrap();
    assert_eq!(out, "remember the milk\n");
}

#[test]
fn a_full_server_does_not_make_the_program_ask_for_the_password_again() {
    let full = || Step::reply("530 max 1 users");
    let script = || Script::new().file("/notes", "").on("PASS", full());
    let start = |liar: &Liar, more: &[&str]| {
        let interval = ["--set", "net:reconnect-interval=10ms", "--trust", "accept-new"];
        let mut terminal =
            Terminal::start(ftpsh(&home(), &[&interval[..], &[&liar.url()], more].concat()));
        terminal.expect("Password for");
        terminal.send("s3cret-word\r");
        terminal
    };
    // One line of commands waits.
    let liar = Liar::start(script());
    let mut terminal = start(&liar, &["-c", "ls -1"]);
    terminal.expect("trying again");
    terminal.expect("notes");
    let (status, shown) = terminal.end();
    assert_eq!((status, shown.matches("Password for").count()), (0, 1), "{shown}");
    // The prompt says why, and the next command tries again.
    let liar = Liar::start(script());
    let mut terminal = start(&liar, &[]);
    terminal.expect("no more connections");
    terminal.expect("> ");
    terminal.send("ls -1\r");
    terminal.expect("notes");
    terminal.send_ctrl_d();
    let (_, shown) = terminal.end();
    assert_eq!(shown.matches("Password for").count(), 1, "{shown}");
    assert_eq!(liar.wire.lines("PASS").len(), 2, "{shown}");
}
