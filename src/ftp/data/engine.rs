//! The adapter between suppaftp, the engine of data connections, and the control connection; the
//! only file that names suppaftp.
//!
//! Greeting, `AUTH TLS`, handshake, trust and protection are complete before suppaftp gets a
//! connection. It is started over a local socket pair that holds the two replies it waits for, and
//! its connector returns an [`EngineControl`] instead of making a handshake. Each line that
//! suppaftp writes ends in [`Control::call`](crate::ftp::control::Control), and it reads one
//! canonical line for each whole reply, because its own reader misreads real replies (any `ddd `
//! line ends a multi-line reply, text must be UTF-8). In passive mode it is told at once that a data
//! command was accepted: the reply is read with the handshake (`handshake`).

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use suppaftp::{DataStream, Encoding, FtpError, FtpResult, ImplFtpStream, Mode, Status};

use super::handshake::secure_data;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::connect::dial::Dialer;
use crate::ftp::control::expect::{Command, is_data_verb};
use crate::ftp::control::reply::{self, Reply};
use crate::ftp::control::telnet::unescape_iac;
use crate::ftp::control::{SharedControl, lock};
use crate::ftp::path::{decode_name, encode_name};
use crate::ftp::session::config::SessionConfig;
use crate::ftp::session::quirks::{ConnectionMode, ServerQuirks};
use crate::tls::socket::cancel_reason;
use crate::tls::{Stream, Tls};

/// Maximum time for the first data connection of a session: a blocked port should not use up the
/// whole timeout before the other passive command is tried.
const FIRST_DATA_CONNECTION: Duration = Duration::from_secs(10);

/// Commands that suppaftp sends at its start, `PBSZ 0` and `PROT P`: the session has sent both.
const STARTUP_COMMANDS: usize = 2;

/// suppaftp on our streams; opens the data connections of one session.
pub(in crate::ftp) struct Engine {
    ftp: ImplFtpStream<EngineStream>,
    control: SharedControl,
    log: Arc<Mutex<CommandLog>>,
    peer: SocketAddr,
    dialled: DialledAhead,
}

/// A data connection that was begun before its command was sent, and its port.
type DialledAhead = Arc<Mutex<Option<(u16, TcpStream)>>>;

/// The replies to the last data command: suppaftp itself sees only codes.
#[derive(Debug, Default)]
struct CommandLog {
    /// Of the last line sent.
    verb: String,
    reply: Option<Reply>,
    /// In passive mode the reply to the data command is read with the data connection's handshake.
    is_passive: bool,
    /// That reply is still to come.
    awaits_reply: bool,
    /// Why the data connection failed.
    data_failure: Option<Error>,
    /// The data connection was closed before its handshake.
    closed: bool,
}

fn lock_log(log: &Mutex<CommandLog>) -> MutexGuard<'_, CommandLog> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why no data connection was opened. `verb` is that of the last command sent.
#[derive(Debug)]
pub(in crate::ftp) enum OpenError {
    /// The server refused the command `verb`.
    Refused { verb: String, reply: Reply },
    /// The port was unreachable; no data command was sent.
    Unreachable(Error),
    /// The data connection's handshake failed after the command was accepted; `closed` if the
    /// server closed the connection instead.
    Handshake { error: Error, closed: bool },
    /// In active mode the server accepted the command but did not connect.
    NeverConnected,
    /// The control connection failed, or the wait was cancelled.
    Failed(Error),
}

/// A data connection with its command in progress.
#[derive(Debug)]
pub(in crate::ftp) struct Transfer {
    inner: suppaftp::TransferStream<EngineStream>,
    log: Arc<Mutex<CommandLog>>,
}

impl Transfer {
    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        match self.inner.get_mut() {
            DataStream::Ssl(stream) => match &mut stream.0 {
                Channel::Data(stream) => Some(stream),
                Channel::Control(_) => None,
            },
            DataStream::Tcp(_) => None,
        }
    }

    /// Closes the data connection and reads the completion reply, whatever its code; `None` if the
    /// control connection failed.
    pub(super) fn finish(self) -> Option<Reply> {
        lock_log(&self.log).reply = None;
        // suppaftp treats 226 and 250 as success and everything else as failure.
        let _ = self.inner.finish();
        lock_log(&self.log).reply.take()
    }
}

impl Engine {
    /// Starts suppaftp on a control connection that is greeted, secured, trusted and protected.
    pub(in crate::ftp) fn start(
        control: &SharedControl,
        tls: Arc<Tls>,
        config: &SessionConfig,
        peer: SocketAddr,
    ) -> Result<Self> {
        let log = Arc::new(Mutex::new(CommandLog::default()));
        let tcp = lock(control).stream().socket().tcp().try_clone();
        let tcp = tcp.map_err(|error| Error::new(Kind::Connect, io_reason(&error)))?;
        let channel = EngineControl {
            control: Arc::clone(control),
            tcp,
            unread: Vec::new(),
            startup_commands: STARTUP_COMMANDS,
            log: Arc::clone(&log),
        };
        let connector = Connector {
            channel: Mutex::new(Some(channel)),
            control: Arc::clone(control),
            tls,
            config: config.clone(),
            log: Arc::clone(&log),
        };
        let dialled = DialledAhead::default();
        let ftp = start_engine(connector, config, peer, Arc::clone(&log), Arc::clone(&dialled));
        let ftp = ftp.map_err(|error| {
            Error::new(Kind::Connect, format!("the engine does not start: {error}"))
        })?;
        Ok(Self { ftp, control: Arc::clone(control), log, peer, dialled })
    }

    /// Begins to connect to the passive port that was prefetched, if there is one. What fails is tried
    /// again by the command that needs it.
    pub(in crate::ftp) fn dial_ahead(&self, config: &SessionConfig) {
        if config.dialer.proxy.is_some() {
            return;
        }
        let mut control = lock(&self.control);
        let Ok(Some(reply)) = control.next_port() else { return };
        let port = match reply.code {
            229 => reply::epsv_port(reply).ok(),
            _ => reply::pasv_address(reply).ok().map(|(_, port)| port),
        };
        drop(control);
        let address = port.map(|port| SocketAddr::new(self.peer.ip(), port));
        let tcp = address.and_then(|address| config.dialer.begin_connect(address).ok());
        *self.dialled.lock().unwrap_or_else(PoisonError::into_inner) = port.zip(tcp);
    }

    /// Whether the peer of the control connection has an IPv6 address that is not IPv4-mapped.
    pub(in crate::ftp) fn has_ipv6_peer(&self) -> bool {
        match self.peer.ip() {
            std::net::IpAddr::V4(_) => false,
            std::net::IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
        }
    }

    /// Opens a data connection, sends the data command with restart offset `offset`, and makes the
    /// handshake. Returns the transfer and the preliminary reply.
    pub(in crate::ftp) fn open(
        &mut self,
        mode: ConnectionMode,
        verb: &str,
        argument: &str,
        offset: usize,
    ) -> Result<(Transfer, Option<Reply>), OpenError> {
        let is_passive = mode != ConnectionMode::Active;
        *lock_log(&self.log) = CommandLog { is_passive, ..CommandLog::default() };
        self.ftp.set_mode(match mode {
            ConnectionMode::ExtendedPassive => Mode::ExtendedPassive,
            ConnectionMode::Passive => Mode::Passive,
            ConnectionMode::Active => Mode::Active,
        });
        // Offset 0 needs no REST: no earlier command leaves one in effect.
        let _ = self.ftp.resume_transfer(offset);
        let opened = match verb {
            "RETR" => self.ftp.retr_as_stream(argument),
            "STOR" => self.ftp.put_with_stream(argument),
            "APPE" => self.ftp.append_with_stream(argument),
            // suppaftp's own listing methods collect whole listings in memory.
            _ => {
                let line = match argument {
                    "" => verb.to_owned(),
                    argument => format!("{verb} {argument}"),
                };
                let expected = [Status::AboutToSend, Status::AlreadyOpen];
                self.ftp.custom_data_command(line, &expected).map(|(_, transfer)| transfer)
            }
        };
        match opened {
            Ok(inner) => {
                let preliminary = lock_log(&self.log).reply.take();
                Ok((Transfer { inner, log: Arc::clone(&self.log) }, preliminary))
            }
            Err(error) => Err(self.open_error(verb, &error)),
        }
    }

    fn open_error(&self, verb: &str, error: &FtpError) -> OpenError {
        let CommandLog { verb: sent, reply, data_failure, closed, .. } =
            std::mem::take(&mut *lock_log(&self.log));
        let failure = lock(&self.control).failure().cloned();
        match (error, data_failure, failure) {
            (FtpError::SecureError(_), data_failure, _) => match reply {
                Some(reply) if reply.class() != 1 => OpenError::Refused { verb: sent, reply },
                _ => {
                    let error = data_failure
                        .unwrap_or_else(|| Error::new(Kind::Tls, "the data handshake failed"));
                    OpenError::Handshake { error, closed }
                }
            },
            (_, _, Some(failure)) => OpenError::Failed(failure),
            (_, Some(why), None) if sent != verb => match why.kind() {
                Kind::Connect => OpenError::Unreachable(why),
                _ => OpenError::Failed(why),
            },
            (_, _, None) => match reply {
                // In active mode the server accepts the command first and connects afterwards.
                Some(reply) if reply.class() == 1 => OpenError::NeverConnected,
                Some(reply) => OpenError::Refused { verb: sent, reply },
                None => {
                    let error = Error::new(Kind::Connect, error.to_string());
                    lock(&self.control).poison(error.clone());
                    OpenError::Failed(error)
                }
            },
        }
    }
}

/// A connection as suppaftp holds it.
#[derive(Debug)]
struct EngineStream(Channel);

#[derive(Debug)]
enum Channel {
    Control(EngineControl),
    Data(Box<Stream>),
}

impl EngineStream {
    fn tcp(&self) -> &TcpStream {
        match &self.0 {
            Channel::Control(control) => &control.tcp,
            Channel::Data(stream) => stream.socket().tcp(),
        }
    }
}

impl suppaftp::TlsStream for EngineStream {
    type InnerStream = Channel;

    fn tcp_stream(self) -> FtpResult<TcpStream> {
        self.tcp().try_clone().map_err(FtpError::ConnectionError)
    }

    fn get_ref(&self) -> &TcpStream {
        self.tcp()
    }

    fn mut_ref(&mut self) -> &mut Channel {
        &mut self.0
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
            Channel::Control(_) => Ok(()),
            Channel::Data(stream) => stream.flush(),
        }
    }
}

/// The control connection as suppaftp sees it: each write is one command, each read one line.
#[derive(Debug)]
struct EngineControl {
    control: SharedControl,
    /// For addresses.
    tcp: TcpStream,
    /// Canonical lines that suppaftp has not read yet.
    unread: Vec<u8>,
    /// How many of suppaftp's start-up commands are still to be answered here.
    startup_commands: usize,
    log: Arc<Mutex<CommandLog>>,
}

impl EngineControl {
    fn hand_over(&mut self, reply: Result<Reply>) -> io::Result<()> {
        let reply = reply.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        self.unread.extend(canonical_line(&reply));
        lock_log(&self.log).reply = Some(reply);
        Ok(())
    }
}

impl Write for EngineControl {
    /// suppaftp writes each line with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.startup_commands > 0 {
            self.startup_commands -= 1;
            self.unread.extend(b"200 ok\r\n");
            return Ok(line.len());
        }
        let text = unescape_iac(line.strip_suffix(b"\r\n").unwrap_or(line)).into_owned();
        let command = Command::from_line(text).map_err(|_| io::ErrorKind::InvalidInput)?;
        let verb = command.verb();
        let is_passive = lock_log(&self.log).is_passive;
        let awaits_reply = is_passive && is_data_verb(&verb);
        *lock_log(&self.log) =
            CommandLog { verb, is_passive, awaits_reply, ..CommandLog::default() };
        if awaits_reply {
            // suppaftp is told at once that the command was accepted, and begins the handshake.
            let sent = lock(&self.control).begin(&command);
            sent.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
            self.unread.extend(b"150 ok\r\n");
        } else {
            let reply = lock(&self.control).call(&command);
            self.hand_over(reply)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for EngineControl {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            // The completion reply: the preliminary one was read with the command.
            let reply = lock(&self.control).receive();
            self.hand_over(reply)?;
        }
        let n = buffer.len().min(self.unread.len());
        buffer[..n].copy_from_slice(&self.unread[..n]);
        self.unread.drain(..n);
        Ok(n)
    }
}

/// The one line that represents `reply` to suppaftp: its code and, for passive replies, their value
/// as we parsed it. An invalid passive reply becomes a refusal. suppaftp expects 125 or 150 to a
/// data command; every other 1yz is mapped to these.
fn canonical_line(reply: &Reply) -> Vec<u8> {
    let line = match reply.code {
        229 => match reply::epsv_port(reply) {
            Ok(port) => format!("229 ok (|||{port}|)"),
            Err(_) => "500 unusable".to_owned(),
        },
        227 => match reply::pasv_address(reply) {
            Ok((address, port)) => {
                let [a, b, c, d] = address.octets();
                format!("227 ok ({a},{b},{c},{d},{},{})", port >> 8, port & 255)
            }
            Err(_) => "500 unusable".to_owned(),
        },
        100..200 => "150 ok".to_owned(),
        code => format!("{code} ok"),
    };
    format!("{line}\r\n").into_bytes()
}

/// Names as bytes: names from the server are sent back unchanged.
#[derive(Debug)]
struct NameBytes;

impl Encoding for NameBytes {
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
struct Connector {
    channel: Mutex<Option<EngineControl>>,
    control: SharedControl,
    tls: Arc<Tls>,
    config: SessionConfig,
    log: Arc<Mutex<CommandLog>>,
}

impl Connector {
    /// Secures a data connection; `None` if the server refused its command.
    fn secure(&self, tcp: TcpStream) -> Result<Option<Stream>> {
        let awaits_reply = lock_log(&self.log).awaits_reply;
        let opened =
            secure_data(&self.control, &self.config, tcp, awaits_reply, |socket| {
                match self.config.clear_data {
                    true => Ok(Stream::clear_text(socket)),
                    false => self.tls.connect_data(socket),
                }
            });
        let mut log = lock_log(&self.log);
        log.closed = opened.closed;
        if opened.reply.is_some() {
            log.reply = opened.reply;
        }
        let begun = log.reply.as_ref().is_some_and(|reply| reply.class() == 1);
        opened.stream.map(|stream| begun.then_some(stream))
    }
}

impl suppaftp::TlsConnector for Connector {
    type Stream = EngineStream;

    fn connect(&self, _domain: &str, stream: TcpStream) -> FtpResult<EngineStream> {
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(channel) = channel {
            return Ok(EngineStream(Channel::Control(channel)));
        }
        match self.secure(stream) {
            Ok(Some(stream)) => Ok(EngineStream(Channel::Data(Box::new(stream)))),
            Ok(None) => Err(FtpError::SecureError("refused".to_owned())),
            Err(error) => {
                let text = error.to_string();
                lock_log(&self.log).data_failure = Some(error);
                Err(FtpError::SecureError(text))
            }
        }
    }
}

fn start_engine(
    connector: Connector,
    config: &SessionConfig,
    peer: SocketAddr,
    log: Arc<Mutex<CommandLog>>,
    ahead: DialledAhead,
) -> FtpResult<ImplFtpStream<EngineStream>> {
    let dialer = config.dialer.clone();
    let timeout = dialer.timeout;
    let host = config.host.clone();
    let quirks = config.quirks.clone();
    // The far end must live until suppaftp has written its AUTH TLS, which nobody reads.
    let (near, mut far) = UnixStream::pair().map_err(FtpError::ConnectionError)?;
    far.write_all(b"220 ok\r\n234 ok\r\n").map_err(FtpError::ConnectionError)?;
    let mut ftp = ImplFtpStream::connect_with_stream(TcpStream::from(OwnedFd::from(near)))?
        .active_mode(timeout)
        .passive_stream_builder(move |address| {
            let begun = ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
            let begun = begun.filter(|(port, _)| *port == address.port()).map(|(_, tcp)| tcp);
            let dialled = match &dialer.proxy {
                // The peer is the proxy; the server is the host that it was asked to connect to.
                Some(_) => dialer
                    .connect(&host, address.port())
                    .map_err(|error| error.with_context("data connection")),
                None => {
                    let address = SocketAddr::new(peer.ip(), address.port());
                    dial_data(address, begun, &dialer, &quirks)
                }
            };
            dialled.map_err(|error| {
                lock_log(&log).data_failure = Some(error);
                FtpError::ConnectionError(io::ErrorKind::NotConnected.into())
            })
        })
        .into_secure(connector, "control connection")?;
    ftp.set_passive_nat_workaround(true);
    ftp.set_encoding(NameBytes);
    Ok(ftp)
}

/// Opens a data connection to a port of the control connection's peer, unless that has `begun`.
///
/// The first one to a server is awaited here, before the command is sent, so that an unreachable
/// passive port leaves the session in step and PASV can be tried instead of EPSV. Once one has
/// succeeded, later ones are only started: the handshake waits for them, which saves a round trip
/// each.
fn dial_data(
    address: SocketAddr,
    begun: Option<TcpStream>,
    dialer: &Dialer,
    quirks: &ServerQuirks,
) -> Result<TcpStream> {
    let begun = begun.map_or_else(|| dialer.begin_connect(address), Ok);
    let dialled = begun.and_then(|tcp| match quirks.data_mode() {
        Some(_) => Ok(tcp),
        None => dialer.finish_connect(tcp, dialer.timeout.min(FIRST_DATA_CONNECTION)),
    });
    dialled.map_err(|error| match cancel_reason(&error) {
        Some(reason) => reason.into(),
        None => {
            let port = address.port();
            let text = format!("data connection to port {port}: {}", io_reason(&error));
            Error::new(Kind::Connect, text)
                .with_hint("the server's passive ports may be blocked by a firewall")
        }
    })
}
