//! Commands with a data connection: how to open it, and what a failure means.

use crate::ftp::session::pipeline::prefetchable_passive_command;
use std::sync::Arc;
use std::time::Duration;

use super::DataConnection;
use super::engine::OpenError;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::expect::is_upload_verb;
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{Position, lock};
use crate::ftp::error_text::{
    has_no_free_port, is_server_full, no_free_port_error, refusal_error, session_reuse_error,
};
use crate::ftp::session::Session;
use crate::ftp::session::config::DataMode;
use crate::ftp::session::quirks::ConnectionMode;

/// How long to wait for the server's reason for a failed data connection.
const LATE_REASON: Duration = Duration::from_secs(1);

/// Opens a data connection and sends `verb argument` on the control connection; `what` is the
/// subject of error messages.
///
/// # Errors
///
/// A refusal leaves the session in step; a failed data handshake kills it.
pub fn open_data(
    session: &mut Session,
    what: &str,
    verb: &str,
    argument: &str,
    offset: u64,
) -> Result<DataConnection> {
    session.new_command(verb, argument)?;
    if !session.is_protected {
        let text = format!("{what}: the server has not agreed to protect data connections");
        return Err(Error::new(Kind::Tls, text));
    }
    let argument = session.charset().outgoing(argument)?.into_owned();
    let offset = usize::try_from(offset)
        .map_err(|_| Error::new(Kind::Other, format!("{what}: the offset is too large")))?;
    let opened = open_in_some_mode(session, what, verb, &argument, offset);
    match &opened {
        Ok(_) => {
            let next = prefetchable_passive_command(session).filter(|_| session.prefetch_port);
            lock(&session.control).prefetch_at_end(next);
        }
        Err(_) => lock(&session.control).unqueue(Position::BeforeTransfer),
    }
    opened
}

fn open_in_some_mode(
    session: &mut Session,
    what: &str,
    verb: &str,
    argument: &str,
    offset: usize,
) -> Result<DataConnection> {
    let mut last = None;
    session.is_one_too_many = false;
    for mode in modes_to_try(session) {
        match session.engine.open(mode, verb, argument, offset) {
            Ok((transfer, preliminary)) => {
                session.working_mode = Some(mode);
                session.is_one_too_many = false;
                session.config.quirks.record_data_mode(mode);
                let control = Arc::clone(&session.control);
                let mut data = DataConnection::new(transfer, preliminary, control);
                if let Some(negotiated) = data.negotiated() {
                    session.data_negotiated = Some(negotiated);
                }
                return Ok(data);
            }
            Err(OpenError::Refused { verb: sent, reply })
                if mode.passive_verb() == Some(sent.as_str()) && has_no_free_port(&reply) =>
            {
                session.is_one_too_many = true;
                let error = no_free_port_error(what, &reply);
                if reply.class() != 4 {
                    // vsftpd ends the session.
                    session.poison(error.clone());
                    return Err(error);
                }
                last = Some(error);
            }
            // This data connection mode does not work; the session is in step.
            Err(OpenError::Refused { verb: sent, reply }) if sent != verb && sent != "REST" => {
                let refused = refusal_error(&format!("{what}: {sent}"), &reply);
                last = last.filter(|_| session.is_one_too_many).or(Some(refused));
            }
            Err(OpenError::Unreachable(error)) => last = Some(error.with_context(what)),
            Err(OpenError::Refused { reply, .. }) => {
                session.is_one_too_many = is_server_full(&reply);
                return Err(about_reuse(session, refusal_error(what, &reply), &reply));
            }
            Err(OpenError::Handshake { error, closed }) => {
                let may_be_empty = closed && !is_upload_verb(verb);
                return failed_handshake(session, what, error, may_be_empty);
            }
            Err(OpenError::NeverConnected) => return Err(never_connected(session, what)),
            Err(OpenError::Failed(error)) => return Err(error.with_context(what)),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Kind::Connect, format!("{what}: no data mode"))))
}

fn never_connected(session: &Session, what: &str) -> Error {
    let seconds = session.config.timeout.as_secs_f32();
    let text = format!("{what}: the server made no data connection within {seconds} s");
    let error = Error::new(Kind::Connect, text)
        .as_transient()
        .with_hint("active mode needs a way in through firewalls; `set ftp:mode auto` needs none");
    session.poison(error.clone());
    error
}

/// Handles a data handshake that failed after the command was accepted. The server's own reason
/// arrives a moment later and is more specific; the session is then dead. But if the connection was
/// closed and `may_be_empty`, a success means that there was nothing to send.
fn failed_handshake(
    session: &mut Session,
    what: &str,
    failure: Error,
    may_be_empty: bool,
) -> Result<DataConnection> {
    // The control connection was lost, it was cancelled, or the data connection presented another
    // certificate.
    if let Some(failure) = session.failure() {
        return Err(match failure.kind() {
            Kind::Interrupted | Kind::Terminated => failure,
            Kind::Connect => failure.with_context(format!("{what}: data connection")),
            _ => failure.with_context(what),
        });
    }
    let late = lock(&session.control).receive_within(LATE_REASON);
    let error = match late {
        Ok(reply) if may_be_empty && matches!(reply.code, 226 | 250) => {
            return Ok(DataConnection::unsecured(reply, Arc::clone(&session.control)));
        }
        Ok(reply) if reply.class() >= 4 => {
            about_reuse(session, refusal_error(what, &reply), &reply)
        }
        _ => failure.with_context(what),
    };
    session.poison(error.clone());
    Err(error)
}

/// A refusal, with its meaning for a backend that cannot resume sessions.
fn about_reuse(session: &Session, error: Error, reply: &Reply) -> Error {
    let native = session.config.tls.backend == crate::tls::Backend::Native;
    if native && !session.config.clear_data { session_reuse_error(error, reply) } else { error }
}

fn modes_to_try(session: &Session) -> Vec<ConnectionMode> {
    if let Some(mode) = session.working_mode {
        return vec![mode];
    }
    let proven = session.config.quirks.data_mode();
    // Behind a proxy the peer is not the server.
    let v6 = session.config.dialer.proxy.is_none() && session.engine.has_ipv6_peer();
    match session.config.mode {
        DataMode::Auto if proven.is_some() => proven.into_iter().collect(),
        DataMode::Auto if v6 => vec![ConnectionMode::ExtendedPassive],
        DataMode::Auto => vec![ConnectionMode::ExtendedPassive, ConnectionMode::Passive],
        DataMode::ExtendedPassive => vec![ConnectionMode::ExtendedPassive],
        DataMode::Passive => vec![ConnectionMode::Passive],
        DataMode::Active => vec![ConnectionMode::Active],
    }
}
