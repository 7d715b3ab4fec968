//! Trust in servers: fingerprints, the store of known servers, the verdict, the question.
//!
//! Given the result of a handshake ([`identity::Identity`]), [`checker::TrustChecker`] decides
//! whether the login may start. No network and no terminal here.

pub(crate) mod certificate;
pub mod checker;
pub(crate) mod display;
pub mod entry;
pub(crate) mod exception;
pub(crate) mod fingerprint;
pub(crate) mod identity;
pub(crate) mod known_servers_file;
pub(crate) mod prompt;
pub(crate) mod refusal;
pub mod store;
pub mod verdict;

#[cfg(test)]
pub(crate) mod testing;
