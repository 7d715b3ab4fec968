//! The clear-text part of explicit TLS: the greeting and `AUTH TLS`.
//!
//! These are the only bytes of a session that are sent unprotected. Anything the server sends here
//! beyond the expected replies ends the connection: it may have been injected.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::expect::{PreliminaryCounter, login_farewell_error};
use super::reply::Reply;
use super::reply_reader::{ReplyReader, lost_connection};
use super::trace::ProtocolTrace;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::error_text::{is_server_full, server_full_error};
use crate::tls::socket::{CONTROL_BUFFER, Socket, Wait};

/// A control connection before TLS; reads one reply at a time.
pub(in crate::ftp) struct CleartextControl {
    socket: Socket,
    reader: ReplyReader,
    trace: ProtocolTrace,
    timeout: Duration,
}

impl CleartextControl {
    pub(in crate::ftp) fn new(
        tcp: TcpStream,
        cancel: Cancel,
        trace: &ProtocolTrace,
        timeout: Duration,
    ) -> Result<Self> {
        let socket = Socket::new(tcp, cancel, CONTROL_BUFFER)
            .map_err(|error| Error::new(Kind::Connect, io_reason(&error)))?;
        Ok(Self { socket, reader: ReplyReader::default(), trace: trace.clone(), timeout })
    }

    /// Whether the server says nothing within `patience`.
    pub(in crate::ftp) fn is_silent(&mut self, patience: Duration) -> Result<bool> {
        let heard = self.socket.await_input(patience);
        heard.map(|heard| !heard).map_err(|error| lost_connection(&error, self.timeout))
    }

    /// Reads the greeting, whatever its code; a 120 announces a delay and is skipped.
    ///
    /// # Errors
    ///
    /// [`Kind::Connect`] on timeout or if it is not an FTP reply; [`Kind::Tls`] for a second reply.
    pub(in crate::ftp) fn greeting(&mut self) -> Result<Reply> {
        self.next_reply()
    }

    /// Sends `AUTH TLS` and returns its reply, whatever its code.
    pub(in crate::ftp) fn auth_tls(&mut self) -> Result<Reply> {
        self.socket.set_wait(Wait::within(self.timeout));
        self.trace.command_sent("AUTH TLS");
        let written = self.socket.write_all(b"AUTH TLS\r\n").and_then(|()| self.socket.flush());
        written.map_err(|error| lost_connection(&error, self.timeout))?;
        self.next_reply()
    }

    /// The socket, for TLS.
    pub(in crate::ftp) fn into_socket(self) -> Socket {
        self.socket
    }

    fn next_reply(&mut self) -> Result<Reply> {
        self.socket.set_wait(Wait::within(self.timeout));
        let mut passed = PreliminaryCounter::default();
        loop {
            let reply = self.reader.read_reply(&mut self.socket);
            let reply = reply.map_err(|broken| broken.into_error(self.timeout))?;
            // It may have been injected: only replies received through TLS identify the server.
            self.trace.reply_received(&reply);
            if reply.class() != 1 {
                if !self.reader.is_empty() || self.socket.has_buffered() {
                    return Err(injected_replies());
                }
                return Ok(reply);
            }
            passed.count(&reply)?;
        }
    }
}

/// Checks that the reply to `AUTH TLS` allows the handshake to begin.
///
/// # Errors
///
/// [`Kind::Tls`] for every reply except 234 and 334.
pub(in crate::ftp) fn check_auth(reply: &Reply) -> Result<()> {
    if matches!(reply.code, 234 | 334) {
        return Ok(());
    }
    let text = format!("the server does not offer TLS: {}", reply.quoted_with_code());
    Err(Error::new(Kind::Tls, text)
        .with_hint("try ftps:// if it is a server for implicit TLS; there is no login in clear")
        .with_reply(reply.code, reply.to_string()))
}

/// Checks that a greeting is that of an FTP server that accepts logins.
///
/// # Errors
///
/// [`Kind::Tls`] for a session that is already logged in before TLS, [`Kind::Connect`] for any
/// other code except 220.
pub(in crate::ftp) fn check_greeting(reply: &Reply) -> Result<()> {
    match reply.code {
        220 => Ok(()),
        421 => Err(login_farewell_error(reply)),
        _ if is_server_full(reply) => {
            Err(server_full_error("the server refuses the connection", reply))
        }
        230..=232 => Err(Error::new(
            Kind::Tls,
            "the server claims that the session is logged in before TLS; refused",
        )
        .with_reply(reply.code, reply.to_string())),
        _ => Err(Error::new(
            Kind::Connect,
            format!("the server refuses the connection: {}", reply.quoted_with_code()),
        )
        .with_reply(reply.code, reply.to_string())),
    }
}

fn injected_replies() -> Error {
    Error::new(
        Kind::Tls,
        "the server sent more than one reply before TLS; \
         someone may be injecting replies, so the connection was refused",
    )
}
