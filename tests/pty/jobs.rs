//! Background jobs at the prompt: what they say, and leaving while they run.

use std::time::Duration;

use crate::{PROMPT, connected, home, lied_to};
use support::liar::{Data, Script};

#[test]
fn a_job_speaks_above_the_line_being_typed() {
    let home = home();
    let (_server, mut terminal) = connected(&home, &[]);
    terminal.send("(repeat -d 20ms --until-ok '! test -e go'; echo data) &\r");
    terminal.expect("[1] (repeat");
    terminal.expect(PROMPT);
    terminal.send("echo half");
    terminal.expect("half");
    std::fs::write(home.path().join("go"), "").unwrap();
    terminal.expect("data");
    // The line is there again, and goes on.
    terminal.expect("echo half");
    terminal.expect("[1] done: (repeat");
    terminal.expect("echo half");
    terminal.send("-typed\r");
    terminal.expect("\nhalf-typed");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn leaving_with_running_jobs_asks_and_ctrl_c_means_the_foreground() {
    let script =
        Script::new().file("big.iso", vec![b'x'; 1 << 20]).always_data("RETR", Data::Stall(1000));
    let home = home();
    let (liar, mut terminal) = lied_to(&home, script, &[]);
    terminal.send("get big.iso &\r");
    liar.wire.wait_for("RETR", 1);
    terminal.expect(PROMPT);
    terminal.send("echo begun; sleep 1h\r");
    terminal.expect("\nbegun");
    terminal.send("\x03");
    terminal.expect("interrupted");
    terminal.expect(PROMPT);
    terminal.send("jobs\r");
    terminal.expect("running");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.expect("1 job is running: wait, kill, or stay (w/k/S)? ");
    terminal.send("s\r");
    terminal.expect(PROMPT);
    terminal.send("exit\r");
    terminal.expect("1 job is running");
    terminal.send("kill\r");
    terminal.expect_within("[1] killed: get big.iso &", Duration::from_secs(3));
    assert_eq!(terminal.end().0, 0);
    assert!(!home.path().join("big.iso").exists());
}

#[test]
fn a_job_has_percent_and_time_left_and_shows_its_progress_in_the_foreground() {
    let home = home();
    let script = Script::new().file("big.iso", vec![b'x'; 500_000]);
    let (_liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=100k"]);
    terminal.send(&format!("lcd {}; get big.iso &\r", home.path().display()));
    terminal.expect("[1] get big.iso &");
    terminal.expect(PROMPT);
    terminal
        .send("repeat -d 50ms --until-ok '! test $(stat -c %s .big.iso.ftpsh-part) -gt 120000'\r");
    terminal.expect(PROMPT);
    terminal.send("jobs\r");
    terminal.expect("%   ETA ");
    terminal.expect("%  0:0");
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("KiB/s"), "no line of a job is drawn at the prompt");
    terminal.send("fg\r");
    terminal.expect("[1] get big.iso &");
    terminal.expect("\u{1b}[Jbig.iso  ");
    terminal.expect(" KiB/s ETA 0:0");
    terminal.expect("big.iso: 488.3 KiB in ");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_queue_names_its_commands() {
    let home = home();
    let script = Script::new().file("a", "text");
    let (_liar, mut terminal) = lied_to(&home, script, &[]);
    terminal.send(&format!(
        "lcd {}; queue get a; queue get missing; queue wait\r",
        home.path().display()
    ));
    terminal.expect("queued: get a\r\n");
    terminal.expect("[1] done: get a\r\n");
    terminal.expect("[1] failed: get missing\r\n");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    terminal.end();
}

#[test]
fn ctrl_backslash_sends_a_transfer_to_the_background_where_it_is_completed() {
    let home = home();
    let script = Script::new()
        .file("1.iso", "short")
        .file("2.iso", vec![b'x'; 500_000])
        .file("3.iso", "short");
    let (liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=100k"]);
    terminal.send(&format!("lcd {}; get *.iso && echo not-yet\r", home.path().display()));
    terminal.expect("1.iso: 5 B in ");
    let partial = home.path().join(".2.iso.ftpsh-part");
    while partial.metadata().map_or(0, |metadata| metadata.len()) < 100_000 {
        std::thread::yield_now();
    }
    terminal.send("\x1c");
    terminal.expect("[1] get 2.iso, 1 more &\r\n");
    terminal.expect("in the background now: `fg 1` brings it back");
    terminal.expect(PROMPT);
    terminal.send("fg\r");
    terminal.expect("\u{1b}[J2.iso  ");
    terminal.expect("/488 KiB ");
    terminal.expect("2.iso: 488.3 KiB (");
    terminal.expect("3.iso: 5 B in ");
    terminal.expect("[1] done: get 2.iso, 1 more &");
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("\nnot-yet"), "{}", terminal.transcript());
    assert_eq!(liar.wire.lines("RETR").len(), 4, "only the second one is fetched in two parts");
    assert_eq!(liar.wire.lines("REST").len(), 1);
    assert_eq!(std::fs::read(home.path().join("2.iso")).unwrap(), vec![b'x'; 500_000]);
    // Where nothing can go on it does nothing.
    terminal.send("sleep 1h\r");
    terminal.expect("sleep 1h");
    terminal.await_editing(false);
    terminal.send("\x1c");
    terminal.send("\x03");
    terminal.expect("interrupted");
    terminal.expect(PROMPT);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn ctrl_backslash_sends_a_mirror_to_the_background_where_it_is_completed() {
    let home = home();
    let script =
        Script::new().file("/docs/1.txt", "short").file("/docs/2.iso", vec![b'x'; 500_000]);
    let (liar, mut terminal) = lied_to(&home, script, &["--set", "net:limit-rate=100k"]);
    terminal.send(&format!("lcd {}; mirror docs && echo not-yet\r", home.path().display()));
    let partial = home.path().join("docs/.2.iso.ftpsh-part");
    while partial.metadata().map_or(0, |metadata| metadata.len()) < 100_000 {
        std::thread::yield_now();
    }
    terminal.send("\x1c");
    terminal.expect("[1] mirror docs &\r\n");
    terminal.expect("in the background now: `fg 1` brings it back");
    terminal.expect(PROMPT);
    terminal.send("fg\r");
    terminal.expect("[1] done: mirror docs &");
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("\nnot-yet"), "{}", terminal.transcript());
    assert_eq!(liar.wire.lines("REST").len(), 1, "it goes on where it was");
    assert_eq!(std::fs::read(home.path().join("docs/2.iso")).unwrap(), vec![b'x'; 500_000]);
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}
