//! `status`: where we are, as whom, and how well it is protected.

use clap::Parser;

use super::{Builtin, Context, Example, Group};
use crate::error::Result;
use crate::ftp::session::Session;
use crate::local_path;
use crate::output::{Column, Output, Overflow, Record, Table, human_duration};
use crate::tls::{Backend, openssl_info};

/// Show the connection, its TLS protection and why it is trusted
#[derive(Debug, Parser)]
pub struct Status {}

impl Builtin for Status {
    const NAME: &'static str = "status";
    const GROUP: Group = Group::Session;
    const EXAMPLES: &'static [Example] =
        &[Example { line: "status", about: "show the state of the connection" }];

    fn run(self, ctx: &mut Context) -> anyhow::Result<()> {
        let mut lines = Lines::default();
        // Asked before SYST makes the session busy again.
        let idle = ctx.client.connection.session().map(|session| session.last_used().elapsed());
        let system = ctx.client.connection.live_session().and_then(Session::system_type);
        match &ctx.client.connection.site {
            Some(site) => lines.add_row("site", site.to_string()),
            None => lines.add_row("site", "not connected"),
        }
        if let Some(login) = &ctx.client.connection.login {
            lines.add_row("user", &*login.user);
        }
        if let Some(session) = ctx.client.connection.session() {
            match session.failure() {
                Some(death) => lines.add_row("connection", format!("lost: {}", death.message())),
                None => lines.add_row("connection", "open"),
            }
            if let Some(proxy) = &session.config().dialer.proxy {
                lines.add_row("proxy", proxy.url());
            }
            if let Some(idle) = idle {
                lines.add_row("idle", human_duration(idle));
            }
            lines.add_row("greeting", session.greeting().trim().replace('\n', " / "));
            lines.add_row("system", system.unwrap_or_default());
        } else if ctx.client.connection.waits_for_login() {
            lines.add_row("connection", "open, not logged in");
        } else if ctx.client.connection.site.is_some() {
            lines.add_row("connection", "closed");
        }
        if let Some(directory) = ctx.client.connection.remote_directory() {
            lines.add_row("directory", directory.as_str());
        }
        let local = ctx.local_directory().map(|path| local_path::word_from_path(&path));
        lines.add_row("local_directory", local.unwrap_or_else(|error| error.to_string()));
        if let Some(session) = ctx.client.connection.session() {
            protection_text(session, &mut lines);
        }
        lines.add_row("trust", ctx.client.connection.trusted.clone().unwrap_or_default());
        if let Some(fingerprint) = &ctx.client.connection.fingerprint {
            lines.add_row("fingerprint", fingerprint.to_string());
        }
        if let Some(session) = ctx.client.connection.session() {
            lines.add_row("features", feature_text(session));
        }
        lines.add_row("openssl", openssl_info::version());
        lines.add_row("providers", openssl_info::providers());
        lines.add_row("fips", openssl_info::fips_status());
        lines.add_row("system_policy", openssl_info::system_policy().unwrap_or_default());
        Ok(lines.print(&ctx.out)?)
    }
}

/// Names and values; what has no value is left out. In JSON each name is a field.
#[derive(Default)]
struct Lines(Vec<(&'static str, String)>);

impl Lines {
    fn add_row(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push((name, value));
        }
    }

    fn print(self, out: &Output) -> Result<()> {
        let columns = [Column::left(""), Column::left("").overflow(Overflow::Wrap)];
        let mut table = Table::new(&columns).without_header();
        for (name, value) in &self.0 {
            table.row(vec![name.replace('_', " ").into(), value.as_str().into()]);
        }
        if !out.is_json() {
            return out.table(&table);
        }
        table.plain().zip(self.0).try_for_each(|(text, (name, value))| {
            out.record(&Record::TextFields(text, vec![(name, Some(value))]))
        })
    }
}

fn protection_text(session: &Session, lines: &mut Lines) {
    let agreed = session.negotiated();
    let options = session.config();
    let start = if options.implicit { "implicit" } else { "explicit" };
    lines.add_row(
        "tls",
        format!("{} {} ({start})", agreed.version, agreed.cipher).replace("  ", " "),
    );
    lines.add_row(
        "tls_backend",
        match options.tls.backend {
            Backend::OpenSsl => "openssl",
            Backend::Native => "native-tls",
        },
    );
    let data = match session.data_negotiated() {
        _ if options.clear_data => "not protected (tls:data is clear)",
        Some(agreed) if agreed.resumed => {
            "private, resume the TLS session of the control connection"
        }
        Some(_) => "private, same certificate, TLS session not resumed",
        None => "private, none so far",
    };
    lines.add_row("data_connections", data);
}

fn feature_text(session: &Session) -> String {
    let features = session.features();
    if !features.is_supported() {
        return "the server does not tell".to_owned();
    }
    let names: Vec<_> = features
        .iter()
        .map(|feature| format!("{} {}", feature.name, feature.argument).trim_end().to_owned())
        .collect();
    names.join(", ")
}
