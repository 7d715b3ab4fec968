//! Replies by which a server says that it is full: too many users, connections or sessions.
//!
//! They are transient and say nothing about the password, whatever their code. A reply that speaks
//! of attempts or of a wrong password is never one of them: to repeat a wrong password locks
//! accounts. The texts are from the sources and manuals of vsftpd, ProFTPD, Pure-FTPd, pyftpdlib,
//! FileZilla Server, IIS, Serv-U, Apache FtpServer and aioftp.

use crate::ftp::control::reply::Reply;

/// What is counted, in what follows one of [`MEASURES`].
const COUNTED: [&str; 9] =
    ["connect", "user", "client", "session", "login", "logon", "host", "transfer", "logged in"];

/// Words before what is counted.
const MEASURES: [&str; 5] = ["too many", "too much", "maximum", "max ", "max. "];

/// Phrases that need no further words.
const PHRASES: [&str; 15] = [
    "(the maximum)",
    "can't accept more than",
    "cannot accept more than",
    "connection limit",
    "connections limit",
    "user limit",
    "session limit",
    "client limit",
    "login limit",
    "no more connections",
    "no more users",
    "allowed concurrently",
    "server is full",
    "server full",
    "system busy",
];

/// Words that blame the login, anywhere in the text.
const WRONG: [&str; 6] = ["incorrect", "wrong", "invalid", "password", "locked", "banned"];

/// Further words of a server that gives up on a login.
const BLAME: [&str; 8] = [
    "attempt",
    "login fail",
    "failed login",
    "logins fail",
    "authentication fail",
    "bad login",
    "login error",
    "tries",
];

/// Words that blame the login in what follows one of [`MEASURES`], or are about another limit.
const OTHER_LIMITS: [&str; 10] = [
    "attempt",
    "fail",
    "error",
    "tries",
    "bad ",
    "size",
    "quota",
    "bytes",
    "time limit",
    "per second",
];

/// Whether the server takes no more users, connections or sessions just now.
pub(in crate::ftp) fn is_server_full(reply: &Reply) -> bool {
    matches!(reply.code, 421 | 425 | 426 | 450 | 451 | 530 | 550) && says_full(&reply.text())
}

/// Whether the reply blames the user name or the password, or what was tried before.
pub(in crate::ftp) fn blames_login(reply: &Reply) -> bool {
    let text = reply.text().to_ascii_lowercase();
    contains_any(&text, &WRONG) || contains_any(&text, &BLAME)
}

fn says_full(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if contains_any(&text, &WRONG) {
        return false;
    }
    let is_count = |after: &str| contains_any(after, &COUNTED);
    let after_measure = MEASURES.iter().filter_map(|measure| text.split_once(measure));
    let mut counts =
        after_measure.map(|(_, after)| after).filter(|after| is_count(after)).peekable();
    match counts.peek() {
        Some(_) => !counts.any(|after| contains_any(after, &OTHER_LIMITS)),
        None => contains_any(&text, &PHRASES) && !contains_any(&text, &OTHER_LIMITS),
    }
}

fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> Reply {
        Reply::new(code, text.lines().map(|line| line.as_bytes().to_vec()).collect())
    }

    /// Texts of servers that are full.
    const FULL: [(u16, &str); 30] = [
        // vsftpd
        (421, "There are too many connected users, please try later."),
        (421, "There are too many connections from your internet address."),
        // ProFTPD, with its own texts and with that of its examples
        (530, "Sorry, the maximum number of clients (2) for this user are already connected."),
        (530, "Sorry, the maximum number of allowed clients (10) are already connected."),
        (530, "Sorry, the maximum number of connections (10) for your host are already connected."),
        (530, "Sorry, the maximum number of hosts (1) for this user are already connected."),
        (530, "Sorry, max 1 users -- try again later"),
        (530, "max 1 users"),
        (
            451,
            "Sorry, the maximum number of data transfers (2) from your host are currently being used.",
        ),
        (421, "System busy, try again later"),
        // Pure-FTPd
        (421, "100 users (the maximum) are already logged in, sorry"),
        (421, "Too many connections (8) from this IP"),
        (421, "I can't accept more than 2 connections as the same user"),
        // pyftpdlib
        (421, "Too many connections. Service temporarily unavailable."),
        (421, "Too many connections from the same IP address."),
        // FileZilla Server
        (421, "Too many users are connected, please try again later."),
        (421, "Refusing connection. Reason: Max. connection count reached for this IP."),
        (530, "Login failed: too many connections for this user"),
        // IIS
        (421, "Maximum clients reached, service unavailable."),
        (421, "Maximum number of clients reached, service unavailable."),
        (421, "Terminating connection: maximum session count reached"),
        // Serv-U and others
        (421, "Too many users logged in, closing control connection."),
        (530, "Sorry, too many users logged in already"),
        (530, "Only 1 session(s) from same IP address allowed concurrently"),
        // Apache FtpServer
        (421, "Maximum login limit has been reached."),
        (530, "Maximum server connection has been reached."),
        // ftpserverlib, aioftp, wu-ftpd
        (530, "too many open sessions"),
        (530, "too much connections for 'joe'"),
        (530, "The user limit is reached\nUser joe access denied."),
        (530, "Sorry, the server is full"),
    ];

    /// Texts about the login, or about another limit.
    const NOT_FULL: [(u16, &str); 24] = [
        (421, "Too many login errors"),
        (421, "Your address is banned: too many connections"),
        (530, "Login incorrect."),
        (530, "Authentication failed."),
        (530, "Login authentication failed"),
        (530, "User cannot log in."),
        (530, "Password incorrect, too many users have that problem"),
        (421, "Maximum login attempts (3) exceeded, connection refused"),
        (530, "Maximum login attempts. Disconnecting."),
        (421, "Too many failed logins from this host"),
        (530, "Too many login failures for this user"),
        (530, "Too many bad logins"),
        (421, "Too many tries for this user"),
        (530, "Too many authentication failures, connection closed"),
        (421, "Login incorrect. Maximum number of users is 5"),
        (530, "Account locked: too many connections"),
        (530, "Only anonymous users allowed"),
        (530, "User maximus not found"),
        (421, "Timeout."),
        (421, "Service not available, closing control connection."),
        (550, "Maximum file size of this user is 10 MB"),
        (450, "Too many bytes for this user"),
        (552, "Too many connections"),
        (230, "Too many connections"),
    ];

    #[test]
    fn a_full_server_is_told_from_a_wrong_password() {
        for (code, text) in FULL {
            assert!(is_server_full(&reply(code, text)), "{code} {text}");
            assert!(!blames_login(&reply(code, text)) || text.contains("Login failed"), "{text}");
        }
        for (code, text) in NOT_FULL {
            assert!(!is_server_full(&reply(code, text)), "{code} {text}");
        }
    }

    #[test]
    fn a_farewell_that_speaks_of_attempts_or_passwords_blames_the_login() {
        for text in [
            "Maximum login attempts (3) exceeded, connection refused",
            "Too many failed login attempts",
            "Login incorrect.",
            "Authentication failed",
            "Wrong password, goodbye",
            "This account is locked",
            "Too many bad logins",
            "Your address is banned: too many login errors",
        ] {
            assert!(blames_login(&reply(421, text)), "{text}");
        }
        for text in ["Timeout.", "Service not available", "Login timeout (300 seconds)"] {
            assert!(!blames_login(&reply(421, text)), "{text}");
        }
    }
}
