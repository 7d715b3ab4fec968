//! Whether a server still accepts TLS 1.0 or 1.1 (deprecated by RFC 8996).
//!
//! Only for `doctor`: a handshake and nothing else. It authenticates and trusts nobody, and the
//! connection is closed before a command could be sent.

use std::net::IpAddr;

use openssl::error::ErrorStack;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode, SslVersion,
};

use super::Socket;
use super::openssl_info::openssl_error_text;
use crate::error::io_reason;

/// A version that sessions never use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyVersion {
    /// TLS 1.0 (RFC 2246).
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
}

/// The result of the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacySupport {
    /// The server accepts it, with this cipher suite.
    Taken(String),
    /// The server refuses it.
    Refused,
    /// Unknown, and why: this machine's OpenSSL may not support it.
    Unknown(String),
}

/// Offers this version only.
pub fn probe_legacy_version(socket: Socket, host: &str, version: LegacyVersion) -> LegacySupport {
    let ssl = match prepare(host, version) {
        Ok(ssl) => ssl,
        Err(stack) => return LegacySupport::Unknown(openssl_error_text(&stack)),
    };
    let error = match ssl.connect(socket) {
        Ok(mut stream) => return taken_with_cipher(&mut stream),
        Err(HandshakeError::SetupFailure(stack)) => {
            return LegacySupport::Unknown(openssl_error_text(&stack));
        }
        Err(HandshakeError::Failure(middle) | HandshakeError::WouldBlock(middle)) => {
            middle.into_error()
        }
    };
    if let Some(stack) = error.ssl_error() {
        let why = openssl_error_text(stack);
        let refused = ["alert", "unsupported protocol", "wrong version", "unexpected eof"];
        return if refused.iter().any(|sign| why.contains(sign)) {
            LegacySupport::Refused
        } else {
            LegacySupport::Unknown(why)
        };
    }
    match error.io_error() {
        Some(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            LegacySupport::Unknown(io_reason(error))
        }
        // It closed the connection.
        _ => LegacySupport::Refused,
    }
}

fn taken_with_cipher(stream: &mut SslStream<Socket>) -> LegacySupport {
    let cipher = stream.ssl().current_cipher().map_or_else(String::new, |c| c.name().to_owned());
    let _ = stream.shutdown();
    LegacySupport::Taken(cipher)
}

fn prepare(host: &str, version: LegacyVersion) -> Result<Ssl, ErrorStack> {
    let version = match version {
        LegacyVersion::Tls10 => SslVersion::TLS1,
        LegacyVersion::Tls11 => SslVersion::TLS1_1,
    };
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    // OpenSSL forbids these versions at its default security level.
    builder.set_cipher_list("ALL:@SECLEVEL=0")?;
    // The system's configuration may forbid them as well.
    builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    builder.set_min_proto_version(Some(version))?;
    builder.set_max_proto_version(Some(version))?;
    builder.set_verify(SslVerifyMode::NONE);
    let mut ssl = Ssl::new(&builder.build())?;
    if host.parse::<IpAddr>().is_err() {
        ssl.set_hostname(host)?;
    }
    Ok(ssl)
}
