//! Terminals too small for anything, and terminals that change their size.

use crate::terminal::Terminal;
use crate::{PROMPT, connected, home, logged_in};
use support::liar::{Liar, Script};
use support::program::Ftpsh;

#[test]
fn twenty_columns_and_one_row_are_enough() {
    for (columns, rows, pager) in [(20, 1, "cat"), (20, 1, "less"), (20, 4, "cat"), (1, 1, "cat")] {
        let home = home();
        let script = Script::new()
            .file("a-file-with-a-very-long-name-indeed.txt", "x")
            .file("b-語語語語語語語語語語語.iso", vec![b'x'; 1 << 20]);
        let liar = Liar::start(script);
        let program = Ftpsh::at(&home)
            .args(logged_in(&liar.url(), &["--set", "cmd:prompt=> "]))
            .env("TERM", "xterm")
            .env("PAGER", pager)
            .env("FTPSH_TEST_PASSWORD", "s3cret-word");
        let mut terminal = Terminal::with_size(program.command(), columns, rows);
        terminal.expect("> ");
        for line in ["ls", "ls -l a*", "get b*", "status", "jobs", "find", "get b* & wait", "nope"]
        {
            terminal.send(&format!("{line}; ! echo d''one\r"));
            let end = if line == "nope" { "did you mean" } else { "done\r\n" };
            terminal.expect(end);
        }
        terminal.send("help get\r");
        if pager == "less" {
            terminal.expect(":\x1b[K");
            terminal.send("q");
        }
        terminal.expect("\x1b[?2004h");
        terminal.send("get a\t");
        terminal.expect("indeed.txt");
        terminal.send("\x03");
        terminal.expect("\x1b[?2004h");
        terminal.send("exit\r");
        let (status, shown) = terminal.end();
        assert_eq!(status, 0, "{columns}x{rows}: {}", shown.escape_debug());
        assert!(!shown.contains("panicked"), "{columns}x{rows}: {}", shown.escape_debug());
    }
}

#[test]
fn a_window_that_changes_its_size_while_a_line_is_typed_loses_nothing() {
    let (_server, mut terminal) = connected(&home(), &[]);
    terminal.send("get notes.txt");
    for (columns, rows) in [(20, 5), (1, 1), (300, 80), (10, 2), (80, 24)] {
        terminal.resize(columns, rows);
        terminal.send(" ");
    }
    terminal.send("-o -\r");
    terminal.expect("remember the milk");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_very_long_line_is_edited_run_and_not_kept() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    let word = "w".repeat(20_000);
    terminal.send(&format!("echo {word}"));
    terminal.send("\x01\x05 end''ed\r");
    terminal.expect("w ended\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
    assert!(
        !std::fs::read_to_string(home.path().join("ftpsh/history"))
            .unwrap_or_default()
            .contains("www")
    );
}
