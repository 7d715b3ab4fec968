//! The byte 0xFF on the control connection, which is IAC in Telnet.
//!
//! RFC 959 section 3.3 makes the control connection a Telnet connection, on which 0xFF in a name is
//! doubled (RFC 854). Some servers do so in one direction only, or not at all; this decides which
//! file a command applies to.

use std::borrow::Cow;

use crate::ftp::session::server_software::ServerSoftware;

/// Telnet's IAC.
const IAC: u8 = 0xFF;

/// Whether a server doubles 0xFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) struct TelnetRules {
    /// It reads two 0xFF in a command as one.
    pub undoes: bool,
    /// It sends one 0xFF in a reply as two.
    pub doubles: bool,
}

impl TelnetRules {
    /// The rules of this server software (measured: vsftpd 3.0.3, ProFTPD 1.3.8, Pure-FTPd 1.0.50);
    /// others are assumed to follow the standard.
    pub(in crate::ftp) fn of(brand: ServerSoftware) -> Self {
        match brand {
            ServerSoftware::Vsftpd => Self { undoes: false, doubles: true },
            ServerSoftware::ProFtpd => Self { undoes: true, doubles: false },
            ServerSoftware::PureFtpd => Self { undoes: false, doubles: false },
            _ => Self { undoes: true, doubles: true },
        }
    }
}

/// The bytes with every 0xFF doubled.
pub(in crate::ftp) fn escape_iac(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    for byte in bytes {
        out.extend(std::iter::repeat_n(*byte, 1 + usize::from(*byte == IAC)));
    }
    out
}

/// The bytes with every 0xFF 0xFF as one 0xFF. A single 0xFF is unchanged.
pub(in crate::ftp) fn unescape_iac(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&IAC) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        out.push(byte);
        if byte == IAC && rest.as_slice().first() == Some(&IAC) {
            rest.next();
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_is_undone_whatever_the_bytes() {
        for bytes in [&b""[..], b"plain", b"a\xffb", b"\xff\xff", b"\xff\xff\xff", b"\xfe\xff\n"] {
            assert_eq!(*unescape_iac(&escape_iac(bytes)), *bytes, "{bytes:?}");
        }
        assert_eq!(escape_iac(b"a\xffb"), b"a\xff\xffb");
        assert_eq!(*unescape_iac(b"a\xffb\xff"), *b"a\xffb\xff");
    }
}
