//! `trust scan`: the certificates that servers show, several servers at a time.
//!
//! It connects, makes the handshake and leaves: no login, nothing stored, nothing decided.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::Utc;

use super::Failures;
use super::server::{Server, Shown, probe_certificate};
use crate::client::session_config;
use crate::commands::Context;
use crate::error::Result;
use crate::ftp::session::SessionConfig;
use crate::output::{self, Record};
use crate::threads;
use crate::trust::display::{certificate_names, date_text, describe_problems, one_line};

/// The most servers that are asked at a time.
const AT_A_TIME: usize = 8;

/// Prints the certificates of several servers, in the order in which they were named.
pub(super) fn scan_servers(
    ctx: &Context,
    servers: &[String],
    implicit: bool,
) -> anyhow::Result<()> {
    let servers: Result<Vec<Server>> =
        servers.iter().map(|server| Server::find_server(ctx, server, implicit)).collect();
    let servers = servers?;
    let options: Result<Vec<SessionConfig>> =
        servers.iter().map(|server| session_config(&ctx.client, &server.site)).collect();
    let shown = probe_all(&options?)?;
    ctx.client.cancel.check()?;
    let mut failures = Failures::default();
    for (server, shown) in servers.iter().zip(shown) {
        match shown {
            Ok(shown) => print_result(ctx, server, &shown)?,
            Err(error) => failures.add(ctx, describe_server(error, server)),
        }
    }
    failures.into_result()
}

/// Results in the order of the servers.
fn probe_all(options: &[SessionConfig]) -> Result<Vec<Result<Shown>>> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        threads::start_workers(scope, "scan", AT_A_TIME.min(options.len()), || {
            || {
                while let Some((index, options)) = take_server(&next, options) {
                    let shown = probe_certificate(options);
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((index, shown));
                }
            }
        })
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, shown)| shown).collect())
}

fn take_server<'a>(
    next: &AtomicUsize,
    options: &'a [SessionConfig],
) -> Option<(usize, &'a SessionConfig)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    options.get(index).map(|options| (index, options))
}

/// Most errors name the server already.
fn describe_server(error: crate::error::Error, server: &Server) -> crate::error::Error {
    let named = error.message().contains(&server.site.host);
    if named { error } else { error.with_context(server.site.trust_key()) }
}

fn print_result(ctx: &Context, server: &Server, shown: &Shown) -> Result<()> {
    let (site, certificate) = (&server.site, &shown.certificate);
    if ctx.out.is_json() {
        return ctx.out.record(&Record::Trust(output::TrustRecord {
            action: "scanned".to_owned(),
            host: site.host.clone(),
            port: site.port,
            fingerprint: Some(certificate.fingerprint.to_string()),
            public_key: Some(certificate.public_key.to_string()),
            expires: Some(certificate.not_after),
            problems: describe_problems(
                &shown.identity.problems,
                certificate,
                &site.host,
                Utc::now(),
            ),
            ..output::TrustRecord::default()
        }));
    }
    ctx.out.line(&format!("{} {}", site.trust_key(), certificate.fingerprint))?;
    if ctx.out.is_terminal_out() {
        for (label, text) in detail_lines(ctx, server, shown) {
            ctx.out.line(&format!("  {label:<11} {text}"))?;
        }
    }
    Ok(())
}

/// What is shown beside the fingerprint.
fn detail_lines(ctx: &Context, server: &Server, shown: &Shown) -> Vec<(&'static str, String)> {
    let Shown { identity, certificate, agreed } = shown;
    let host = &server.site.host;
    let mut details = vec![
        ("Subject:", one_line(&certificate.subject)),
        ("Names:", certificate_names(certificate)),
        ("Issuer:", one_line(&certificate.issuer)),
        (
            "Valid:",
            format!(
                "{} to {}",
                date_text(certificate.not_before),
                date_text(certificate.not_after)
            ),
        ),
        ("Key:", certificate.key.clone()),
        ("Public key:", certificate.public_key.to_string()),
    ];
    let problems = describe_problems(&identity.problems, certificate, host, Utc::now());
    let roots = if problems.is_empty() { "valid".to_owned() } else { problems.join(", ") };
    details.push(("By roots:", roots));
    let name = ctx.client.trust_name(host);
    let remembered =
        match ctx.client.connection.trust_gate().store().lookup(&name, server.site.port) {
            Ok(None) => "no".to_owned(),
            Ok(Some(entry)) if entry.certificate == certificate.fingerprint => {
                format!("yes, since {}", date_text(entry.first))
            }
            Ok(Some(entry)) if entry.public_key == certificate.public_key => {
                format!("yes, with the same key ({})", entry.certificate)
            }
            Ok(Some(entry)) => format!("another one, {}", entry.certificate),
            Err(error) => error.message().to_owned(),
        };
    details.push(("Remembered:", remembered));
    details.extend(agreed.as_ref().map(|a| ("TLS:", format!("{} {}", a.version, a.cipher))));
    details
}
