//! What a TLS handshake showed of the server: its certificate and what is wrong with it.
//!
//! Made by `tls` after every handshake on a control connection, judged by the verdict. It says
//! nothing about whether the server is trusted.

/// A reason for which a certificate is not valid by the system's roots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The certificate is signed by itself and not among the roots.
    SelfSigned,
    /// The chain does not end at a root that the system knows.
    UnknownIssuer,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// Anything else, in the TLS library's words.
    Other(String),
}

/// The server's certificate as shown in a handshake, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Why the system's roots do not vouch for it; empty means chain and name are valid.
    pub problems: Vec<Problem>,
}

impl Identity {
    /// Whether chain and name are valid against the roots (CA-valid).
    pub fn ca_valid(&self) -> bool {
        self.problems.is_empty()
    }
}
