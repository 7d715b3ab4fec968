//! `trust list` and `trust show`: what the store says.

use super::server::Server;
use super::{entry_record, warn_of_damage};
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::output::{Column, Overflow, Table, time_text};
use crate::trust::display::{date_text, roots_text};
use crate::trust::entry::{Entry, Origin, TrustReason, host_and_port};
use crate::trust::exception::Exception;

/// All entries, and a warning for each line that is not an entry.
pub(super) fn list_entries(ctx: &Context) -> Result<()> {
    let entries = ctx.client.connection.trust_gate().store().all_entries()?;
    warn_of_damage(ctx, None)?;
    if ctx.out.is_json() {
        return entries.iter().try_for_each(|entry| ctx.out.record(&entry_record("listed", entry)));
    }
    if entries.is_empty() {
        ctx.out.notice("the trust store is empty");
    }
    let mut table = Table::new(&[
        Column::left("Server"),
        Column::left("Fingerprint"),
        Column::left("Why").overflow(Overflow::Shorten),
        Column::left("First seen"),
        Column::left("Last seen"),
        Column::left("Store"),
    ]);
    for entry in &entries {
        table.row(vec![
            host_and_port(&entry.host, entry.port).into(),
            entry.certificate.to_string().into(),
            entry.why.to_string().into(),
            date_text(entry.first).into(),
            date_text(entry.last).into(),
            entry.origin.word().into(),
        ]);
    }
    ctx.out.table(&table)
}

/// All that is known of one server; without a port, of each of its ports.
pub(super) fn show_entry(ctx: &Context, server: &str) -> Result<()> {
    let Server { site, port_given } = Server::find_server(ctx, server, false)?;
    let store = ctx.client.connection.trust_gate().store().clone();
    let entries: Vec<Entry> = match port_given {
        true => store.lookup(&site.host, site.port)?.into_iter().collect(),
        false => store.all_entries()?.into_iter().filter(|entry| entry.host == site.host).collect(),
    };
    if entries.is_empty() {
        // A damaged line of this host says why.
        store.lookup(&site.host, site.port)?;
        let name = if port_given { site.trust_key() } else { site.host };
        return Err(not_listed(&name));
    }
    warn_of_damage(ctx, Some(&site.host))?;
    for (index, entry) in entries.iter().enumerate() {
        if ctx.out.is_json() {
            ctx.out.record(&entry_record("listed", entry))?;
            continue;
        }
        if index > 0 {
            ctx.out.line("")?;
        }
        for line in entry_lines(entry) {
            ctx.out.line(&line)?;
        }
    }
    Ok(())
}

/// A server that the store does not name.
pub(super) fn not_listed(name: &str) -> Error {
    Error::new(Kind::CertUnknown, format!("{name}: not in the trust store"))
        .with_hint("see `trust list`")
}

fn entry_lines(entry: &Entry) -> Vec<String> {
    let valid = format!("valid by {}", roots_text(entry.own_roots));
    let why = match entry.why {
        TrustReason::Ca => valid.as_str(),
        TrustReason::Yes => "the question was answered with yes",
        TrustReason::AcceptNew => "new servers were to be accepted",
        TrustReason::Fingerprint => "the fingerprint was typed",
        TrustReason::Add => "trust add",
        TrustReason::Import => "trust import",
    };
    let mut lines = vec![
        format!("Server:      {}", host_and_port(&entry.host, entry.port)),
        format!("Certificate: {}", entry.certificate),
        format!("Public key:  {}", entry.public_key),
        format!("First seen:  {}", time_text(entry.first)),
        format!("Last seen:   {}", time_text(entry.last)),
        format!("Accepted:    {why} ({})", entry.why),
    ];
    let exceptions = entry.exceptions.iter().map(|exception| match exception {
        Exception::Expired => "although it had expired",
        Exception::Early => "although it was not yet valid",
        Exception::Name => "although it is for another name",
    });
    lines.extend(exceptions.map(|words| format!("             {words}")));
    if entry.origin == Origin::System {
        lines.push("Store:       that of the system, for all users".to_owned());
    }
    lines.extend(entry.extra.iter().map(|field| format!("Also:        {field}")));
    lines
}
