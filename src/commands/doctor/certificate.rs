//! The certificate: its chain, names, dates and key, and whether it is trusted and why.
//!
//! The verdict is the gate's own, but nothing that follows from one is done: nothing is stored,
//! nobody is asked.

use chrono::{DateTime, Utc};

use super::Examination;
use super::advice::Topic;
use super::report::{Finding, Mark};
use crate::error::{Error, Kind, Result};
use crate::ftp::connect::steps::Secured;
use crate::settings::TRUST_POLICY;
use crate::trust::certificate::Certificate;
use crate::trust::display::{
    certificate_names, date_text, describe_problem, describe_problems, one_line,
};
use crate::trust::entry::{Entry, normal_host};
use crate::trust::identity::{Identity, Problem};
use crate::trust::refusal::{Changed, Unknown};
use crate::trust::verdict::{Verdict, judge_certificate};

/// A certificate that expires within this many days is reported.
const SOON: i64 = 14;

/// The least length of an RSA key (NIST SP 800-131A).
const RSA_BITS: u32 = 2048;

/// A certificate before the judge.
struct Case {
    cert: Certificate,
    entry: Option<Entry>,
    verdict: Verdict,
    now: DateTime<Utc>,
}

/// Shows the certificate; whether it is trusted.
pub(super) fn check_certificate(exam: &mut Examination<'_>, control: &Secured) -> Result<bool> {
    let case = match judge_identity(exam, control.identity()) {
        Ok(case) => case,
        Err(error) => {
            let finding = Finding::error(Mark::Bad, "trust", &error);
            exam.report.block(error.kind(), finding)?;
            return Ok(false);
        }
    };
    let refused = matches!(case.verdict, Verdict::Unknown | Verdict::NotGiven | Verdict::Changed);
    let wrong = if refused { Mark::Bad } else { Mark::Note };
    show_key(exam, &case)?;
    show_chain(exam, &case, control.identity(), control.chain_length(), wrong)?;
    show_names(exam, &case, control.identity(), wrong)?;
    show_dates(exam, &case, wrong)?;
    show_verdict(exam, case, control.identity())
}

/// A further connection must show what was accepted, or something that would be as well.
pub(super) fn admit_certificate(exam: &Examination<'_>, identity: &Identity) -> Result<()> {
    if exam.accepted.as_deref() == Some(&identity.der) {
        return Ok(());
    }
    match judge_identity(exam, identity)?.verdict {
        Verdict::Unknown | Verdict::NotGiven | Verdict::Changed => Err(Error::new(
            Kind::CertChanged,
            "shows another certificate than on the first connection",
        )),
        _ => Ok(()),
    }
}

fn judge_identity(exam: &Examination<'_>, identity: &Identity) -> Result<Case> {
    let connection = &exam.ctx.client.connection;
    let host = normal_host(&exam.ctx.client.trust_name(&exam.site.host))?;
    let cert = Certificate::from_der(&identity.der)?;
    let entry = connection.trust_gate().store().lookup(&host, exam.site.port)?;
    let mut rules = connection.trust_gate().rules().clone();
    let policy = exam.ctx.client.settings.get(TRUST_POLICY, Some(&exam.site.host));
    rules.policy = policy.parse().unwrap_or_default();
    rules.own_roots = exam.probe.tls.ca_file.is_some();
    // What the user accepted for this run holds here as well.
    let here = connection
        .site
        .as_ref()
        .is_some_and(|site| (&site.host, site.port) == (&exam.site.host, exam.site.port));
    let once: Vec<_> = connection.fingerprint.filter(|_| here).into_iter().collect();
    let verdict = judge_certificate(identity, &cert, entry.as_ref(), &rules, &once);
    Ok(Case { cert, entry, verdict, now: Utc::now() })
}

fn show_key(exam: &mut Examination<'_>, case: &Case) -> Result<()> {
    let cert = &case.cert;
    let seen = format!("{}, {}, {}", one_line(&cert.subject), cert.key, cert.fingerprint);
    let bits = cert.key.strip_prefix("RSA ").and_then(|rest| rest.split(' ').next());
    let short = bits.and_then(|bits| bits.parse::<u32>().ok()).is_some_and(|n| n < RSA_BITS);
    exam.report.add_finding(if short {
        let meaning = "a key this short can be broken; clients begin to refuse it";
        Finding::note("certificate", seen, meaning).server(Topic::Expiry)
    } else {
        Finding::ok("certificate", seen)
    })
}

fn show_chain(
    exam: &mut Examination<'_>,
    case: &Case,
    identity: &Identity,
    sent: Option<usize>,
    wrong: Mark,
) -> Result<()> {
    let of_chain = |problem: &&Problem| {
        !matches!(problem, Problem::Expired | Problem::NotYetValid | Problem::WrongName)
    };
    let sent = sent.map_or(String::new(), |sent| format!("; certificates sent: {sent}"));
    let Some(problem) = identity.problems.iter().find(of_chain) else {
        let seen = format!("signed by {}, valid by the roots", one_line(&case.cert.issuer));
        return exam.report.add_finding(Finding::ok("chain", seen + &sent));
    };
    let seen = describe_problem(problem, &case.cert, &exam.site.host, case.now) + &sent;
    let finding = Finding::new(wrong, "chain", seen);
    exam.report.add_finding(match problem {
        Problem::SelfSigned => {
            finding.means("nobody but the server vouches for it; only its fingerprint does")
        }
        Problem::UnknownIssuer => finding
            .means("the issuer is private, or the server does not send the chain up to a root")
            .advise("name the issuer's certificate with `set tls:ca-file FILE`, if you have it")
            .server(Topic::Chain),
        _ => finding,
    })
}

fn show_names(
    exam: &mut Examination<'_>,
    case: &Case,
    identity: &Identity,
    wrong: Mark,
) -> Result<()> {
    let shown = certificate_names(&case.cert);
    exam.report.add_finding(if identity.problems.contains(&Problem::WrongName) {
        let seen = describe_problem(&Problem::WrongName, &case.cert, &exam.site.host, case.now);
        Finding::new(wrong, "names", seen)
            .means("it may be another server's certificate")
            .advise("connect by a name that stands in the certificate")
            .server(Topic::Names)
    } else {
        Finding::ok("names", shown)
    })
}

fn show_dates(exam: &mut Examination<'_>, case: &Case, wrong: Mark) -> Result<()> {
    let cert = &case.cert;
    let left = cert.days_left(case.now);
    let span = format!("{} to {}", date_text(cert.not_before), date_text(cert.not_after));
    exam.report.add_finding(if cert.not_after < case.now {
        Finding::new(wrong, "dates", format!("{span}: it expired; days ago: {}", -left))
            .means("clients that check dates refuse it")
            .server(Topic::Expiry)
    } else if cert.not_before > case.now {
        Finding::new(wrong, "dates", format!("{span}: it is not valid yet"))
            .means("the server's clock or yours is wrong, or it was put in place too early")
            .server(Topic::Expiry)
    } else if left < SOON {
        let seen = format!("{span}: days left: {left}");
        Finding::note("dates", seen, "it has to be renewed soon").server(Topic::Expiry)
    } else {
        Finding::ok("dates", format!("{span}: days left: {left}"))
    })
}

fn show_verdict(exam: &mut Examination<'_>, case: Case, identity: &Identity) -> Result<bool> {
    let Case { cert, entry, verdict, now } = case;
    let stored = match &entry {
        Some(entry) => format!("remembered since {}", date_text(entry.first)),
        None => "nothing is remembered of this server".to_owned(),
    };
    let seen = match verdict {
        Verdict::Known => stored,
        Verdict::Renewed => format!("renewed with the same key; {stored}"),
        Verdict::CaValid { .. } => format!("valid by the system's roots; {stored}"),
        Verdict::Fingerprint => format!("given with --fingerprint; {stored}"),
        Verdict::Once => "accepted for this run".to_owned(),
        Verdict::NewAccepted => format!("{stored}; trust:policy accepts new servers"),
        Verdict::Insecure => {
            let meaning = "anybody may be in the middle: a password is sent all the same";
            let seen = format!("not verified (--insecure); {stored}");
            accept_certificate(exam, identity, false);
            return exam.report.add_finding(Finding::note("trust", seen, meaning)).map(|()| true);
        }
        Verdict::Unknown | Verdict::NotGiven | Verdict::Changed => {
            let problems = describe_problems(&identity.problems, &cert, &exam.site.host, now);
            refuse_certificate(exam, verdict, cert, entry, problems)?;
            return Ok(false);
        }
    };
    accept_certificate(exam, identity, true);
    exam.report.add_finding(Finding::ok("trust", seen)).map(|()| true)
}

fn accept_certificate(exam: &mut Examination<'_>, identity: &Identity, verified: bool) {
    exam.accepted = Some(identity.der.clone());
    exam.verified = verified;
}

fn refuse_certificate(
    exam: &mut Examination<'_>,
    verdict: Verdict,
    certificate: Certificate,
    entry: Option<Entry>,
    problems: Vec<String>,
) -> Result<()> {
    let (host, port) = (exam.site.host.clone(), exam.site.port);
    let key = exam.site.trust_key();
    let shown = certificate.fingerprint;
    let known_as = exam.ctx.client.connection.trust_gate().store().known_as(shown, &host, port);
    let (exceptions, shown_again) = (Vec::new(), certificate.clone());
    let unknown = Unknown {
        host: host.clone(),
        port,
        certificate: shown_again,
        problems,
        exceptions,
        known_as,
    };
    // The report is about this server; its errors need not name it again.
    let unnamed = |error: Error| match error.message().strip_prefix(&format!("{key}: ")) {
        Some(rest) => error.details().iter().fold(
            Error::new(error.kind(), rest)
                .with_hint(exam.ctx.client.own_command(error.hint().unwrap_or_default())),
            |error, line| error.with_detail(line),
        ),
        None => error,
    };
    let (error, advice) = match (verdict, entry) {
        (Verdict::Changed, Some(old)) => {
            let Unknown { problems, known_as, .. } = unknown;
            let own_roots = exam.probe.tls.ca_file.is_some();
            let changed = Changed { host, port, old, certificate, problems, known_as, own_roots };
            (changed.into_error(), None)
        }
        _ => {
            let implicit = if exam.probe.implicit { "--implicit " } else { "" };
            let advice = format!(
                "compare the fingerprint with what the server's administrator says, then: \
                 ftpsh trust add {implicit}{key} {shown}"
            );
            (unknown.into_error(), Some(advice))
        }
    };
    let error = unnamed(error);
    let meaning = "no user name and no password is sent to this server";
    let mut finding = Finding::error(Mark::Bad, "trust", &error).means(meaning);
    if let Some(advice) = advice {
        finding = finding.advise(exam.ctx.client.own_command(&advice));
    }
    exam.report.block(error.kind(), finding)
}
