//! The clear-text part of explicit TLS, and greetings.
//!
//! These are the only bytes of a session that cross the wire unprotected. Whatever a server sends
//! here beyond what is expected ends the connection: it could have been put there by anybody.

use std::io::Write;

use super::control::{Lines, Shared, farewell, lock, lost};
use super::reply::Reply;
use crate::error::{Error, Kind, Result, io_reason};
use crate::tls::socket::{CONTROL_BUFFER, Patience, Socket};

/// The clear-text part of explicit TLS (RFC 4217 section 4): greeting, `AUTH TLS`, and nothing
/// after its reply but the handshake. The socket comes back ready for TLS.
///
/// # Errors
///
/// [`Kind::Tls`] when the server does not offer TLS, or sends anything between its reply and the
/// handshake; [`Kind::Connect`] when it is no FTP server, refuses, or says nothing in time.
pub(super) fn ask_for_tls(mut socket: Socket, exchange: &Shared) -> Result<(Socket, String)> {
    let timeout = lock(exchange).timeout;
    socket.set_patience(Patience::within(timeout));
    let mut lines = Lines::default();
    let mut next = |socket: &mut Socket| -> Result<Reply> {
        loop {
            let reply = lines.reply(socket).map_err(|broken| broken.into_error(timeout))?;
            lock(exchange).dialogue.received(&reply);
            if reply.class() != 1 {
                if !lines.is_empty() || socket.has_buffered() {
                    return Err(injected());
                }
                return Ok(reply);
            }
        }
    };
    let greeting = next(&mut socket)?;
    check_greeting(&greeting)?;
    socket.set_patience(Patience::within(timeout));
    lock(exchange).dialogue.sent("AUTH TLS");
    let written = socket.write_all(b"AUTH TLS\r\n").and_then(|()| socket.flush());
    written.map_err(|error| lost(&error, timeout))?;
    let reply = next(&mut socket)?;
    if reply.code != 234 && reply.code != 334 {
        return Err(Error::new(
            Kind::Tls,
            format!("the server does not offer TLS: \"{}\"", reply.last_text()),
        )
        .with_hint("try ftps:// if it is a server for implicit TLS; there is no login in clear")
        .with_reply(reply.to_string()));
    }
    Ok((socket, greeting.text()))
}

/// Whether a greeting is that of an FTP server that takes logins.
///
/// # Errors
///
/// [`Kind::Tls`] for a session that is already logged in before TLS, [`Kind::Connect`] for
/// everything else that is not a 220.
pub(super) fn check_greeting(reply: &Reply) -> Result<()> {
    match reply.code {
        220 => Ok(()),
        421 => Err(farewell(reply)),
        230..=232 => Err(Error::new(
            Kind::Tls,
            "the server claims that the session is logged in before TLS; refused",
        )
        .with_reply(reply.to_string())),
        _ => Err(Error::new(
            Kind::Connect,
            format!("the server refuses the connection: \"{}\"", reply.last_text()),
        )
        .with_reply(reply.to_string())),
    }
}

fn injected() -> Error {
    Error::new(
        Kind::Tls,
        "the server sent more than one reply before TLS; \
         someone may be injecting replies, so the connection was refused",
    )
}

/// A fresh control socket with room for replies.
pub(super) fn socket(tcp: std::net::TcpStream, cancel: crate::cancel::Cancel) -> Result<Socket> {
    Socket::new(tcp, cancel, CONTROL_BUFFER)
        .map_err(|error| Error::new(Kind::Connect, io_reason(&error)))
}
