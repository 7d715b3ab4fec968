//! A scripted peer for the tests of the control connection and of sessions.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::Control;
use super::trace::ProtocolTrace;
use crate::cancel::Cancel;
use crate::ftp::session::quirks::ServerQuirks;
use crate::tls::Stream;
use crate::tls::socket::{CONTROL_BUFFER, Socket};

/// The deadline of each reply, and of each line that the peer expects.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The server's end of a control connection, played line by line.
pub struct Peer(pub BufReader<TcpStream>);

impl Peer {
    /// Expects exactly these lines next.
    #[track_caller]
    pub fn takes(&mut self, lines: &[&str]) {
        for expected in lines {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            assert_eq!(line.trim_end(), *expected);
        }
    }

    /// Sends this, as it is.
    pub fn sends(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Expects a line and sends a reply line.
    #[track_caller]
    pub fn answers(&mut self, line: &str, reply: &str) {
        self.takes(&[line]);
        self.sends(&format!("{reply}\r\n"));
    }

    /// Expects that nothing is sent for a moment.
    #[track_caller]
    pub fn takes_nothing_yet(&mut self) {
        let moment = Duration::from_millis(100);
        self.0.get_ref().set_read_timeout(Some(moment)).unwrap();
        assert_eq!(self.0.fill_buf().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        self.0.get_ref().set_read_timeout(Some(TIMEOUT)).unwrap();
    }

    /// Expects that nothing more was sent before the connection was closed.
    #[track_caller]
    pub fn takes_no_more(&mut self) {
        let mut rest = String::new();
        let _ = self.0.read_line(&mut rest);
        assert_eq!(rest, "");
    }
}

/// A control connection without TLS and its peer, each in a thread of its own.
pub fn with_control_timeout<T>(
    timeout: Duration,
    serve: impl FnOnce(&mut Peer) + Send,
    act: impl FnOnce(Control, Cancel) -> T,
) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    far.set_read_timeout(Some(TIMEOUT)).unwrap();
    let cancel = Cancel::new();
    let socket = Socket::new(near, cancel.clone(), CONTROL_BUFFER).unwrap();
    let (trace, quirks) = (ProtocolTrace::default(), ServerQuirks::default());
    let control = Control::new(Stream::clear_text(socket), timeout, trace, quirks);
    std::thread::scope(|scope| {
        scope.spawn(|| serve(&mut Peer(BufReader::new(far))));
        act(control, cancel)
    })
}

/// As [`with_control_timeout`], with [`TIMEOUT`].
pub fn with_control<T>(serve: impl FnOnce(&mut Peer) + Send, act: impl FnOnce(Control) -> T) -> T {
    with_control_timeout(TIMEOUT, serve, |control, _| act(control))
}
