//! What takes connections of its own: TLS versions, session resumption, how many at a time.

use std::time::Duration;

use super::Examination;
use super::advice::Topic;
use super::data::{Proven, open_passive};
use super::report::{Finding, Mark};
use crate::error::{Kind, Result};
use crate::ftp::connect::examine::{ListingResult, Resume};
use crate::ftp::connect::steps::{Dialled, Secured};
use crate::ftp::session::SessionConfig;
use crate::tls::legacy_versions::{LegacySupport, LegacyVersion};
use crate::tls::{Negotiated, Version};

/// The versions with their checks, and what OpenSSL calls them.
const VERSIONS: [(Version, &str, &str, &str); 2] = [
    (Version::Tls12, "tls 1.2", "resumption 1.2", "TLSv1.2"),
    (Version::Tls13, "tls 1.3", "resumption 1.3", "TLSv1.3"),
];

/// The check of the versions before these.
const OLD: &str = "tls 1.0, 1.1";

/// How long the first connection waits for the refusal of its client certificate, or of none.
const LATE_REFUSAL: Duration = Duration::from_millis(500);

/// How long a server may take to refuse a data connection that does not resume: ProFTPD's mod_proxy
/// says nothing.
const REUSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections are opened in addition to the first one.
const MORE: usize = 4;

/// What the first handshake agreed, and further ones with the other versions; those that work. A
/// server that wants a client certificate refuses them for its lack, not for their version.
pub(super) fn check_versions(
    exam: &mut Examination<'_>,
    control: &mut Secured,
) -> Result<Vec<Version>> {
    let agreed = control.negotiated().cloned();
    let agreed = agreed.as_ref();
    if let Some(agreed) = agreed {
        let seen = format!("{} {}", agreed.version, agreed.cipher);
        exam.report
            .add_finding(Finding::ok("tls", format!("{seen}; nothing older than 1.2 is used")))?;
    }
    let mut offered = Vec::new();
    for (version, check, _, name) in VERSIONS {
        if let Some(agreed) = agreed.filter(|agreed| agreed.version == name) {
            exam.report.add_finding(Finding::ok(check, agreed.cipher.clone()))?;
            offered.push(version);
            continue;
        }
        let finding = match Secured::connect_plainly(&config_for_version(exam, version)) {
            Ok(control) => {
                offered.push(version);
                let cipher = control.negotiated().map(|agreed| agreed.cipher.clone());
                control.quit();
                Finding::ok(check, cipher.unwrap_or_default())
            }
            Err(error)
                if error.kind() == Kind::Tls && control.await_refusal(LATE_REFUSAL).is_some() =>
            {
                Finding::skip(check, "cannot be told without a client certificate")
            }
            Err(error) if error.kind() == Kind::Tls => {
                let meaning = match version {
                    Version::Tls12 => "clients without TLS 1.3 cannot connect",
                    Version::Tls13 => "1.2 is good; 1.3 is faster and shows less to others",
                };
                let seen = format!("not offered: {}", error.message());
                Finding::note(check, seen, meaning).server(Topic::Versions)
            }
            Err(error) => Finding::error(Mark::Skip, check, &error),
        };
        exam.report.add_finding(finding)?;
    }
    check_old_versions(exam)?;
    Ok(offered)
}

/// Obsolete TLS versions. No session is made with them, and nothing but `AUTH TLS` is sent.
fn check_old_versions(exam: &mut Examination<'_>) -> Result<()> {
    let (mut taken, mut unknown) = (Vec::new(), Vec::new());
    for (version, name) in [(LegacyVersion::Tls10, "TLS 1.0"), (LegacyVersion::Tls11, "TLS 1.1")] {
        exam.ctx.client.cancel.check()?;
        let ready = Dialled::connect(&exam.probe).and_then(Dialled::prepare_tls);
        match ready.map(|ready| ready.probe_legacy(version)) {
            Ok(LegacySupport::Taken(cipher)) => taken.push(format!("{name} ({cipher})")),
            Ok(LegacySupport::Refused) => {}
            Ok(LegacySupport::Unknown(why)) => unknown.push(format!("{name}: {why}")),
            Err(error) => unknown.push(format!("{name}: {}", error.message())),
        }
        if !unknown.is_empty() {
            // The other one would not be told either, and may have to be waited for as well.
            break;
        }
    }
    exam.report.add_finding(if !taken.is_empty() {
        let meaning = "broken and given up (RFC 8996): other clients may be talked down to \
                       them; ftpsh does not speak them";
        let seen = format!("offered: {}", taken.join(", "));
        Finding::note(OLD, seen, meaning).server(Topic::OldVersions)
    } else if unknown.is_empty() {
        Finding::ok(OLD, "not offered, as it should be")
    } else {
        Finding::skip(OLD, format!("cannot be told: {}", unknown.join("; ")))
    })
}

/// SessionConfig that allow one version of TLS.
fn config_for_version(exam: &Examination<'_>, version: Version) -> SessionConfig {
    let mut options = exam.probe.clone();
    (options.tls.min, options.tls.max) = (version, version);
    options
}

/// Whether data connections resume sessions of each version, and whether they have to.
pub(super) fn check_resumption(
    exam: &mut Examination<'_>,
    listed: Option<Proven>,
    agreed: Option<&Negotiated>,
    offered: &[Version],
) -> Result<()> {
    let Some(proven) = listed else {
        return exam.report.add_finding(Finding::skip("resumption", "no listing worked"));
    };
    for (version, _, check, name) in VERSIONS {
        if !offered.contains(&version) {
            continue;
        }
        let resumed = match agreed.filter(|agreed| agreed.version == name) {
            Some(_) => Ok(proven.resumed),
            None => list_on_new_connection(
                exam,
                &config_for_version(exam, version),
                proven,
                Resume::Offer,
            )
            .map(|listed| listed.negotiated.resumed),
        };
        exam.report.add_finding(match resumed {
            Ok(true) => Finding::ok(check, "data connections resume the TLS session"),
            Ok(false) => {
                let meaning = "each data connection costs a whole handshake, and is known by \
                               its certificate only";
                Finding::note(check, "data connections do not resume the TLS session", meaning)
                    .server(Topic::Resumption)
            }
            Err(error) => Finding::error(Mark::Bad, check, &error)
                .advise("`set tls:max-version` or `tls:min-version` leaves this version out")
                .server(Topic::Resumption),
        })?;
    }
    // Some servers never answer: it is what they do that counts, not how long they would take.
    let timeout = exam.probe.timeout.min(REUSE_TIMEOUT);
    let impatient = SessionConfig { timeout, ..exam.probe.clone() };
    let demanded = list_on_new_connection(exam, &impatient, proven, Resume::Withhold);
    exam.report.add_finding(match demanded {
        Ok(_) => Finding::ok("session reuse", "not demanded: any TLS client can transfer"),
        Err(error) => {
            let said = error.reply().unwrap_or_else(|| error.message());
            let seen = format!("demanded: without it \"{}\"", said.replace('\n', " / "));
            Finding::ok("session reuse", format!("{seen}; `tls:backend native-tls` cannot"))
        }
    })
}

fn list_on_new_connection(
    exam: &Examination<'_>,
    options: &SessionConfig,
    proven: Proven,
    resume: Resume,
) -> Result<ListingResult> {
    let mut control = exam.further_session(options)?;
    let tcp = open_passive(&mut control, proven.verb)?;
    let listed = control.list("LIST", tcp, resume);
    control.quit();
    listed
}

/// How many connections the server takes at a time, up to four beside the first.
pub(super) fn check_connections(exam: &mut Examination<'_>) -> Result<()> {
    let mut others = Vec::new();
    let mut refused = None;
    while others.len() < MORE && refused.is_none() {
        exam.ctx.client.cancel.check()?;
        match exam.further_session(&exam.probe) {
            Ok(control) => others.push(control),
            Err(error) => refused = Some(error),
        }
    }
    let count = others.len() + 1;
    others.into_iter().for_each(Secured::quit);
    exam.report.add_finding(match refused {
        None => Finding::ok("connections", format!("{count} at a time")),
        Some(error) => {
            let seen = format!("{count} at a time; one more: {}", error.message());
            let meaning = "parallel transfers beyond that fail or wait";
            Finding::note("connections", seen, meaning)
                .advise(format!("`set net:connection-limit {count}`"))
                .server(Topic::Connections)
        }
    })
}
