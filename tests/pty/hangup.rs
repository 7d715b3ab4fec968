//! SIGHUP: with an audit log it is logrotate's as long as the terminal is there, and the end
//! without one.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::terminal::Terminal;
use crate::{PROMPT, at_prompt, ftpsh, home, logged_in};
use support::embedded::Embedded;

#[test]
fn a_terminal_that_goes_ends_the_program_and_logrotate_does_not() {
    let home = home();
    let server = Embedded::serve("tester", "s3cret-word").unwrap();
    let log = home.path().join("log");
    let more = ["--log-file", log.to_str().unwrap()];
    let call = ftpsh(&home, &logged_in(&server.url(), &more));
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" \"$@\"; true"]).arg(call.get_program()).args(call.get_args());
    shell.env_clear().envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut terminal = at_prompt(Terminal::start(shell));
    terminal.send("! echo p''id $PPID\r");
    terminal.expect("\npid ");
    terminal.expect(PROMPT);
    let shown = terminal.transcript();
    let pid = shown.rsplit("\npid ").next().unwrap().split_whitespace().next().unwrap();
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    std::fs::rename(&log, home.path().join("log.1")).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    while !log.exists() {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // Still at the prompt, in the middle of a line.
    terminal.send("quote DELE nothing\r");
    terminal.expect(PROMPT);
    assert!(std::fs::read_to_string(&log).unwrap().contains("delete"));
    // The leader of the session goes, and the terminal with it.
    terminal.kill();
    assert!(terminal.ends_within(Duration::from_secs(5)), "still running");
    while test_kill_process(pid).is_ok() {
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
