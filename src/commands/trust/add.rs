//! `trust add`: trusts what a server shows now, if it is what was meant.

use chrono::Utc;

use super::server::{Server, Shown, probe_certificate};
use super::{entry_record, report_change};
use crate::client::session_config;
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::settings::{TLS_CA_FILE, TRUST_POLICY};
use crate::trust::checker::TrustChecker;
use crate::trust::entry::{Entry, Origin, TrustReason};
use crate::trust::exception::Exception;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::refusal::Refusal;
use crate::trust::verdict::{TrustOptions, Verdict};

/// Trusts a server's certificate: the one with this fingerprint, or the one that the user agrees
/// to. A server that is remembered with another one is refused.
pub(super) fn add_entry(
    ctx: &mut Context,
    server: &str,
    fingerprint: Option<&str>,
    implicit: bool,
) -> Result<()> {
    let mut expected = ctx.client.connection.trust_gate().rules().fingerprints.clone();
    expected.extend(fingerprint.map(Fingerprint::parse).transpose()?);
    let server = Server::find_server(ctx, server, implicit)?;
    let shown = probe_certificate(&session_config(&ctx.client, &server.site)?)?;
    if !expected.is_empty() && !expected.contains(&shown.certificate.fingerprint) {
        return Err(another_certificate(&server, &expected, &shown));
    }
    let (port, now) = (server.site.port, Utc::now());
    let host = &ctx.client.trust_name(&server.site.host);
    let exceptions = Exception::of(&shown.identity.problems);
    let store = ctx.client.connection.trust_gate().store().clone();
    // A fingerprint names the certificate itself, even if the CA roots verify it.
    let own = store.lookup(host, port)?.filter(|entry| entry.origin == Origin::User);
    if !expected.is_empty() && own.is_none() {
        let entry = Entry::new(host, port, &shown.certificate, TrustReason::Add, now)?;
        let entry = entry.with_exceptions(exceptions);
        store.replace_if_unchanged(None, entry.clone())?;
        return report_change(ctx, "added", &entry);
    }
    let policy = ctx.client.settings.get(TRUST_POLICY, Some(host)).parse().unwrap_or_default();
    // Without --insecure and `once`: neither stores anything.
    let own_roots = ctx.client.settings.get(TLS_CA_FILE, Some(host)).is_some();
    let rules = TrustOptions { policy, own_roots, ..TrustOptions::default() };
    let mut gate = TrustChecker::new(store.clone(), rules);
    let action = match gate.check_identity(host, port, &shown.identity, now) {
        Ok(accepted) => match accepted.verdict {
            Verdict::Known => "known",
            Verdict::Renewed | Verdict::CaValid { first: false } => "renewed",
            _ => "added",
        },
        Err(Refusal::Unknown(unknown)) => {
            let hint = ctx.client.own_command(&format!(
                "if it is the right one: ftpsh trust add {} {}",
                server.probe_target(),
                shown.certificate.fingerprint
            ));
            ctx.client
                .ask_to_trust(&server.site, *unknown)
                .map_err(|error| with_hint(error, &hint))?;
            return entry_from_answer(ctx, &server, store.lookup(host, port)?);
        }
        Err(refusal) => return Err(ctx.client.refusal_error(refusal)),
    };
    match store.lookup(host, port)? {
        // What has become wrong with the certificate since is meant as well.
        Some(entry)
            if action == "known"
                && entry.why != TrustReason::Ca
                && !exceptions.is_empty()
                && entry.exceptions != exceptions =>
        {
            let entry = entry.with_exceptions(exceptions);
            store.replace_if_unchanged(store.lookup(host, port)?.as_ref(), entry.clone())?;
            report_change(ctx, "updated", &entry)
        }
        Some(entry) if action != "known" => report_change(ctx, action, &entry),
        Some(entry) if ctx.out.is_json() => ctx.out.record(&entry_record(action, &entry)),
        _ => {
            let shown = shown.certificate.fingerprint;
            ctx.out.notice(&format!("{}: trusted already, {shown}", server.site.trust_key()));
            Ok(())
        }
    }
}

/// The answer was already shown and logged; only the result is reported here.
fn entry_from_answer(ctx: &Context, server: &Server, entry: Option<Entry>) -> Result<()> {
    match entry {
        Some(entry) if ctx.out.is_json() => ctx.out.record(&entry_record("added", &entry)),
        Some(_) => Ok(()),
        None => {
            ctx.out.notice(&format!("{}: accepted once, not remembered", server.site.trust_key()));
            Ok(())
        }
    }
}

/// The way to add this certificate, where nobody could be asked whether to.
fn with_hint(error: Error, hint: &str) -> Error {
    match error.kind() {
        Kind::CertUnknown if error.hint().is_some() => error.with_hint(hint),
        _ => error,
    }
}

fn another_certificate(server: &Server, expected: &[Fingerprint], shown: &Shown) -> Error {
    let name = server.site.trust_key();
    let error = Error::new(
        Kind::CertUnknown,
        format!("{name}: the server shows another certificate, nothing was stored"),
    );
    expected
        .iter()
        .fold(error, |error, given| error.with_detail(format!("given: {given}")))
        .with_detail(format!("shown: {}", shown.certificate.fingerprint))
}
