//! Messages for failed handshakes: the library's message, its meaning, and what to do next.
//!
//! OpenSSL names alerts by the version that introduced them (`tlsv1 alert …`, `tlsv13 alert …`)
//! and, by its own version, in upper or lower case: only the distinctive part is compared.

use crate::error::{Error, Kind};
use crate::tls::HandshakeFailure;

/// A substring of the library's message, the cause, and what to do next.
type Row = (&'static str, &'static str, &'static str);

/// The alerts of RFC 8446 section 6.2 that servers send, and errors that OpenSSL detects itself.
/// The first matching row applies.
const ROWS: &[Row] = &[
    (
        "wrong version number",
        "the server does not speak TLS here: plain text, or another protocol",
        "use ftp:// if the server expects AUTH TLS, and check the port",
    ),
    (
        "packet length too long",
        "the server does not speak TLS here: plain text, or another protocol",
        "use ftp:// if the server expects AUTH TLS, and check the port",
    ),
    (
        "http request",
        "a web server answers here",
        "check the port: 21 is usual for ftp://, 990 for ftps://",
    ),
    (
        "alert protocol version",
        "the server accepts none of the TLS versions that were offered",
        "see `set tls:min-version` and `tls:max-version`; a server without TLS 1.2 must be updated",
    ),
    (
        "unsupported protocol",
        "the server's TLS is older than 1.2",
        "its administrator should turn on TLS 1.2 and 1.3; older versions are not safe",
    ),
    (
        "no protocols available",
        "the system's policy or the settings leave no TLS version",
        "see `set tls:min-version` and `tls:max-version`, and `status` for the system's policy",
    ),
    (
        "certificate required",
        "the server wants a client certificate",
        "name yours: `set tls:cert-file FILE`, and `tls:key-file` where the key is apart",
    ),
    (
        "unknown ca",
        "the server does not know who signed the client certificate",
        "check `tls:cert-file`: the server's administrator must accept its issuer",
    ),
    (
        "bad certificate",
        "the server does not take the client certificate",
        "check `tls:cert-file` and `tls:key-file`",
    ),
    (
        "alert certificate expired",
        "the client certificate has expired",
        "renew the certificate that `tls:cert-file` names",
    ),
    (
        "certificate revoked",
        "the client certificate was revoked",
        "ask for a new one, and name it: `set tls:cert-file FILE`",
    ),
    (
        "certificate unknown",
        "the server does not take the client certificate",
        "check `tls:cert-file`, or do without: `set -u tls:cert-file`",
    ),
    (
        "unsupported certificate",
        "the server cannot use this kind of client certificate",
        "name another one: `set tls:cert-file FILE`",
    ),
    (
        "handshake failure",
        "server and client have no cipher in common, or the server wants a client certificate",
        "name a client certificate if the server wants one (`set tls:cert-file FILE`); \
         else its ciphers are too old",
    ),
    (
        "insufficient security",
        "the server demands stronger ciphers",
        "see `status` for the system's TLS policy",
    ),
    (
        "no application protocol",
        "the server speaks TLS, but no FTP",
        "check the port: 21 is usual for ftp://, 990 for ftps://",
    ),
    (
        "unrecognized name",
        "the server does not know itself by this host name",
        "connect by the name that stands in its certificate",
    ),
    (
        "inappropriate fallback",
        "someone may be forcing an older version of TLS",
        "try again from another network",
    ),
    ("access denied", "the server does not let this client in", "ask its administrator"),
    (
        "key too small",
        "the server's key is too short for the system's policy",
        "its administrator should make a new key, RSA of 2048 bits or more",
    ),
    (
        "md too weak",
        "the server's certificate has too weak a signature for the system's policy",
        "its administrator should have it signed anew, with SHA-256",
    ),
    (
        "unsafe legacy renegotiation",
        "the server's TLS is old and lacks secure renegotiation (RFC 5746)",
        "it must be updated",
    ),
    (
        "alert internal error",
        "the server's TLS failed; often its certificate or key cannot be read",
        "its log says more",
    ),
    ("decrypt error", "the handshake was damaged on its way, or forged", "try again"),
    ("bad record mac", "what came was damaged on its way, or forged", "try again"),
];

/// The meaning of the library's message, and what to do next.
pub fn explain_tls_error(words: &str) -> Option<(&'static str, &'static str)> {
    let words = words.to_ascii_lowercase();
    let row = ROWS.iter().find(|(sign, ..)| words.contains(sign));
    row.map(|(_, cause, next)| (*cause, *next))
}

/// The error for a failed handshake of `what`, with its cause if known.
pub(in crate::ftp) fn handshake_error(failure: HandshakeFailure, what: &str) -> Error {
    match failure {
        HandshakeFailure::Tls(why) => match explain_tls_error(&why) {
            Some((cause, next)) => {
                Error::new(Kind::Tls, format!("{what}: {cause} ({why})")).with_hint(next)
            }
            None => Error::new(Kind::Tls, format!("{what}: {why}")),
        },
        other => other.into_error(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_told_apart_in_the_words_of_every_library() {
        for (words, cause) in [
            ("wrong version number", "plain text"),
            ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:1:", "plain"),
            ("tlsv1 alert protocol version", "none of the TLS versions"),
            ("unsupported protocol", "older than 1.2"),
            ("sslv3 alert handshake failure", "no cipher in common"),
            ("ssl/tls alert handshake failure", "no cipher in common"),
            ("tlsv13 alert certificate required", "client certificate"),
            ("tlsv1 alert unknown ca", "who signed the client certificate"),
            ("sslv3 alert certificate expired", "client certificate has expired"),
            ("tlsv1 unrecognized name", "host name"),
            ("dh key too small", "too short"),
            ("tlsv1 alert internal error", "log"),
        ] {
            let (found, next) = explain_tls_error(words).unwrap_or_else(|| panic!("{words}"));
            assert!(found.contains(cause) || next.contains(cause), "{words}: {found}, {next}");
        }
        assert_eq!(explain_tls_error("something new"), None);
    }

    #[test]
    fn the_librarys_words_are_kept_beside_the_cause() {
        let failure = HandshakeFailure::Tls("tlsv13 alert certificate required".into());
        let error = handshake_error(failure, "data connection");
        assert_eq!(error.kind(), Kind::Tls);
        assert_eq!(
            error.message(),
            "data connection: the server wants a client certificate \
             (tlsv13 alert certificate required)"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("tls:cert-file")));
        let error = handshake_error(HandshakeFailure::Tls("odd".into()), "x");
        assert_eq!((error.message(), error.hint()), ("x: odd", None));
    }
}
