//! A TCP socket whose waits are all bounded: every read and write has a deadline and stops within a
//! tenth of a second of a [`Cancel`].
//!
//! Both TLS backends run on top of it, so handshakes, replies and transfers wait in the same way.
//! It buffers in both directions, because TLS reads a record header and a record at a time, which
//! would otherwise cost a system call each.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use super::wait::Wait;
use super::wait::WaitTimer;
use super::watch::{Stage, Watch, Watched};
use crate::cancel::Cancel;

/// How often a wait checks the cancel flag.
const TICK: Duration = Duration::from_millis(100);

/// Bytes buffered in each direction of a data connection, to save system calls.
pub const DATA_BUFFER: usize = 256 * 1024;

/// Initial size of a read buffer in bytes: enough for a small file.
const FIRST_BUFFER: usize = 16 * 1024;

/// Bytes buffered in each direction of a control connection: more than any reply needs.
pub const CONTROL_BUFFER: usize = 16 * 1024;

/// Bytes after which a connection counts as a bulk transfer. Small files never do.
const BULK_THRESHOLD: usize = 256 * 1024;

/// Pause before polling when a bulk read has drained the socket. If we poll at once, the sender's
/// next write wakes us, which costs the sender time and may have the kernel put both on one
/// processor: 1 GiB from vsftpd, whose two processes need both of two, took 1.3 to 2.6 s with
/// waiting only, 1.2 to 2.0 s with this, and 6 % less processor time. Longer pauses were slower
/// again.
const POLL_PAUSE: Duration = Duration::from_micros(100);

/// The marker inside the `io::Error` of a wait that was cancelled.
#[derive(Debug)]
pub struct Cancelled(pub crate::cancel::Reason);

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// The reason of a cancelled wait, if `error` is one.
pub fn cancel_reason(error: &io::Error) -> Option<crate::cancel::Reason> {
    error.get_ref()?.downcast_ref::<Cancelled>().map(|c| c.0)
}

/// A non-blocking TCP socket with bounded waits; see the module documentation.
#[derive(Debug)]
pub struct Socket {
    tcp: TcpStream,
    cancel: Cancel,
    input: Vec<u8>,
    /// The unread part of `input`.
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    capacity: usize,
    /// Bytes received so far.
    received: usize,
    timer: WaitTimer,
    watched: Option<Watched>,
}

impl Socket {
    /// Takes over `tcp`, which may still be connecting, and makes it non-blocking.
    pub fn new(tcp: TcpStream, cancel: Cancel, capacity: usize) -> io::Result<Self> {
        tcp.set_nonblocking(true)?;
        Ok(Self {
            tcp,
            cancel,
            input: Vec::new(),
            unread: 0..0,
            output: Vec::new(),
            capacity,
            received: 0,
            timer: WaitTimer::new(Wait::IdleTimeout(Duration::from_secs(30))),
            watched: None,
        })
    }

    /// The socket itself, for addresses and options.
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Sets the wait of the following reads and writes.
    pub fn set_wait(&mut self, patience: Wait) {
        self.timer.set(patience);
    }

    /// Watches another connection from now on: what is heard there may end a wait.
    pub fn watch(&mut self, connection: Box<dyn Watch>) {
        self.watched = Some(Watched::new(connection));
    }

    /// Sets what the following waits are for.
    pub fn set_stage(&mut self, stage: Stage) {
        if let Some(watched) = &mut self.watched {
            watched.set_stage(stage);
        }
    }

    /// The timer, which is reset by progress.
    pub(super) fn timer(&mut self) -> &mut WaitTimer {
        &mut self.timer
    }

    /// Whether unread bytes are in this side's buffer.
    pub fn has_buffered(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Waits until a connection that was started in the background is established.
    ///
    /// # Errors
    ///
    /// The connection's error, `TimedOut`, or [`Cancelled`].
    pub fn finish_connect(&mut self) -> io::Result<()> {
        self.wait(PollFlags::OUT)?;
        match self.tcp.take_error()? {
            Some(error) => Err(error),
            None => self.tcp.peer_addr().map(|_| ()),
        }
    }

    /// Waits for something to read; `false` if there is nothing within `patience`.
    ///
    /// # Errors
    ///
    /// The connection's error or [`Cancelled`].
    pub fn await_input(&mut self, patience: Duration) -> io::Result<bool> {
        self.set_wait(Wait::within(patience));
        match self.wait(PollFlags::IN) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Shuts down the sending direction after flushing the buffer.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.flush()?;
        self.tcp.shutdown(Shutdown::Write)
    }

    /// Fails after a cancel.
    fn check_cancel(&self) -> io::Result<()> {
        match self.cancel.requested().filter(|_| self.timer.wait().is_cancellable()) {
            Some(reason) => Err(io::Error::other(Cancelled(reason))),
            None => Ok(()),
        }
    }

    /// Fails after a cancel or the deadline, even if the peer never makes a read or write wait.
    fn check_cancel_and_deadline(&mut self) -> io::Result<()> {
        self.check_cancel()?;
        if self.timer.is_expired() { Err(timed_out()) } else { Ok(()) }
    }

    fn wait(&mut self, flags: PollFlags) -> io::Result<()> {
        if matches!(self.timer.wait(), Wait::NonBlocking) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut limit = self.timer.deadline();
        let sending = flags == PollFlags::OUT;
        loop {
            self.check_cancel()?;
            if self.watched.as_ref().is_some_and(|watched| watched.ends_wait(sending)) {
                let text = "the server replied on the control connection";
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, text));
            }
            let left = limit.map(|limit| limit.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(timed_out());
            }
            let tick = left.map_or(TICK, |left| left.min(TICK));
            let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(tick.subsec_nanos()) };
            let watched = self.watched.as_ref().and_then(Watched::tcp);
            let mut fds = [
                PollFd::new(&self.tcp, flags),
                PollFd::new(watched.unwrap_or(&self.tcp), PollFlags::IN),
            ];
            let count = 1 + usize::from(watched.is_some());
            match poll(&mut fds[..count], Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) if !fds[0].revents().is_empty() => return Ok(()),
                Ok(_) => {}
                Err(errno) => return Err(errno.into()),
            }
            if let Some(watched) = &mut self.watched
                && watched.hear()
            {
                self.timer.restart();
                limit = self.timer.deadline();
            }
        }
    }

    fn read_from_tcp(&mut self, into: Option<&mut [u8]>) -> io::Result<usize> {
        let mut into = into;
        let mut caught_up = false;
        self.check_cancel_and_deadline()?;
        loop {
            let read = match into.as_deref_mut() {
                Some(buffer) => (&self.tcp).read(buffer),
                None => (&self.tcp).read(&mut self.input),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let waits = !matches!(self.timer.wait(), Wait::NonBlocking);
                    let flows = waits && self.received > BULK_THRESHOLD;
                    if flows && !std::mem::replace(&mut caught_up, true) {
                        std::thread::sleep(POLL_PAUSE);
                    } else {
                        self.wait(PollFlags::IN)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(n) => {
                    self.received = self.received.saturating_add(n);
                    self.timer.bytes_received(n);
                    return Ok(n);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn drain_output(&mut self) -> io::Result<()> {
        let mut sent = 0;
        let result = loop {
            if sent == self.output.len() {
                break Ok(());
            }
            let more = match (&self.tcp).write(&self.output[sent..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    sent += n;
                    self.timer.bytes_sent();
                    if sent < self.output.len() { self.check_cancel_and_deadline() } else { Ok(()) }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = more {
                break Err(error);
            }
        };
        self.output.drain(..sent);
        result
    }
}

impl Socket {
    /// What the peer sent before it closed or reset the connection, which a failed write shows: a
    /// TLS alert with the reason, for example. `error` is that of the write, and is returned if
    /// nothing is left to read.
    fn read_last_words(&mut self, buffer: &mut [u8], error: io::Error) -> io::Result<usize> {
        let is_lost = matches!(
            error.kind(),
            io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::NotConnected
        );
        if !is_lost {
            return Err(error);
        }
        if self.unread.is_empty() {
            self.input.resize(self.input.len().max(FIRST_BUFFER), 0);
            match (&self.tcp).read(&mut self.input) {
                Ok(received) if received > 0 => self.unread = 0..received,
                _ => return Err(error),
            }
        }
        Ok(self.take_unread(buffer))
    }

    fn take_unread(&mut self, buffer: &mut [u8]) -> usize {
        let n = buffer.len().min(self.unread.len());
        buffer[..n].copy_from_slice(&self.input[self.unread.start..self.unread.start + n]);
        self.unread.start += n;
        n
    }
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "timed out")
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The peer may be waiting for our buffered output.
        if let Err(error) = self.flush() {
            return self.read_last_words(buffer, error);
        }
        if self.unread.is_empty() {
            if buffer.len() >= self.capacity {
                return self.read_from_tcp(Some(buffer));
            }
            if self.input.is_empty() || self.unread.end == self.input.len() {
                // The last read filled the buffer, so more data was probably available.
                let room = (self.input.len() * 4).max(FIRST_BUFFER).min(self.capacity);
                self.input.resize(room, 0);
            }
            let received = self.read_from_tcp(None)?;
            self.unread = 0..received;
        }
        Ok(self.take_unread(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.output.len() + buffer.len() > self.capacity {
            self.drain_output()?;
        }
        self.output.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() { Ok(()) } else { self.drain_output() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        (Socket::new(near, Cancel::new(), CONTROL_BUFFER).unwrap(), far)
    }

    #[test]
    fn a_dripping_peer_does_not_move_a_fixed_deadline() {
        let (mut socket, mut far) = pair();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let drip = std::thread::spawn(move || {
            // A byte every 20 ms until the test ends.
            while stopped.recv_timeout(Duration::from_millis(20)).is_err() {
                if far.write_all(b"x").is_err() {
                    break;
                }
            }
        });
        socket.set_wait(Wait::within(Duration::from_millis(300)));
        let start = Instant::now();
        let error = loop {
            if let Err(error) = socket.read(&mut [0; 64]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(1));
        stop.send(()).unwrap();
        drip.join().unwrap();
    }

    #[test]
    fn a_cancel_ends_a_blocked_read() {
        let (mut socket, _far) = pair();
        let cancel = socket.cancel.clone();
        let start = Instant::now();
        let waiter = std::thread::spawn(move || socket.read(&mut [0; 8]));
        cancel.request(crate::cancel::Reason::Interrupted);
        let error = waiter.join().unwrap().unwrap_err();
        assert_eq!(cancel_reason(&error), Some(crate::cancel::Reason::Interrupted));
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn what_came_before_a_reset_is_read_although_nothing_can_be_written_any_more() {
        for close in [Duration::ZERO, Duration::from_secs(1)] {
            let (mut socket, mut far) = pair();
            far.write_all(b"last words").unwrap();
            // Unread input turns the close into a reset, as a linger time of zero does.
            socket.write_all(b"unread").unwrap();
            socket.flush().unwrap();
            socket2::SockRef::from(&far).set_linger(Some(close)).unwrap();
            drop(far);
            while socket.write_all(b"more").and_then(|()| socket.flush()).is_ok() {
                std::thread::yield_now();
            }
            let mut words = [0; 64];
            assert_eq!(socket.read(&mut words[..4]).unwrap(), 4);
            assert_eq!(socket.read(&mut words[4..]).unwrap(), 6);
            assert_eq!(&words[..10], b"last words");
            assert!(socket.read(&mut words).is_err());
        }
    }

    #[test]
    fn no_patience_means_would_block() {
        let (mut socket, _far) = pair();
        socket.set_wait(Wait::NonBlocking);
        assert_eq!(socket.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn large_writes_to_a_slow_reader_arrive_whole_and_in_order() {
        let (mut socket, mut far) = pair();
        let data: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        let copy = data.clone();
        let writer = std::thread::spawn(move || {
            for chunk in copy.chunks(16_000) {
                socket.write_all(chunk).unwrap();
            }
            socket.shutdown_write().unwrap();
        });
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        writer.join().unwrap();
        assert!(got == data);
    }
}
