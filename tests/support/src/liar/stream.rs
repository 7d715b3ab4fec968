//! A TCP connection of the scripted server, with or without TLS, and the ways to end it.

use super::{Record, Shared, server_side};
use foreign_types::ForeignTypeRef as _;
use openssl::ssl::{ShutdownState, SslContext, SslStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for the client's end of a connection after ours.
const PATIENCE: Duration = Duration::from_secs(5);

/// SSL_KEY_UPDATE_REQUESTED of ssl.h.
const KEY_UPDATE_REQUESTED: std::ffi::c_int = 1;

// What openssl-sys does not declare of ssl.h.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn SSL_new_session_ticket(ssl: *mut openssl_sys::SSL) -> std::ffi::c_int;
    fn SSL_key_update(ssl: *mut openssl_sys::SSL, kind: std::ffi::c_int) -> std::ffi::c_int;
    fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> std::ffi::c_int;
}

/// A connection. It is registered while it lives, so that stopping the server wakes its reader.
pub struct Stream {
    layer: Layer,
    held: Held,
}

enum Layer {
    Plain(TcpStream),
    Tls(SslStream<TcpStream>),
    /// A handshake failed.
    Gone,
}

/// A place in the server's list of open sockets, given back on drop.
pub struct Held {
    shared: Arc<Shared>,
    number: u64,
}

impl Held {
    pub fn new(shared: &Arc<Shared>, socket: socket2::Socket) -> Self {
        let number = shared.sockets.lock().unwrap().add(socket);
        Self { shared: Arc::clone(shared), number }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.sockets.lock().unwrap().remove(self.number);
    }
}

impl Stream {
    pub fn new(shared: &Arc<Shared>, tcp: TcpStream) -> Self {
        let held = Held::new(shared, tcp.try_clone().unwrap().into());
        Self { layer: Layer::Plain(tcp), held }
    }

    /// Does the handshake; true if it resumed a session. With `resets`, a client that is refused gets
    /// an alert and a reset.
    pub fn secure(&mut self, context: &SslContext, resets: bool) -> io::Result<bool> {
        let Layer::Plain(tcp) = std::mem::replace(&mut self.layer, Layer::Gone) else {
            return Err(io::Error::other("TLS is up already"));
        };
        let mut tls = SslStream::new(server_side(context), tcp)?;
        if let Err(refusal) = tls.accept() {
            if resets {
                let _ = socket2::SockRef::from(tls.get_ref()).set_linger(Some(Duration::ZERO));
            }
            return Err(io::Error::other(refusal));
        }
        let resumed = tls.ssl().session_reused();
        self.layer = Layer::Tls(tls);
        Ok(resumed)
    }

    pub fn is_tls(&self) -> bool {
        matches!(self.layer, Layer::Tls(_))
    }

    fn tcp(&self) -> Option<&TcpStream> {
        match &self.layer {
            Layer::Plain(tcp) => Some(tcp),
            Layer::Tls(tls) => Some(tls.get_ref()),
            Layer::Gone => None,
        }
    }

    /// Sends a TLS record without payload.
    #[allow(unsafe_code)]
    pub fn send_record(&mut self, record: Record) -> io::Result<()> {
        let Layer::Tls(tls) = &mut self.layer else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        // OpenSSL sends tickets to nobody without complaint.
        let mut gone = [PollFd::new(tls.get_ref(), PollFlags::RDHUP)];
        let _ = poll(&mut gone, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if !gone[0].revents().is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let ssl = tls.ssl().as_ptr();
        // SAFETY: the pointer is that of the stream's own `Ssl`, which nobody else uses now.
        let sent = unsafe {
            let asked = match record {
                Record::Ticket => SSL_new_session_ticket(ssl),
                Record::KeyUpdate => SSL_key_update(ssl, KEY_UPDATE_REQUESTED),
                Record::HelloRequest => SSL_renegotiate(ssl),
            };
            asked == 1 && openssl_sys::SSL_do_handshake(ssl) == 1
        };
        if sent { Ok(()) } else { Err(io::Error::other(openssl::error::ErrorStack::get())) }
    }

    /// Reads until the client ends its side; true if it did so with close_notify.
    pub fn drain(&mut self) -> bool {
        if let Some(tcp) = self.tcp() {
            let _ = tcp.set_read_timeout(Some(PATIENCE));
        }
        let mut rest = [0; 4096];
        while matches!(self.read(&mut rest), Ok(1..)) {}
        self.said_goodbye()
    }

    /// Throws away what has come already.
    pub fn forget_input(&mut self) {
        let Some(tcp) = self.tcp().and_then(|tcp| tcp.try_clone().ok()) else { return };
        let _ = tcp.set_nonblocking(true);
        let mut lost = [0; 4096];
        while matches!(self.read(&mut lost), Ok(1..)) {}
        let _ = tcp.set_nonblocking(false);
    }

    /// Waits, without reading, until the client has closed or the server is to stop.
    pub fn wait_for_end(&self) {
        if let Some(tcp) = self.tcp() {
            let mut sockets = [PollFd::new(tcp, PollFlags::RDHUP)];
            let _ = poll(&mut sockets, None);
        }
    }

    /// Did the client send close_notify?
    pub fn said_goodbye(&mut self) -> bool {
        match &mut self.layer {
            Layer::Tls(tls) => tls.get_shutdown().contains(ShutdownState::RECEIVED),
            Layer::Plain(_) | Layer::Gone => false,
        }
    }

    /// Ends our side properly, then waits for the client's end; true if that had a close_notify.
    pub fn close(mut self) -> bool {
        if let Layer::Tls(tls) = &mut self.layer {
            let _ = tls.shutdown();
        }
        self.end_of_tcp();
        self.drain()
    }

    /// Ends our side of the TCP stream without close_notify, then waits for the client's end.
    pub fn cut(mut self) -> bool {
        self.end_of_tcp();
        self.drain()
    }

    /// Resets the TCP connection.
    pub fn reset(self) {
        if let Some(tcp) = self.tcp() {
            let _ = socket2::SockRef::from(tcp).set_linger(Some(Duration::ZERO));
        }
        // The copy in the list goes first: the last one to close sends the reset.
        let Self { layer, held } = self;
        drop(held);
        drop(layer);
    }

    fn end_of_tcp(&self) {
        if let Some(tcp) = self.tcp() {
            let _ = tcp.shutdown(Shutdown::Write);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.layer {
            Layer::Plain(tcp) => tcp.read(buffer),
            Layer::Tls(tls) => tls.read(buffer),
            Layer::Gone => Ok(0),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.layer {
            Layer::Plain(tcp) => tcp.write(bytes),
            Layer::Tls(tls) => tls.write(bytes),
            Layer::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
