//! The protection of data connections: `PBSZ 0` and `PROT` (RFC 4217 section 9).
//!
//! Both are sent before the user name, so that a server that does not protect data learns no
//! password. Some servers take them only after the login: they are then sent again, and no data
//! command is sent before they succeed.

use crate::error::{Error, Kind, Result};
use crate::ftp::control::expect::Command;
use crate::ftp::control::reply::Reply;
use crate::ftp::control::{Control, Position};

/// Whether PBSZ and PROT are sent before or after the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// Before: the server may want the login first.
    Before,
    /// After.
    After,
}

/// Sends both, pipelined. Returns whether the server agrees; `false` means that it takes them only
/// after the login.
///
/// # Errors
///
/// [`Kind::Tls`] if it refuses.
pub(in crate::ftp) fn protect_data(
    control: &mut Control,
    clear_data: bool,
    state: LoginState,
) -> Result<bool> {
    let buffer = Command::new("PBSZ", "0")?;
    let level = Command::new("PROT", if clear_data { "C" } else { "P" })?;
    control.queue(Position::After, level.clone())?;
    let replies = [("PBSZ", control.call(&buffer)?), ("PROT", control.call(&level)?)];
    let refusals: Vec<_> =
        replies.into_iter().filter(|(_, reply)| !reply.is_positive_completion()).collect();
    let too_early =
        !refusals.is_empty() && refusals.iter().all(|(_, reply)| wants_login_first(reply));
    if too_early && state == LoginState::Before {
        return Ok(false);
    }
    match refusals.into_iter().find(|(verb, reply)| is_fatal(verb, reply, clear_data)) {
        Some((verb, reply)) => Err(refused(verb, &reply, clear_data)),
        None => Ok(true),
    }
}

/// Whether this reply to PBSZ or PROT means that they are taken after the login.
pub fn wants_login_first(reply: &Reply) -> bool {
    matches!(reply.code, 503 | 530)
}

/// Whether no data can be transferred as configured after this refusal. Data in clear text needs no
/// agreement, unless the server demands the opposite.
fn is_fatal(verb: &str, reply: &Reply, clear_data: bool) -> bool {
    !clear_data || (verb == "PROT" && matches!(reply.code, 521 | 533 | 534 | 536))
}

fn refused(verb: &str, reply: &Reply, clear_data: bool) -> Error {
    let (what, hint) = match clear_data {
        true => ("accept data in clear text", "`--set tls:data=private`"),
        false => {
            let hint = "if clear-text data is acceptable: `--set tls:data=clear`";
            ("protect data connections", hint)
        }
    };
    let text = format!("the server refuses to {what}: {verb}: {}", reply.quoted_with_code());
    Error::new(Kind::Tls, text).with_hint(hint).with_reply(reply.code, reply.to_string())
}
