//! An established connection: reading, writing, and how it ended.
//!
//! A common bug of FTPS clients is to treat a cut connection as the end of a file. So the end is a
//! value here, [`End`], and `read` returns 0 only for an end that may be good.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use openssl::ssl::{ErrorCode, ShutdownState, SslStream};

use super::watch::Stage;
use super::{Negotiated, Socket, Wait};

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Not yet.
    Open,
    /// With TLS's close_notify: everything that was sent has arrived.
    Clean,
    /// Without it: bytes may be missing.
    Cut,
    /// Before its handshake: nothing was received.
    Unsecured,
    /// It ended, and this kind of stream cannot distinguish the two (native-tls, clear data).
    Unknown,
}

/// A control or data connection after the handshake.
#[derive(Debug)]
pub enum Stream {
    /// TLS with OpenSSL.
    OpenSsl(OpenSslStream),
    /// TLS with the platform's library.
    Native(Box<NativeStream>),
    /// No TLS: a data connection after `PROT C`.
    Clear(ClearStream),
}

/// A stream of the OpenSSL backend.
#[derive(Debug)]
pub struct OpenSslStream {
    stream: SslStream<Socket>,
    negotiated: Negotiated,
    end: End,
}

/// A stream of the native-tls backend.
#[derive(Debug)]
pub struct NativeStream {
    stream: native_tls::TlsStream<Socket>,
    negotiated: Negotiated,
    end: End,
}

/// A data connection in clear text.
#[derive(Debug)]
pub struct ClearStream {
    socket: Socket,
    end: End,
}

impl OpenSslStream {
    pub(super) fn new(stream: SslStream<Socket>, negotiated: Negotiated) -> Self {
        Self { stream, negotiated, end: End::Open }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let error = match self.stream.ssl_read(buffer) {
            Ok(n) => return Ok(n),
            Err(error) => error,
        };
        match error.code() {
            ErrorCode::ZERO_RETURN => {
                self.end = End::Clean;
                return Ok(0);
            }
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            _ => {}
        }
        let received = self.stream.get_shutdown().contains(ShutdownState::RECEIVED);
        match error.into_io_error() {
            // The connection ended; was there a close_notify before?
            Err(error) if error.ssl_error().is_none() && received => {
                self.end = End::Clean;
                Ok(0)
            }
            Err(error) => match error.ssl_error() {
                Some(stack) if !stack.errors().iter().any(is_eof) => {
                    self.end = End::Cut;
                    Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        super::openssl_info::openssl_error_text(stack),
                    ))
                }
                _ => {
                    self.end = End::Cut;
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            },
            Ok(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    self.end = End::Cut;
                }
                Err(error)
            }
        }
    }

    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.ssl_write(buffer).map_err(|error| {
            error.into_io_error().unwrap_or_else(|error| {
                let words = error.ssl_error().map_or_else(
                    || "the connection was closed".into(),
                    super::openssl_info::openssl_error_text,
                );
                io::Error::new(io::ErrorKind::BrokenPipe, words)
            })
        })
    }
}

/// OpenSSL 3 reports the end of a stream without close_notify as this reason of its SSL library.
fn is_eof(error: &openssl::error::Error) -> bool {
    error.reason() == Some("unexpected eof while reading")
}

impl NativeStream {
    pub(super) fn new(stream: native_tls::TlsStream<Socket>, negotiated: Negotiated) -> Self {
        Self { stream, negotiated, end: End::Open }
    }
}

impl Stream {
    /// A data connection in clear text (`PROT C`).
    pub fn clear_text(socket: Socket) -> Self {
        Stream::Clear(ClearStream { socket, end: End::Open })
    }

    /// How the stream ended, if it has.
    pub fn end(&self) -> End {
        match self {
            Stream::OpenSsl(s) => s.end,
            Stream::Native(s) => s.end,
            Stream::Clear(s) => s.end,
        }
    }

    /// What the handshake negotiated; `None` for a stream in clear text.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        match self {
            Stream::OpenSsl(s) => Some(&s.negotiated),
            Stream::Native(s) => Some(&s.negotiated),
            Stream::Clear(_) => None,
        }
    }

    /// How many certificates the server sent, including its own; `None` if not reported.
    pub fn chain_length(&self) -> Option<usize> {
        match self {
            Stream::OpenSsl(s) => s.stream.ssl().peer_cert_chain().map(|chain| chain.len()),
            Stream::Native(_) | Stream::Clear(_) => None,
        }
    }

    /// The underlying socket.
    pub fn socket(&self) -> &Socket {
        match self {
            Stream::OpenSsl(s) => s.stream.get_ref(),
            Stream::Native(s) => s.stream.get_ref(),
            Stream::Clear(s) => &s.socket,
        }
    }

    /// The underlying socket, to set its wait.
    pub fn socket_mut(&mut self) -> &mut Socket {
        match self {
            Stream::OpenSsl(s) => s.stream.get_mut(),
            Stream::Native(s) => s.stream.get_mut(),
            Stream::Clear(s) => &mut s.socket,
        }
    }

    /// Prevents close_notify from being sent on drop: the data written so far must not be taken for
    /// a whole file.
    pub fn abandon(&mut self) {
        match self {
            Stream::OpenSsl(s) => s.end = End::Cut,
            Stream::Native(s) => s.end = End::Cut,
            Stream::Clear(s) => s.end = End::Cut,
        }
    }

    /// Ends the sending direction properly: close_notify, end of the TCP stream, then everything
    /// that the peer still sends is read and discarded, for at most `bound` and until the watched
    /// control connection has told the result.
    ///
    /// Reading is necessary: a socket closed with unread TLS 1.3 tickets causes a reset, which
    /// makes servers report a 426 for a complete upload. So is the bound: IIS never answers a
    /// close_notify.
    ///
    /// # Errors
    ///
    /// If buffered data could not be sent. Failures of the shutdown itself are ignored: the
    /// server's completion reply reports what arrived.
    pub fn finish_writing(&mut self, bound: Duration) -> io::Result<()> {
        self.flush()?;
        match self {
            Stream::OpenSsl(s) => {
                let _ = s.stream.shutdown();
            }
            Stream::Native(s) => {
                let _ = s.stream.shutdown();
            }
            Stream::Clear(_) => {}
        }
        self.socket_mut().shutdown_write()?;
        let until = Instant::now() + bound;
        self.socket_mut().set_wait(Wait::Deadline(until));
        self.socket_mut().set_stage(Stage::Closing);
        let mut scrap = [0; 4096];
        while matches!(self.read(&mut scrap), Ok(n) if n > 0) {}
        Ok(())
    }
}

impl Stream {
    fn read_payload(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (result, end) = match self {
            Stream::OpenSsl(s) => return s.read(buffer),
            Stream::Native(s) => (s.stream.read(buffer), &mut s.end),
            Stream::Clear(s) => (s.socket.read(buffer), &mut s.end),
        };
        match &result {
            Ok(0) if !buffer.is_empty() => *end = End::Unknown,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => *end = End::Cut,
            _ => {}
        }
        result
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket_mut().timer().set_sending(false);
        let result = self.read_payload(buffer);
        if matches!(result, Ok(n) if n > 0) {
            self.socket_mut().timer().payload_moved();
        }
        result
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket_mut().timer().set_sending(true);
        match self {
            Stream::OpenSsl(s) => s.write(buffer),
            Stream::Native(s) => s.stream.write(buffer),
            Stream::Clear(s) => s.socket.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket_mut().timer().set_sending(true);
        self.socket_mut().flush()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Send close_notify on a stream that was not cut, without waiting: some servers treat a
        // missing one as an attack and log it.
        if self.end() != End::Cut {
            self.socket_mut().set_wait(Wait::NonBlocking);
            match self {
                Stream::OpenSsl(s) => {
                    let _ = s.stream.shutdown();
                }
                Stream::Native(s) => {
                    let _ = s.stream.shutdown();
                }
                Stream::Clear(_) => {}
            }
            let _ = self.flush();
        }
    }
}
