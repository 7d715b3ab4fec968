//! From nothing to a control connection that is greeted, secured and trusted.
//!
//! Not a byte of a user name or password is sent here, and nothing but `AUTH TLS` before the
//! handshake.

use std::sync::Arc;

use super::control::Control;
use super::exchange::{Shared, lock};
use super::explain::handshake_failure;
use super::greeting::{ask_for_tls, check_greeting, socket};
use super::options::Options;
use crate::error::{Error, Kind, Result};
use crate::tls::Tls;
use crate::trust::identity::Identity;

/// Dial, greeting, handshake and judgement; on success nothing but these has happened.
pub(super) fn secure(
    options: &Options,
    tls: &Tls,
    exchange: &Shared,
    admit: &mut dyn FnMut(&Identity) -> Result<()>,
) -> Result<(Control, String)> {
    match secure_once(options, tls, exchange, admit) {
        // The platform's TLS checks during the handshake; the second one tells what it found.
        Err(_) if tls.wants_unchecked_retry() => secure_once(options, tls, exchange, admit),
        other => other,
    }
}

fn secure_once(
    options: &Options,
    tls: &Tls,
    exchange: &Shared,
    admit: &mut dyn FnMut(&Identity) -> Result<()>,
) -> Result<(Control, String)> {
    let where_to = format!("{}:{}", options.host, options.port);
    let tcp = options.dialer.connect(&options.host, options.port)?;
    let mut raw = socket(tcp, options.dialer.cancel.clone())?;
    let mut greeting = String::new();
    if !options.implicit {
        (raw, greeting) = ask_for_tls(raw, exchange).map_err(|error| {
            let silent = error.kind() == Kind::Connect && error.reply().is_none();
            // An implicit server waits for our handshake, as we wait for its greeting.
            let error =
                if silent { error.with_hint("ftps:// if TLS is implicit there") } else { error };
            error.about(&where_to)
        })?;
    }
    raw.set_patience(crate::tls::Patience::within(options.timeout));
    let (stream, identity) = tls.control(raw).map_err(|error| {
        let error = handshake_failure(error, &where_to);
        match (error.kind(), options.implicit) {
            (Kind::Tls, true) if error.hint().is_none() => error
                .with_hint("ftps:// is implicit TLS; use ftp:// if the server expects AUTH TLS"),
            _ => error,
        }
    })?;
    admit(&identity)?;
    let mut control = Control::new(stream, Arc::clone(exchange), options.clear_data);
    if options.implicit {
        let reply = control.greeting().map_err(|error| error.about(&where_to))?;
        check_greeting(&reply).map_err(|error| error.about(&where_to))?;
        greeting = reply.text();
    }
    Ok((control, greeting))
}

/// `PBSZ 0` or `PROT P` failed: without them there is no session.
pub(super) fn refused_protection(exchange: &Shared) -> Error {
    let mut exchange = lock(exchange);
    let verb = exchange.verb.clone();
    match (exchange.reply.take(), exchange.death.take()) {
        (Some(reply), None) => Error::new(
            Kind::Tls,
            format!(
                "the server refuses to protect data connections: {verb}: \"{}\"",
                reply.last_text()
            ),
        )
        .with_hint("if clear-text data is acceptable: `--set tls:data=clear`")
        .with_reply(reply.to_string()),
        (_, Some(death)) => death,
        (None, None) => Error::new(Kind::Connect, "the connection was lost"),
    }
}
