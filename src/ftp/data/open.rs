//! Commands with a data connection: which passive command to use, and what a failure means.

use std::sync::Arc;
use std::time::Duration;

use suppaftp::{FtpError, Mode, Status};

use super::Data;
use super::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::exchange::lock;
use crate::ftp::control::reply::Reply;
use crate::ftp::error_text::{refusal_error, session_reuse_error};
use crate::ftp::session::Session;
use crate::ftp::session::config::DataMode;

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
    ) -> Result<Data> {
        let line = self.command_line(verb, argument)?;
        let offset = usize::try_from(offset)
            .map_err(|_| Error::new(Kind::Other, format!("{what}: the offset is too large")))?;
        lock(&self.exchange).at_end = None;
        let opened = self.open_in_some_mode(what, verb, &line, offset);
        let mut exchange = lock(&self.exchange);
        match &opened {
            Ok(_) => exchange.at_end = self.passive_ahead().filter(|_| self.prefetch_port),
            Err(_) => exchange.before_data.clear(),
        }
        drop(exchange);
        opened
    }

    fn open_in_some_mode(
        &mut self,
        what: &str,
        verb: &str,
        line: &str,
        offset: usize,
    ) -> Result<Data> {
        let mut last = None;
        for mode in self.modes() {
            self.engine.set_mode(mode);
            // An offset of 0 needs no REST: none is ever left over from an earlier command.
            let _ = self.engine.resume_transfer(offset);
            let expected = [Status::AboutToSend, Status::AlreadyOpen];
            match self.engine.custom_data_command(line, &expected) {
                Ok((_, transfer)) => {
                    self.working_mode = Some(mode);
                    self.config.quirks.record_data_mode(mode);
                    let mut data = Data::new(transfer, Arc::clone(&self.exchange));
                    if let Some(agreed) = data.agreed() {
                        self.data_negotiated = Some(agreed);
                    }
                    return Ok(data);
                }
                Err(error) => match self.data_refusal(what, verb, error) {
                    Refusal::Mode(error) => last = Some(error),
                    Refusal::Final(error) => return Err(error),
                },
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Kind::Connect, format!("{what}: no data mode"))))
    }

    /// Sorts a failed data command: whether another passive mode may do better.
    fn data_refusal(&mut self, what: &str, verb: &str, error: FtpError) -> Refusal {
        let dial_failure = lock(&self.exchange).data_failure.take();
        let sent = lock(&self.exchange).verb.clone();
        match error {
            FtpError::UnexpectedResponse(_) => match self.outcome(Some(error)) {
                Ok(reply) if sent != verb && sent != "REST" => {
                    Refusal::Mode(refusal_error(&format!("{what}: {sent}"), &reply))
                }
                Ok(reply) => Refusal::Final(self.about_reuse(refusal_error(what, &reply), &reply)),
                Err(error) => Refusal::Final(error),
            },
            // The port could not be reached, and nothing was sent after EPSV or PASV.
            FtpError::ConnectionError(_) if dial_failure.is_some() && sent != verb => {
                match dial_failure {
                    Some(error) if error.kind() == Kind::Connect => {
                        Refusal::Mode(error.with_context(what))
                    }
                    Some(error) => Refusal::Final(error),
                    None => Refusal::Final(Error::new(Kind::Connect, what)),
                }
            }
            FtpError::SecureError(_) => Refusal::Final(self.failed_handshake(what, dial_failure)),
            other => Refusal::Final(match self.outcome(Some(other)) {
                Err(error) => error.with_context(what),
                // In active mode the server agrees first, and connects then.
                Ok(reply) if reply.class() == 1 => self.never_connected(what),
                Ok(reply) => refusal_error(what, &reply),
            }),
        }
    }

    fn never_connected(&self, what: &str) -> Error {
        let seconds = self.config.timeout.as_secs_f32();
        let text = format!("{what}: the server made no data connection within {seconds} s");
        let error = Error::new(Kind::Connect, text).as_transient().with_hint(
            "active mode needs a way in through firewalls; `set ftp:mode auto` needs none",
        );
        lock(&self.exchange).kill(error.clone());
        error
    }

    /// The data connection's handshake failed after the command was accepted. The server's own
    /// words come a moment later, and say more than the handshake did; then the session is dead.
    fn failed_handshake(&mut self, what: &str, failure: Option<Error>) -> Error {
        let failure = failure.unwrap_or_else(|| Error::new(Kind::Tls, "the data handshake failed"));
        // The data connection showed another certificate.
        if let Some(death) = self.failure() {
            return death.with_context(what);
        }
        if matches!(failure.kind(), Kind::Interrupted | Kind::Terminated) {
            lock(&self.exchange).kill(failure.clone());
            return failure;
        }
        {
            let mut exchange = lock(&self.exchange);
            exchange.grace = Some(Duration::from_secs(1));
            exchange.listen = true;
        }
        let late = self.engine.noop().err();
        let late = match self.outcome(late) {
            Ok(reply) if reply.class() >= 4 => Some(reply),
            _ => None,
        };
        let error = match late {
            Some(reply) => self.about_reuse(refusal_error(what, &reply), &reply),
            None => failure.with_context(what),
        };
        lock(&self.exchange).kill(error.clone());
        error
    }

    /// A refusal, with what it means to a backend that cannot resume sessions.
    fn about_reuse(&self, error: Error, reply: &Reply) -> Error {
        let native = self.config.tls.backend == crate::tls::Backend::Native;
        if native && !self.config.clear_data { session_reuse_error(error, reply) } else { error }
    }

    fn modes(&self) -> Vec<Mode> {
        if let Some(mode) = self.working_mode {
            return vec![mode];
        }
        let proven = self.config.quirks.data_mode();
        // Behind a proxy the peer says nothing about the server.
        let v6 = self.config.dialer.proxy.is_none() && peer_is_v6(&self.engine);
        match self.config.mode {
            DataMode::Auto if proven.is_some() => proven.into_iter().collect(),
            DataMode::Auto if v6 => vec![Mode::ExtendedPassive],
            DataMode::Auto => vec![Mode::ExtendedPassive, Mode::Passive],
            DataMode::ExtendedPassive => vec![Mode::ExtendedPassive],
            DataMode::Passive => vec![Mode::Passive],
            DataMode::Active => vec![Mode::Active],
        }
    }
}

enum Refusal {
    /// This way of making data connections does not work; the session is in step.
    Mode(Error),
    Final(Error),
}

fn peer_is_v6(engine: &Engine) -> bool {
    engine.get_ref().peer_addr().is_ok_and(|peer| match peer.ip() {
        std::net::IpAddr::V4(_) => false,
        std::net::IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
    })
}
