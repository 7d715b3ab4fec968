//! From nothing to a control connection that is greeted, secured and trusted.
//!
//! Not a byte of a user name or password is sent here, and nothing but `AUTH TLS` before the
//! handshake.

use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::ftp::control::Control;
use crate::ftp::control::cleartext::{ask_for_tls, check_greeting, control_socket};
use crate::ftp::error_text::handshake_error;
use crate::ftp::session::config::SessionConfig;
use crate::tls::{Socket, Stream, Tls};
use crate::trust::identity::Identity;

/// Dial, greeting, handshake and judgement; on success nothing but these has happened.
pub(in crate::ftp) fn secure(
    options: &SessionConfig,
    admit: &mut dyn FnMut(&Identity) -> Result<()>,
) -> Result<(Control, String, Arc<Tls>)> {
    let (tls, reached) = prepare(options)?;
    let secured = match handshake(options, &tls, reached, admit) {
        // The platform's TLS checks during the handshake; the second one tells what it found.
        Err(_) if tls.wants_unchecked_retry() => {
            let reached = reach(options)?;
            handshake(options, &tls, reached, admit)
        }
        other => other,
    };
    secured.map(|(control, greeting)| (control, greeting, Arc::new(tls)))
}

/// A server that waits for the handshake, and its greeting, if there was one.
type Reached = (Socket, String);

/// Makes TLS ready and reaches the server, at the same time where reading the system's roots is
/// all that there is to do: that takes 20 ms.
fn prepare(options: &SessionConfig) -> Result<(Tls, Reached)> {
    let config = &options.tls;
    let ready = || Tls::new(config, &options.host);
    let roots_only =
        config.ca_file.is_none() && config.cert_file.is_none() && config.known_group.is_none();
    std::thread::scope(|scope| {
        let beside = roots_only
            .then(|| std::thread::Builder::new().spawn_scoped(scope, ready).ok())
            .flatten();
        let Some(beside) = beside else {
            let tls = ready()?;
            return Ok((tls, reach(options)?));
        };
        let reached = reach(options);
        let tls = beside.join().map_err(|_| Error::new(Kind::Tls, "TLS cannot be set up"))?;
        Ok((tls?, reached?))
    })
}

/// Dials, and asks an explicit server for TLS.
fn reach(options: &SessionConfig) -> Result<Reached> {
    let tcp = options.dialer.connect(&options.host, options.port)?;
    let raw = control_socket(tcp, options.dialer.cancel.clone())?;
    if options.implicit {
        return Ok((raw, String::new()));
    }
    ask_for_tls(raw, &options.trace, options.timeout).map_err(|error| {
        let silent = error.kind() == Kind::Connect && error.reply().is_none();
        // An implicit server waits for our handshake, as we wait for its greeting.
        let error =
            if silent { error.with_hint("ftps:// if TLS is implicit there") } else { error };
        error.with_context(format!("{}:{}", options.host, options.port))
    })
}

fn handshake(
    options: &SessionConfig,
    tls: &Tls,
    (mut raw, mut greeting): Reached,
    admit: &mut dyn FnMut(&Identity) -> Result<()>,
) -> Result<(Control, String)> {
    let where_to = format!("{}:{}", options.host, options.port);
    raw.set_wait(crate::tls::Wait::within(options.timeout));
    let (stream, identity) = tls.connect_control(raw).map_err(|error| {
        let error = handshake_error(error, &where_to);
        match (error.kind(), options.implicit) {
            (Kind::Tls, true) if error.hint().is_none() => error
                .with_hint("ftps:// is implicit TLS; use ftp:// if the server expects AUTH TLS"),
            _ => error,
        }
    })?;
    admit(&identity)?;
    let mut control = new_control(stream, options);
    if options.implicit {
        let reply = control.read_greeting().map_err(|error| error.with_context(&where_to))?;
        check_greeting(&reply).map_err(|error| error.with_context(&where_to))?;
        greeting = reply.text();
    }
    Ok((control, greeting))
}

fn new_control(stream: Stream, options: &SessionConfig) -> Control {
    Control::new(stream, options.timeout, options.trace.clone(), options.quirks.clone())
}
