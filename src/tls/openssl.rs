//! The OpenSSL backend: the only one that can offer a chosen session.
//!
//! Common servers (vsftpd, ProFTPD, FileZilla Server) refuse a data connection that does not resume
//! the control connection's session. This works, measured on all of them with TLS 1.2 and 1.3: one
//! context per control connection; store the DER of each session received on the control connection
//! (TLS 1.3 tickets arrive after the handshake, with the first bytes read); offer every data
//! connection a fresh copy made from that DER, because OpenSSL marks a TLS 1.3 session as used once
//! it was offered.
//!
//! Data connections have their own context: without roots, because their certificate is compared
//! and not judged, and with the control connection's key exchange group, because a server that
//! requires a group other than the first in our list costs a round trip each time.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSession,
    SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};

use super::client_certificate::ClientCertificate;
use super::groups;
use super::openssl_info::openssl_error_text;
use super::roots;
use super::stream::{OpenSslStream, Stream};
use super::{Config, HandshakeFailure, Negotiated, Socket, Version};
use crate::error::{Error, Kind, Result};
use crate::trust::identity::{Identity, Problem};

/// The cipher list that OpenSSL recommends for clients: the system's default policy without weak
/// ciphers. TLS 1.3 suites are all strong and unchanged.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// The protocol name for FTP control connections (RFC 7301 registry); prevents a server of another
/// protocol with the same certificate from answering.
const ALPN: &[u8] = b"\x03ftp";

/// One control connection's OpenSSL contexts, session and certificate.
#[derive(Debug)]
pub struct Client {
    context: SslContext,
    /// The data connections' context, made once the control connection's group is known.
    data_context: OnceLock<SslContext>,
    config: Config,
    credentials: Option<ClientCertificate>,
    host: String,
    /// The control connection's latest session, DER.
    session: Arc<Mutex<Option<Vec<u8>>>>,
    /// The control connection's certificate, DER.
    certificate: Mutex<Option<Vec<u8>>>,
    /// Whether a data connection has resumed the session: then all later ones must.
    resumes: AtomicBool,
}

/// Marks the `Ssl` of a control connection for the session callback.
fn is_control() -> Result<Index<Ssl, ()>, ErrorStack> {
    static MARK: OnceLock<Index<Ssl, ()>> = OnceLock::new();
    match MARK.get() {
        Some(mark) => Ok(*mark),
        None => {
            let mark = Ssl::new_ex_index()?;
            Ok(*MARK.get_or_init(|| mark))
        }
    }
}

impl Client {
    /// A context for one control connection to `host`.
    pub fn new(config: &Config, host: &str) -> Result<Self> {
        let session = Arc::new(Mutex::new(None));
        let credentials = ClientCertificate::read(config)?;
        let context = control_context(config, credentials.as_ref(), Arc::clone(&session))?;
        Ok(Self {
            context,
            data_context: OnceLock::new(),
            config: config.clone(),
            credentials,
            host: host.to_owned(),
            session,
            certificate: Mutex::new(None),
            resumes: AtomicBool::new(false),
        })
    }

    /// See [`super::Tls::connect_control`].
    pub fn connect_control(&self, socket: Socket) -> Result<(Stream, Identity), HandshakeFailure> {
        let problems = Arc::new(Mutex::new(Vec::new()));
        let mut ssl = self.new_ssl(&self.context)?;
        ssl.set_ex_data(is_control()?, ());
        ssl.set_alpn_protos(ALPN)?;
        let seen = Arc::clone(&problems);
        // Always continue: the caller decides about trust before anything is sent.
        ssl.set_verify_callback(SslVerifyMode::PEER, move |valid, chain| {
            if !valid {
                let problem = chain_problem(chain.error().as_raw(), chain.error().error_string());
                let mut seen = lock(&seen);
                if !seen.contains(&problem) {
                    seen.push(problem);
                }
            }
            true
        });
        let stream = handshake(ssl, socket)?;
        let der = leaf_certificate(&stream)?;
        *lock(&self.certificate) = Some(der.clone());
        let problems = lock(&problems).clone();
        let agreed = Negotiated {
            group: groups::negotiated_group(stream.ssl()),
            ..negotiated_parameters(&stream)
        };
        let context = data_context(&self.config, self.credentials.as_ref(), agreed.group);
        if let Ok(context) = context {
            let _ = self.data_context.set(context);
        }
        Ok((Stream::OpenSsl(OpenSslStream::new(stream, agreed)), Identity { der, problems }))
    }

    /// See [`super::Tls::connect_data`].
    #[allow(unsafe_code)]
    pub fn connect_data(&self, socket: Socket) -> Result<Stream, HandshakeFailure> {
        let mut ssl = self.new_ssl(self.data_context.get().unwrap_or(&self.context))?;
        ssl.set_verify(SslVerifyMode::NONE);
        if let Some(der) = lock(&self.session).as_deref() {
            let session = SslSession::from_der(der)?;
            // SAFETY: `set_session` requires that the session belongs to this context's method and
            // that nobody else uses the object; it was just made from bytes, for this `Ssl`.
            unsafe { ssl.set_session(&session)? };
        }
        let stream = self.connect_to_same_certificate(ssl, socket)?;
        if stream.negotiated().is_some_and(|agreed| agreed.resumed) {
            self.resumes.store(true, Ordering::Relaxed);
        } else if self.resumes.load(Ordering::Relaxed) || !self.config.tickets {
            return Err(HandshakeFailure::NotResumed);
        }
        Ok(stream)
    }

    /// See [`super::Tls::connect_data_without_resumption`].
    pub fn connect_data_without_resumption(
        &self,
        socket: Socket,
    ) -> Result<Stream, HandshakeFailure> {
        let mut ssl = self.new_ssl(self.data_context.get().unwrap_or(&self.context))?;
        ssl.set_verify(SslVerifyMode::NONE);
        self.connect_to_same_certificate(ssl, socket)
    }

    /// A data connection's handshake: must resume the session or present the same certificate.
    fn connect_to_same_certificate(
        &self,
        ssl: Ssl,
        socket: Socket,
    ) -> Result<Stream, HandshakeFailure> {
        let stream = handshake(ssl, socket)?;
        if !stream.ssl().session_reused() {
            let shown = leaf_certificate(&stream)?;
            if lock(&self.certificate).as_deref() != Some(&shown[..]) {
                return Err(HandshakeFailure::OtherCertificate);
            }
        }
        let agreed = negotiated_parameters(&stream);
        Ok(Stream::OpenSsl(OpenSslStream::new(stream, agreed)))
    }

    fn new_ssl(&self, context: &SslContext) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(context)?;
        match self.host.parse::<IpAddr>() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => {
                ssl.set_hostname(&self.host)?;
                ssl.param_mut().set_host(&self.host)?;
            }
        }
        Ok(ssl)
    }
}

/// The common part of both contexts.
fn base_context(
    config: &Config,
    credentials: Option<&ClientCertificate>,
) -> Result<SslContextBuilder, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    let version = |version| match version {
        Version::Tls12 => SslVersion::TLS1_2,
        Version::Tls13 => SslVersion::TLS1_3,
    };
    builder.set_cipher_list(CIPHERS)?;
    builder.set_min_proto_version(Some(version(config.min)))?;
    // TLS 1.3 resumes with tickets only.
    let max = if config.tickets { config.max } else { config.max.min(Version::Tls12) };
    builder.set_max_proto_version(Some(version(max)))?;
    builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    if !config.tickets {
        builder.set_options(SslOptions::NO_TICKET);
    }
    if let Some(credentials) = credentials {
        builder.set_certificate(&credentials.certificate)?;
        builder.set_private_key(&credentials.key)?;
        for certificate in &credentials.chain {
            builder.add_extra_chain_cert(certificate.clone())?;
        }
    }
    Ok(builder)
}

fn control_context(
    config: &Config,
    credentials: Option<&ClientCertificate>,
    session: Arc<Mutex<Option<Vec<u8>>>>,
) -> Result<SslContext> {
    let is_control = is_control().map_err(|e| setup_error(&e))?;
    let mut builder = base_context(config, credentials).map_err(|e| setup_error(&e))?;
    builder.set_new_session_callback(move |ssl, new| {
        // Sessions of data connections are not stored: servers that require reuse mean the control
        // connection's.
        if ssl.ex_data(is_control).is_some()
            && let Ok(der) = new.to_der()
        {
            *lock(&session) = Some(der);
        }
    });
    if let Some(seen) = config.known_group {
        if let Some(group) = seen.group {
            builder.set_groups_list(group).map_err(|e| setup_error(&e))?;
        }
        return Ok(builder.build());
    }
    groups::offer_p256_first(&mut builder);
    roots::add_system_roots(&mut builder).map_err(|e| setup_error(&e))?;
    if let Some(path) = &config.ca_file {
        super::read_local_file(path)?;
        builder.set_ca_file(path).map_err(|e| file_error(path, &e))?;
    }
    Ok(builder.build())
}

fn data_context(
    config: &Config,
    credentials: Option<&ClientCertificate>,
    group: Option<&str>,
) -> Result<SslContext, ErrorStack> {
    let mut builder = base_context(config, credentials)?;
    if let Some(group) = group {
        // Only this group: the system's policy allows it, others may be forbidden.
        builder.set_groups_list(group)?;
    }
    Ok(builder.build())
}

fn handshake(ssl: Ssl, socket: Socket) -> Result<SslStream<Socket>, HandshakeFailure> {
    ssl.connect(socket).map_err(|error| match error {
        HandshakeError::SetupFailure(stack) => stack.into(),
        HandshakeError::Failure(middle) | HandshakeError::WouldBlock(middle) => {
            match middle.into_error().into_io_error() {
                Ok(error) => HandshakeFailure::Io(error),
                Err(error) => match error.ssl_error() {
                    Some(stack) => HandshakeFailure::Tls(openssl_error_text(stack)),
                    // No library error and no system error: the peer closed the connection.
                    None => HandshakeFailure::Io(std::io::ErrorKind::UnexpectedEof.into()),
                },
            }
        }
    })
}

fn leaf_certificate(stream: &SslStream<Socket>) -> Result<Vec<u8>, HandshakeFailure> {
    match stream.ssl().peer_certificate() {
        Some(certificate) => Ok(certificate.to_der()?),
        None => Err(HandshakeFailure::Tls("the server shows no certificate".into())),
    }
}

fn negotiated_parameters(stream: &SslStream<Socket>) -> Negotiated {
    let ssl = stream.ssl();
    Negotiated {
        version: ssl.version_str().to_owned(),
        cipher: ssl.current_cipher().map_or_else(String::new, |c| c.name().to_owned()),
        resumed: ssl.session_reused(),
        group: None,
    }
}

/// OpenSSL's verification codes (x509_vfy.h) as problems.
fn chain_problem(code: i32, words: &str) -> Problem {
    match code {
        18 | 19 => Problem::SelfSigned,
        2 | 20 | 21 | 27 => Problem::UnknownIssuer,
        10 => Problem::Expired,
        9 => Problem::NotYetValid,
        62..=64 => Problem::WrongName,
        _ => Problem::Other(words.to_owned()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn setup_error(stack: &ErrorStack) -> Error {
    Error::new(Kind::Tls, format!("TLS cannot be set up: {}", openssl_error_text(stack)))
}

fn file_error(path: &std::path::Path, stack: &ErrorStack) -> Error {
    Error::new(Kind::Local, format!("{}: {}", path.display(), openssl_error_text(stack)))
}

impl From<ErrorStack> for HandshakeFailure {
    fn from(stack: ErrorStack) -> Self {
        HandshakeFailure::Tls(openssl_error_text(&stack))
    }
}
