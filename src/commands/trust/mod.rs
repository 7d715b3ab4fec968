//! `trust`: the servers whose certificates are trusted.
//!
//! The same words do the same in the shell and as `ftpsh trust …`. What is asked of a server is
//! its certificate and nothing else: no name, no password, no login.

mod add;
pub mod args;
mod export_import;
mod filezilla;
mod list;
mod remove;
mod scan;
mod server;

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::{Error, Kind, Result};
use crate::output::{self, Record};
use crate::trust::entry::{Entry, host_and_port};
use args::TrustCommand;

/// Manage the servers whose certificates are trusted
///
/// When you connect to a server that is not listed, you are asked whether to trust it, unless its
/// certificate is signed by a CA that the system trusts. A server whose certificate differs from
/// the one listed is refused until `trust remove` removes its entry.
#[derive(Debug, Parser)]
pub struct Trust {
    /// What to do.
    #[command(subcommand)]
    command: TrustCommand,
}

impl Builtin for Trust {
    const NAME: &'static str = "trust";
    const GROUP: Group = Group::Trust;
    const EXAMPLES: &'static [Example] = &[
        Example { line: "trust list", about: "list the servers that are trusted" },
        Example { line: "trust scan ftp.example.org", about: "show a server's certificate" },
        Example { line: "trust export trusted.txt", about: "export the list for another machine" },
    ];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        run(&self.command, ctx)
    }
}

/// Does what `trust …` says, for the shell's command and the subcommand.
///
/// # Errors
///
/// Those of the store and of connections; [`Kind::CertUnknown`] for a server that is not listed,
/// [`Kind::CertChanged`] for one whose certificate is not the one listed.
pub fn run(command: &TrustCommand, ctx: &mut Context) -> anyhow::Result<()> {
    match command {
        TrustCommand::List => list::list_entries(ctx)?,
        TrustCommand::Show { server } => list::show_entry(ctx, server)?,
        TrustCommand::Add { server, fingerprint, implicit } => {
            add::add_entry(ctx, server, fingerprint.as_deref(), *implicit)?;
        }
        TrustCommand::Remove { servers } => return remove::remove_entries(ctx, servers),
        TrustCommand::Scan { servers, implicit } => {
            return scan::scan_servers(ctx, servers, *implicit);
        }
        TrustCommand::Export { file } => export_import::export_file(ctx, file.as_deref())?,
        TrustCommand::Import { file } => return export_import::import_file(ctx, file),
    }
    Ok(())
}

/// Failures of a command about several servers, each of which has its own.
#[derive(Debug, Default)]
struct Failures(Option<Kind>);

impl Failures {
    /// Shows a failure and continues.
    fn add(&mut self, ctx: &Context, error: Error) {
        self.0.get_or_insert(error.kind());
        ctx.out.error(&error.into());
    }

    /// The command's result: the first failure's kind.
    fn into_result(self) -> anyhow::Result<()> {
        match self.0 {
            Some(kind) => Err(Error::already_shown(kind).into()),
            None => Ok(()),
        }
    }
}

/// An entry as a record.
fn entry_record(action: &str, entry: &Entry) -> Record<'static> {
    Record::Trust(output::TrustRecord {
        action: action.to_owned(),
        host: entry.host.clone(),
        port: entry.port,
        fingerprint: Some(entry.certificate.to_string()),
        public_key: Some(entry.public_key.to_string()),
        first_seen: Some(entry.first),
        last_seen: Some(entry.last),
        reason: Some(entry.why.to_string()),
        exceptions: entry.exceptions.iter().map(ToString::to_string).collect(),
        store: Some(entry.origin.word().to_owned()),
        ..output::TrustRecord::default()
    })
}

/// Reports a change of the store: in the audit log, and as a record or a notice.
fn report_change(ctx: &Context, action: &str, entry: &Entry) -> Result<()> {
    let why = "the trust store was changed";
    ctx.client.audit_of(&entry.host, entry.port).log_trust(action, why, Some(entry.certificate));
    if ctx.out.is_json() {
        return ctx.out.record(&entry_record(action, entry));
    }
    let name = host_and_port(&entry.host, entry.port);
    ctx.out.notice(&format!("{name}: {action}, {}", entry.certificate));
    Ok(())
}

/// Warns of the store's damaged lines, or of those of one host.
fn warn_of_damage(ctx: &Context, host: Option<&str>) -> Result<()> {
    let store = ctx.client.connection.trust_gate().store().clone();
    for problem in store.problems()? {
        if host.is_none() || problem.host.as_deref() == host {
            let of = problem.host.map(|host| format!(" ({host} is refused)")).unwrap_or_default();
            let (path, line, why) = (store.path().display(), problem.line, problem.why);
            ctx.out.warn(&format!("{path}, line {line}: {why}{of}"));
        }
    }
    Ok(())
}
