//! The native-tls backend: the platform's TLS (Schannel, Secure Transport, OpenSSL).
//!
//! It cannot offer a chosen session, so servers that require session reuse refuse its data
//! connections, and it cannot distinguish a close_notify from a cut. It verifies chain and name
//! only during the handshake and returns no certificate if that fails. A control connection is
//! therefore tried with verification first and, if that fails, again without, which yields the
//! certificate and the reason to report.

use std::sync::{Mutex, PoisonError};

use native_tls::{Certificate, HandshakeError, Identity as ClientIdentity, Protocol, TlsConnector};

use super::client_certificate::ClientCertificate;
use super::openssl_info::openssl_error_text;
use super::stream::{NativeStream, Stream};
use super::{Config, HandshakeFailure, Negotiated, Socket, Version};
use crate::error::{Error, Kind, Result};
use crate::trust::identity::{Identity, Problem};

/// One control connection's connectors and certificate.
#[derive(Debug)]
pub struct Client {
    checked: TlsConnector,
    unchecked: TlsConnector,
    host: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why the verified handshake failed, if it did.
    refused: Option<String>,
    /// The control connection's certificate, DER.
    certificate: Option<Vec<u8>>,
}

impl Client {
    /// Connectors for one control connection to `host`.
    pub fn new(config: &Config, host: &str) -> Result<Self> {
        let mut builder = TlsConnector::builder();
        let version = |version| match version {
            Version::Tls12 => Protocol::Tlsv12,
            Version::Tls13 => Protocol::Tlsv13,
        };
        builder.min_protocol_version(Some(version(config.min)));
        // An upper bound is set only if it excludes a version: not every platform supports one.
        if config.max < Version::Tls13 {
            builder.max_protocol_version(Some(version(config.max)));
        }
        if let Some(path) = &config.ca_file {
            let pem = super::read_local_file(path)?;
            for root in Certificate::stack_from_pem(&pem).map_err(|e| file_error(path, &e))? {
                builder.add_root_certificate(root);
            }
        }
        if let Some(read) = ClientCertificate::read(config)? {
            builder.identity(client_identity(&read)?);
        }
        let checked = builder.build().map_err(|e| setup_error(&e))?;
        builder.danger_accept_invalid_certs(true);
        builder.danger_accept_invalid_hostnames(true);
        let unchecked = builder.build().map_err(|e| setup_error(&e))?;
        Ok(Self { checked, unchecked, host: host.to_owned(), state: Mutex::default() })
    }

    /// See [`super::Tls::wants_unchecked_retry`].
    pub fn wants_unchecked_retry(&self) -> bool {
        let state = self.state();
        state.refused.is_some() && state.certificate.is_none()
    }

    /// See [`super::Tls::connect_control`].
    pub fn connect_control(&self, socket: Socket) -> Result<(Stream, Identity), HandshakeFailure> {
        let refused = self.state().refused.clone();
        let connector = if refused.is_some() { &self.unchecked } else { &self.checked };
        let stream = match handshake(connector, &self.host, socket) {
            Ok(stream) => stream,
            Err(HandshakeFailure::Tls(why)) if refused.is_none() && names_certificate(&why) => {
                self.state().refused = Some(why.clone());
                return Err(HandshakeFailure::Tls(why));
            }
            Err(error) => return Err(error),
        };
        let der = leaf_certificate(&stream)?;
        self.state().certificate = Some(der.clone());
        let problems = refused.iter().map(|why| chain_problem(why)).collect();
        Ok((
            Stream::Native(Box::new(NativeStream::new(stream, negotiated_parameters()))),
            Identity { der, problems },
        ))
    }

    /// See [`super::Tls::connect_data`].
    pub fn connect_data(&self, socket: Socket) -> Result<Stream, HandshakeFailure> {
        // Trust was decided on the control connection; here the certificate must be the same.
        let stream = handshake(&self.unchecked, &self.host, socket)?;
        let shown = leaf_certificate(&stream)?;
        if self.state().certificate.as_deref() != Some(&shown[..]) {
            return Err(HandshakeFailure::OtherCertificate);
        }
        Ok(Stream::Native(Box::new(NativeStream::new(stream, negotiated_parameters()))))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The certificate in the form that every platform takes.
fn client_identity(read: &ClientCertificate) -> Result<ClientIdentity> {
    let unusable = |why: String| {
        Error::new(Kind::Local, format!("the client certificate cannot be used: {why}"))
    };
    let certificates = std::iter::once(&read.certificate).chain(&read.chain);
    let chain: Result<Vec<_>, _> = certificates.map(|certificate| certificate.to_pem()).collect();
    let chain = chain.map_err(|stack| unusable(openssl_error_text(&stack)))?.concat();
    let key = read.key.private_key_to_pem_pkcs8();
    let key = key.map_err(|stack| unusable(openssl_error_text(&stack)))?;
    ClientIdentity::from_pkcs8(&chain, &key).map_err(|error| unusable(error.to_string()))
}

fn handshake(
    connector: &TlsConnector,
    host: &str,
    socket: Socket,
) -> Result<native_tls::TlsStream<Socket>, HandshakeFailure> {
    connector.connect(host, socket).map_err(|error| match error {
        HandshakeError::Failure(error) => handshake_failure(&error),
        HandshakeError::WouldBlock(_) => HandshakeFailure::Io(std::io::ErrorKind::TimedOut.into()),
    })
}

/// Classifies an error of the library as a socket or a TLS error.
fn handshake_failure(error: &native_tls::Error) -> HandshakeFailure {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            if let Some(reason) = super::socket::cancel_reason(io) {
                return HandshakeFailure::Io(std::io::Error::other(super::socket::Cancelled(
                    reason,
                )));
            }
            return HandshakeFailure::Io(io.kind().into());
        }
        source = cause.source();
    }
    HandshakeFailure::Tls(error.to_string())
}

fn names_certificate(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["certificate", "self signed", "self-signed", "hostname", "trust"]
        .iter()
        .any(|word| why.contains(word))
}

fn chain_problem(why: &str) -> Problem {
    let lower = why.to_ascii_lowercase();
    if lower.contains("self signed") || lower.contains("self-signed") {
        Problem::SelfSigned
    } else if lower.contains("expired") {
        Problem::Expired
    } else if lower.contains("not yet valid") {
        Problem::NotYetValid
    } else if lower.contains("hostname") || lower.contains("ip address mismatch") {
        Problem::WrongName
    } else if lower.contains("issuer") {
        Problem::UnknownIssuer
    } else {
        Problem::Other(why.to_owned())
    }
}

fn leaf_certificate(stream: &native_tls::TlsStream<Socket>) -> Result<Vec<u8>, HandshakeFailure> {
    let missing = || HandshakeFailure::Tls("the server shows no certificate".into());
    let certificate = stream.peer_certificate().ok().flatten().ok_or_else(missing)?;
    certificate.to_der().map_err(|_| missing())
}

/// native-tls reports nothing about what was negotiated.
fn negotiated_parameters() -> Negotiated {
    Negotiated { version: "TLS".into(), cipher: String::new(), resumed: false, group: None }
}

fn setup_error(error: &native_tls::Error) -> Error {
    Error::new(Kind::Tls, format!("TLS cannot be set up: {error}"))
}

fn file_error(path: &std::path::Path, error: &native_tls::Error) -> Error {
    Error::new(Kind::Local, format!("{}: {error}", path.display()))
}
