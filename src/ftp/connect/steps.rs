//! Establishing a secured control connection, as one chain of types: [`Dialled`], [`Cleartext`],
//! [`TlsReady`], [`Secured`]; then a session, or the checks of `doctor`.
//!
//! Only `AUTH TLS` is sent before the handshake, and nothing is trusted after it: the caller judges
//! [`Secured::identity`] before the next step, and only then are user name and password sent. An
//! implicit server sends its greeting after the handshake.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::cleartext::{CleartextControl, check_auth, check_greeting};
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{Control, SharedControl, lock};
use crate::ftp::error_text::handshake_error;
use crate::ftp::session::config::SessionConfig;
use crate::tls::legacy_versions::{LegacySupport, LegacyVersion, probe_legacy_version};
use crate::tls::{KnownGroup, Negotiated, Socket, Tls, Wait};
use crate::trust::identity::Identity;

/// How long a server may take to answer a ClientHello of an old version: some never do.
const LEGACY_PROBE: Duration = Duration::from_secs(5);

/// How long a server may be silent before it is tried whether it expects TLS from the first byte.
const SILENCE: Duration = Duration::from_millis(2500);

/// How long that trial may take.
const IMPLICIT_PROBE: Duration = Duration::from_secs(2);

/// A TCP connection to the server.
pub struct Dialled {
    connection: CleartextControl,
    config: SessionConfig,
}

impl Dialled {
    /// Connects as configured in `config`.
    pub fn connect(config: &SessionConfig) -> Result<Self> {
        Self::new(config, config.dialer.connect(&config.host, config.port)?)
    }

    /// From an existing connection.
    pub fn new(config: &SessionConfig, tcp: TcpStream) -> Result<Self> {
        let cancel = config.dialer.cancel.clone();
        let connection = CleartextControl::new(tcp, cancel, &config.trace, config.timeout)?;
        Ok(Self { connection, config: config.clone() })
    }

    /// Reads the greeting of a server with explicit TLS.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`], within five seconds if the server expects TLS from the first byte.
    pub fn greet(mut self) -> Result<Cleartext> {
        // An implicit server waits for our handshake while we wait for its greeting.
        if self.config.timeout > SILENCE + IMPLICIT_PROBE
            && self.connection.is_silent(SILENCE)?
            && let Some(error) = implicit_tls_error(&self.config)
        {
            return Err(error);
        }
        let greeting = self.connection.greeting()?;
        check_greeting(&greeting)?;
        Ok(Cleartext { connection: self.connection, config: self.config, greeting })
    }

    /// For a server with implicit TLS, which waits for the handshake.
    pub fn without_greeting(self) -> TlsReady {
        let socket = self.connection.into_socket();
        TlsReady { socket, config: self.config, greeting: None, auth: None }
    }

    /// Proceeds to the handshake, by explicit or implicit TLS.
    pub fn prepare_tls(self) -> Result<TlsReady> {
        match self.config.implicit {
            true => Ok(self.without_greeting()),
            false => self.greet()?.ask_for_tls(),
        }
    }
}

/// A server that has sent its greeting in clear text.
pub struct Cleartext {
    connection: CleartextControl,
    config: SessionConfig,
    greeting: Reply,
}

impl Cleartext {
    /// The greeting.
    pub fn greeting(&self) -> &Reply {
        &self.greeting
    }

    /// Sends `AUTH TLS`.
    ///
    /// # Errors
    ///
    /// [`Kind::Tls`] if TLS is not offered, or replies were injected.
    pub fn ask_for_tls(mut self) -> Result<TlsReady> {
        let auth = self.connection.auth_tls()?;
        check_auth(&auth)?;
        Ok(TlsReady {
            socket: self.connection.into_socket(),
            config: self.config,
            greeting: Some(self.greeting),
            auth: Some(auth),
        })
    }
}

/// A server that waits for the handshake.
pub struct TlsReady {
    socket: Socket,
    config: SessionConfig,
    greeting: Option<Reply>,
    auth: Option<Reply>,
}

impl TlsReady {
    /// The reply to `AUTH TLS`; `None` with implicit TLS.
    pub fn auth_reply(&self) -> Option<&Reply> {
        self.auth.as_ref()
    }

    /// Makes the handshake, whatever the certificate; `what` is the subject of error messages.
    pub fn secure(mut self, tls: &Arc<Tls>, what: &str) -> Result<Secured> {
        let peer = self.socket.tcp().peer_addr();
        let peer = peer.map_err(|error| Error::new(Kind::Connect, io_reason(&error)))?;
        self.socket.set_wait(Wait::within(self.config.timeout));
        let begun = Instant::now();
        let (stream, identity) =
            tls.connect_control(self.socket).map_err(|failure| handshake_error(failure, what))?;
        let handshake_time = begun.elapsed();
        let chain_length = stream.chain_length();
        let negotiated = stream.negotiated().cloned();
        let config = self.config;
        let control =
            Control::new(stream, config.timeout, config.trace.clone(), config.quirks.clone());
        let control = Arc::new(Mutex::new(control));
        let (tls, greeting) = (Arc::clone(tls), self.greeting);
        Ok(Secured {
            control,
            tls,
            config,
            peer,
            identity,
            chain_length,
            negotiated,
            handshake_time,
            greeting,
        })
    }

    /// Whether the server accepts an old version of TLS; the connection is closed afterwards.
    pub fn probe_legacy(mut self, version: LegacyVersion) -> LegacySupport {
        self.socket.set_wait(Wait::within(self.config.timeout.min(LEGACY_PROBE)));
        probe_legacy_version(self.socket, &self.config.host, version)
    }
}

/// A control connection with TLS that is not trusted yet.
pub struct Secured {
    pub(in crate::ftp) control: SharedControl,
    pub(in crate::ftp) tls: Arc<Tls>,
    pub(in crate::ftp) config: SessionConfig,
    pub(in crate::ftp) peer: SocketAddr,
    identity: Identity,
    chain_length: Option<usize>,
    pub(in crate::ftp) negotiated: Option<Negotiated>,
    handshake_time: Duration,
    pub(in crate::ftp) greeting: Option<Reply>,
}

impl Secured {
    /// All steps, for a session. If a handshake that expected the key exchange group of an earlier
    /// connection fails, it is retried: another machine of the same name may require another group.
    pub fn connect(config: &SessionConfig) -> Result<Self> {
        match (Self::connect_once(config), config.tls.known_group) {
            (Err(error), Some(KnownGroup { group: Some(_) })) if error.kind() == Kind::Tls => {
                let mut config = config.clone();
                config.tls.known_group = Some(KnownGroup { group: None });
                Self::connect_once(&config)
            }
            (other, _) => other,
        }
    }

    fn connect_once(config: &SessionConfig) -> Result<Self> {
        let server = format!("{}:{}", config.host, config.port);
        let (tls, ready) = set_up_and_reach(config)?;
        let secured = match ready.secure(&tls, &server) {
            // The platform's TLS verifies during the handshake; the second one reports the problem.
            Err(_) if tls.wants_unchecked_retry() => reach_server(config)?.secure(&tls, &server),
            other => other,
        };
        secured.map_err(|error| match (error.kind(), config.implicit) {
            (Kind::Tls, true) if error.hint().is_none() => error
                .with_hint("ftps:// is implicit TLS; use ftp:// if the server expects AUTH TLS"),
            _ => error,
        })
    }

    /// All steps, for `doctor`: without retries, and including the greeting of an implicit server.
    pub fn connect_plainly(config: &SessionConfig) -> Result<Self> {
        let ready = Dialled::connect(config)?.prepare_tls()?;
        let tls = Arc::new(Tls::new(&config.tls, &config.host)?);
        let mut secured = ready.secure(&tls, "TLS handshake")?;
        secured.await_greeting()?;
        Ok(secured)
    }

    /// A connection without TLS, for tests of sessions.
    #[cfg(test)]
    pub(in crate::ftp) fn without_tls(
        control: Control,
        config: SessionConfig,
        greeting: Reply,
    ) -> Self {
        let tls = Arc::new(Tls::new(&config.tls, &config.host).unwrap());
        let peer = control.stream().socket().tcp().peer_addr().unwrap();
        let identity = Identity { der: Vec::new(), problems: Vec::new() };
        Self {
            control: Arc::new(Mutex::new(control)),
            tls,
            config,
            peer,
            identity,
            chain_length: None,
            negotiated: None,
            handshake_time: Duration::ZERO,
            greeting: Some(greeting),
        }
    }

    /// The identity from the handshake, to be judged before anything else is sent.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How many certificates the server sent, if the library reports it.
    pub fn chain_length(&self) -> Option<usize> {
        self.chain_length
    }

    /// What the handshake negotiated, if the library reports it.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_ref()
    }

    /// How long the handshake took.
    pub fn handshake_time(&self) -> Duration {
        self.handshake_time
    }

    /// The server's refusal of the client certificate, or of none, if it arrives within `wait`: with
    /// TLS 1.3 it comes after the handshake. The connection is useless then.
    pub fn await_refusal(&mut self, wait: Duration) -> Option<Error> {
        lock(&self.control).await_alert(wait)
    }

    /// The peer address of the connection.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The greeting; with implicit TLS it is read now.
    pub fn await_greeting(&mut self) -> Result<Reply> {
        if let Some(greeting) = &self.greeting {
            return Ok(greeting.clone());
        }
        let greeting = lock(&self.control).read_greeting()?;
        check_greeting(&greeting)?;
        self.greeting = Some(greeting.clone());
        Ok(greeting)
    }
}

/// The server's identity and what was negotiated; sends only `AUTH TLS` and `QUIT`.
pub fn probe_server(config: &SessionConfig) -> Result<(Identity, Option<Negotiated>)> {
    let mut secured = Secured::connect(config)?;
    let greeted = secured.await_greeting();
    greeted.map_err(|error| error.with_context(format!("{}:{}", config.host, config.port)))?;
    let shown = (secured.identity.clone(), secured.negotiated.clone());
    secured.quit();
    Ok(shown)
}

/// The error for an explicit connection to a port that answers a ClientHello on a new connection, if
/// only with an alert: it may be too old, or require a client certificate. `None` if it does not.
pub fn implicit_tls_error(config: &SessionConfig) -> Option<Error> {
    let timeout = IMPLICIT_PROBE.min(config.timeout / 2);
    let mut probe = SessionConfig { implicit: true, timeout, ..config.clone() };
    probe.dialer.timeout = timeout;
    // Its passphrase may have to be asked for.
    (probe.tls.cert_file, probe.tls.key_file) = (None, None);
    let answer = Dialled::connect(&probe).and_then(|dialled| {
        let tls = Arc::new(Tls::new(&probe.tls, &probe.host)?);
        dialled.without_greeting().secure(&tls, "TLS handshake")
    });
    let (host, port) = (&config.host, config.port);
    let place = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let text = "no greeting: the server speaks TLS from the first byte";
    answer.map_or_else(|error| error.message().contains("alert"), |_| true).then(|| {
        Error::new(Kind::Connect, text)
            .with_hint(format!("use ftps://{place}:{port} (implicit TLS)"))
    })
}

/// Sets up TLS and connects, in parallel if the set-up only reads the roots, which takes 20 ms.
fn set_up_and_reach(config: &SessionConfig) -> Result<(Arc<Tls>, TlsReady)> {
    let set_up = || Tls::new(&config.tls, &config.host).map(Arc::new);
    let options = &config.tls;
    let roots_only =
        options.ca_file.is_none() && options.cert_file.is_none() && options.known_group.is_none();
    std::thread::scope(|scope| {
        let thread = roots_only
            .then(|| std::thread::Builder::new().spawn_scoped(scope, set_up).ok())
            .flatten();
        let Some(thread) = thread else {
            let tls = set_up()?;
            return Ok((tls, reach_server(config)?));
        };
        let reached = reach_server(config);
        let tls = thread.join().map_err(|_| Error::new(Kind::Tls, "TLS cannot be set up"))?;
        Ok((tls?, reached?))
    })
}

/// Connects, and sends `AUTH TLS` to an explicit server.
fn reach_server(config: &SessionConfig) -> Result<TlsReady> {
    Dialled::connect(config)?.prepare_tls().map_err(|error| {
        let silent = error.kind() == Kind::Connect && error.reply().is_none();
        let error = if silent && error.hint().is_none() {
            error.with_hint("ftps:// if TLS is implicit there")
        } else {
            error
        };
        error.with_context(format!("{}:{}", config.host, config.port))
    })
}
