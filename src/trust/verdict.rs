//! The verdict on a server's certificate: a pure function of the handshake, the stored entry and
//! the user's options.
//!
//! No I/O: `checker` acts on the verdict.

use std::fmt;
use std::str::FromStr;

use super::certificate::Certificate;
use super::entry::{Entry, TrustReason};
use super::fingerprint::Fingerprint;
use super::identity::Identity;
use crate::error::{Error, Result};

/// What to do with an unknown certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TrustPolicy {
    /// Ask the user; without a terminal, refuse.
    #[default]
    Ask,
    /// Accept and store.
    AcceptNew,
    /// Refuse.
    Strict,
}

impl TrustPolicy {
    /// Every policy with its word on the command line and in `trust:policy`.
    pub const WORDS: [(TrustPolicy, &str); 3] = [
        (TrustPolicy::Ask, "ask"),
        (TrustPolicy::AcceptNew, "accept-new"),
        (TrustPolicy::Strict, "strict"),
    ];
}

impl fmt::Display for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::WORDS.iter().find(|(p, _)| p == self).map_or("", |(_, word)| word))
    }
}

impl FromStr for TrustPolicy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::WORDS.iter().find(|(_, word)| *word == text);
        found
            .map(|(policy, _)| *policy)
            .ok_or_else(|| Error::usage("not a trust policy: use ask, accept-new or strict"))
    }
}

/// Trust options of this run.
#[derive(Debug, Clone, Default)]
pub struct TrustOptions {
    /// What to do with an unknown certificate.
    pub policy: TrustPolicy,
    /// If not empty, the only certificates to accept (`--fingerprint`).
    pub fingerprints: Vec<Fingerprint>,
    /// Accept any certificate (`--insecure`). `fingerprints` takes precedence.
    pub insecure: bool,
    /// Whether certificates are verified with own roots (`tls:ca-file`) beside the system's.
    pub own_roots: bool,
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Accepted: the stored certificate.
    Known,
    /// Accepted: a new certificate with the stored public key. To be stored.
    Renewed,
    /// Accepted: chain and name are valid by the system's roots. To be stored.
    CaValid {
        /// Whether the server had no entry.
        first: bool,
    },
    /// Accepted: one of the fingerprints given for this run.
    Fingerprint,
    /// Accepted: any certificate is in this run.
    Insecure,
    /// Accepted: the user answered `once` in this run.
    Once,
    /// Accepted by the policy. To be stored.
    NewAccepted,
    /// Refused: unknown. The user may be asked.
    Unknown,
    /// Refused: not one of the fingerprints given for this run. The user is not asked.
    NotGiven,
    /// Refused: differs from the stored certificate. The user is not asked.
    Changed,
}

/// Judges a certificate. `cert` is `identity`'s certificate parsed; `once` has the certificates
/// that the user accepted for this server in this run.
pub fn judge_certificate(
    identity: &Identity,
    cert: &Certificate,
    entry: Option<&Entry>,
    rules: &TrustOptions,
    once: &[Fingerprint],
) -> Verdict {
    if !rules.fingerprints.is_empty() {
        return judge_by_fingerprint(cert, entry, &rules.fingerprints);
    }
    if rules.insecure {
        return Verdict::Insecure;
    }
    match entry {
        Some(entry) if entry.why == TrustReason::Ca && !identity.ca_valid() => Verdict::Changed,
        Some(entry) if entry.certificate == cert.fingerprint => Verdict::Known,
        Some(entry) if entry.public_key == cert.public_key => Verdict::Renewed,
        // The roots vouched for this server before, and they vouch for its new key.
        Some(entry) if entry.why == TrustReason::Ca => Verdict::CaValid { first: false },
        Some(_) => Verdict::Changed,
        None if identity.ca_valid() => Verdict::CaValid { first: true },
        None if once.contains(&cert.fingerprint) => Verdict::Once,
        None if rules.policy == TrustPolicy::AcceptNew => Verdict::NewAccepted,
        None => Verdict::Unknown,
    }
}

fn judge_by_fingerprint(
    cert: &Certificate,
    entry: Option<&Entry>,
    given: &[Fingerprint],
) -> Verdict {
    let differs = |entry: &Entry| entry.certificate != cert.fingerprint;
    match given.contains(&cert.fingerprint) {
        true => Verdict::Fingerprint,
        false if entry.is_some_and(differs) => Verdict::Changed,
        false => Verdict::NotGiven,
    }
}

#[cfg(test)]
mod tests;
