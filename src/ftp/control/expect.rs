//! What a control connection expects: commands with outstanding replies, and which reply can belong
//! to which command.
//!
//! A reply does not say which command it answers; only its order and its code do. A code that is
//! impossible for its verb means that the connection is out of step.

use std::time::{Duration, Instant};

use super::reply::Reply;
use crate::error::{Error, Kind, Result};
use crate::ftp::error_text::{blames_login, hint_for, is_server_full};
use crate::ftp::path::{decode_name, encode_name};

/// How long a prefetched passive port may be used: servers close it after a while.
const PORT_LIFETIME: Duration = Duration::from_secs(10);

/// How many preliminary replies (1yz) are skipped before a final reply.
const PRELIMINARY_MAX: usize = 64;

/// A command as bytes, without its line end and without Telnet escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ftp) struct Command(Vec<u8>);

impl Command {
    /// A usage error for CR, LF or NUL, which would end the command or inject another one.
    pub(in crate::ftp) fn new(verb: &str, argument: &str) -> Result<Self> {
        if argument.contains(['\r', '\n', '\0']) {
            return Err(Error::usage(format!(
                "{}: CR, LF and NUL cannot be sent to a server",
                argument.escape_debug()
            )));
        }
        let text = if argument.is_empty() { verb.to_owned() } else { format!("{verb} {argument}") };
        Self::from_line(encode_name(&text))
    }

    /// From a whole line without its line end.
    pub(in crate::ftp) fn from_line(line: Vec<u8>) -> Result<Self> {
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(Error::usage("the command holds a character that FTP forbids"));
        }
        Ok(Self(line))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The verb in upper case.
    pub(in crate::ftp) fn verb(&self) -> String {
        let verb = self.0.split(|byte| *byte == b' ').next().unwrap_or_default();
        decode_name(verb).to_ascii_uppercase()
    }
}

/// A command that was sent and whose reply is outstanding.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) command: Command,
    pub(super) verb: String,
    pub(super) sent: Instant,
    /// It was sent together with other commands: its reply must have a code known for its verb.
    pub(super) pipelined: bool,
    /// It was sent early, before it was called.
    pub(super) early: bool,
}

impl Pending {
    pub(super) fn new(command: Command, pipelined: bool, early: bool) -> Self {
        let verb = command.verb();
        Self { command, verb, sent: Instant::now(), pipelined, early }
    }

    /// Whether its reply can be used as the reply to `command`: it is the same command, and its
    /// passive port, if any, is still fresh.
    pub(super) fn matches(&self, command: &Command) -> bool {
        self.command == *command && (!self.is_passive() || self.sent.elapsed() < PORT_LIFETIME)
    }

    pub(super) fn is_passive(&self) -> bool {
        matches!(self.verb.as_str(), "EPSV" | "PASV")
    }
}

/// Counts the preliminary replies skipped while waiting for a final one.
#[derive(Debug, Default)]
pub(super) struct PreliminaryCounter(usize);

impl PreliminaryCounter {
    /// Fails when the limit is exceeded.
    pub(super) fn count(&mut self, reply: &Reply) -> Result<()> {
        self.0 += 1;
        if self.0 <= PRELIMINARY_MAX {
            return Ok(());
        }
        let text = format!("more than {PRELIMINARY_MAX} preliminary replies in a row");
        Err(Error::new(Kind::Connect, text).with_reply(reply.code, reply.to_string()))
    }
}

/// A reply that no command asked for.
pub(super) fn unexpected_reply() -> Error {
    Error::new(
        Kind::Connect,
        "the server sent a reply that no command asked for; \
         the connection is out of step and was given up",
    )
    .as_transient()
}

/// A reply with a code that is impossible for the current command.
pub(super) fn foreign_reply(verb: &str, reply: &Reply) -> Error {
    let text = format!(
        "{} \"{}\" is no reply to {verb}; the connection is out of step and was given up",
        reply.code,
        reply.last_text()
    );
    Error::new(Kind::Connect, text).as_transient()
}

/// The error for a 421, with which a server closes the connection.
pub(in crate::ftp) fn farewell_error(reply: &Reply) -> Error {
    let text = format!("the server closed the connection: {}", reply.quoted_with_code());
    let error =
        Error::new(Kind::Connect, text).with_reply(reply.code, reply.to_string()).as_transient();
    match hint_for(reply) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// As [`farewell_error`], for a connection that is not logged in yet: a server that closes it
/// because of a wrong password is not asked again with the same one.
pub(super) fn login_farewell_error(reply: &Reply) -> Error {
    if is_server_full(reply) || !blames_login(reply) {
        return farewell_error(reply);
    }
    let text = format!("the server refused the login: {}", reply.quoted_with_code());
    Error::new(Kind::Login, text)
        .with_hint("check the user name and the password; the server may have locked the account")
        .with_reply(reply.code, reply.to_string())
}

/// Whether a command transfers data: it has two replies.
pub(in crate::ftp) fn is_data_verb(verb: &str) -> bool {
    matches!(verb, "RETR" | "STOR" | "APPE" | "STOU" | "LIST" | "NLST" | "MLSD")
}

/// Whether this is the last reply to a download that the client has ended early. Pure-FTPd sends no
/// completion reply then: only the rate, with the code of the preliminary reply.
pub(super) fn completes_aborted_download(reply: &Reply) -> bool {
    reply.code == 150 && reply.last_text().contains("seconds (measured here)")
}

/// Whether a command transfers data to the server.
pub(in crate::ftp) fn is_upload_verb(verb: &str) -> bool {
    matches!(verb, "STOR" | "APPE" | "STOU")
}

/// Whether a command transfers data or configures the data connection for it.
pub(super) fn needs_port(verb: &str) -> bool {
    is_data_verb(verb) || matches!(verb, "EPSV" | "PASV" | "EPRT" | "PORT")
}

/// Whether a command may be pipelined behind others whose replies are discarded: a duplicate of one
/// of those replies cannot be taken for a reply to this command.
pub(super) fn is_safe_after_others(verb: &str) -> bool {
    matches!(
        verb,
        "EPSV" | "PASV" | "LIST" | "NLST" | "MLSD" | "RETR" | "MLST" | "SIZE" | "MDTM" | "PWD"
    )
}

/// Whether a code is possible in a reply to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Fit {
    /// It is a code of this command.
    Own,
    /// A success code that this command should not have, but may have on some server. It is
    /// accepted only if no other reply is outstanding; where it matters, another command has to
    /// confirm that the connection is in step.
    Unusual,
    /// It belongs to another command: the connection is out of step.
    Foreign,
}

/// Whether `code` is possible in a reply to `verb` (RFC 959 section 5.4, RFC 2228, RFC 2389, RFC
/// 2428, RFC 3659, draft-somers-ftp-mfxx, draft-bryan-ftp-hash; measured: vsftpd, ProFTPD,
/// Pure-FTPd, pyftpdlib, libunftp). An extra reply may arrive at any time and must not be taken for
/// the reply to a later command. Refusals have the same codes for all verbs.
pub(in crate::ftp) fn reply_fit(verb: &str, code: u16) -> Fit {
    let own: &[u16] = match verb {
        _ if code >= 400 => return Fit::Own,
        _ if is_data_verb(verb) && code < 200 => return Fit::Own,
        _ if is_data_verb(verb) => match code {
            225 | 226 | 250 => return Fit::Own,
            _ => return Fit::Foreign,
        },
        "EPSV" => &[229],
        "PASV" => &[227],
        "PWD" | "XPWD" => &[257],
        "FEAT" => &[211],
        "SIZE" => &[213],
        // A time, or the confirmation that one was set.
        "MDTM" => &[200, 213, 250, 253],
        "MLST" => &[250],
        "PASS" => &[202, 230, 232, 332],
        "USER" => &[230, 232, 331, 332],
        "ACCT" => &[202, 230, 232],
        "REST" | "RNFR" => &[350],
        "CWD" | "XCWD" | "CDUP" | "XCUP" => &[200, 250],
        "MKD" | "XMKD" => &[250, 257],
        "DELE" | "RMD" | "XRMD" | "RNTO" => &[250],
        // Times: 213 from ProFTPD's MFMT and from Pure-FTPd's SITE UTIME, 200 and 250 elsewhere.
        "MFMT" | "MFCT" | "MFF" => &[200, 213, 250, 253],
        "SITE" => &[200, 202, 211, 213, 214, 215, 250, 253],
        "TYPE" | "MODE" | "STRU" | "PBSZ" | "PROT" | "NOOP" | "OPTS" | "EPRT" | "PORT" | "ALLO" => {
            &[200, 202]
        }
        "HASH" | "XCRC" | "XMD5" | "XSHA" | "XSHA1" | "XSHA256" | "XSHA512" | "MD5" => {
            &[200, 213, 250, 251]
        }
        "SYST" => &[215],
        "STAT" | "HELP" => &[200, 211, 212, 213, 214],
        "QUIT" => &[221],
        // Commands typed by a user: their codes are unknown.
        _ => return if code < 200 { Fit::Foreign } else { Fit::Own },
    };
    // Replies that are valid only with the command's own code.
    let peculiar =
        matches!(verb, "EPSV" | "PASV" | "SIZE" | "MDTM" | "USER" | "PASS" | "ACCT" | "RNFR");
    match code {
        _ if own.contains(&code) => Fit::Own,
        _ if peculiar => Fit::Foreign,
        // Codes that belong only to other commands.
        ..200 | 211 | 213 | 215 | 220 | 221 | 225..=227 | 229..=234 | 257 | 300.. => Fit::Foreign,
        _ => Fit::Unusual,
    }
}

/// Whether a command changes names: a success with an unusual code has to be confirmed.
pub(in crate::ftp) fn needs_confirmation(verb: &str) -> bool {
    matches!(verb, "DELE" | "RMD" | "XRMD" | "MKD" | "XMKD" | "RNTO")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_belongs_to_the_command_that_has_it() {
        use Fit::{Foreign, Own, Unusual};
        for (verb, code, belongs) in [
            ("EPSV", 229, Own),
            ("EPSV", 226, Foreign),
            ("EPSV", 227, Foreign),
            ("EPSV", 250, Foreign),
            ("EPSV", 500, Own),
            ("RETR", 226, Own),
            ("RETR", 250, Own),
            ("RETR", 150, Own),
            ("RETR", 200, Foreign),
            ("RETR", 229, Foreign),
            ("RETR", 213, Foreign),
            ("MDTM", 213, Own),
            ("MDTM", 226, Foreign),
            ("MDTM", 550, Own),
            ("MFMT", 213, Own),
            ("MFMT", 200, Own),
            ("MFMT", 229, Foreign),
            ("SITE", 213, Own),
            ("USER", 200, Foreign),
            ("USER", 331, Own),
            ("USER", 530, Own),
            ("PASS", 331, Foreign),
            ("PASS", 230, Own),
            ("PROT", 200, Own),
            ("PROT", 331, Foreign),
            ("TYPE", 200, Own),
            ("TYPE", 257, Foreign),
            ("PWD", 257, Own),
            ("PWD", 200, Unusual),
            ("PWD", 250, Unusual),
            ("OPTS", 200, Own),
            ("OPTS", 150, Foreign),
            ("OPTS", 331, Foreign),
            ("DELE", 250, Own),
            ("DELE", 200, Unusual),
            ("DELE", 226, Foreign),
            ("DELE", 213, Foreign),
            ("DELE", 257, Foreign),
            ("DELE", 350, Foreign),
            ("DELE", 150, Foreign),
            ("RNTO", 350, Foreign),
            ("RNFR", 250, Foreign),
            ("MKD", 257, Own),
            ("CWD", 257, Foreign),
            ("XYZZY", 299, Own),
        ] {
            assert_eq!(reply_fit(verb, code), belongs, "{verb} {code}");
        }
    }
}
