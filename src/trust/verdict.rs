//! The verdict on a server's certificate: a pure function of what it showed, what is remembered
//! of it and what the user asked for.
//!
//! It reads and writes nothing; `checker` does what follows from it.

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
    /// Accept and remember.
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

/// What the user asked for, for this run.
#[derive(Debug, Clone, Default)]
pub struct TrustOptions {
    /// What to do with an unknown certificate.
    pub policy: TrustPolicy,
    /// If not empty, the only certificates to accept (`--fingerprint`).
    pub fingerprints: Vec<Fingerprint>,
    /// Accept anything (`--insecure`). `fingerprints` go before it.
    pub insecure: bool,
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Accepted: the certificate that is remembered.
    Known,
    /// Accepted: a new certificate with the remembered public key. To be remembered.
    Renewed,
    /// Accepted: chain and name are valid by the system's roots. To be remembered.
    CaValid {
        /// Whether nothing was remembered of this server before.
        first: bool,
    },
    /// Accepted: one of the fingerprints given for this run.
    Fingerprint,
    /// Accepted: for this run anything is.
    Insecure,
    /// Accepted: the user said `once` in this run.
    Once,
    /// Accepted by the policy. To be remembered.
    NewAccepted,
    /// Refused: nothing is known of it. The user may be asked.
    Unknown,
    /// Refused: not one of the fingerprints given for this run. Nobody is asked.
    NotGiven,
    /// Refused: not what is remembered. Nobody is asked.
    Changed,
}

/// Judges what a server showed. `cert` is `identity`'s certificate, `once` holds the
/// certificates that the user accepted for this server in this run.
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
        // The roots vouched for this server before, and vouch for its new key.
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
