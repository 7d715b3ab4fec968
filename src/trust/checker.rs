//! The trust check before a login: looks a server up, judges it, stores it.
//!
//! Turns the result of a handshake into `Accepted` or a `Refusal`. A certificate that has to be
//! stored but cannot be is refused. Never asks the user: an unknown certificate is returned to the
//! caller, who asks and calls [`TrustChecker::accept_answer`].

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::certificate::Certificate;
use super::display::{date_text, describe_problem, describe_problems, roots_text};
use super::entry::{Entry, Origin, TrustReason, host_and_port, normal_host};
use super::exception::Exception;
use super::fingerprint::Fingerprint;
use super::identity::{Identity, Problem};
use super::refusal::{Changed, Refusal, Unknown, not_given, not_trusted};
use super::store::TrustStore;
use super::verdict::{TrustOptions, TrustPolicy, Verdict, judge_certificate};
use crate::error::Result;

/// An accepted server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The verdict.
    pub verdict: Verdict,
    /// The certificate that was accepted.
    pub fingerprint: Fingerprint,
    /// A notice about a certificate that was stored.
    pub notice: Option<String>,
    /// A warning about a problem.
    pub warning: Option<String>,
    /// Why it was accepted, for `status`: `known since 2026-01-02`.
    pub why: String,
}

/// The user's answer to the trust question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Accept and store.
    Yes,
    /// The fingerprint was typed back: accept and store.
    Fingerprint,
    /// Accept until the program ends.
    Once,
    /// Refuse.
    No,
}

/// The trust check: the store, the options of the user, and what was accepted for this run.
#[derive(Debug)]
pub struct TrustChecker {
    store: TrustStore,
    rules: TrustOptions,
    once: Vec<(String, u16, Fingerprint)>,
    /// Servers already warned about, so that not every connection repeats it.
    remarked: HashSet<(String, u16)>,
}

/// A certificate to be judged.
struct CheckedCertificate<'a> {
    host: String,
    port: u16,
    cert: Certificate,
    problems: Vec<String>,
    entry: Option<Entry>,
    identity: &'a Identity,
    now: DateTime<Utc>,
}

impl TrustChecker {
    /// A checker that has accepted nothing for this run yet.
    pub fn new(store: TrustStore, rules: TrustOptions) -> Self {
        Self { store, rules, once: Vec::new(), remarked: HashSet::new() }
    }

    /// The store.
    pub fn store(&self) -> &TrustStore {
        &self.store
    }

    /// The options of the user.
    pub fn rules(&self) -> &TrustOptions {
        &self.rules
    }

    /// Sets what settings of the host determine: the policy for unknown certificates, and whether
    /// own roots are in use.
    pub fn set_rules_of_host(&mut self, policy: TrustPolicy, own_roots: bool) {
        (self.rules.policy, self.rules.own_roots) = (policy, own_roots);
    }

    /// Judges the certificate of a handshake on the control connection, and stores what must be
    /// stored.
    ///
    /// # Errors
    /// `Refusal::Unknown` if the user may be asked, `Changed` if it differs from the stored
    /// certificate, `Failed` otherwise: unknown and the user may not be asked, an unreadable
    /// certificate, a damaged or unwritable store.
    pub fn check_identity(
        &mut self,
        host: &str,
        port: u16,
        identity: &Identity,
        now: DateTime<Utc>,
    ) -> Result<Accepted, Refusal> {
        let host = normal_host(host)?;
        let cert = Certificate::from_der(&identity.der)?;
        let problems = describe_problems(&identity.problems, &cert, &host, now);
        let entry = self.store.lookup(&host, port)?;
        let case = CheckedCertificate { host, port, cert, problems, entry, identity, now };
        let once = self.accepted_once(&case);
        let verdict =
            judge_certificate(identity, &case.cert, case.entry.as_ref(), &self.rules, &once);
        let server = (case.host.clone(), case.port);
        let remark = exception_warning(&case);
        let mut accepted = self.act_on_verdict(verdict, case)?;
        if accepted.warning.is_none() && remark.is_some() && self.remarked.insert(server) {
            accepted.warning = remark;
        }
        Ok(accepted)
    }

    /// Applies the user's answer and returns a notice of what was stored. The next
    /// [`TrustChecker::check_identity`] of the same certificate accepts it.
    ///
    /// # Errors
    /// `CertUnknown` if the answer was no, `CertChanged` if another process stored a different
    /// certificate meanwhile, `Local` if the store cannot be written.
    pub fn accept_answer(
        &mut self,
        unknown: Unknown,
        answer: Answer,
        now: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let Unknown { host, port, certificate, exceptions, .. } = &unknown;
        let why = match answer {
            Answer::No => return Err(not_trusted(host, *port)),
            Answer::Once => {
                self.once.push((normal_host(host)?, *port, certificate.fingerprint));
                return Ok(None);
            }
            Answer::Yes => TrustReason::Yes,
            Answer::Fingerprint => TrustReason::Fingerprint,
        };
        let entry = Entry::new(host, *port, certificate, why, now)?;
        self.store.replace_if_unchanged(None, entry.with_exceptions(exceptions.clone()))?;
        let name = host_and_port(host, *port);
        Ok(Some(format!("{name}: remembered in {}", self.store.path().display())))
    }

    fn accepted_once(&self, case: &CheckedCertificate<'_>) -> Vec<Fingerprint> {
        let here = |(host, port, _): &&(String, u16, _)| *host == case.host && *port == case.port;
        self.once.iter().filter(here).map(|(_, _, fingerprint)| *fingerprint).collect()
    }

    fn unknown_refusal(&self, case: CheckedCertificate<'_>) -> Refusal {
        let CheckedCertificate { host, port, cert: certificate, problems, identity, .. } = case;
        let exceptions = Exception::of(&identity.problems);
        let known_as = self.store.known_as(certificate.fingerprint, &host, port);
        let unknown = Unknown { host, port, certificate, problems, exceptions, known_as };
        match self.rules.policy {
            TrustPolicy::Ask => Refusal::Unknown(Box::new(unknown)),
            TrustPolicy::AcceptNew | TrustPolicy::Strict => Refusal::Failed(unknown.into_error()),
        }
    }

    /// Acts on the verdict.
    fn act_on_verdict(
        &self,
        verdict: Verdict,
        case: CheckedCertificate<'_>,
    ) -> Result<Accepted, Refusal> {
        let (name, shown) = (host_and_port(&case.host, case.port), case.cert.fingerprint);
        let differs = case.entry.as_ref().filter(|entry| entry.certificate != shown);
        let mut notice = None;
        let mut warning = None;
        let why = match verdict {
            Verdict::Known => {
                warning = self
                    .update_entry(&case)
                    .err()
                    .map(|failed| format!("the date could not be noted: {failed}"));
                known_since(&case)
            }
            Verdict::Renewed => {
                self.store_entry(&case, TrustReason::Yes)?;
                notice =
                    Some(format!("{name}: the certificate was renewed with the same key, {shown}"));
                format!("renewed with the same key, {}", known_since(&case))
            }
            Verdict::CaValid { first } => {
                self.store_entry(&case, TrustReason::Ca)?;
                notice = (!first).then(|| {
                    let roots = roots_text(self.rules.own_roots);
                    format!("{name}: a new certificate, valid by {roots}, {shown}")
                });
                format!("valid by {}", roots_text(self.rules.own_roots))
            }
            Verdict::NewAccepted => {
                self.store_entry(&case, TrustReason::AcceptNew)?;
                notice = Some(format!("{name}: a new server was accepted and remembered, {shown}"));
                "accepted as new".to_owned()
            }
            Verdict::Fingerprint => {
                warning = differs.map(|old| {
                    format!("{name}: not the certificate that is remembered ({})", old.certificate)
                });
                "given with --fingerprint".to_owned()
            }
            Verdict::Insecure => {
                warning = Some(insecure_warning(&name, &case, differs));
                "not verified (--insecure)".to_owned()
            }
            Verdict::Once => "accepted once".to_owned(),
            Verdict::Unknown => return Err(self.unknown_refusal(case)),
            Verdict::NotGiven => return Err(not_given(&case.host, case.port, &case.cert).into()),
            Verdict::Changed => return Err(self.changed_refusal(case)),
        };
        Ok(Accepted { verdict, fingerprint: shown, notice, warning, why })
    }

    /// Stores the certificate; `why` is used if the server had no entry.
    fn store_entry(&self, case: &CheckedCertificate<'_>, why: TrustReason) -> Result<()> {
        let entry = match &case.entry {
            Some(entry) => entry.renewed(&case.cert, case.now),
            None => Entry::new(&case.host, case.port, &case.cert, why, case.now)?
                .with_exceptions(Exception::of(&case.identity.problems)),
        };
        let own_roots = entry.why == TrustReason::Ca && self.rules.own_roots;
        let entry = Entry { own_roots, ..entry };
        self.store.replace_if_unchanged(case.entry.as_ref(), entry)
    }

    /// Updates what is remembered of a known server: when it was seen last, and that it is valid
    /// without own roots. That this fails must not refuse it.
    fn update_entry(&self, case: &CheckedCertificate<'_>) -> Result<()> {
        let has_own_roots = |entry: &&Entry| {
            entry.own_roots && entry.origin == Origin::User && !self.rules.own_roots
        };
        if let Some(entry) = case.entry.as_ref().filter(has_own_roots) {
            let valid = Entry { own_roots: false, ..entry.renewed(&case.cert, case.now) };
            return self.store.replace_if_unchanged(Some(entry), valid);
        }
        self.store.update_last_seen(&case.host, case.port, case.now)
    }

    fn changed_refusal(&self, case: CheckedCertificate<'_>) -> Refusal {
        let CheckedCertificate { host, port, cert: certificate, problems, entry, .. } = case;
        let known_as = self.store.known_as(certificate.fingerprint, &host, port);
        let own_roots = self.rules.own_roots;
        match entry {
            Some(old) => Refusal::Changed(Box::new(Changed {
                host,
                port,
                old,
                certificate,
                problems,
                known_as,
                own_roots,
            })),
            // Without an entry, nothing can have changed.
            None => {
                let exceptions = Vec::new();
                let unknown = Unknown { host, port, certificate, problems, exceptions, known_as };
                Refusal::Failed(unknown.into_error())
            }
        }
    }
}

/// The warning for a stored certificate: a problem that it did not have when it was accepted, or
/// that it expires soon. Not for certificates accepted by the roots.
fn exception_warning(case: &CheckedCertificate<'_>) -> Option<String> {
    let entry = case.entry.as_ref().filter(|entry| entry.why != TrustReason::Ca)?;
    let name = host_and_port(&case.host, case.port);
    let news = |problem: &&Problem| {
        let exception = Exception::of(std::slice::from_ref(problem));
        !exception.is_empty() && !exception.iter().all(|e| entry.exceptions.contains(e))
    };
    if let Some(problem) = case.identity.problems.iter().find(news) {
        let what = describe_problem(problem, &case.cert, &case.host, case.now);
        let meant = format!("`ftpsh trust add {name}` notes that this is meant");
        return Some(format!("{name}: the certificate is the remembered one, but {what}; {meant}"));
    }
    let left = case.cert.not_after - case.now;
    (TimeDelta::zero()..SOON).contains(&left).then(|| {
        let (until, days) = (date_text(case.cert.not_after), left.num_days());
        format!(
            "{name}: the certificate expires on {until} (days left: {days}); \
             a new one will have to be trusted"
        )
    })
}

/// A stored certificate is warned about this long before it expires.
const SOON: TimeDelta = TimeDelta::days(14);

fn known_since(case: &CheckedCertificate<'_>) -> String {
    let since = case.entry.as_ref().map_or(case.now, |entry| entry.first);
    let valid = if case.identity.ca_valid() { "valid by the system's roots, " } else { "" };
    format!("{valid}known since {}", date_text(since))
}

fn insecure_warning(name: &str, case: &CheckedCertificate<'_>, differs: Option<&Entry>) -> String {
    let mut reasons = case.problems.clone();
    reasons
        .extend(differs.map(|old| format!("it is not the one remembered ({})", old.certificate)));
    let reasons =
        if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    format!("{name}: the certificate {} was not verified{reasons}", case.cert.fingerprint)
}

#[cfg(test)]
mod tests;
