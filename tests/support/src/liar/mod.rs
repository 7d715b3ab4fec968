//! A scripted FTPS server that is correct but where its [`Script`] tells it to lie.
//!
//! In: a script. Out: an address, and the [`Wire`]: every command line as it came, with whether
//! TLS was up, every connection, every handshake and whether it resumed a session. It runs on
//! threads of its own; dropping it closes all sockets and joins them all.
//!
//! ```ignore
//! let liar = Liar::start(
//!     Script::new()
//!         .file("/a", "hello")
//!         .on("RETR", Step::Final("426 cut".into()))   // first RETR: the reply after the data
//!         .data("RETR", Data::Cut(2))                  // first RETR: 2 bytes, no close_notify
//!         .without("MLSD"),
//! );
//! // ... a client connects to liar.addr, as liar.user with liar.password ...
//! assert_eq!(liar.wire.lines("USER").len(), 1);
//! ```

mod control;
mod data;
mod files;
mod script;
mod stream;
mod verbs;
mod wire;

pub use files::{Files, Spelling};
pub use script::{Data, Record, Script, Step, Versions};
pub use wire::{Event, Wire};

use super::certificate::Certificate;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslSessionCacheMode, SslVerifyMode, SslVersion};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A running server.
pub struct Liar {
    /// Where it listens: 127.0.0.1 (or ::1) and a free port.
    pub addr: SocketAddr,
    /// The one user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// Fingerprint of the certificate on the control connection.
    pub fingerprint: String,
    /// What came over the wire.
    pub wire: Arc<Wire>,
    /// Its files; a test may change them while it runs.
    pub files: Arc<Mutex<Files>>,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Liar {
    /// Starts a server that follows the script.
    pub fn start(script: Script) -> Self {
        let certificate = script.certificate.clone();
        let listener = TcpListener::bind((script.address, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let wire = Arc::new(Wire::default());
        let files = Arc::new(Mutex::new(script.files.clone()));
        let (user, password) = (script.user.clone(), script.password.clone());
        let shared = Arc::new(Shared {
            context: context(&certificate, &script),
            script: Mutex::new(script),
            files: Arc::clone(&files),
            wire: Arc::clone(&wire),
            sockets: Mutex::default(),
            ports: Mutex::default(),
            stopped: Condvar::new(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        let fingerprint = certificate.fingerprint().unwrap();
        Self { addr, user, password, fingerprint, wire, files, shared, acceptor: Some(acceptor) }
    }

    /// The address as a URL, with the user in it.
    pub fn url(&self) -> String {
        let scheme = if self.shared.script().implicit { "ftps" } else { "ftpes" };
        format!("{scheme}://{}@{}", self.user, self.addr)
    }

    /// Changes the script; the files stay.
    pub fn change_script(&self, change: impl FnOnce(Script) -> Script) {
        let mut script = self.shared.script();
        *script = change(script.clone());
    }

    /// The content of a file on the server.
    pub fn content(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.files.lock().unwrap().content(path.as_ref()).map(<[u8]>::to_vec)
    }

    /// From now on this certificate is shown, on new control connections and their data.
    pub fn show(&self, certificate: &Certificate) {
        self.shared.script().certificate = certificate.clone();
    }

    /// Closes all control and data connections, as a server that restarts does.
    pub fn hang_up(&self) {
        self.shared.sockets.lock().unwrap().close_all();
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.shared.sockets.lock().unwrap().stop();
        self.shared.stopped.notify_all();
        // Wakes the acceptor, which finds that it is to stop.
        let _ = TcpStream::connect(self.addr);
        if let Some(acceptor) = self.acceptor.take()
            && acceptor.join().is_err()
            && !thread::panicking()
        {
            panic!("the scripted server panicked");
        }
    }
}

/// What the threads of one server share.
pub(crate) struct Shared {
    script: Mutex<Script>,
    context: SslContext,
    files: Arc<Mutex<Files>>,
    wire: Arc<Wire>,
    sockets: Mutex<Sockets>,
    /// The passive ports in use.
    ports: Mutex<Vec<Weak<TcpListener>>>,
    stopped: Condvar,
}

impl Shared {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// The context for a new control connection: its certificate may have changed.
    fn control_context(&self) -> SslContext {
        let certificate = self.script().certificate.clone();
        let same = self.context.certificate().is_some_and(|now| *now == *certificate.x509);
        if same { self.context.clone() } else { self.context_with(&certificate) }
    }

    /// A context of its own, from which no other one's sessions can be resumed.
    fn context_with(&self, certificate: &Certificate) -> SslContext {
        context(certificate, &self.script())
    }

    /// Waits, but not longer than the server runs.
    fn pause(&self, interval: Duration) {
        let sockets = self.sockets.lock().unwrap();
        let wait = self.stopped.wait_timeout_while(sockets, interval, |s| !s.stopping);
        drop(wait.unwrap());
    }
}

/// Takes connections until the server is to stop; then waits for their threads.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut sessions = Vec::new();
    for (number, stream) in listener.incoming().enumerate() {
        let stream = stream.unwrap();
        if shared.sockets.lock().unwrap().stopping {
            break;
        }
        stream.set_nodelay(true).unwrap();
        shared.wire.add(Event::Connected { session: number });
        let shared = Arc::clone(shared);
        sessions.push(thread::spawn(move || {
            let mut control = control::Control::new(number, stream, &shared);
            control.run();
            control.end();
        }));
    }
    let failed = sessions.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
    assert!(failed == 0, "{failed} sessions of the scripted server panicked");
}

/// The open sockets, so that whoever waits on one can be woken.
#[derive(Default)]
struct Sockets {
    open: Vec<(u64, socket2::Socket)>,
    next: u64,
    stopping: bool,
}

impl Sockets {
    /// Registers a copy of a socket; the number removes it again.
    fn add(&mut self, socket: socket2::Socket) -> u64 {
        if self.stopping {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        self.next += 1;
        self.open.push((self.next, socket));
        self.next
    }

    fn remove(&mut self, number: u64) {
        self.open.retain(|(n, _)| *n != number);
    }

    fn close_all(&mut self) {
        for (_, socket) in &self.open {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.close_all();
    }
}

/// A server's TLS with this certificate: sessions can be resumed, by ticket and by number.
fn context(certificate: &Certificate, script: &Script) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&certificate.x509).unwrap();
    builder.set_private_key(&certificate.key).unwrap();
    builder.set_session_id_context(b"liar").unwrap();
    builder.set_session_cache_mode(SslSessionCacheMode::SERVER);
    let (min, max) = match script.versions {
        Versions::Tls11 => {
            // OpenSSL itself forbids it at its default level.
            builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
            (SslVersion::TLS1_1, SslVersion::TLS1_1)
        }
        Versions::Tls12 => (SslVersion::TLS1_2, SslVersion::TLS1_2),
        Versions::Tls13 => (SslVersion::TLS1_3, SslVersion::TLS1_3),
        Versions::All => {
            builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
            (SslVersion::TLS1, SslVersion::TLS1_3)
        }
        Versions::Both => (SslVersion::TLS1_2, SslVersion::TLS1_3),
    };
    builder.set_min_proto_version(Some(min)).unwrap();
    builder.set_max_proto_version(Some(max)).unwrap();
    if script.wants_certificate {
        let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        builder.set_verify_callback(mode, |_, _| true);
    }
    builder.build()
}

/// The server's side of a handshake that is about to begin.
fn server_side(context: &SslContext) -> Ssl {
    let mut ssl = Ssl::new(context).unwrap();
    ssl.set_accept_state();
    ssl
}
