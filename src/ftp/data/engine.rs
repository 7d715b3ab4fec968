//! suppaftp's view of a connection: our streams behind its traits, and the engine that drives
//! them.
//!
//! Greeting, `AUTH TLS`, handshake and trust are all over before suppaftp hears of a connection,
//! because in clear text it would read from the socket itself. The engine is then started over a
//! local socket pair that holds the two replies it waits for, and its connector hands it the
//! real control connection in place of a handshake. From there on every byte of the control
//! connection passes through [`Control`], and every data connection through [`Connector`].

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use suppaftp::{Encoding, FtpError, FtpResult, ImplFtpStream, Mode};

use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::connect::dial::Dialer;
use crate::ftp::control::Control;
use crate::ftp::control::exchange::{Shared, lock};
use crate::ftp::error_text::handshake_error;
use crate::ftp::path::{decode_name, encode_name};
use crate::tls::socket::{DATA_BUFFER, Socket, Wait, cancel_reason};
use crate::tls::{HandshakeFailure, Stream, Tls};

/// How long the first data connection of a session may take, at most: a blocked port should not
/// cost the whole timeout before the other passive command is tried.
const FIRST_DATA_CONNECTION: Duration = Duration::from_secs(10);

/// suppaftp, on our streams.
pub(in crate::ftp) type Engine = ImplFtpStream<Wire>;

/// A data transfer of the engine.
pub(in crate::ftp) type Transfer = suppaftp::TransferStream<Wire>;

/// A connection as suppaftp holds it.
#[derive(Debug)]
pub(in crate::ftp) struct Wire(Channel);

/// What is behind a [`Wire`].
#[derive(Debug)]
pub(in crate::ftp) enum Channel {
    Control(Box<Control>),
    Data(Box<Stream>),
}

impl Wire {
    fn stream(&self) -> &Stream {
        match &self.0 {
            Channel::Control(control) => control.stream(),
            Channel::Data(stream) => stream,
        }
    }
}

impl suppaftp::TlsStream for Wire {
    type InnerStream = Channel;

    fn tcp_stream(self) -> FtpResult<TcpStream> {
        self.stream().socket().tcp().try_clone().map_err(FtpError::ConnectionError)
    }

    fn get_ref(&self) -> &TcpStream {
        self.stream().socket().tcp()
    }

    fn mut_ref(&mut self) -> &mut Channel {
        &mut self.0
    }
}

impl Channel {
    /// The data stream, if this is one.
    pub(in crate::ftp) fn data(&mut self) -> Option<&mut Stream> {
        match self {
            Channel::Data(stream) => Some(stream),
            Channel::Control(_) => None,
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Control(control) => control.read(buffer),
            Channel::Data(stream) => stream.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Control(control) => control.write(buffer),
            Channel::Data(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Channel::Control(control) => control.flush(),
            Channel::Data(stream) => stream.flush(),
        }
    }
}

/// Names as bytes: whatever a server sends comes back to it unchanged.
#[derive(Debug)]
struct Bytes;

impl Encoding for Bytes {
    fn decode(&self, bytes: &[u8]) -> String {
        decode_name(bytes)
    }

    fn encode(&self, text: &str) -> io::Result<Vec<u8>> {
        Ok(encode_name(text))
    }
}

/// Makes suppaftp's connections: hands over the control connection once, then secures each data
/// connection with the control connection's TLS.
#[derive(Debug)]
pub(in crate::ftp) struct Connector {
    pub control: Mutex<Option<Box<Control>>>,
    pub tls: Arc<Tls>,
    pub exchange: Shared,
    pub dialer: Dialer,
    /// `PROT C`: data connections without TLS.
    pub clear_data: bool,
}

impl Connector {
    fn secure(&self, tcp: TcpStream) -> Result<Stream> {
        const WHAT: &str = "data connection";
        let failed = |error: io::Error| match cancel_reason(&error) {
            Some(reason) => Error::from(reason),
            None => {
                Error::new(Kind::Connect, format!("{WHAT}: {}", io_reason(&error))).as_transient()
            }
        };
        let timeout = lock(&self.exchange).timeout;
        let mut socket =
            Socket::new(tcp, self.dialer.cancel.clone(), DATA_BUFFER).map_err(failed)?;
        socket.set_wait(Wait::within(timeout));
        socket.finish_connect().map_err(failed)?;
        let mut stream = if self.clear_data {
            Stream::clear_text(socket)
        } else {
            self.tls.connect_data(socket).map_err(|failure| {
                let refused = matches!(
                    failure,
                    HandshakeFailure::OtherCertificate | HandshakeFailure::NotResumed
                );
                let error = handshake_error(failure, WHAT);
                if refused {
                    // Whatever the control connection says after this explains nothing.
                    lock(&self.exchange).kill(error.clone());
                }
                error
            })?
        };
        stream.socket_mut().set_wait(Wait::IdleTimeout(timeout));
        Ok(stream)
    }
}

impl suppaftp::TlsConnector for Connector {
    type Stream = Wire;

    fn connect(&self, _domain: &str, stream: TcpStream) -> FtpResult<Wire> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(control) = control {
            return Ok(Wire(Channel::Control(control)));
        }
        match self.secure(stream) {
            Ok(stream) => Ok(Wire(Channel::Data(Box::new(stream)))),
            Err(error) => {
                let text = error.to_string();
                lock(&self.exchange).data_failure = Some(error);
                Err(FtpError::SecureError(text))
            }
        }
    }
}

/// Starts suppaftp on a control connection that is greeted, secured and trusted. It sends
/// `PBSZ 0` and `PROT P` at once.
///
/// # Errors
///
/// suppaftp's; the [`crate::ftp::control::exchange::Exchange`] says what the server really answered.
pub(in crate::ftp) fn start(
    connector: Connector,
    host: &str,
    peer: SocketAddr,
) -> FtpResult<Engine> {
    let exchange = Arc::clone(&connector.exchange);
    let dialer = connector.dialer.clone();
    let timeout = dialer.timeout;
    let host = host.to_owned();
    // The far end lives until the engine has written its AUTH TLS to nobody.
    let (near, mut far) = UnixStream::pair().map_err(FtpError::ConnectionError)?;
    far.write_all(b"220 ok\r\n234 ok\r\n").map_err(FtpError::ConnectionError)?;
    let engine = Engine::connect_with_stream(TcpStream::from(OwnedFd::from(near)))?
        .active_mode(timeout)
        .passive_stream_builder(move |address| {
            let dialled = match &dialer.proxy {
                // The peer is the proxy; the server is where its name led.
                Some(proxy) => proxy
                    .connect(&dialer, &host, address.port())
                    .map_err(|error| error.with_context("data connection")),
                None => {
                    let proven = lock(&exchange).ways.data_mode().is_some();
                    dial_data(SocketAddr::new(peer.ip(), address.port()), &dialer, proven)
                }
            };
            dialled.map_err(|error| {
                lock(&exchange).data_failure = Some(error);
                FtpError::ConnectionError(io::ErrorKind::NotConnected.into())
            })
        })
        .into_secure(connector, "control connection")?;
    let mut engine = engine;
    engine.set_passive_nat_workaround(true);
    engine.set_encoding(Bytes);
    engine.set_mode(Mode::ExtendedPassive);
    Ok(engine)
}

/// Opens a data connection to a port of the control connection's peer.
///
/// The first one to a server is waited for here, before the command is sent, so that a passive
/// port that cannot be reached leaves the session in step and PASV can be tried instead of EPSV.
/// Once one has worked, the others are only begun: the handshake waits for them, and a round
/// trip is saved on each.
fn dial_data(address: SocketAddr, dialer: &Dialer, proven: bool) -> Result<TcpStream> {
    let begun = if proven {
        dialer.begin_connect(address)
    } else {
        dialer.connect_address(address, dialer.timeout.min(FIRST_DATA_CONNECTION))
    };
    match begun {
        Ok(stream) => Ok(stream),
        Err(error) => match cancel_reason(&error) {
            Some(reason) => Err(reason.into()),
            None => Err(Error::new(
                Kind::Connect,
                format!("data connection to port {}: {}", address.port(), io_reason(&error)),
            )
            .with_hint("the server's passive ports may be blocked by a firewall")),
        },
    }
}
