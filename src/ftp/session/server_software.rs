//! Which server program is on the other side, as far as its words tell.
//!
//! Replies come in (greeting, SYST, FEAT, refusals), a [`Brand`] goes out. It chooses the words
//! of an advice, and what becomes of the byte 0xFF in names (`telnet`); nothing else is
//! done otherwise because of it. For the latter only replies that came through TLS count.

/// A server program whose settings are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Brand {
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
    /// Another, or one that does not tell.
    #[default]
    Unknown,
}

/// Names first, because they are said on purpose; then sentences that only one program says.
const SIGNS: [(&str, Brand); 16] = [
    ("vsftpd", Brand::Vsftpd),
    ("proftpd", Brand::ProFtpd),
    ("pure-ftpd", Brand::PureFtpd),
    ("filezilla", Brand::FileZilla),
    ("pyftpdlib", Brand::Pyftpdlib),
    ("proceed with negotiation", Brand::Vsftpd),
    ("please login with user and pass", Brand::Vsftpd),
    ("500 oops:", Brand::Vsftpd),
    ("using authentication type tls", Brand::FileZilla),
    ("sscn", Brand::ProFtpd),
    ("mff modify", Brand::ProFtpd),
    ("auth tls ok.", Brand::PureFtpd),
    ("esta\n", Brand::PureFtpd),
    ("end feat.", Brand::Pyftpdlib),
    ("username ok, send password", Brand::Pyftpdlib),
    ("please specify the password", Brand::Vsftpd),
];

impl Brand {
    /// The program that says these words.
    pub fn of(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let sign = SIGNS.iter().find(|(sign, _)| words.contains(sign));
        sign.map_or(Brand::Unknown, |(_, brand)| *brand)
    }

    /// Its name; `None` where it is not known.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Brand::Vsftpd => "vsftpd",
            Brand::ProFtpd => "ProFTPD",
            Brand::PureFtpd => "Pure-FTPd",
            Brand::FileZilla => "FileZilla Server",
            Brand::Pyftpdlib => "pyftpdlib",
            Brand::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names_and_by_their_words() {
        for (words, brand) in [
            ("220 (vsFTPd 3.0.3)", Brand::Vsftpd),
            ("220 welcome\n234 Proceed with negotiation.", Brand::Vsftpd),
            ("220 ProFTPD Server (x) [127.0.0.1]", Brand::ProFtpd),
            ("211-Features:\n SSCN\n TVFS", Brand::ProFtpd),
            ("220-- Welcome to Pure-FTPd [privsep] [TLS] --", Brand::PureFtpd),
            ("211-Extensions supported:\n ESTA\n PASV", Brand::PureFtpd),
            ("220-FileZilla Server 1.8.0", Brand::FileZilla),
            ("234 Using authentication type TLS.", Brand::FileZilla),
            ("220 pyftpdlib 2.2.0 ready.", Brand::Pyftpdlib),
            ("211 End FEAT.", Brand::Pyftpdlib),
            ("220 hello", Brand::Unknown),
            ("", Brand::Unknown),
        ] {
            assert_eq!(Brand::of(words), brand, "{words}");
        }
    }
}
