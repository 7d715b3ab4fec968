//! Replies in the one form that suppaftp cannot misread, and which reply can belong to which command.
//!
//! A whole reply goes in, one line comes out: its code and, for passive replies, their value as
//! we read it. What the server really said lies beside it, in the exchange.

use super::reply::{self, Reply};

/// Whether a command moves data: its reply comes in two parts.
pub(in crate::ftp) fn is_data_verb(verb: &str) -> bool {
    matches!(verb, "RETR" | "STOR" | "APPE" | "STOU" | "LIST" | "NLST" | "MLSD")
}

/// Whether a command moves data, or says how the data connection for that is made.
pub(in crate::ftp) fn needs_port(verb: &str) -> bool {
    is_data_verb(verb) || matches!(verb, "EPSV" | "PASV" | "EPRT" | "PORT")
}

/// Whether a command may go out together with others before it whose replies are not looked at:
/// one of those, come twice, would not do as a reply to this.
pub(in crate::ftp) fn is_safe_after_others(verb: &str) -> bool {
    matches!(
        verb,
        "EPSV" | "PASV" | "LIST" | "NLST" | "MLSD" | "RETR" | "MLST" | "SIZE" | "MDTM" | "PWD"
    )
}

/// The one line that stands for `reply` towards suppaftp: its code and, for passive replies,
/// their value as we read it. A passive reply that makes no sense becomes a refusal. Where
/// suppaftp waits for one code, every other one of its class stands for it.
pub(in crate::ftp) fn canonical(reply: &Reply, verb: &str) -> Vec<u8> {
    let line = match reply.code {
        229 => match reply::epsv_port(reply) {
            Ok(port) => format!("229 ok (|||{port}|)"),
            Err(_) => "500 unusable".to_owned(),
        },
        227 => match reply::pasv_address(reply) {
            Ok((address, port)) => {
                let [a, b, c, d] = address.octets();
                format!("227 ok ({a},{b},{c},{d},{},{})", port >> 8, port & 255)
            }
            Err(_) => "500 unusable".to_owned(),
        },
        100..200 if is_data_verb(verb) => "150 ok".to_owned(),
        200..300 if matches!(verb, "PBSZ" | "PROT") => "200 ok".to_owned(),
        code => format!("{code} ok"),
    };
    let mut line = line.into_bytes();
    line.extend_from_slice(b"\r\n");
    line
}

/// Whether a reply with some code can be the reply to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum Fit {
    /// It is one that this command has.
    Own,
    /// A success that it should not have, but may have on some server. It counts only where no
    /// other reply is to come, and where it matters, another command has to show that the
    /// connection is in step.
    Unusual,
    /// It belongs to another command: the connection is out of step.
    Foreign,
}

/// Whether a reply with `code` can be one to `verb` (RFC 959 section 5.4, RFC 2228, RFC 2389, RFC
/// 2428, RFC 3659, draft-somers-ftp-mfxx, draft-bryan-ftp-hash; measured: vsftpd, ProFTPD, Pure-FTPd,
/// pyftpdlib, libunftp). A reply too many may come at any moment, and must not pass for the reply
/// to a command that follows. Refusals have the same codes for all.
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
        // A time, or that one was set.
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
        // What a user may send: nothing is known of it.
        _ => return if code < 200 { Fit::Foreign } else { Fit::Own },
    };
    // Replies that are nothing without their own code.
    let peculiar =
        matches!(verb, "EPSV" | "PASV" | "SIZE" | "MDTM" | "USER" | "PASS" | "ACCT" | "RNFR");
    match code {
        _ if own.contains(&code) => Fit::Own,
        _ if peculiar => Fit::Foreign,
        // Codes that other commands have, and nothing else.
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
