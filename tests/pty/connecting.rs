//! Connecting at the prompt: what is said while it takes long, and what a failure leaves behind.

use crate::terminal::Terminal;
use crate::{PROMPT, connected, ftpsh, home};
use support::certificate::Certificate;
use support::closed_port::ClosedPort;
use support::liar::{Liar, Script, Step};

#[test]
fn a_server_that_lets_one_wait_is_named_meanwhile() {
    let liar = Liar::start(Script::new().on("", Step::Silence));
    let mut terminal = Terminal::start(ftpsh(&home(), &[&liar.url()]));
    terminal.expect(&format!("connecting to {}…", liar.addr));
    terminal.send("\x03");
    terminal.expect("interrupted");
}

#[test]
fn a_failed_open_keeps_the_connection_that_was_there() {
    let (server, mut terminal) = connected(&home(), &[]);
    let here = server.addr;
    terminal.send("cd docs\r");
    terminal.expect("/docs> ");
    let closed = ClosedPort::new();
    terminal.send(&format!("open 127.0.0.1:{}\r", closed.port()));
    terminal.expect("connection refused");
    terminal.expect(&format!("still connected to {here}"));
    terminal.expect("ftpsh tester@127.0.0.1:PORT:/docs> ");
    // The same server, but no such directory.
    terminal.send(&format!("open tester@{here}/nowhere\r"));
    terminal.expect("nowhere: ");
    terminal.expect("ftpsh tester@127.0.0.1:PORT:/docs> ");
    terminal.send("ls -1\r");
    terminal.expect("old");
    terminal.send(&format!("open tester@{here}/docs/old\r"));
    terminal.expect("/docs/old> ");
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_changed_certificate_is_a_framed_warning_with_the_command_of_the_prompt() {
    let (home, liar) = (home(), Liar::start(Script::new()));
    let mut terminal = Terminal::start(ftpsh(&home, &crate::logged_in(&liar.url(), &[])));
    terminal.expect(PROMPT);
    liar.show(&Certificate::make("localhost").unwrap());
    terminal.send("reconnect\r");
    terminal.expect("@ WARNING: THE CERTIFICATE HAS CHANGED @");
    terminal.expect("remembered: SHA256:");
    terminal.expect("shown now:  SHA256:");
    terminal.expect("whoever runs the server");
    terminal.expect(&format!("if the change is meant: trust remove {}", liar.addr));
    terminal.expect(PROMPT.trim_end());
    terminal.send_ctrl_d();
    assert_eq!(terminal.end().0, 0);
    // In a shell, in a shell's language.
    let terminal = Terminal::start(ftpsh(&home, &crate::logged_in(&liar.url(), &["-c", "ls"])));
    let (status, shown) = terminal.end();
    assert_eq!(status, 6);
    assert!(shown.contains("@ WARNING: THE CERTIFICATE HAS CHANGED @\r\n@@@"), "{shown}");
    assert!(shown.contains(&format!("ftpsh trust remove {}", liar.addr)), "{shown}");
}
