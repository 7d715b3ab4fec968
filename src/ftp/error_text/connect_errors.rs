//! Hints for failed connections: the meaning of system errors here, and what to do next.

use std::io::{Error, ErrorKind};

/// What to do when a connection failed.
pub(in crate::ftp) fn connect_hint(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nothing listens there: check the port (21, or 990 for ftps://) and whether the \
             server runs"
        }
        ErrorKind::TimedOut => {
            "the host is down, or a firewall drops what is sent: try from another network"
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "there is no way to it from here: check the network, or try `set net:order ipv4`"
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            "the server or something before it does not let this client in"
        }
        ErrorKind::AddrNotAvailable => {
            "no address of this machine fits: see `set net:bind-address` and `net:order`"
        }
        ErrorKind::PermissionDenied => "this machine's own firewall forbids it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn every_way_in_which_a_connection_fails_has_a_next_step() {
        for errno in [
            Errno::CONNREFUSED,
            Errno::TIMEDOUT,
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::CONNRESET,
            Errno::CONNABORTED,
            Errno::ADDRNOTAVAIL,
            Errno::ACCESS,
            Errno::PERM,
        ] {
            assert!(connect_hint(&errno.into()).is_some(), "{errno}");
        }
        assert_eq!(connect_hint(&Errno::MFILE.into()), None);
    }
}
