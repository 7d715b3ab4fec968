//! The byte 0xFF on the control connection, which Telnet takes for the beginning of a command.
//!
//! RFC 959 section 3.3 makes the control connection a Telnet connection, on which 0xFF in a name
//! is sent twice (RFC 854). Some servers do so only one way, or not at all; what they do with
//! names decides which file a command is about.

use std::borrow::Cow;

use crate::ftp::session::server_software::ServerSoftware;

/// Telnet's IAC.
const IAC: u8 = 0xFF;

/// Whether a server keeps to the doubling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) struct TelnetRules {
    /// It takes two 0xFF in a command for one.
    pub undoes: bool,
    /// It sends two 0xFF in a reply for one.
    pub doubles: bool,
}

impl TelnetRules {
    /// The rules of this server software (measured: vsftpd 3.0.3, ProFTPD 1.3.8, Pure-FTPd 1.0.50); any
    /// other is assumed to follow the standard.
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

/// The bytes with every 0xFF 0xFF as one 0xFF. A single one stays.
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
