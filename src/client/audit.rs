//! The events of the audit log: who did what, to which file on which server, and the result.
//!
//! There is one event for each connection, trust decision, login, transfer, deletion and other
//! change, on any thread. Paths are absolute, so that each line is complete. No secret is passed
//! in, and nothing fails: the output handles a log that cannot be written.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Connection;
use crate::error::Error;
use crate::ftp::control::trace::mask_secrets;
use crate::ftp::path::RemotePath;
use crate::ftp::session::quirks::ServerQuirks;
use crate::local_path;
use crate::output::Output;
use crate::target::Site;
use crate::transfer::{Direction, Outcome};
use crate::trust::fingerprint::Fingerprint;

/// The audit log for one connection. Cheap to create; used from several threads.
#[derive(Debug, Clone)]
pub struct Audit {
    out: Output,
    server: Option<(String, u16)>,
    user: Option<String>,
    remote_dir: Option<RemotePath>,
    local_dir: Option<PathBuf>,
    ways: ServerQuirks,
}

/// Reported once per server.
const NOT_RESUMED: &str =
    "data connections do not resume the TLS session: the same certificate vouches for them";

/// The side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSide {
    /// On the server.
    Remote,
    /// In the local file system.
    Local,
}

impl Audit {
    pub(super) fn of_connection(connection: &Connection, out: Output) -> Self {
        let login = connection.login.as_ref().map(|login| login.user.clone());
        let site = connection.site.as_ref();
        Self {
            user: login.or_else(|| site.and_then(|site| site.user.clone())),
            remote_dir: connection.remote_directory().cloned(),
            ways: connection.ways.clone(),
            ..Self::of_server(site.map(|site| (site.host.clone(), site.port)), out)
        }
    }

    pub(super) fn of_server(server: Option<(String, u16)>, out: Output) -> Self {
        let ways = ServerQuirks::default();
        Self { out, server, user: None, remote_dir: None, local_dir: None, ways }
    }

    /// Sets the directory that relative local paths start from.
    #[must_use]
    pub fn with_local_directory(self, local_dir: Option<PathBuf>) -> Self {
        Self { local_dir, ..self }
    }

    /// The audit log for another server.
    pub fn for_site(&self, site: &Site) -> Self {
        let server = Some((site.host.clone(), site.port));
        Self { server, user: site.user.clone(), ..self.clone() }
    }

    /// Logs a control connection with TLS and an accepted certificate, or its failure.
    pub fn log_connect(&self, error: Option<&Error>) {
        self.write_event("connect", [], error);
    }

    /// Logs a decision about a certificate.
    pub fn log_trust(&self, decision: &str, why: &str, fingerprint: Option<Fingerprint>) {
        let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string().into());
        let fields = [
            ("decision", decision.into()),
            ("why", why.into()),
            ("fingerprint", fingerprint.unwrap_or(Value::Null)),
        ];
        self.out.audit("trust", &self.event_fields(fields));
    }

    /// Logs a login.
    pub fn log_login(&self, user: &str, error: Option<&Error>) {
        self.write_event("login", [("user", user.into())], error);
    }

    /// Logs a transfer, successful or not. For a copy, `remote` and `local` are both URLs. With
    /// `-v`, the first transfer that did not resume the TLS session is also shown on the screen.
    pub fn log_transfer(
        &self,
        direction: Direction,
        remote: &str,
        local: &str,
        result: Result<Option<&Outcome>, &Error>,
    ) {
        let outcome = result.ok().flatten();
        let resumed = outcome.and_then(|outcome| outcome.tls_resumed);
        if resumed == Some(false) && self.ways.first_unresumed_notice() {
            self.out.verbose_notice(1, NOT_RESUMED);
        }
        let bytes = outcome.map_or(0, |outcome| outcome.bytes);
        let (remote, local) = match direction {
            Direction::Download => (self.absolute_remote(remote), self.absolute_local(local)),
            Direction::Upload => (self.absolute_remote(remote), self.absolute_local(local)),
            Direction::Copy => (remote.to_owned(), local.to_owned()),
        };
        let fields = [
            ("direction", direction.word().into()),
            ("remote", remote.into()),
            ("local", local.into()),
            ("bytes", bytes.into()),
        ];
        let mut fields = self.event_fields(fields);
        if let Some(resumed) = resumed {
            fields.insert("resumed".into(), resumed.into());
        }
        self.finish_event("transfer", fields, result.err());
    }

    /// Logs a deletion, successful or not.
    pub fn log_delete(&self, place: AuditSide, path: &str, error: Option<&Error>) {
        let (place, path) = self.side_and_path(place, path);
        self.write_event("delete", [("place", place), ("path", path)], error);
    }

    /// Logs the creation of a directory, successful or not.
    pub fn log_make_directory(&self, place: AuditSide, path: &str, error: Option<&Error>) {
        let (place, path) = self.side_and_path(place, path);
        self.write_event("mkdir", [("place", place), ("path", path)], error);
    }

    /// Logs a rename on the server, successful or not; `from` if known.
    pub fn log_rename(&self, from: Option<&str>, to: &str, error: Option<&Error>) {
        let from = from.map_or(Value::Null, |from| self.absolute_remote(from).into());
        self.write_event(
            "rename",
            [("from", from), ("to", self.absolute_remote(to).into())],
            error,
        );
    }

    /// Logs a change of permissions on the server, successful or not.
    pub fn log_change_mode(&self, mode: u32, path: &str, error: Option<&Error>) {
        let fields =
            [("mode", format!("{mode:03o}").into()), ("path", self.absolute_remote(path).into())];
        self.write_event("chmod", fields, error);
    }

    /// Logs that the time of a remote file was set, or an empty one created, successfully or not.
    pub fn log_touch(&self, path: &str, error: Option<&Error>) {
        self.write_event("touch", [("path", self.absolute_remote(path).into())], error);
    }

    /// Logs a command as typed that may have changed something.
    pub fn log_command(&self, line: &str, error: Option<&Error>) {
        self.write_event("command", [("command", mask_secrets(line).into())], error);
    }

    /// Writes an event; the result is `ok`, or the name of the cause and the message.
    fn write_event<const N: usize>(
        &self,
        event: &str,
        fields: [(&str, Value); N],
        error: Option<&Error>,
    ) {
        self.finish_event(event, self.event_fields(fields), error);
    }

    fn finish_event(&self, event: &str, mut all: Map<String, Value>, error: Option<&Error>) {
        let status = error.map_or("ok", |error| error.kind().name());
        all.insert("status".into(), status.into());
        if let Some(error) = error {
            all.insert("error".into(), error.message().into());
        }
        self.out.audit(event, &all);
    }

    fn event_fields<const N: usize>(&self, more: [(&str, Value); N]) -> Map<String, Value> {
        let mut fields = Map::new();
        if let Some((host, port)) = &self.server {
            fields.insert("host".into(), host.clone().into());
            fields.insert("port".into(), (*port).into());
        }
        if let Some(user) = &self.user {
            fields.insert("user".into(), user.clone().into());
        }
        fields.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        fields
    }

    fn side_and_path(&self, place: AuditSide, path: &str) -> (Value, Value) {
        match place {
            AuditSide::Remote => ("remote".into(), self.absolute_remote(path).into()),
            AuditSide::Local => ("local".into(), self.absolute_local(path).into()),
        }
    }

    fn absolute_remote(&self, path: &str) -> String {
        let absolute = self.remote_dir.as_ref().and_then(|dir| dir.resolve(path).ok());
        absolute.map_or_else(|| path.to_owned(), |path| path.as_str().to_owned())
    }

    /// `-` is the data output.
    fn absolute_local(&self, path: &str) -> String {
        match &self.local_dir {
            Some(dir) if path != "-" => {
                local_path::word_from_path(&dir.join(local_path::path_from_word(path)))
            }
            _ => path.to_owned(),
        }
    }
}
