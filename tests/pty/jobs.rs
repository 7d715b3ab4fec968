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
