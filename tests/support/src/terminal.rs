//! A terminal for a program that only writes: what came out of it, byte for byte.
//!
//! Dialogues are played in tests/pty; here a test wants to see what reaches the screen.

use super::program::Ftpsh;
use expectrl::session::OsSession as Session;
use std::io::Read as _;
use std::sync::mpsc;
use std::time::Duration;

/// Runs a call with standard input, output and error on a terminal; everything it wrote.
///
/// # Panics
/// When it is not done within twenty seconds.
pub fn transcript(call: &Ftpsh) -> String {
    let mut command = call.command();
    command.env("TERM", "xterm");
    let mut session = Session::spawn(command).unwrap();
    let (sender, receiver) = mpsc::channel();
    // A read of a terminal has no deadline. Dropping the session at the end kills the program.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a terminal may be an error (EIO).
        let _ = session.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    let bytes = receiver.recv_timeout(Duration::from_secs(20)).expect("done in time");
    String::from_utf8_lossy(&bytes).into_owned()
}
