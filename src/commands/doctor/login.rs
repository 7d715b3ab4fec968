//! Protection of data connections, and the login, if there is anything to log in with.

use std::sync::Arc;

use super::Examination;
use super::advice::Topic;
use super::network::quote_reply;
use super::report::{Finding, Mark};
use crate::client::Credentials;
use crate::credentials::password_for;
use crate::error::{Error, Kind, Result};
use crate::ftp::connect::steps::Secured;
use crate::ftp::error_text::refusal_error;
use crate::ftp::session::protection::{LoginState, wants_login_first};

/// `PBSZ 0` and `PROT P`; whether the session is worth going on with. If the server wants the login
/// first, its quirks say so, and they are to be checked again after it.
pub(super) fn check_protection(
    exam: &mut Examination<'_>,
    control: &mut Secured,
    state: LoginState,
) -> Result<bool> {
    for (check, verb, argument) in [("pbsz", "PBSZ", "0"), ("prot", "PROT", "P")] {
        let (kind, finding) = match control.command(verb, argument) {
            Ok(reply) if state == LoginState::Before && wants_login_first(&reply) => {
                exam.probe.quirks.protect_after_login();
                continue;
            }
            Ok(reply) if reply.is_positive_completion() => {
                exam.report.add_finding(Finding::ok(check, quote_reply(&reply)))?;
                continue;
            }
            Ok(reply) if exam.options.clear_data => {
                exam.data_is_clear = true;
                let meaning = "data connections cannot be protected; `tls:data clear` allows it";
                exam.report.add_finding(Finding::note(check, quote_reply(&reply), meaning))?;
                continue;
            }
            Ok(reply) => {
                let error = refusal_error(verb, &reply);
                let finding = Finding::error(Mark::Bad, check, &error)
                    .means("data connections would not be protected")
                    .server(Topic::Prot);
                (if error.kind() == Kind::Refused { Kind::Tls } else { error.kind() }, finding)
            }
            // Among others what TLS 1.3 says about a client certificate, late.
            Err(error) => (error.kind(), Finding::error(Mark::Bad, check, &error)),
        };
        exam.report.block(kind, finding)?;
        return Ok(false);
    }
    Ok(true)
}

/// Logs in; whether there is a session now.
pub(super) fn check_login(exam: &mut Examination<'_>, control: &mut Secured) -> Result<bool> {
    let login = match find_credentials(exam) {
        Ok(login) => login,
        Err(error) if error.kind() == Kind::Login => {
            let seen = format!("not tried: {}", error.message());
            let advice = error.hint().unwrap_or("give `--user` and a password").to_owned();
            let meaning = "what needs a login, data connections among it, was not examined";
            let finding = Finding::skip("login", seen).means(meaning);
            exam.report.add_finding(finding.advise(advice))?;
            return Ok(false);
        }
        Err(error) => {
            exam.report.block(error.kind(), Finding::error(Mark::Bad, "login", &error))?;
            return Ok(false);
        }
    };
    match control.log_in(&login.login_request()) {
        Ok(reply) => {
            exam.detect_software(&reply.to_string());
            let seen = format!("as {}: {}", login.user, quote_reply(&reply));
            exam.login = Some(login);
            exam.report.add_finding(Finding::ok("login", seen)).map(|()| true)
        }
        Err(error) => {
            exam.detect_software(error.reply().unwrap_or_default());
            // A full server is no matter of the account.
            let is_full = error.kind() == Kind::Connect && error.reply_code().is_some();
            let topic = if is_full { Topic::Connections } else { Topic::Login };
            let finding = Finding::error(Mark::Bad, "login", &error).server(topic);
            exam.report.block(error.kind(), finding).map(|()| false)
        }
    }
}

/// What to log in with: the shell's own login for the server that it is connected to, else
/// what the sources have. Nobody is asked.
fn find_credentials(exam: &Examination<'_>) -> Result<Arc<Credentials>> {
    let connection = &exam.ctx.client.connection;
    if let (Some(login), Some(site)) = (&connection.login, &connection.site)
        && (&site.host, site.port) == (&exam.site.host, exam.site.port)
        && exam.site.user.as_ref().is_none_or(|user| *user == login.user)
    {
        return Ok(Arc::clone(login));
    }
    let found = password_for(
        &exam.site.host,
        exam.site.port,
        exam.site.user.as_deref(),
        exam.verified,
        &exam.sources,
        &mut |_, _| Ok::<_, Error>(None),
    )?;
    for notice in &found.notices {
        exam.ctx.out.notice(notice);
    }
    let (user, secret, account, from) = (found.user, found.secret, found.account, found.from);
    Ok(Arc::new(Credentials { user, secret, account, from }))
}
