//! Long text at a terminal: page by page, with the user's pager, and nothing of it anywhere else.

use std::sync::Arc;

use tempfile::TempDir;

use crate::terminal::Terminal;
use crate::{PROMPT, connected, home, logged_in};
use support::executable::write_script;
use support::liar::{Liar, Script};
use support::program::Ftpsh;

/// Shows its input between two lines, tells its arguments, and waits for a line from the terminal.
const PAGER: &str = "#!/bin/sh
echo \"BEGIN pager $# $LESS $LESSSECURE\"; cat; echo END; read go < /dev/tty
";

/// A terminal with that pager.
fn with_pager(script: Script, body: &str, pager: &str) -> (Arc<TempDir>, Liar, Terminal) {
    let home = home();
    let path = home.path().join("pager");
    write_script(&path, body);
    let liar = Liar::start(script);
    let pager = pager.replace("PAGER", &path.display().to_string());
    let program = Ftpsh::at(&home)
        .args(logged_in(&liar.url(), &[]))
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("PAGER", pager)
        .env("FTPSH_TEST_PASSWORD", "s3cret-word");
    let mut terminal = Terminal::start(program.command());
    terminal.expect(PROMPT);
    (home, liar, terminal)
}

#[test]
fn what_is_longer_than_the_terminal_is_paged_and_what_fits_is_not() {
    let (_home, _liar, mut terminal) = with_pager(Script::new(), PAGER, "PAGER");
    for line in ["help", "help get", "set -a"] {
        terminal.send(&format!("{line}\r"));
        terminal.expect("BEGIN pager 0 FRX 1\r\n");
        terminal.expect("END\r\n");
        terminal.send("\r");
        terminal.expect(PROMPT);
    }
    for line in ["help pwd", "help net:timeout", "set", "pwd", "help get | cat", "help > h"] {
        terminal.send(&format!("{line}\r"));
        terminal.expect("\x1b[?2004l");
        terminal.expect(PROMPT);
    }
    terminal.send_ctrl_d();
    let (status, shown) = terminal.end();
    assert_eq!((status, shown.matches("BEGIN pager").count()), (0, 3), "{shown}");
}

#[test]
fn a_pager_that_is_quit_early_is_not_a_failure_and_one_that_is_missing_no_loss() {
    let (_home, _liar, mut terminal) =
        with_pager(Script::new(), "#!/bin/sh\nread a; echo $a\n", "PAGER");
    terminal.send("help || ! echo failed\r");
    terminal.expect("Session\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    let (_, shown) = terminal.end();
    assert!(!shown.contains("failed\r\n") && !shown.contains("broken pipe"), "{shown}");
    // One word is run as it is, several by the shell.
    for pager in ["/nowhere/pager", "/nowhere/pager -x -y", "exec no-such-program -x"] {
        let script = Script::new().file("/a", "hello\n");
        let (_home, _liar, mut terminal) = with_pager(script, PAGER, pager);
        terminal.send("help\r");
        terminal.expect(&format!("cannot run pager `{pager}`; printed without one\r\n"));
        terminal.expect("Trust\r\n");
        terminal.expect(PROMPT);
        // A file is not thrown onto the terminal.
        terminal.send("less a || ! echo fail\\ed\r");
        terminal.expect(&format!("cannot run `{pager}`: "));
        terminal.expect("failed\r\n");
        terminal.expect(PROMPT);
        terminal.send_ctrl_d();
        assert_eq!(terminal.end().0, 0);
    }
}

#[test]
fn what_a_server_says_reaches_the_pager_as_text_and_through_its_input_only() {
    let features = (0..30).fold(Script::new(), |script, n| {
        script.feature(&format!("X{n} \x1b[31m$(touch pwned)`touch pwned`;touch pwned"))
    });
    let script = features.file("/a;touch pwned;", "$(touch pwned)\n");
    let (_home, _liar, mut terminal) = with_pager(script, PAGER, "PAGER -x");
    for line in ["feat", "less a*"] {
        terminal.send(&format!("{line}\r"));
        terminal.expect("BEGIN pager 1 FRX 1\r\n");
        terminal.expect("END\r\n");
        terminal.send("\r");
        terminal.expect(PROMPT);
    }
    terminal.send("! ls\r");
    terminal.expect("pager\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    let (_, shown) = terminal.end();
    assert!(shown.contains(r"X7 \x1b[31m$(touch pwned)"), "{shown}");
    assert!(!shown.contains("\npwned"), "{shown}");
}

#[test]
fn the_real_less_takes_a_quit_at_once() {
    let (_server, mut terminal) = connected(&home(), &[]);
    terminal.send("help\r");
    terminal.expect("Session");
    terminal.expect("\x1b[K");
    terminal.send("q");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn the_help_of_a_setting_breaks_its_lines_between_words() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("help xfer:verify\r");
    terminal.expect("\x1b[?2004l");
    terminal.expect("  value ");
    let shown = terminal.transcript();
    let (_, help) = shown.rsplit_once("\x1b[?2004l").unwrap();
    let (help, _) = help.split_once("  value ").unwrap();
    let lines: Vec<_> = help.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= 80), "{lines:#?}");
}
