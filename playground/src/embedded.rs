//! An honest FTPS server in this process: libunftp on loopback, on a port of its own.
//!
//! In: a user and a password. Out: where it listens, its root directory and its certificate's
//! fingerprint. TLS is required on both connections. It stops, and its directory goes, when it
//! is dropped.

use super::certificate::Certificate;
use async_trait::async_trait;
use libunftp::ServerBuilder;
use libunftp::options::TlsFlags;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use unftp_core::auth::{AuthenticationError, Authenticator, Credentials, Principal};
use unftp_sbe_fs::Filesystem;

/// A running server.
pub struct Embedded {
    /// Where it listens: 127.0.0.1 and a free port.
    pub addr: SocketAddr,
    /// The directory that it serves as `/`.
    pub root: PathBuf,
    /// The one user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The certificate's fingerprint, as ftpsh prints it.
    pub fingerprint: String,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _directory: TempDir,
}

impl Embedded {
    /// For tests: a server with an empty tree for `tester`, whose password is made up.
    ///
    /// # Panics
    /// When it cannot be started.
    #[allow(clippy::expect_used, reason = "a test may stop at the first surprise")]
    pub fn start() -> Self {
        let mut random = [0; 9];
        openssl::rand::rand_bytes(&mut random).expect("random bytes");
        let password = openssl::base64::encode_block(&random);
        Self::serve("tester", &password).expect("start the embedded server")
    }

    /// Starts a server with a new certificate and an empty root directory.
    ///
    /// # Errors
    /// No temporary directory, no port, no certificate.
    pub fn serve(user: &str, password: &str) -> anyhow::Result<Self> {
        let directory = TempDir::with_prefix("ftpsh-embedded-")?;
        let root = directory.path().join("root");
        std::fs::create_dir(&root)?;
        let certificate = Certificate::make("localhost")?;
        let config = Config {
            root: root.clone(),
            certificate: directory.path().join("cert.pem"),
            key: directory.path().join("key.pem"),
            login: Arc::new(Login { user: user.to_owned(), password: password.to_owned() }),
        };
        std::fs::write(&config.certificate, certificate.pem()?)?;
        std::fs::write(&config.key, certificate.key_pem()?)?;

        // Bound here and kept: no other process can take the port in between.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = runtime()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let stopping = Arc::new(AtomicBool::new(false));
        let sessions = accept(config, listener, Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            runtime.block_on(sessions);
            runtime.shutdown_timeout(Duration::from_secs(2));
        });
        Ok(Self {
            addr,
            root,
            user: user.to_owned(),
            password: password.to_owned(),
            fingerprint: certificate.fingerprint()?,
            stopping,
            thread: Some(thread),
            _directory: directory,
        })
    }

    /// The address as a URL for explicit TLS, with the user in it.
    pub fn url(&self) -> String {
        format!("ftpes://{}@{}", self.user, self.addr)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting task, which sees that it is to stop.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One thread, which looks for input only when no task can run.
///
/// libunftp 0.24 answers AUTH with 234 and has another task tell the session to change to TLS.
/// With more threads, or an earlier look for input, the session at times takes the client's
/// handshake for commands, and answers in clear text.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().event_interval(1_000_000).enable_all().build()
}

/// Serves every connection with a server of its own, until it is told to stop.
async fn accept(config: Config, listener: tokio::net::TcpListener, stopping: Arc<AtomicBool>) {
    while let Ok((stream, _)) = listener.accept().await {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        // Small replies must not wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        if let Ok(server) = config.server() {
            tokio::spawn(server.service(stream));
        }
    }
}

/// What each session's server is built from.
struct Config {
    root: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    login: Arc<Login>,
}

type Server = libunftp::Server<Filesystem, unftp_core::auth::DefaultUser>;

impl Config {
    fn server(&self) -> Result<Server, libunftp::ServerError> {
        let root = self.root.clone();
        ServerBuilder::with_authenticator(Box::new(move || open(&root)), self.login.clone())
            .ftps(&self.certificate, &self.key)
            .ftps_required(true, true)
            .ftps_tls_flags(
                TlsFlags::LATEST_VERSIONS
                    | TlsFlags::RESUMPTION_SESS_ID
                    | TlsFlags::RESUMPTION_TICKETS,
            )
            .greeting("ftpsh embedded server")
            .build()
    }
}

/// The directory as libunftp's storage.
#[allow(clippy::expect_used, reason = "libunftp takes no failure here, and the directory is ours")]
fn open(root: &Path) -> Filesystem {
    Filesystem::new(root).expect("the root directory exists")
}

/// The one user, as libunftp's authenticator.
struct Login {
    user: String,
    password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

#[async_trait]
impl Authenticator for Login {
    async fn authenticate(
        &self,
        user: &str,
        given: &Credentials,
    ) -> Result<Principal, AuthenticationError> {
        if user != self.user {
            Err(AuthenticationError::BadUser)
        } else if given.password.as_deref() != Some(&*self.password) {
            Err(AuthenticationError::BadPassword)
        } else {
            Ok(Principal { username: user.to_owned() })
        }
    }
}
