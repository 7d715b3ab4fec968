//! Refused certificates, and the errors they become if the user is not asked.
//!
//! The texts name the server, the fingerprints and the next command to type. Certificate fields
//! appear in them only as formatted by `display`.

use super::certificate::Certificate;
use super::display::{date_text, list_names, one_line, roots_text};
use super::entry::{Entry, Origin, TrustReason, host_and_port};
use super::exception::Exception;
use super::fingerprint::Fingerprint;
use super::store::remove_command;
use crate::error::{Error, Kind};

/// Why a login is refused.
#[derive(Debug)]
pub enum Refusal {
    /// The server is unknown, and the user may be asked.
    Unknown(Box<Unknown>),
    /// The certificate differs from the stored one.
    Changed(Box<Changed>),
    /// Anything else.
    Failed(Error),
}

impl Refusal {
    /// The certificate that was shown, if the refusal is about one.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Refusal::Unknown(unknown) => Some(unknown.certificate.fingerprint),
            Refusal::Changed(changed) => Some(changed.certificate.fingerprint),
            Refusal::Failed(_) => None,
        }
    }

    /// The error if the user is not asked.
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

/// The certificate of an unknown server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The host, in the form of [`super::entry::normal_host`].
    pub host: String,
    /// The port of the control connection.
    pub port: u16,
    /// The certificate.
    pub certificate: Certificate,
    /// Why it is not valid by the system's roots, as text.
    pub problems: Vec<String>,
    /// The exceptions that accepting it would record.
    pub exceptions: Vec<Exception>,
    /// The other servers that are remembered with this certificate.
    pub known_as: Vec<String>,
}

impl Unknown {
    /// The error of kind `CertUnknown`.
    pub fn into_error(self) -> Error {
        let name = host_and_port(&self.host, self.port);
        let shown = self.certificate.fingerprint;
        let problems = self.problems.join(", ");
        let error = Error::new(
            Kind::CertUnknown,
            format!("{name}: the certificate is unknown: {problems}"),
        )
        .with_detail(format!("fingerprint: {shown}"));
        with_other_names(error, &self.known_as).with_hint(format!(
            "if that is the server's: ftpsh --fingerprint {shown} TARGET, or --trust accept-new"
        ))
    }
}

/// The user's answer was no: nothing more has to be said.
pub(super) fn not_trusted(host: &str, port: u16) -> Error {
    let name = host_and_port(host, port);
    Error::new(Kind::CertUnknown, format!("{name}: not trusted; nothing was sent"))
}

fn with_other_names(error: Error, known_as: &[String]) -> Error {
    match known_as {
        [] => error,
        names => error.with_detail(format!("known as:   {}", list_names(names))),
    }
}

/// A certificate that differs from the stored one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The host, in the form of [`super::entry::normal_host`].
    pub host: String,
    /// The port of the control connection.
    pub port: u16,
    /// The stored entry.
    pub old: Entry,
    /// The certificate that was shown.
    pub certificate: Certificate,
    /// Why it is not valid by the system's roots, as text.
    pub problems: Vec<String>,
    /// The other servers that are remembered with this certificate.
    pub known_as: Vec<String>,
    /// Whether own roots (`tls:ca-file`) are in use in this run.
    pub own_roots: bool,
}

impl Changed {
    /// The error of kind `CertChanged`.
    pub fn into_error(self) -> Error {
        let name = host_and_port(&self.host, self.port);
        let (old, shown) = (&self.old, self.certificate.fingerprint);
        let was_valid = old.why == TrustReason::Ca && !self.problems.is_empty();
        let problems = self.problems.join(", ");
        let lacks_roots = was_valid && old.own_roots && !self.own_roots;
        let what = match old.own_roots {
            _ if lacks_roots => format!(
                "the certificate was valid with the roots of tls:ca-file, which is not set now: \
                 {problems}"
            ),
            own if was_valid => {
                let roots = roots_text(own);
                format!("the certificate was valid by {roots} and no longer is: {problems}")
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
            // The user's file can override it, but not remove it.
            Origin::System => format!(
                "it is remembered for all users; if the change is meant: ftpsh trust add {name} {shown}"
            ),
        };
        let hint =
            if lacks_roots { format!("`set tls:ca-file FILE` as then, or {hint}") } else { hint };
        let cert = &self.certificate;
        let validity = format!("{} to {}", date_text(cert.not_before), date_text(cert.not_after));
        let old = old.certificate;
        let error = Error::new(Kind::CertChanged, format!("{name}: {what}"))
            .with_detail(format!("remembered: {old} (first seen {first}, last seen {last})"))
            .with_detail(format!("shown now:  {shown}"))
            .with_detail(format!("subject:    {}, valid {validity}", one_line(&cert.subject)));
        let error = with_other_names(error, &self.known_as);
        if old == shown {
            return error.with_hint(hint);
        }
        error
            .as_alarm()
            .with_detail("nothing was sent; whoever runs the server can say which one is right")
            .with_hint(hint)
    }
}

/// The error for a certificate that matches none of `--fingerprint`.
pub(super) fn not_given(host: &str, port: u16, cert: &Certificate) -> Error {
    let (name, shown) = (host_and_port(host, port), cert.fingerprint);
    Error::new(
        Kind::CertUnknown,
        format!("{name}: the certificate is not the one given with --fingerprint"),
    )
    .with_detail(format!("fingerprint: {shown}"))
    .with_hint(format!("if that is the server's: ftpsh --fingerprint {shown} TARGET"))
}
