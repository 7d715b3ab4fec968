//! TLS for control and data connections, behind one type for both backends.
//!
//! A [`Tls`] belongs to one control connection: it makes that connection's handshake, stores the
//! session and the certificate, and makes each data connection's handshake with them. It does not
//! judge trust; it only reports an [`Identity`]. It never returns a data stream whose certificate
//! is not the control connection's, and never treats a cut stream as complete.

mod client_certificate;
mod groups;
pub(crate) mod legacy_versions;
pub(crate) mod native;
pub(crate) mod openssl;
pub(crate) mod openssl_info;
mod roots;
pub(crate) mod socket;
pub(crate) mod stream;
mod wait;
pub mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::trust::identity::Identity;

pub use socket::{Socket, Wait};
pub use stream::{End, Stream};

/// The TLS library (setting `tls:backend`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// OpenSSL, which resumes the control connection's session on data connections.
    #[default]
    OpenSsl,
    /// The platform's TLS, which cannot.
    Native,
}

/// A TLS version for the settings `tls:min-version` and `tls:max-version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// Asks for the passphrase of an encrypted client key.
pub type Passphrase = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The result of a first connection to a server, for further ones whose certificate is compared
/// with the first one's and not judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownGroup {
    /// The key exchange group, by its name in OpenSSL's lists, if the handshake had one.
    pub group: Option<&'static str>,
}

/// The TLS configuration for a server.
#[derive(Clone)]
pub struct Config {
    /// The library.
    pub backend: Backend,
    /// The oldest version accepted.
    pub min: Version,
    /// The newest version offered.
    pub max: Version,
    /// Whether sessions may be resumed with tickets; some servers accept a ticket on any
    /// connection. Without tickets, TLS 1.2 resumes by session ID, and each data connection must.
    pub tickets: bool,
    /// Additional roots, PEM.
    pub ca_file: Option<PathBuf>,
    /// The client certificate: PEM (certificate and chain), or PKCS#12 with its key.
    pub cert_file: Option<PathBuf>,
    /// The client certificate's key, PEM; if unset, the key is in `cert_file`.
    pub key_file: Option<PathBuf>,
    /// Asks for the key's passphrase.
    pub passphrase: Option<Passphrase>,
    /// For further connections only: skips reading the roots (20 ms of CPU time) and offers this
    /// group first (another one costs a round trip).
    pub known_group: Option<KnownGroup>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: Backend::OpenSsl,
            min: Version::Tls12,
            max: Version::Tls13,
            tickets: true,
            ca_file: None,
            cert_file: None,
            key_file: None,
            passphrase: None,
            known_group: None,
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("backend", &self.backend)
            .field("min", &self.min)
            .field("max", &self.max)
            .field("ca_file", &self.ca_file)
            .field("cert_file", &self.cert_file)
            .finish_non_exhaustive()
    }
}

/// What a handshake negotiated, for `status` and the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// "TLSv1.3", or "TLS" if the backend does not report it.
    pub version: String,
    /// The cipher suite's name; empty if the backend does not report it.
    pub cipher: String,
    /// Whether the session of the control connection was resumed.
    pub resumed: bool,
    /// The control connection's key exchange group, by its name in OpenSSL's lists, if reported.
    pub group: Option<&'static str>,
}

/// One control connection's TLS: its handshake, and those of its data connections.
#[derive(Debug)]
pub enum Tls {
    /// With OpenSSL.
    OpenSsl(Box<openssl::Client>),
    /// With the platform's TLS.
    Native(Box<native::Client>),
}

impl Tls {
    /// Prepares for one control connection to `host`.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`] for a file of roots, a certificate or a key that cannot be read,
    /// [`Kind::Tls`] if the library rejects the configuration.
    pub fn new(config: &Config, host: &str) -> Result<Self> {
        Ok(match config.backend {
            Backend::OpenSsl => Tls::OpenSsl(Box::new(openssl::Client::new(config, host)?)),
            Backend::Native => Tls::Native(Box::new(native::Client::new(config, host)?)),
        })
    }

    /// The control connection's handshake. It succeeds whatever the certificate; the identity
    /// contains its problems, and the caller decides before sending anything.
    ///
    /// # Errors
    ///
    /// [`Kind::Tls`] if the handshake fails, [`Kind::Connect`] on timeout or a lost connection.
    pub fn connect_control(&self, socket: Socket) -> Result<(Stream, Identity), HandshakeFailure> {
        match self {
            Tls::OpenSsl(client) => client.connect_control(socket),
            Tls::Native(client) => client.connect_control(socket),
        }
    }

    /// A data connection's handshake, resuming the control connection's session if the backend can.
    ///
    /// # Errors
    ///
    /// As [`Tls::connect_control`], and [`Kind::Tls`] if the certificate is not the control
    /// connection's.
    pub fn connect_data(&self, socket: Socket) -> Result<Stream, HandshakeFailure> {
        match self {
            Tls::OpenSsl(client) => client.connect_data(socket),
            Tls::Native(client) => client.connect_data(socket),
        }
    }

    /// A data connection's handshake without resumption, as by clients that cannot resume a
    /// session: to test whether a server requires it.
    pub fn connect_data_without_resumption(
        &self,
        socket: Socket,
    ) -> Result<Stream, HandshakeFailure> {
        match self {
            Tls::OpenSsl(client) => client.connect_data_without_resumption(socket),
            Tls::Native(client) => client.connect_data(socket),
        }
    }

    /// Whether to reconnect without verifying the chain: the backend verifies only during the
    /// handshake, and the last one failed because of it. The new handshake reports why.
    pub fn wants_unchecked_retry(&self) -> bool {
        match self {
            Tls::OpenSsl(_) => false,
            Tls::Native(client) => client.wants_unchecked_retry(),
        }
    }
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum HandshakeFailure {
    /// A socket error: timeout, reset, end of stream, or cancelled.
    Io(std::io::Error),
    /// A TLS error, with the library's message.
    Tls(String),
    /// The data connection presented a different certificate from the control connection.
    OtherCertificate,
    /// The data connection did not resume the session, although an earlier one did, or all must.
    NotResumed,
}

impl HandshakeFailure {
    /// Converts the failure to an error about `what` ("TLS with host:port", "the data connection").
    pub fn into_error(self, what: &str) -> Error {
        match self {
            HandshakeFailure::Io(error) => match socket::cancel_reason(&error) {
                Some(reason) => reason.into(),
                None if error.kind() == std::io::ErrorKind::TimedOut => {
                    Error::new(Kind::Connect, format!("{what}: the TLS handshake timed out"))
                }
                None => Error::new(
                    Kind::Tls,
                    format!(
                        "{what}: the connection was lost in the TLS handshake ({})",
                        crate::error::io_reason(&error)
                    ),
                )
                .as_transient(),
            },
            HandshakeFailure::Tls(why) => Error::new(Kind::Tls, format!("{what}: {why}")),
            HandshakeFailure::OtherCertificate => Error::new(
                Kind::Tls,
                format!("{what}: shows another certificate than the control connection"),
            )
            .with_hint("someone may be in the middle; nothing was transferred"),
            // A server that has lost the session accepts the session of a new control connection.
            HandshakeFailure::NotResumed => Error::new(
                Kind::Tls,
                format!("{what}: does not resume the control connection's TLS session"),
            )
            .as_transient(),
        }
    }
}

pub(crate) fn read_local_file(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::local(path, &error))
}
