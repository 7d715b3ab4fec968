//! Commands with a data connection: which way to make it, and what a failure means.

use std::sync::Arc;
use std::time::Duration;

use super::DataConnection;
use super::engine::OpenError;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{Position, lock};
use crate::ftp::error_text::{refusal_error, session_reuse_error};
use crate::ftp::session::Session;
use crate::ftp::session::config::DataMode;
use crate::ftp::session::quirks::ConnectionMode;

/// How long the server's reason for a failed data connection is waited for.
const LATE_REASON: Duration = Duration::from_secs(1);

impl Session {
    /// Opens a data connection and sends `verb argument` on the control connection.
    ///
    /// # Errors
    ///
    /// A refusal leaves the session in step; a failed data handshake kills it. `what` is what the
    /// message is about.
    pub fn open_data(
        &mut self,
        what: &str,
        verb: &str,
        argument: &str,
        offset: u64,
    ) -> Result<DataConnection> {
        self.new_command(verb, argument)?;
        let argument = self.charset().outgoing(argument)?.into_owned();
        let offset = usize::try_from(offset)
            .map_err(|_| Error::new(Kind::Other, format!("{what}: the offset is too large")))?;
        let opened = self.open_in_some_mode(what, verb, &argument, offset);
        match &opened {
            Ok(_) => {
                let next = self.prefetchable_passive_command().filter(|_| self.prefetch_port);
                lock(&self.control).prefetch_at_end(next);
            }
            Err(_) => lock(&self.control).unqueue(Position::BeforeTransfer),
        }
        opened
    }

    fn open_in_some_mode(
        &mut self,
        what: &str,
        verb: &str,
        argument: &str,
        offset: usize,
    ) -> Result<DataConnection> {
        let mut last = None;
        for mode in self.modes_to_try() {
            match self.engine.open(mode, verb, argument, offset) {
                Ok((transfer, preliminary)) => {
                    self.working_mode = Some(mode);
                    self.config.quirks.record_data_mode(mode);
                    let control = Arc::clone(&self.control);
                    let mut data = DataConnection::new(transfer, preliminary, control);
                    if let Some(negotiated) = data.negotiated() {
                        self.data_negotiated = Some(negotiated);
                    }
                    return Ok(data);
                }
                // This way of making data connections does not work; the session is in step.
                Err(OpenError::Refused { verb: sent, reply }) if sent != verb && sent != "REST" => {
                    last = Some(refusal_error(&format!("{what}: {sent}"), &reply));
                }
                Err(OpenError::Unreachable(error)) => last = Some(error.with_context(what)),
                Err(OpenError::Refused { reply, .. }) => {
                    return Err(self.about_reuse(refusal_error(what, &reply), &reply));
                }
                Err(OpenError::Handshake(error)) => return Err(self.failed_handshake(what, error)),
                Err(OpenError::NeverConnected) => return Err(self.never_connected(what)),
                Err(OpenError::Failed(error)) => return Err(error.with_context(what)),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Kind::Connect, format!("{what}: no data mode"))))
    }

    fn never_connected(&self, what: &str) -> Error {
        let seconds = self.config.timeout.as_secs_f32();
        let text = format!("{what}: the server made no data connection within {seconds} s");
        let error = Error::new(Kind::Connect, text).as_transient().with_hint(
            "active mode needs a way in through firewalls; `set ftp:mode auto` needs none",
        );
        self.poison(error.clone());
        error
    }

    /// The data connection's handshake failed after the command was accepted. The server's own
    /// words come a moment later, and say more than the handshake did; then the session is dead.
    fn failed_handshake(&mut self, what: &str, failure: Error) -> Error {
        // The data connection showed another certificate.
        if let Some(failure) = self.failure() {
            return failure.with_context(what);
        }
        if matches!(failure.kind(), Kind::Interrupted | Kind::Terminated) {
            self.poison(failure.clone());
            return failure;
        }
        let late = lock(&self.control).receive_within(LATE_REASON);
        let error = match late {
            Ok(reply) if reply.class() >= 4 => {
                self.about_reuse(refusal_error(what, &reply), &reply)
            }
            _ => failure.with_context(what),
        };
        self.poison(error.clone());
        error
    }

    /// A refusal, with what it means to a backend that cannot resume sessions.
    fn about_reuse(&self, error: Error, reply: &Reply) -> Error {
        let native = self.config.tls.backend == crate::tls::Backend::Native;
        if native && !self.config.clear_data { session_reuse_error(error, reply) } else { error }
    }

    fn modes_to_try(&self) -> Vec<ConnectionMode> {
        if let Some(mode) = self.working_mode {
            return vec![mode];
        }
        let proven = self.config.quirks.data_mode();
        // Behind a proxy the peer says nothing about the server.
        let v6 = self.config.dialer.proxy.is_none() && self.engine.has_ipv6_peer();
        match self.config.mode {
            DataMode::Auto if proven.is_some() => proven.into_iter().collect(),
            DataMode::Auto if v6 => vec![ConnectionMode::ExtendedPassive],
            DataMode::Auto => vec![ConnectionMode::ExtendedPassive, ConnectionMode::Passive],
            DataMode::ExtendedPassive => vec![ConnectionMode::ExtendedPassive],
            DataMode::Passive => vec![ConnectionMode::Passive],
            DataMode::Active => vec![ConnectionMode::Active],
        }
    }
}
