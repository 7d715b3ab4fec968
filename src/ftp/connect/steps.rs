//! A control connection taken apart: each step of it on its own, with what the server said.
//!
//! For `doctor`. The order is the caller's, and so is the promise that no user name or password is
//! sent before the certificate was judged. Every step has the deadline of [`SessionConfig::timeout`] and
//! ends with a cancel; nothing is retried.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::dial::Dialer;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::Control;
use crate::ftp::control::cleartext::{ClearText, check_auth, check_greeting, control_socket};
use crate::ftp::control::expect::Command;
use crate::ftp::control::reply::Reply;
use crate::ftp::control::trace::ProtocolTrace;
use crate::ftp::error_text::handshake_error;
use crate::ftp::session::config::SessionConfig;
use crate::ftp::session::login::LoginRequest;
use crate::ftp::session::quirks::ServerQuirks;
use crate::tls::legacy_versions::{self, LegacySupport, LegacyVersion};
use crate::tls::socket::{DATA_BUFFER, Socket, Wait, cancel_reason};
use crate::tls::{End, Negotiated, Tls};
use crate::trust::identity::Identity;

/// The most bytes read of a listing: enough to see how it is sent.
const ENOUGH: usize = 1 << 20;

/// The most time for a data connection to come about: a blocked port answers never.
const DIAL: Duration = Duration::from_secs(10);

/// Whether a data connection offers the control connection's TLS session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It does, as every data connection of ftpsh on OpenSSL.
    Offer,
    /// It does not, as those of a client that cannot.
    Withhold,
}

/// What came of a listing.
#[derive(Debug)]
pub struct ListingResult {
    /// The bytes, at most the first mebibyte.
    pub bytes: Vec<u8>,
    /// How the data stream ended.
    pub end: End,
    /// What the data connection's handshake agreed.
    pub agreed: Negotiated,
    /// The completion reply.
    pub reply: Reply,
}

/// A connection in clear text, before `AUTH TLS`.
pub struct Clear {
    socket: Socket,
    trace: ProtocolTrace,
    timeout: Duration,
}

impl Clear {
    /// On a connection that stands.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when the socket cannot be used.
    pub fn new(options: &SessionConfig, tcp: TcpStream) -> Result<Self> {
        let socket = control_socket(tcp, options.dialer.cancel.clone())?;
        Ok(Self { socket, trace: options.trace.clone(), timeout: options.timeout })
    }

    /// Greeting and `AUTH TLS`: `greeted` is shown the greeting before anything is sent.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] for no greeting or a refusal, [`Kind::Tls`] where TLS is not offered; the
    /// second value of the pair says which of the two steps it was.
    pub fn ask_for_tls(
        self,
        greeted: &mut dyn FnMut(&Reply),
    ) -> std::result::Result<(Self, Reply), (Step, Error)> {
        let Self { socket, trace, timeout } = self;
        let mut clear = ClearText::new(socket, &trace, timeout);
        let greeting = clear.greeting().map_err(|error| (Step::Greeting, error))?;
        check_greeting(&greeting).map_err(|error| (Step::Greeting, error))?;
        greeted(&greeting);
        let auth = clear.auth_tls().map_err(|error| (Step::Auth, error))?;
        check_auth(&auth).map_err(|error| (Step::Auth, error))?;
        let socket = clear.into_socket();
        Ok((Self { socket, trace, timeout }, auth))
    }

    /// The handshake, whatever the certificate.
    ///
    /// # Errors
    ///
    /// [`Kind::Tls`], [`Kind::Connect`].
    pub fn secure(self, options: &SessionConfig) -> Result<Secured> {
        let Self { mut socket, trace, timeout } = self;
        let peer = socket.tcp().peer_addr();
        let peer = peer.map_err(|error| Error::new(Kind::Connect, io_reason(&error)))?;
        let tls = Tls::new(&options.tls, &options.host)?;
        socket.set_wait(Wait::within(options.timeout));
        let (stream, identity) = tls
            .connect_control(socket)
            .map_err(|failure| handshake_error(failure, "TLS handshake"))?;
        let chain = stream.chain_length();
        let agreed = stream.negotiated().cloned();
        let control = Control::new(stream, timeout, trace, ServerQuirks::default());
        let options = options.clone();
        Ok(Secured { control, tls, options, peer, identity, chain, agreed })
    }
}

/// Whether a server takes an old version of TLS: a connection of its own, on which nothing but
/// `AUTH TLS` is sent.
///
/// # Errors
///
/// Those of the steps before the handshake.
pub fn ask_for_old_tls(options: &SessionConfig, version: LegacyVersion) -> Result<LegacySupport> {
    let tcp = options.dialer.connect(&options.host, options.port)?;
    let mut clear = Clear::new(options, tcp)?;
    if !options.implicit {
        (clear, _) = clear.ask_for_tls(&mut |_| {}).map_err(|(_, error)| error)?;
    }
    clear.socket.set_wait(Wait::within(options.timeout));
    Ok(legacy_versions::probe_legacy_version(clear.socket, &options.host, version))
}

/// The steps in clear text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The greeting.
    Greeting,
    /// `AUTH TLS`.
    Auth,
}

/// A control connection with TLS, of which nothing is trusted yet.
pub struct Secured {
    control: Control,
    tls: Tls,
    options: SessionConfig,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// What the handshake showed.
    pub identity: Identity,
    /// How many certificates were sent, where the library tells.
    pub chain: Option<usize>,
    /// What the handshake agreed.
    pub agreed: Option<Negotiated>,
}

impl Secured {
    /// Dial, greeting, `AUTH TLS` and handshake in one: for every connection but the first.
    ///
    /// # Errors
    ///
    /// Those of the steps.
    pub fn connect(options: &SessionConfig) -> Result<Self> {
        let tcp = options.dialer.connect(&options.host, options.port)?;
        let mut clear = Clear::new(options, tcp)?;
        if !options.implicit {
            (clear, _) = clear.ask_for_tls(&mut |_| {}).map_err(|(_, error)| error)?;
        }
        let mut secured = clear.secure(options)?;
        if options.implicit {
            secured.greeting()?;
        }
        Ok(secured)
    }

    /// The greeting of a server for implicit TLS.
    ///
    /// # Errors
    ///
    /// As for explicit TLS.
    pub fn greeting(&mut self) -> Result<Reply> {
        let reply = self.control.read_greeting()?;
        check_greeting(&reply)?;
        Ok(reply)
    }

    /// Sends a command; its reply, whatever it says.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] when the connection is or gets lost.
    pub fn command(&mut self, verb: &str, argument: &str) -> Result<Reply> {
        self.control.call(&Command::new(verb, argument)?)
    }

    /// Logs in. Only for a server whose certificate was judged.
    ///
    /// # Errors
    ///
    /// [`Kind::Login`] when the server refuses; [`Kind::Connect`].
    pub fn log_in(&mut self, login: &LoginRequest<'_>) -> Result<Reply> {
        let host = self.options.host.clone();
        let mut send = |verb: &str, argument: &str| self.command(verb, argument);
        crate::ftp::session::login::authenticate(&mut send, &host, login)
    }

    /// Whether it is of no use any more.
    pub fn is_dead(&self) -> bool {
        self.control.failure().is_some()
    }

    /// Connects to a port of the control connection's peer (behind a proxy, of the host), and how
    /// long that took.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] after ten seconds at most; a cancel.
    pub fn dial(&self, port: u16) -> Result<(TcpStream, Duration)> {
        let begun = Instant::now();
        let bound = self.options.dialer.timeout.min(DIAL);
        if self.options.dialer.proxy.is_some() {
            let dialer = Dialer { timeout: bound, ..self.options.dialer.clone() };
            return Ok((dialer.connect(&self.options.host, port)?, begun.elapsed()));
        }
        let address = SocketAddr::new(self.peer.ip(), port);
        let tcp = self.options.dialer.connect_address(address, bound);
        tcp.map(|tcp| (tcp, begun.elapsed())).map_err(|error| match cancel_reason(&error) {
            Some(reason) => reason.into(),
            None if error.kind() == std::io::ErrorKind::TimedOut => {
                let bound = bound.as_secs_f32();
                Error::new(Kind::Connect, format!("port {port}: no answer within {bound} s"))
            }
            None => Error::new(Kind::Connect, format!("port {port}: {}", io_reason(&error))),
        })
    }

    /// A listing by `verb` over a data connection that stands.
    ///
    /// # Errors
    ///
    /// [`Kind::Refused`] with the reply, and what a failed handshake or a lost connection says.
    /// After a failed handshake the server's own words are waited for, and win.
    pub fn list(&mut self, verb: &str, tcp: TcpStream, resume: Resume) -> Result<ListingResult> {
        let reply = self.command(verb, "")?;
        if reply.class() != 1 {
            return Err(crate::ftp::error_text::refusal_error(verb, &reply));
        }
        let timeout = self.options.timeout;
        let failed = |error: std::io::Error| crate::ftp::data::data_error(&error, timeout);
        let mut socket =
            Socket::new(tcp, self.options.dialer.cancel.clone(), DATA_BUFFER).map_err(failed)?;
        // One deadline for all of it, so that a stream without end has one.
        socket.set_wait(Wait::within(timeout));
        let stream = match resume {
            Resume::Offer => self.tls.connect_data(socket),
            Resume::Withhold => self.tls.connect_data_without_resumption(socket),
        };
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(failure) => {
                let error = handshake_error(failure, "data connection");
                return Err(self.late_refusal(verb).unwrap_or(error));
            }
        };
        let mut bytes = Vec::new();
        let mut block = [0; 16 * 1024];
        let broken = loop {
            match stream.read(&mut block) {
                Ok(0) => break None,
                Ok(n) if bytes.len() < ENOUGH => bytes.extend_from_slice(&block[..n]),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break None,
                Err(error) => break Some(failed(error)),
            }
        };
        let end = stream.end();
        let agreed = stream.negotiated().cloned().unwrap_or_default();
        drop(stream);
        if let Some(error) = broken {
            return Err(self.late_refusal(verb).unwrap_or(error));
        }
        let reply = self.control.receive()?;
        match reply.code {
            226 | 250 => Ok(ListingResult { bytes, end, agreed, reply }),
            _ => Err(crate::ftp::error_text::transfer_error(verb, &reply)),
        }
    }

    /// What the server says about a data connection that failed, if it says it soon.
    fn late_refusal(&mut self, verb: &str) -> Option<Error> {
        let reply = self.control.receive_within(Duration::from_secs(1)).ok()?;
        (reply.class() >= 4).then(|| crate::ftp::error_text::refusal_error(verb, &reply))
    }

    /// Says QUIT and waits for the answer, for at most a second.
    pub fn quit(mut self) {
        if let Ok(quit) = Command::new("QUIT", "") {
            let _ = self.control.call_within(&quit, Duration::from_secs(1));
        }
    }
}
