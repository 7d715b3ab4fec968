//! From the name to TLS: addresses, ports, the greeting, `AUTH TLS` or implicit TLS.

use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use super::Examination;
use super::address_families::{Reached, reach_families};
use super::advice::Topic;
use super::report::{Finding, Mark, milliseconds};
use super::write::minutes_off;
use crate::error::{Error, Kind, Result};
use crate::ftp::connect::steps::{Dialled, Secured, TlsReady, implicit_tls_error};
use crate::ftp::control::reply::Reply;
use crate::ftp::session::SessionConfig;
use crate::tls::Tls;

/// DNS and TCP, for both address families; returns the first connection that is established.
pub(super) fn reach_server(exam: &mut Examination<'_>) -> Result<Option<TcpStream>> {
    let begun = Instant::now();
    let addresses = match exam.probe.dialer.resolve_host(&exam.site.host, exam.site.port) {
        Ok(addresses) => addresses,
        Err(error) => {
            let kind = error.kind();
            exam.report.block(kind, Finding::error(Mark::Bad, "dns", &error))?;
            return Ok(None);
        }
    };
    let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let took = milliseconds(begun.elapsed());
    let seen = match shown.as_slice() {
        [only] if *only == exam.site.host => "an address, no name to look up".to_owned(),
        _ => format!("{} in {took}", shown.join(", ")),
    };
    exam.report.add_finding(Finding::ok("dns", seen))?;
    let dialer = &exam.probe.dialer;
    let is_name = exam.site.host.parse::<IpAddr>().is_err();
    let connect = |address, bound| dialer.connect_address(address, bound);
    let Reached { findings, tcp } =
        reach_families(&addresses, is_name, &dialer.order, exam.probe.timeout, &connect);
    for finding in findings {
        if tcp.is_none() && finding.is_bad() {
            exam.report.block(Kind::Connect, finding)?;
        } else {
            exam.report.add_finding(finding)?;
        }
    }
    Ok(tcp)
}

/// Greeting, `AUTH TLS` or implicit TLS, and the handshake.
pub(super) fn secure_connection(
    exam: &mut Examination<'_>,
    tcp: TcpStream,
) -> Result<Option<Secured>> {
    let dialled = Dialled::new(&exam.probe, tcp)?;
    match exam.probe.implicit {
        true => secure_implicit(exam, dialled.without_greeting()),
        false => secure_explicit(exam, dialled),
    }
}

fn secure_explicit(exam: &mut Examination<'_>, dialled: Dialled) -> Result<Option<Secured>> {
    let ready = match dialled.greet() {
        Ok(cleartext) => {
            show_greeting(exam, cleartext.greeting())?;
            cleartext.ask_for_tls()
        }
        Err(error) => {
            no_greeting(exam, &error)?;
            return Ok(None);
        }
    };
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => {
            no_auth_tls(exam, &error)?;
            return Ok(None);
        }
    };
    if let Some(reply) = ready.auth_reply() {
        exam.detect_software(&reply.to_string());
        exam.report.add_finding(Finding::ok("auth tls", quote_reply(reply)))?;
    }
    match shake_hands(exam, ready) {
        Ok(secured) => Ok(Some(secured)),
        Err(error) => {
            explain_no_handshake(exam, &error, None)?;
            Ok(None)
        }
    }
}

fn shake_hands(exam: &Examination<'_>, ready: TlsReady) -> Result<Secured> {
    let tls = Arc::new(Tls::new(&exam.probe.tls, &exam.probe.host)?);
    ready.secure(&tls, "TLS handshake")
}

fn secure_implicit(exam: &mut Examination<'_>, ready: TlsReady) -> Result<Option<Secured>> {
    let mut secured = match shake_hands(exam, ready) {
        Ok(secured) => secured,
        Err(error) => {
            // A server for AUTH TLS greets in plain text, where a handshake was expected. One that
            // answers in TLS, or not at all, does not, and would be waited for in vain.
            let in_clear = error.message().contains("does not speak TLS");
            let advice = (in_clear && greets_in_clear(exam)).then(|| {
                format!("AUTH TLS is expected there: use ftp://{}", exam.site.trust_key())
            });
            explain_no_handshake(exam, &error, advice)?;
            return Ok(None);
        }
    };
    exam.report.add_finding(Finding::ok("implicit tls", "TLS from the first byte"))?;
    match secured.await_greeting() {
        Ok(greeting) => {
            show_greeting(exam, &greeting)?;
            Ok(Some(secured))
        }
        Err(error) => {
            let finding = Finding::error(Mark::Bad, "greeting", &error);
            exam.report.block(error.kind(), finding)?;
            Ok(None)
        }
    }
}

fn show_greeting(exam: &mut Examination<'_>, greeting: &Reply) -> Result<()> {
    exam.detect_software(&greeting.to_string());
    exam.minutes = minutes_off(&greeting.text(), Utc::now().time());
    exam.report.add_finding(Finding::ok("greeting", quote_reply(greeting)))
}

fn no_auth_tls(exam: &mut Examination<'_>, error: &Error) -> Result<()> {
    exam.detect_software(error.reply().unwrap_or_default());
    let finding = Finding::error(Mark::Bad, "auth tls", error);
    if error.kind() != Kind::Tls {
        return exam.report.block(error.kind(), finding);
    }
    let meaning = "a login would cross the network in clear text; ftpsh has no such login";
    exam.report.block(Kind::Tls, finding.means(meaning).server(Topic::NoTls))
}

fn no_greeting(exam: &mut Examination<'_>, error: &Error) -> Result<()> {
    exam.detect_software(error.reply().unwrap_or_default());
    let implicit = match error.reply().or(error.hint()) {
        None => implicit_tls_error(&exam.probe),
        Some(_) => None,
    };
    let finding = Finding::error(Mark::Bad, "greeting", implicit.as_ref().unwrap_or(error));
    exam.report.block(error.kind(), finding)
}

fn greets_in_clear(exam: &Examination<'_>) -> bool {
    let explicit = SessionConfig { implicit: false, ..exam.probe.clone() };
    Dialled::connect(&explicit).and_then(Dialled::greet).is_ok()
}

fn explain_no_handshake(
    exam: &mut Examination<'_>,
    error: &Error,
    advice: Option<String>,
) -> Result<()> {
    let mut finding = Finding::error(Mark::Bad, "tls", error);
    finding = finding.means("without TLS there is no login");
    if let Some(advice) = advice {
        finding = finding.advise(advice);
    } else if error.message().contains("protocol") {
        finding = finding.server(Topic::Versions);
    }
    exam.report.block(error.kind(), finding)
}

/// A reply on one line.
pub(super) fn quote_reply(reply: &Reply) -> String {
    let text = reply.text();
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{} \"{}\"", reply.code, lines.join(" / "))
}
