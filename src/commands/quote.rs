//! `quote` and `site`: a command as it is, and the server's whole reply.
//!
//! What would bring the session out of step, or what this program must answer for (protection,
//! login), is refused.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::client::AuditSide;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::reply::Reply;
use crate::ftp::session::Session;

/// Send a raw FTP command
///
/// Shows the complete reply. Commands that transfer data, log in or change the TLS protection are
/// refused.
#[derive(Debug, Parser)]
pub struct Quote {
    /// The command
    #[arg(
        value_name = "WORD",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

/// Send a SITE command
///
/// The same as `quote SITE …`. On many servers `site help` lists the commands.
#[derive(Debug, Parser)]
pub struct Site {
    /// The command
    #[arg(
        value_name = "WORD",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

impl Builtin for Quote {
    const NAME: &'static str = "quote";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "quote SYST", about: "ask for the server's system type" }];

    fn check(&self) -> Result<()> {
        split_command(&self.words.join(" ")).map(drop)
    }

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let line = self.words.join(" ");
        let (verb, argument) = split_command(&line)?;
        Ok(send_raw_command(ctx, &verb, argument)?)
    }
}

impl Builtin for Site {
    const NAME: &'static str = "site";
    const GROUP: Group = Group::Server;
    const EXAMPLES: &'static [Example] = &[Example {
        line: "site help || echo no help here",
        about: "list the SITE commands of the server",
    }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        Ok(send_raw_command(ctx, "SITE", &self.words.join(" "))?)
    }
}

/// Verb, in capitals, and argument; or why this is not sent.
fn split_command(line: &str) -> Result<(String, &str)> {
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    let is_verb = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_verb {
        // What follows a blank of another kind may be a password.
        let shown = verb.split_whitespace().next().unwrap_or_default();
        return Err(Error::usage(format!("quote: {shown:?} is not an FTP command")));
    }
    let verb = verb.to_ascii_uppercase();
    match forbidden_reason(&verb) {
        None => Ok((verb, argument)),
        Some((why, hint)) => {
            Err(Error::usage(format!("quote {verb}: not sent: {why}")).with_hint(hint))
        }
    }
}

/// Why a command is not sent, and what to type instead.
fn forbidden_reason(verb: &str) -> Option<(&'static str, &'static str)> {
    let data = "it needs a data connection";
    Some(match verb {
        "PROT" | "PBSZ" | "CCC" | "CDC" | "AUTH" | "ADAT" | "MIC" | "CONF" | "ENC" => {
            ("it would change the TLS protection", "use the setting `tls:data`")
        }
        "USER" | "PASS" | "ACCT" => {
            ("it would change the login", "`user NAME`, or `user NAME PASSWORD` in a script")
        }
        "REIN" | "QUIT" => ("it would end the session", "`close`"),
        "RETR" => (data, "`get` or `cat`"),
        "STOR" | "STOU" | "APPE" => (data, "`put`"),
        "LIST" | "NLST" | "MLSD" => (data, "`ls`, or `ls --raw`"),
        "PASV" | "EPSV" | "LPSV" | "SPSV" | "PORT" | "EPRT" | "LPRT" => {
            ("data connections are opened as needed", "the setting `ftp:mode`")
        }
        "ABOR" | "REST" => ("it is only valid during a transfer", "`get -c` resumes"),
        "TYPE" | "MODE" | "STRU" => {
            ("it would change how files are transferred", "`get -a` transfers text")
        }
        _ => return None,
    })
}

fn send_raw_command(ctx: &mut Context, verb: &str, argument: &str) -> Result<()> {
    let changes_directory = matches!(verb, "CWD" | "XCWD" | "CDUP" | "XCUP");
    let send = |session: &mut Session| {
        let reply = session.command(verb, argument)?;
        if changes_directory && reply.is_positive_completion() {
            // The session must know where it is.
            session.refresh_directory()?;
        }
        Ok(reply)
    };
    let result = if changes_directory || is_read_only(verb, argument) {
        ctx.client.ask_server(send)
    } else {
        send(ctx.client.session()?)
    };
    let error = result.as_ref().map_or_else(|e| Some(e.clone()), |r| refusal_error(verb, r));
    audit_command(ctx, verb, argument, error.as_ref());
    let reply = result?;
    // It may have changed anything.
    ctx.client.listings.invalidate_all();
    for line in reply_lines(&reply) {
        ctx.out.line(&line)?;
    }
    refusal_error(verb, &reply).map_or(Ok(()), Err)
}

/// Whether a command changes nothing on the server, so that it may be sent again after the loss of
/// the connection.
fn is_read_only(verb: &str, argument: &str) -> bool {
    // With a time before the name, MDTM sets it.
    let sets_time = || argument.as_bytes().iter().take_while(|b| b.is_ascii_digit()).count() >= 14;
    match verb {
        "NOOP" | "PWD" | "XPWD" | "SIZE" | "MLST" | "STAT" | "SYST" | "FEAT" | "HELP" => true,
        "MDTM" => !sets_time(),
        _ => false,
    }
}

/// What changes something on the server goes into the audit log.
fn audit_command(ctx: &mut Context, verb: &str, argument: &str, error: Option<&Error>) {
    let audit = ctx.audit();
    match verb {
        "DELE" | "RMD" | "XRMD" => audit.log_delete(AuditSide::Remote, argument, error),
        "MKD" | "XMKD" => audit.log_make_directory(AuditSide::Remote, argument, error),
        // It changes nothing yet.
        "RNFR" if error.is_none() => {
            ctx.client.connection.pending_rename = Some(argument.to_owned())
        }
        "RNTO" => {
            let from = ctx.client.connection.pending_rename.take();
            audit.log_rename(from.as_deref(), argument, error);
        }
        "SITE" | "MFMT" | "MFCT" | "MFF" => audit.log_command(&format!("{verb} {argument}"), error),
        // With a time before the name it sets one.
        "MDTM" if argument.contains(' ') => audit.log_command(&format!("{verb} {argument}"), error),
        _ => {}
    }
}

fn refusal_error(verb: &str, reply: &Reply) -> Option<Error> {
    let why = format!("{verb}: the server refused ({})", reply.code);
    (reply.class() >= 4)
        .then(|| Error::new(Kind::Refused, why).with_reply(reply.code, reply.to_string()))
}

/// The reply unchanged: with its code before the first and the last line.
fn reply_lines(reply: &Reply) -> Vec<String> {
    let last = reply.lines.len().saturating_sub(1);
    let text = |line: &Vec<u8>| reply.charset.decode(line);
    let line = |(at, line): (usize, &Vec<u8>)| match at {
        _ if at == last => format!("{} {}", reply.code, text(line)),
        0 => format!("{}-{}", reply.code, text(line)),
        _ => text(line),
    };
    reply.lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_session_is_refused_in_any_case() {
        for line in ["PROT C", "ccc", "Auth tls", "user x", "PASS x", "rein", "retr a", "PASV"] {
            let error = split_command(line).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{line}");
            assert!(error.hint().is_some(), "{line}");
        }
        for line in ["", " NOOP", "NO\rOP", "NOOP\r\nDELE x", "A-B", "\u{ff}"] {
            assert!(split_command(line).is_err(), "{line:?}");
        }
        assert_eq!(split_command("stat -l a").unwrap(), ("STAT".to_owned(), "-l a"));
    }

    #[test]
    fn a_reply_is_shown_with_its_code() {
        let reply = |lines: &[&str]| {
            Reply::new(214, lines.iter().map(|line| line.as_bytes().to_vec()).collect())
        };
        assert_eq!(reply_lines(&reply(&["ok"])), ["214 ok"]);
        assert_eq!(reply_lines(&reply(&["a", " b", "end"])), ["214-a", " b", "214 end"]);
    }
}
