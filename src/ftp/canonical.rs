//! Replies in the one form that suppaftp cannot misread, and which reply can belong to which command.
//!
//! A whole reply goes in, one line comes out: its code and, for passive replies, their value as
//! we read it. What the server really said lies beside it, in the exchange.

use super::reply::{self, Reply};

/// Whether a command moves data: its reply comes in two parts.
pub(super) fn is_data_verb(verb: &str) -> bool {
    matches!(verb, "RETR" | "STOR" | "APPE" | "STOU" | "LIST" | "NLST" | "MLSD")
}

/// Whether a command moves data, or says how the data connection for that is made.
pub(super) fn needs_port(verb: &str) -> bool {
    is_data_verb(verb) || matches!(verb, "EPSV" | "PASV" | "EPRT" | "PORT")
}

/// Whether a command may go out together with others before it whose replies are not looked at:
/// one of those, come twice, would not do as a reply to this.
pub(super) fn goes_with_others(verb: &str) -> bool {
    matches!(
        verb,
        "EPSV" | "PASV" | "LIST" | "NLST" | "MLSD" | "RETR" | "MLST" | "SIZE" | "MDTM" | "PWD"
    )
}

/// The one line that stands for `reply` towards suppaftp: its code and, for passive replies,
/// their value as we read it. A passive reply that makes no sense becomes a refusal. Where
/// suppaftp waits for one code, every other one of its class stands for it.
pub(super) fn canonical(reply: &Reply, verb: &str) -> Vec<u8> {
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

/// Whether a reply with `code` can be one to `verb`. Asked where several commands are under way
/// at once: there a reply too many or too few must not make one pass for the reply to another,
/// so a success must be the one that the command has (RFC 959 section 5.4, RFC 2428, RFC 3659,
/// RFC 4217). Refusals have the same codes for all.
pub(super) fn answers(verb: &str, code: u16) -> bool {
    // Codes that belong to these commands, and to no other that is sent together with them.
    const PECULIAR: [u16; 6] = [211, 213, 226, 227, 229, 257];
    match (verb, code) {
        (_, 400..) => true,
        ("EPSV", _) => code == 229,
        ("PASV", _) => code == 227,
        ("PWD", _) => code == 257,
        ("FEAT", _) => code == 211,
        ("SIZE" | "MDTM", _) => code == 213,
        ("MLST", _) => code == 250,
        ("PASS", _) => matches!(code, 202 | 230 | 232 | 332),
        ("USER", _) => matches!(code, 230 | 232 | 331 | 332),
        // Times: 213 from ProFTPD's MFMT and from Pure-FTPd's SITE UTIME, 200 and 250 elsewhere.
        ("MFMT" | "SITE", _) => matches!(code, 200 | 213 | 250 | 253),
        (verb, 100..200) => is_data_verb(verb),
        (verb, 225 | 226 | 250) if is_data_verb(verb) => true,
        (_, 200..300) => !PECULIAR.contains(&code),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_belongs_to_the_command_that_has_it() {
        for (verb, code, belongs) in [
            ("EPSV", 229, true),
            ("EPSV", 226, false),
            ("EPSV", 227, false),
            ("EPSV", 500, true),
            ("RETR", 226, true),
            ("RETR", 250, true),
            ("RETR", 150, true),
            ("RETR", 229, false),
            ("RETR", 213, false),
            ("MDTM", 213, true),
            ("MDTM", 226, false),
            ("MDTM", 550, true),
            ("MFMT", 213, true),
            ("MFMT", 229, false),
            ("SITE", 213, true),
            ("USER", 200, false),
            ("USER", 331, true),
            ("USER", 530, true),
            ("PASS", 331, false),
            ("PASS", 230, true),
            ("PROT", 200, true),
            ("PROT", 331, false),
            ("TYPE", 200, true),
            ("TYPE", 257, false),
            ("PWD", 257, true),
            ("PWD", 200, false),
            ("OPTS", 200, true),
            ("OPTS", 150, false),
            ("OPTS", 331, false),
        ] {
            assert_eq!(answers(verb, code), belongs, "{verb} {code}");
        }
    }
}
