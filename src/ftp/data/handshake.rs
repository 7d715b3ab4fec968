//! A data connection's handshake, and the reply to its command, which arrives meanwhile.
//!
//! The ClientHello is sent as soon as TCP is connected, not after the preliminary reply: some
//! servers send that one only after the handshake, and those that accept before they reply save a
//! round trip. No data moves before both: the server's certificate was compared, or its session
//! resumed, and the command was accepted.

use std::io;
use std::net::TcpStream;

use super::control_watch::ControlWatch;
use crate::error::{Error, Kind, Result, io_reason};
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{SharedControl, lock};
use crate::ftp::error_text::handshake_error;
use crate::ftp::session::config::SessionConfig;
use crate::tls::socket::{DATA_BUFFER, Socket, Wait, cancel_reason};
use crate::tls::watch::{Heard, Stage};
use crate::tls::{HandshakeFailure, Stream};

const WHAT: &str = "data connection";

/// A data connection whose command was sent.
pub(in crate::ftp) struct SecuredData {
    /// The secured connection. It carries no data unless the reply is a preliminary one.
    pub(in crate::ftp) stream: Result<Stream>,
    /// The reply to the command, if it was still to come: the preliminary one, or a final one in
    /// its place. The completion reply, if that ended the handshake.
    pub(in crate::ftp) reply: Option<Reply>,
    /// The peer closed the connection before the handshake was complete.
    pub(in crate::ftp) closed: bool,
}

/// Waits until `tcp` is connected, has `secure` make the handshake, and reads the reply to the
/// command if it `awaits_reply`. A refusal ends the handshake.
pub(in crate::ftp) fn secure_data(
    control: &SharedControl,
    config: &SessionConfig,
    tcp: TcpStream,
    awaits_reply: bool,
    secure: impl FnOnce(Socket) -> Result<Stream, HandshakeFailure>,
) -> SecuredData {
    let connected = connect_watched(control, config, tcp);
    let secured = connected
        .map_err(Failure::Connect)
        .and_then(|socket| secure(socket).map_err(Failure::Handshake));
    let failure = match secured {
        Ok(mut stream) => {
            let reply = awaits_reply.then(|| lock(control).receive()).transpose();
            stream.socket_mut().set_stage(Stage::Data);
            stream.socket_mut().set_wait(Wait::IdleTimeout(config.timeout));
            return match reply {
                Ok(reply) => SecuredData { stream: Ok(stream), reply, closed: false },
                Err(error) => SecuredData { stream: Err(error), reply: None, closed: false },
            };
        }
        Err(failure) => failure,
    };
    let mut control = lock(control);
    let cause = failure.io_error_kind();
    let replied = cause == Some(io::ErrorKind::ConnectionAborted);
    let closed = failure.is_closed();
    let is_other_server = failure.is_other_server();
    let error = failure.into_error();
    let reply = if is_other_server || error.is_interruption() {
        // Later errors of the control connection do not explain the failure.
        control.poison(error.clone());
        None
    } else {
        if cause == Some(io::ErrorKind::TimedOut)
            && awaits_reply
            && control.hear() == Heard::Nothing
        {
            control.time_out();
        }
        match (replied, awaits_reply) {
            (true, _) => control.receive_final().ok(),
            (false, true) => control.receive().ok(),
            (false, false) => None,
        }
    };
    SecuredData { stream: Err(error), reply, closed }
}

fn connect_watched(
    control: &SharedControl,
    config: &SessionConfig,
    tcp: TcpStream,
) -> io::Result<Socket> {
    let mut socket = Socket::new(tcp, config.dialer.cancel.clone(), DATA_BUFFER)?;
    socket.watch(Box::new(ControlWatch::new(control)?));
    socket.set_wait(Wait::within(config.timeout));
    socket.finish_connect()?;
    Ok(socket)
}

/// Why there is no secured connection.
enum Failure {
    Connect(io::Error),
    Handshake(HandshakeFailure),
}

impl Failure {
    fn io_error_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Failure::Connect(error) | Failure::Handshake(HandshakeFailure::Io(error)) => {
                Some(error.kind())
            }
            Failure::Handshake(_) => None,
        }
    }

    fn is_closed(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        let closed = [UnexpectedEof, ConnectionReset, BrokenPipe];
        matches!(self, Failure::Handshake(HandshakeFailure::Io(error)) if closed.contains(&error.kind()))
    }

    /// Whether the peer is not known to be the control connection's.
    fn is_other_server(&self) -> bool {
        matches!(
            self,
            Failure::Handshake(HandshakeFailure::OtherCertificate | HandshakeFailure::NotResumed)
        )
    }

    fn into_error(self) -> Error {
        match self {
            Failure::Handshake(failure) => handshake_error(failure, WHAT),
            Failure::Connect(error) => match cancel_reason(&error) {
                Some(reason) => reason.into(),
                None => {
                    let text = format!("{WHAT}: {}", io_reason(&error));
                    Error::new(Kind::Connect, text).as_transient()
                }
            },
        }
    }
}
