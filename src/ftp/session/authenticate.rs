//! USER, PASS and ACCT (RFC 959 section 5.4), for sessions and for `doctor`.

use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::Reply;
use crate::ftp::error_text::{is_server_full, server_full_error};

/// Who logs in.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// The user name.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
    /// The account (ACCT), if the server requires one.
    pub account: Option<&'a str>,
}

/// Sends USER, PASS and ACCT through `send`; returns the last reply.
///
/// # Errors
///
/// [`Kind::Login`] if the server refuses, [`Kind::Connect`] if it is full; those of `send`.
pub(in crate::ftp) fn authenticate(
    send: &mut dyn FnMut(&str, &str) -> Result<Reply>,
    host: &str,
    login: &LoginRequest<'_>,
) -> Result<Reply> {
    let user = login.user;
    let mut reply = send("USER", user)?;
    if reply.code == 331 {
        reply = send("PASS", login.password)?;
    }
    if reply.code == 332 {
        let account = login.account.ok_or_else(|| {
            refused_login(user, host, &reply)
                .with_hint("the server wants an account: put it into the netrc file")
        })?;
        reply = send("ACCT", account)?;
    }
    if reply.is_positive_completion() { Ok(reply) } else { Err(refused_login(user, host, &reply)) }
}

fn refused_login(user: &str, host: &str, reply: &Reply) -> Error {
    if is_server_full(reply) {
        return server_full_error(&format!("login as {user} on {host}"), reply);
    }
    Error::new(
        Kind::Login,
        format!("login as {user} on {host} refused: {}", reply.quoted_with_code()),
    )
    .with_hint("check the user name and the password")
    .with_reply(reply.code, reply.to_string())
}
