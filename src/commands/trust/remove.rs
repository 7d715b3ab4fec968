//! `trust remove`: makes servers unknown again.

use super::list::not_listed;
use super::server::Server;
use super::{Failures, report_change};
use crate::commands::Context;
use crate::error::{Error, Kind, Result};
use crate::trust::entry::Entry;

/// Forgets servers; without a port, all ports of a host.
pub(super) fn remove_entries(ctx: &Context, servers: &[String]) -> anyhow::Result<()> {
    let servers: Result<Vec<Server>> =
        servers.iter().map(|server| Server::find_server(ctx, server, false)).collect();
    let mut failures = Failures::default();
    for server in servers? {
        if let Err(error) = remove_one_entry(ctx, server) {
            failures.add(ctx, error);
        }
    }
    failures.into_result()
}

fn remove_one_entry(ctx: &Context, server: Server) -> Result<()> {
    let Server { site, port_given } = server;
    let store = ctx.client.connection.trust_gate().store().clone();
    let port = port_given.then_some(site.port);
    let mut entries = store.user_entries()?;
    entries.retain(|entry| entry.host == site.host && port.is_none_or(|port| entry.port == port));
    let name = if port_given { site.trust_key() } else { site.host.clone() };
    let removed = store.remove_host(&site.host, port)?;
    if removed == 0 {
        let of_system =
            |entry: &Entry| entry.host == site.host && port.is_none_or(|port| entry.port == port);
        if store.all_entries()?.iter().any(of_system) {
            let text = format!("{name}: is in the system's store, which is read-only");
            return Err(Error::new(Kind::Local, text)
                .with_hint("`trust add` adds your own entry, which takes precedence"));
        }
        return Err(not_listed(&name));
    }
    for entry in &entries {
        report_change(ctx, "removed", entry)?;
    }
    if removed > entries.len() {
        let count = removed - entries.len();
        ctx.out.notice(&format!("{name}: damaged lines removed: {count}"));
    }
    Ok(())
}
