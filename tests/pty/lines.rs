//! Lines as they are typed: completion, several lines, the history, narrow terminals.

use std::time::Duration;

use crate::terminal::Terminal;
use crate::{PROMPT, connected, home, lied_to, logged_in};
use support::liar::{Data, Script};
use support::program::Ftpsh;

#[test]
fn tab_completes_commands_and_remote_names() {
    let (_server, mut terminal) = connected(&home(), &[]);
    terminal.send("ge\t");
    terminal.expect("get ");
    terminal.send("no\t");
    terminal.expect("get notes.txt ");
    terminal.send("-o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    // Quoted where it has to be, and level by level.
    terminal.send("get my\t");
    terminal.expect(r"get my\ file.txt ");
    terminal.send("-o -\r");
    terminal.expect("spaces");
    terminal.expect(PROMPT);
    terminal.send("get do\t");
    terminal.expect("get docs/");
    terminal.send("o\t");
    terminal.expect("docs/old/");
    terminal.send("\t");
    terminal.expect("docs/old/c.txt ");
    terminal.send("-o -\r");
    terminal.expect("old c");
    terminal.expect(PROMPT);
    // Two fit: a second one lists them.
    terminal.send("get \t\t");
    terminal.expect("notes.txt");
    terminal.expect(PROMPT);
    terminal.send("\x03");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_listing_that_is_late_neither_hangs_the_prompt_nor_harms_the_next_command() {
    let script = Script::new()
        .file("notes.txt", "remember the milk")
        .data("MLSD", Data::Trickle(Duration::from_millis(30)));
    let (liar, mut terminal) = lied_to(&home(), script, &["--set", "cmd:completion-timeout=50ms"]);
    terminal.send("get no\t");
    liar.wire.wait_for("MLSD", 1);
    // The prompt takes what is typed meanwhile, and the command waits for the session.
    terminal.send("tes.txt -o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    // By now the listing is there.
    terminal.send("get no\t");
    terminal.expect("get notes.txt ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
    assert_eq!((liar.wire.connections(), liar.wire.lines("MLSD").len()), (1, 1));
}

#[test]
fn a_listing_without_end_is_ended_with_ctrl_c_and_nothing_is_lost() {
    let script = Script::new().file("notes.txt", "remember the milk").data("MLSD", Data::Stall(3));
    let (liar, mut terminal) = lied_to(&home(), script, &[]);
    terminal.send("get no\t");
    liar.wire.wait_for("MLSD", 1);
    terminal.send("tes.txt -o -\r");
    // The line has been accepted when bracketed paste is switched off.
    terminal.expect("\x1b[?2004l");
    terminal.send("\x03");
    terminal.expect_within(PROMPT, Duration::from_secs(3));
    terminal.send("get notes.txt -o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn completion_never_connects() {
    let script = Script::new().file("notes.txt", "remember the milk");
    let (liar, mut terminal) = lied_to(&home(), script, &[]);
    liar.hang_up();
    terminal.send("get no\t\ttes.txt -o -");
    terminal.expect("get notes.txt -o -");
    assert_eq!(liar.wire.connections(), 1);
    // The command does.
    terminal.send("\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_session_of_a_few_commands_looks_as_expected() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("ls\r");
    terminal.expect("docs");
    terminal.expect("my file.txt");
    terminal.expect(PROMPT);
    // A listing that was shown is what Tab completes from; a directory ends in a slash.
    terminal.send("cd do\t");
    terminal.expect("cd docs/");
    terminal.send("ol\t");
    terminal.expect("cd docs/old/");
    terminal.send("\r");
    terminal.expect("ftpsh tester@127.0.0.1:PORT:/docs/old> ");
    terminal.send("set cmd:pro\t");
    terminal.expect("set cmd:prompt ");
    terminal.send("'\\W$ '\r");
    terminal.expect("old$ ");
    terminal.send("history\r");
    terminal.expect("cd docs/old/");
    terminal.expect("old$ ");
    terminal.send("set cmd:history-size 2\r");
    terminal.expect("old$ ");
    terminal.send("exit 7\r");
    assert_eq!(terminal.end().0, 7);
    let history = std::fs::read_to_string(home.path().join("ftpsh/history")).unwrap();
    assert_eq!(history, "set cmd:history-size 2\nexit 7\n");
}

#[test]
fn a_history_that_is_forgotten_does_not_come_back() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("pwd\r");
    terminal.expect(PROMPT);
    terminal.send("history -c\r");
    terminal.expect(PROMPT);
    terminal.send("get missing; exit\r");
    // Without a number the end of a session is no failure.
    assert_eq!(terminal.end().0, 0);
    let history = std::fs::read_to_string(home.path().join("ftpsh/history")).unwrap();
    assert_eq!(history, "get missing; exit\n");
}

#[test]
fn input_continues_over_several_lines_until_it_is_complete() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("get 'my\r");
    terminal.expect("> ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
    terminal.send("(get notes.txt -o -\r");
    terminal.expect("> ");
    // Completion knows the lines before.
    terminal.send("get my\t");
    terminal.expect(r"get my\ file.txt ");
    terminal.send("-o - )\r");
    terminal.expect("remember the milk");
    terminal.expect("spaces");
    terminal.expect(PROMPT);
    // It comes back from the history as one.
    terminal.send("\x1b[A\r");
    terminal.expect("remember the milk");
    terminal.expect("spaces");
    terminal.expect(PROMPT);
    // The end of the input is the end of the quote.
    terminal.send("get 'my\r");
    terminal.expect("> ");
    terminal.send_ctrl_d();
    terminal.expect("prompt:1:5");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn the_history_holds_no_secret_no_duplicate_and_nothing_after_a_blank() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    for line in ["get a -o -", "get a -o -", " get b -o -", "quote PASS s3cret-too"] {
        terminal.send(&format!("{line}\r"));
        terminal.expect(PROMPT);
    }
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
    let history = std::fs::read_to_string(home.path().join("ftpsh/history")).unwrap();
    assert_eq!(history.lines().next(), Some("get a -o -"));
    assert!(!history.contains("s3cret") && !history.contains("get b"), "{history}");
    assert_eq!(history.matches("get a").count(), 1);
}

/// A terminal with colour, logged in to a server with a file.
fn in_colour() -> (support::liar::Liar, Terminal) {
    let liar = support::liar::Liar::start(Script::new().file("notes.txt", "milk"));
    let program = Ftpsh::new()
        .args(logged_in(&liar.url(), &[]))
        .env("TERM", "xterm")
        .env("FTPSH_TEST_PASSWORD", "s3cret-word");
    let mut terminal = Terminal::start(program.command());
    terminal.expect(PAINTED);
    (liar, terminal)
}

#[test]
fn colour_distinguishes_known_commands_and_the_history_completes() {
    let (_server, mut terminal) = in_colour();
    terminal.send("get notes.txt -o -\r");
    terminal.expect("milk");
    terminal.expect(PAINTED);
    terminal.send("get n");
    terminal.expect("\x1b[1mget\x1b[0m n\x1b[2motes.txt -o -\x1b[0m");
    // The arrow takes what is offered.
    terminal.send("\x1b[C\r");
    terminal.expect("milk");
    terminal.expect(PAINTED);
    terminal.send("gte");
    terminal.expect("\x1b[31mgte\x1b[0m");
    terminal.send("\x03");
    terminal.expect(PAINTED);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn the_prompt_shows_the_status_of_a_failed_command_until_one_succeeds() {
    let (_server, mut terminal) = connected(&home(), &[]);
    terminal.send("cd missing\r");
    terminal.expect(&format!("[8] {PROMPT}"));
    // An empty line and Ctrl-C are no commands.
    terminal.send("\r");
    terminal.expect(&format!("[8] {PROMPT}"));
    terminal.send("gte\r");
    terminal.expect(&format!("[2] {PROMPT}"));
    terminal.send("cd missing || pwd\r");
    terminal.expect(&format!("\x1b[K{PROMPT}"));
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn mistyped_commands_are_not_suggested_from_the_history() {
    let (_server, mut terminal) = in_colour();
    let wrong = ["gte notes.txt", "get n --nonsense", "get n || ; pwd", "set net:nonsense 3"];
    for line in ["get notes.txt -o -"].into_iter().chain(wrong) {
        terminal.send(&format!("{line}\r"));
        // Each key draws the prompt again: wait for the end of the line and the next one.
        terminal.expect("\x1b[?2004l");
        terminal.expect("\x1b[?2004h");
        terminal.expect(PAINTED);
    }
    // The older line that was right is suggested instead of the later ones.
    terminal.send("get n");
    terminal.expect("\x1b[1mget\x1b[0m n\x1b[2motes.txt -o -\x1b[0m");
    terminal.send("\x03");
    terminal.expect(PAINTED);
    for line in wrong {
        let before = terminal.transcript().len();
        terminal.send(&format!("{}\x03", &line[..line.len() - 1]));
        terminal.expect("\x1b[?2004l");
        terminal.expect(PAINTED);
        let last = &line[line.len() - 1..];
        let shown = terminal.transcript()[before..].to_owned();
        assert!(!shown.contains(&format!("\x1b[2m{last}\x1b[0m")), "{}", shown.escape_debug());
    }
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_huge_directory_is_completed_from_the_cache_at_once() {
    let listing: String =
        (0..50_000).map(|n| format!("type=file;size=1; file-{n:05}.txt\r\n")).collect();
    let script = Script::new().listing("MLSD", listing);
    let (liar, mut terminal) = lied_to(&home(), script, &["--set", "cmd:completion-timeout=60s"]);
    terminal.send("get f\t");
    terminal.expect("file-");
    for round in 0..3 {
        let start = if round == 0 { "" } else { "file-" };
        terminal.send(&format!("{start}1234{round}\t"));
        terminal.expect_within(&format!("1234{round}.txt "), Duration::from_secs(5));
    }
    terminal.send("f\t\t");
    terminal.expect("Display all 50000 possibilities? (y or n)");
    terminal.send("n\x03");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
    assert_eq!(liar.wire.lines("MLSD").len(), 1);
}

#[test]
fn lines_typed_ahead_are_not_lost() {
    let (_server, mut terminal) = connected(&home(), &[]);
    // While a line is awaited, all in one piece, and while a command runs.
    terminal.send("! echo on''e\r! echo tw''o; read go\r");
    terminal.expect("one\r\n");
    terminal.expect("two\r\n");
    terminal.send("go\r! echo thre''e\r! echo fou''r\r");
    terminal.expect("three\r\n");
    terminal.expect("four\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn any_width_will_do_also_with_colour() {
    for columns in [1, 5, 20] {
        let home = home();
        let script = Script::new()
            .file("a-file-with-a-very-long-name-indeed.txt", "x")
            .file("a-file-with-another-long-name-語語語.txt", "y");
        let liar = support::liar::Liar::start(script);
        let program = Ftpsh::at(&home)
            .args(logged_in(&liar.url(), &["--set", "cmd:prompt=\\h:\\w> "]))
            .env("TERM", "xterm")
            .env("FTPSH_TEST_PASSWORD", "s3cret-word");
        let mut terminal = Terminal::with_columns(program.command(), columns);
        terminal.expect("> ");
        terminal.send("! echo a longer line than fits here; echo d''one-1\r");
        terminal.expect("done-1");
        terminal.expect("> ");
        // Lists of candidates, hints, and a search, all wider than the terminal.
        terminal.send("get a\t\t");
        terminal.expect("indeed.txt");
        for keys in ["\x03", "! echo a\x03", "\x12longer\x03\x03"] {
            terminal.send(keys);
            terminal.expect("\x1b[?2004h");
            terminal.expect("> ");
        }
        terminal.send("! echo d''one-2\r");
        terminal.expect("done-2");
        terminal.expect("> ");
        terminal.send_ctrl_d();
        let (status, shown) = terminal.end();
        assert_eq!(status, 0, "{}", shown.escape_debug());
        assert!(!shown.contains("panicked"), "{}", shown.escape_debug());
    }
}

/// The prompt at the top of a server, in colour.
const PAINTED: &str = "ftpsh \x1b[32mtester\x1b[0m@\x1b[32m127.0.0.1:PORT\x1b[0m:\x1b[1m/\x1b[0m> ";
