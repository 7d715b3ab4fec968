//! What a transfer shows while it runs, and what is left on the screen after a command.

use crate::terminal::Terminal;
use crate::{PROMPT, home, lied_to};
use support::liar::Script;

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
    terminal.expect(" big  ");
    terminal.expect("ETA 0:0");
    let rates = rates(&terminal);
    assert!(!rates.is_empty() && rates.iter().all(|rate| *rate <= 100.0), "{rates:?}");
    terminal.send("\x03");
    terminal.expect("/pub> ");
    terminal.send_ctrl_d();
    terminal.end();
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
