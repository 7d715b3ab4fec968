//! The result of a TLS handshake: the server's certificate and its problems.
//!
//! `tls` creates it after every handshake on a control connection, and the verdict judges it. It
//! does not say whether the server is trusted.

/// Why a certificate is not valid by the system's roots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It is self-signed and not among the roots.
    SelfSigned,
    /// The chain does not end at a root that the system knows.
    UnknownIssuer,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It does not match the host name.
    WrongName,
    /// Any other problem, as the TLS library reports it.
    Other(String),
}

/// The server's certificate from a handshake, and its problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Why it is not valid by the system's roots; empty if chain and name are valid.
    pub problems: Vec<Problem>,
}

impl Identity {
    /// Whether chain and name are valid against the roots (CA-valid).
    pub fn ca_valid(&self) -> bool {
        self.problems.is_empty()
    }
}
