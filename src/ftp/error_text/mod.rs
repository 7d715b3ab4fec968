//! Messages for refusals: the server's text, its meaning, and what to do next.
//!
//! The kind of a refusal determines the exit status; one table has the cause and the next step for
//! every code that users encounter. The server's text is always quoted.

mod connect_errors;
mod server_full;
mod server_messages;
mod tls_errors;

pub(super) use connect_errors::connect_hint;
pub(super) use server_full::{blames_login, is_server_full};
pub use tls_errors::explain_tls_error;
pub(super) use tls_errors::handshake_error;

use crate::error::{Error, Kind};
use crate::ftp::control::reply::Reply;

/// The error for a refusal of `what` ("get a.txt", "cd /x").
pub fn refusal_error(what: &str, reply: &Reply) -> Error {
    explained_error(error_kind(reply), what, reply)
}

/// A failure that the server reported after the data connection had been opened.
pub fn transfer_error(what: &str, reply: &Reply) -> Error {
    let kind = match reply.code {
        // The server's limits and permissions, detected late.
        450 | 452 | 532 | 550..=553 => Kind::Refused,
        421 => Kind::Connect,
        _ if demands_session_reuse(reply) => Kind::Tls,
        _ => Kind::Incomplete,
    };
    explained_error(kind, what, reply)
}

/// The error for a connection or login that a full server refuses, whatever its code.
pub(super) fn server_full_error(what: &str, reply: &Reply) -> Error {
    explained_error(Kind::Connect, what, reply)
}

/// The error for a passive command that a server without a free port refuses.
pub(super) fn no_free_port_error(what: &str, reply: &Reply) -> Error {
    let text = reply.last_text();
    let (meaning, next) = NO_FREE_PORT;
    let kind = if reply.class() == 4 { Kind::Refused } else { Kind::Connect };
    Error::new(kind, format!("{what}: {meaning} ({} \"{text}\")", reply.code))
        .with_reply(reply.code, reply.to_string())
        .with_hint(next)
        .as_transient()
}

/// Whether the reply to a passive command says that no port is free just now. vsftpd ends the
/// session with a 500.
pub(super) fn has_no_free_port(reply: &Reply) -> bool {
    reply.class() == 4 || (reply.code == 500 && reply.text().contains("find a listening port"))
}

fn explained_error(kind: Kind, what: &str, reply: &Reply) -> Error {
    let mut error = Error::new(kind, format!("{what}: {}", quoted_reply(reply)))
        .with_reply(reply.code, reply.to_string())
        .out_of_space_if(server_messages::is_out_of_space(reply.code, &reply.text()));
    // A demand for session reuse keeps its kind, regardless of the code; a missing file does not
    // appear by waiting.
    let is_missing = reply.code == 450 && server_messages::is_missing_file(&reply.text());
    let may_pass = reply.class() == 4 && !is_missing;
    if kind != Kind::Tls && (may_pass || is_server_full(reply)) {
        error = error.as_transient();
    }
    match hint_for(reply) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn quoted_reply(reply: &Reply) -> String {
    let text = reply.text();
    let text = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
    let (meaning, _) = cause_and_hint(reply);
    if text.is_empty() {
        format!("{meaning} ({})", reply.code)
    } else {
        format!("{meaning} ({} \"{text}\")", reply.code)
    }
}

/// The cause of a refusal, and what to do next, from the reply's text or else its code.
fn cause_and_hint(reply: &Reply) -> (&'static str, &'static str) {
    if demands_session_reuse(reply) {
        return (
            "the server demands TLS session reuse on data connections",
            "use the backend that can: `set tls:backend openssl`; a server can do without it \
             (vsftpd: `require_ssl_reuse=NO`)",
        );
    }
    if is_server_full(reply) {
        return SERVER_FULL;
    }
    server_messages::cause_by_message(reply.code, &reply.text())
        .unwrap_or_else(|| cause_by_code(reply.code))
}

/// A server that takes no more users, connections or sessions.
const SERVER_FULL: (&str, &str) = (
    "the server takes no more connections of this user or address",
    "wait, or use fewer: `set net:connection-limit 1`; the server's limits are `max_per_ip` \
     (vsftpd), `MaxClientsPerHost` (ProFTPD), `MaxClientsPerIP` (Pure-FTPd)",
);

/// A passive command that fails because all ports of the range are in use.
const NO_FREE_PORT: (&str, &str) = (
    "the server has no free port for a data connection",
    "wait, or use fewer connections: `set net:connection-limit 1`; its administrator can widen \
     the range of passive ports",
);

fn cause_by_code(code: u16) -> (&'static str, &'static str) {
    match code {
        421 => (
            "the server closes the connection",
            "try again later, or with fewer connections: `set net:connection-limit 1`",
        ),
        425 => (
            "the server cannot open the data connection",
            "a firewall may block the data ports: try `set ftp:mode pasv` or `epsv`, or `doctor`",
        ),
        426 => (
            "the server ended the transfer early",
            "try again with `get -c` or `put -c`, which go on where this stopped",
        ),
        450 => (
            "the file is in use, or cannot be had just now",
            "try again in a moment: someone may be writing it",
        ),
        451 => (
            "the server failed while it worked on this",
            "try again; if it fails the same way, the server's log says why",
        ),
        452 => (
            "there is no room on the server just now",
            "make room on the server, or ask its administrator",
        ),
        500 | 502 => (
            "the server does not know this command, or has it turned off",
            "`feat` shows what it can do",
        ),
        501 | 504 => (
            "the server does not take this argument",
            "`feat` shows what it can do; names with unusual characters may be the cause",
        ),
        503 => ("the server wants another command before this one", "`reconnect`, and try again"),
        522 => (
            "the server does not accept this kind of TLS or address",
            "try `set ftp:mode pasv` or `set tls:max-version 1.2`",
        ),
        530 => ("not logged in, or not allowed for this account", "log in with `user NAME`"),
        532 => {
            ("the server wants an account to store files", "put the account into the netrc file")
        }
        533 => (
            "the server does not take this command without protection",
            "data connections must be private there: `set tls:data private`",
        ),
        534 => (
            "the server's policy demands another level of protection",
            "the server may want `set tls:data clear`",
        ),
        535 => (
            "the server found the TLS handshake or the certificate wrong",
            "check `tls:cert-file` if the server wants a client certificate; else try `doctor`",
        ),
        536 => (
            "the server does not have this level of protection",
            "if clear-text data is acceptable: `set tls:data clear`",
        ),
        550 => (
            "no such file or directory, or no permission",
            "look with `ls` whether it is there and readable",
        ),
        551 => (
            "the server failed while it read or wrote the file",
            "look with `ls` whether it is there and readable; the server's log says more",
        ),
        552 => (
            "the disk or the quota is full",
            "make room on the server, or ask its administrator for a larger quota",
        ),
        553 => (
            "the file name is not allowed, or the directory is not writable",
            "try another name or directory",
        ),
        _ => ("the server refused", ""),
    }
}

/// Whether a reply demands that data connections resume the control connection's session: vsftpd
/// sends 522, Pure-FTPd and others 425 or 450 with a text about the session.
fn demands_session_reuse(reply: &Reply) -> bool {
    if !matches!(reply.code, 425 | 426 | 435 | 450 | 522) {
        return false;
    }
    let text = reply.text().to_ascii_lowercase();
    text.contains("reuse") || text.contains("resum") || text.contains("session")
}

/// Adds a solution to a refusal that means "you did not resume my session", for a backend that
/// cannot resume. ProFTPD sends only 425 "operation not permitted". Any other refusal is unchanged.
pub fn session_reuse_error(error: Error, reply: &Reply) -> Error {
    if !matches!(reply.code, 425 | 450 | 522) && !demands_session_reuse(reply) {
        return error;
    }
    let demand = match demands_session_reuse(reply) {
        true => "the native-tls backend cannot do that",
        false => "the server demands TLS session reuse, which the native-tls backend cannot do",
    };
    Error::new(Kind::Tls, format!("{}; {demand}", error.message()))
        .with_hint("`set tls:backend openssl`, or `--set tls:backend=openssl`")
        .with_reply(reply.code, reply.to_string())
}

fn error_kind(reply: &Reply) -> Kind {
    match reply.code {
        421 => Kind::Connect,
        530 if is_server_full(reply) => Kind::Connect,
        _ if demands_session_reuse(reply) => Kind::Tls,
        // PROT or AUTH was refused, or TLS is required elsewhere.
        431 | 521 | 533 | 534 | 535 | 536 => Kind::Tls,
        _ => Kind::Refused,
    }
}

pub(super) fn hint_for(reply: &Reply) -> Option<&'static str> {
    Some(cause_and_hint(reply).1).filter(|hint| !hint.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> Reply {
        Reply::new(code, vec![text.as_bytes().to_vec()])
    }

    #[test]
    fn refusals_quote_the_server_and_explain() {
        let error = refusal_error("get a.txt", &reply(550, "Failed to open file."));
        assert_eq!(error.kind(), Kind::Refused);
        assert_eq!(
            error.message(),
            "get a.txt: no such file or directory, or no permission \
             (550 \"Failed to open file.\")"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("ls")));
    }

    #[test]
    fn a_550_that_means_something_else_is_not_called_a_missing_file() {
        for (text, meaning) in [
            ("new: File exists", "mkdir new: it is there already"),
            ("Directory not empty.", "mkdir new: the directory is not empty"),
            ("'file' does not exist", "mkdir new: no such file or directory"),
        ] {
            let error = refusal_error("mkdir new", &reply(550, text));
            assert!(error.message().starts_with(meaning), "{error}");
        }
    }

    #[test]
    fn a_server_that_says_more_than_its_code_is_listened_to() {
        let full = reply(421, "Too many connections (2) from this IP");
        assert_eq!(refusal_error("login", &full).kind(), Kind::Connect);
        assert!(refusal_error("login", &full).message().contains("no more connections"));
        assert!(refusal_error("login", &full).is_transient());
        let reuse = reply(522, "SSL connection failed; session reuse required");
        assert!(hint_for(&reuse).is_some_and(|hint| hint.contains("require_ssl_reuse")));
    }

    #[test]
    fn every_code_that_users_meet_has_a_cause_and_a_next_step() {
        for code in [
            421, 425, 426, 450, 451, 452, 500, 502, 504, 522, 530, 533, 534, 535, 536, 550, 551,
            552, 553,
        ] {
            let reply = reply(code, "no");
            assert!(hint_for(&reply).is_some(), "{code}");
            assert_ne!(cause_and_hint(&reply).0, "the server refused", "{code}");
        }
        assert_eq!(cause_and_hint(&reply(599, "no")), ("the server refused", ""));
    }

    #[test]
    fn a_demand_for_session_reuse_is_told_from_other_refusals() {
        let vsftpd = reply(522, "SSL connection failed; session reuse required: see vsftpd.conf");
        assert_eq!(refusal_error("ls", &vsftpd).kind(), Kind::Tls);
        assert!(refusal_error("ls", &vsftpd).hint().is_some_and(|h| h.contains("tls:backend")));
        assert_eq!(
            refusal_error("ls", &reply(522, "Protocol not supported")).kind(),
            Kind::Refused
        );
        assert_eq!(
            refusal_error("ls", &reply(425, "Cannot open connection")).kind(),
            Kind::Refused
        );
    }

    #[test]
    fn a_transfer_that_failed_half_way_is_incomplete_unless_the_server_has_a_reason() {
        assert_eq!(transfer_error("get a", &reply(426, "broken")).kind(), Kind::Incomplete);
        assert_eq!(transfer_error("get a", &reply(451, "local error")).kind(), Kind::Incomplete);
        assert_eq!(transfer_error("put a", &reply(552, "quota")).kind(), Kind::Refused);
    }

    #[test]
    fn a_full_disk_or_quota_is_known_by_the_code_and_by_the_words() {
        for (code, text, full) in [
            (452, "try later", true),
            (552, "STOR: notice: quota reached", true),
            (451, "x: No space left on device", true),
            (550, "Quota exceeded", true),
            (451, "Failure writing to local file.", true),
            (451, "Error during write to file", true),
            (451, "Failure reading local file.", false),
            (550, "Permission denied", false),
        ] {
            assert_eq!(
                transfer_error("put a", &reply(code, text)).is_out_of_space(),
                full,
                "{text}"
            );
            assert_eq!(
                refusal_error("put a", &reply(code, text)).is_out_of_space(),
                full,
                "{text}"
            );
        }
    }

    #[test]
    fn a_551_has_one_kind_before_and_after_the_data() {
        let failed = reply(551, "a: error on input file");
        assert_eq!(refusal_error("get a", &failed).kind(), Kind::Refused);
        assert_eq!(transfer_error("get a", &failed).kind(), Kind::Refused);
    }

    #[test]
    fn a_450_about_a_missing_file_is_not_called_busy_and_not_retried() {
        let missing = refusal_error("get a", &reply(450, "a: No such file or directory"));
        assert!(missing.message().starts_with("get a: no such file or directory"), "{missing}");
        assert!(!missing.is_transient());
        let busy = refusal_error("get a", &reply(450, "a: file busy"));
        assert!(busy.message().contains("in use") && busy.is_transient(), "{busy}");
    }

    #[test]
    fn a_full_server_is_a_transient_failure_of_the_connection_whatever_its_code() {
        for code in [421, 530] {
            let error = refusal_error("login", &reply(code, "max 1 users"));
            assert_eq!((error.kind(), error.is_transient()), (Kind::Connect, true), "{code}");
            assert!(error.message().contains("no more connections"), "{error}");
        }
    }
}
