//! Recognises the server software by its replies.
//!
//! From the greeting, SYST, FEAT and refusals it determines a [`ServerSoftware`], which selects the
//! wording of hints and the handling of the byte 0xFF in names (`telnet`), and nothing else. For
//! the latter, only replies received through TLS count.

/// A server program with known settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ServerSoftware {
    /// vsftpd.
    Vsftpd,
    /// ProFTPD.
    ProFtpd,
    /// Pure-FTPd.
    PureFtpd,
    /// FileZilla Server.
    FileZilla,
    /// pyftpdlib.
    Pyftpdlib,
    /// Other or not recognised.
    #[default]
    Unknown,
}

/// Explicit names first; then phrases that only one program sends.
const SIGNS: [(&str, ServerSoftware); 16] = [
    ("vsftpd", ServerSoftware::Vsftpd),
    ("proftpd", ServerSoftware::ProFtpd),
    ("pure-ftpd", ServerSoftware::PureFtpd),
    ("filezilla", ServerSoftware::FileZilla),
    ("pyftpdlib", ServerSoftware::Pyftpdlib),
    ("proceed with negotiation", ServerSoftware::Vsftpd),
    ("please login with user and pass", ServerSoftware::Vsftpd),
    ("500 oops:", ServerSoftware::Vsftpd),
    ("using authentication type tls", ServerSoftware::FileZilla),
    ("sscn", ServerSoftware::ProFtpd),
    ("mff modify", ServerSoftware::ProFtpd),
    ("auth tls ok.", ServerSoftware::PureFtpd),
    ("esta\n", ServerSoftware::PureFtpd),
    ("end feat.", ServerSoftware::Pyftpdlib),
    ("username ok, send password", ServerSoftware::Pyftpdlib),
    ("please specify the password", ServerSoftware::Vsftpd),
];

impl ServerSoftware {
    /// The program that sends these replies.
    pub fn of(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let sign = SIGNS.iter().find(|(sign, _)| words.contains(sign));
        sign.map_or(ServerSoftware::Unknown, |(_, brand)| *brand)
    }

    /// Its name, if known.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            ServerSoftware::Vsftpd => "vsftpd",
            ServerSoftware::ProFtpd => "ProFTPD",
            ServerSoftware::PureFtpd => "Pure-FTPd",
            ServerSoftware::FileZilla => "FileZilla Server",
            ServerSoftware::Pyftpdlib => "pyftpdlib",
            ServerSoftware::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names_and_by_their_words() {
        for (words, brand) in [
            ("220 (vsFTPd 3.0.3)", ServerSoftware::Vsftpd),
            ("220 welcome\n234 Proceed with negotiation.", ServerSoftware::Vsftpd),
            ("220 ProFTPD Server (x) [127.0.0.1]", ServerSoftware::ProFtpd),
            ("211-Features:\n SSCN\n TVFS", ServerSoftware::ProFtpd),
            ("220-- Welcome to Pure-FTPd [privsep] [TLS] --", ServerSoftware::PureFtpd),
            ("211-Extensions supported:\n ESTA\n PASV", ServerSoftware::PureFtpd),
            ("220-FileZilla Server 1.8.0", ServerSoftware::FileZilla),
            ("234 Using authentication type TLS.", ServerSoftware::FileZilla),
            ("220 pyftpdlib 2.2.0 ready.", ServerSoftware::Pyftpdlib),
            ("211 End FEAT.", ServerSoftware::Pyftpdlib),
            ("220 hello", ServerSoftware::Unknown),
            ("", ServerSoftware::Unknown),
        ] {
            assert_eq!(ServerSoftware::of(words), brand, "{words}");
        }
    }
}
