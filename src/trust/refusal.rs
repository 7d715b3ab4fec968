//! Refused certificates, and the errors that they become where nobody is asked.
//!
//! The texts name the server, the fingerprints and the next command to type. Fields of the
//! certificate appear in them only as `words` made them.

use super::certificate::Certificate;
use super::display::date_text;
use super::entry::{Entry, Origin, TrustReason, host_and_port};
use super::exception::Exception;
use super::fingerprint::Fingerprint;
use super::store::remove_command;
use crate::error::{Error, Kind};

/// Why a server may not be logged in to.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing is known of it, and the user may be asked.
    Unknown(Box<Unknown>),
    /// It is not what is remembered.
    Changed(Box<Changed>),
    /// Anything else.
    Failed(Error),
}

impl Refusal {
    /// The certificate that was shown, where that is what the refusal is about.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Refusal::Unknown(unknown) => Some(unknown.certificate.fingerprint),
            Refusal::Changed(changed) => Some(changed.certificate.fingerprint),
            Refusal::Failed(_) => None,
        }
    }

    /// The error, where nobody is asked.
    pub fn into_error(self) -> Error {
        match self {
            Refusal::Unknown(unknown) => unknown.into_error(),
            Refusal::Changed(changed) => changed.into_error(),
            Refusal::Failed(error) => error,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

/// A certificate of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The host, in the form of [`super::entry::normal_host`].
    pub host: String,
    /// The port of the control connection.
    pub port: u16,
    /// The certificate.
    pub certificate: Certificate,
    /// Why the system's roots do not vouch for it, in words.
    pub problems: Vec<String>,
    /// What accepting it makes exceptions of.
    pub exceptions: Vec<Exception>,
}

impl Unknown {
    /// The error of kind `CertUnknown`.
    pub fn into_error(self) -> Error {
        let name = host_and_port(&self.host, self.port);
        let shown = self.certificate.fingerprint;
        let problems = self.problems.join(", ");
        Error::new(Kind::CertUnknown, format!("{name}: the certificate is unknown: {problems}"))
            .with_detail(format!("fingerprint: {shown}"))
            .with_hint(format!(
                "if that is the server's: ftpsh --fingerprint {shown} TARGET, or --trust accept-new"
            ))
    }
}

/// A certificate that is not what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The host, in the form of [`super::entry::normal_host`].
    pub host: String,
    /// The port of the control connection.
    pub port: u16,
    /// What is remembered.
    pub old: Entry,
    /// What was shown.
    pub certificate: Certificate,
    /// Why the system's roots do not vouch for what was shown, in words.
    pub problems: Vec<String>,
}

impl Changed {
    /// The error of kind `CertChanged`.
    pub fn into_error(self) -> Error {
        let name = host_and_port(&self.host, self.port);
        let (old, shown) = (&self.old, self.certificate.fingerprint);
        let what = match old.why {
            TrustReason::Ca if !self.problems.is_empty() => {
                let problems = self.problems.join(", ");
                format!(
                    "the certificate was valid by the system's roots and no longer is: {problems}"
                )
            }
            _ => {
                "the certificate has changed: someone may be between you and the server".to_owned()
            }
        };
        let (first, last) = (date_text(old.first), date_text(old.last));
        let hint = match old.origin {
            Origin::User => {
                format!("if the change is meant: {}", remove_command(&self.host, self.port))
            }
            // It can be preceded, not removed.
            Origin::System => format!(
                "it is remembered for all users; if the change is meant: ftpsh trust add {name} {shown}"
            ),
        };
        let old = old.certificate;
        Error::new(Kind::CertChanged, format!("{name}: {what}"))
            .with_detail(format!("remembered: {old} (first seen {first}, last seen {last})"))
            .with_detail(format!("shown now:  {shown}"))
            .with_hint(hint)
    }
}

/// The error for a certificate that is none of those given with `--fingerprint`.
pub(super) fn not_given(host: &str, port: u16, cert: &Certificate) -> Error {
    let (name, shown) = (host_and_port(host, port), cert.fingerprint);
    Error::new(
        Kind::CertUnknown,
        format!("{name}: the certificate is not the one given with --fingerprint"),
    )
    .with_detail(format!("fingerprint: {shown}"))
    .with_hint(format!("if that is the server's: ftpsh --fingerprint {shown} TARGET"))
}
