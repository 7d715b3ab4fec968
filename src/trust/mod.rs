//! Trust in servers: fingerprints, the store of known servers, the verdict, the question.
//!
//! In comes what a handshake showed ([`identity::Identity`]); out goes whether the login may
//! begin ([`checker::TrustChecker`]). No network and no terminal here.

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
