//! What a transfer shows while it runs, and what is left on the screen after a command.

use std::sync::Arc;

use crate::terminal::Terminal;
use crate::{PROMPT, home, lied_to};
use support::liar::{Liar, Script};
use tempfile::TempDir;

/// The numbers before ` KiB/s` in everything shown so far.
fn rates(terminal: &Terminal) -> Vec<f64> {
    let shown = terminal.transcript();
    let before = shown.split(" KiB/s").map(|text| text.rsplit(' ').next().unwrap_or_default());
    before.filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn a_download_shows_its_name_as_typed_and_a_rate_that_is_never_above_the_limit() {
    let home = home();
    let file = vec![b'x'; 400_000];
    let script = Script::new().file("/pub/big", file.clone()).file("/pub/other", file);
    let (_liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-total-rate=100k"]);
    terminal.send("cd pub\r");
    terminal.expect("/pub> ");
    terminal.send(&format!("get -P2 big other -O {}\r", home.path().display()));
    terminal.expect("0 of 2 files ");
    terminal.expect("\nbig  ");
    terminal.expect("ETA 0:0");
    let rates = rates(&terminal);
    assert!(!rates.is_empty() && rates.iter().all(|rate| *rate <= 100.0), "{rates:?}");
    terminal.send("\x03");
    terminal.expect("/pub> ");
    terminal.send_ctrl_d();
    terminal.end();
}

/// Two downloads under a rate limit, with a total line and two others on the screen.
fn downloading(home: &Arc<TempDir>, size: usize) -> (Liar, Terminal) {
    let script = Script::new().file("/big", vec![b'x'; size]).file("/other", vec![b'x'; size]);
    let (liar, mut terminal) = lied_to(home, script, &["--set", "net:limit-total-rate=100k"]);
    terminal.send(&format!("get -P2 big other -O {}\r", home.path().display()));
    terminal.expect("0 of 2 files ");
    terminal.expect("other ");
    (liar, terminal)
}

#[test]
fn a_narrower_terminal_shows_the_lines_afresh_and_nothing_of_the_old_ones() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 1_000_000);
    terminal.resize(40, 24);
    // Each of the three lines takes two rows now.
    terminal.expect("\u{1b}[6A\r\u{1b}[J0 of 2 ");
    terminal.resize(100, 24);
    terminal.expect("\u{1b}[3A\r\u{1b}[J0 of 2 files ");
    // No more lines than rows, and one for the cursor.
    terminal.resize(100, 3);
    terminal.expect("\u{1b}[2A\r0 of 2 files ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
}

#[test]
fn after_a_stop_the_lines_are_drawn_below_what_the_shell_wrote() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 1_000_000);
    terminal.stop_and_continue();
    // The end of a drawing, and one that moves up over nothing.
    terminal.expect("\u{1b}[J\u{1b}[J0 of 2 files ");
    terminal.expect("\u{1b}[3A\r0 of 2 files ");
    terminal.send("\x03");
    terminal.expect(PROMPT);
}

#[test]
fn what_is_typed_during_a_transfer_appears_at_the_prompt_after_it() {
    let home = home();
    let (_liar, mut terminal) = downloading(&home, 100_000);
    terminal.send("echo typed-ahead\recho and-half");
    terminal.expect("other: 97.7 KiB in ");
    assert!(!terminal.transcript().contains("typed"), "{}", terminal.transcript().escape_debug());
    terminal.expect("echo typed-ahead");
    terminal.expect("\ntyped-ahead\r\n");
    terminal.expect("echo and-half");
    terminal.send("-more\r");
    terminal.expect("\nand-half-more");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn output_without_a_line_feed_at_its_end_is_not_overwritten_by_the_prompt() {
    let script = Script::new().file("unfinished", "no line feed").file("finished", "one\n");
    let (_liar, mut terminal) = lied_to(&home(), script, &[]);
    // The mark, and blanks up to the next line or the end of this one.
    let blanks = format!("{}\r\u{1b}[K", " ".repeat(79));
    for (line, text) in
        [("cat unfinished", "no line feed"), ("!printf abc", "abc"), ("cat finished", "one\r\n")]
    {
        terminal.send(&format!("{line}\r"));
        terminal.expect(text);
        terminal.expect(&blanks);
        terminal.expect(PROMPT);
    }
    terminal.send_ctrl_d();
    terminal.end();
}
