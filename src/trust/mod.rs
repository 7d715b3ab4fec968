//! Trust in servers: fingerprints, the store of known servers, the verdict, the question.
//!
//! Given the result of a handshake ([`identity::Identity`]), [`checker::TrustChecker`] decides
//! whether the login may start. No network and no terminal here.

pub mod certificate;
pub mod checker;
pub mod display;
pub mod entry;
pub mod exception;
pub mod fingerprint;
pub mod identity;
pub(crate) mod known_servers_file;
pub mod prompt;
pub mod refusal;
pub mod store;
pub mod verdict;

#[cfg(test)]
mod testing;
