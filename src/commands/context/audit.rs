//! What goes into the audit log: who did what, to which file on which server, and how it ended.
//!
//! One event for each connection, trust decision, login, transfer and deletion, on whatever thread
//! it happens. Paths are written out in full, so that a line says it all. No secret comes in here,
//! and nothing fails: a log that cannot be written is the output's care.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Context;
use crate::commands::local;
use crate::error::Error;
use crate::ftp::path::RemotePath;
use crate::output::{Output, Way};
use crate::site::Site;
use crate::trust::fingerprint::Fingerprint;

/// The audit log as seen from one connection. Cheap to make; used from several threads.
#[derive(Debug, Clone)]
pub struct Audit {
    out: Output,
    /// Host and port.
    server: Option<(String, u16)>,
    user: Option<String>,
    remote_dir: Option<RemotePath>,
    local_dir: Option<PathBuf>,
}

/// Which side a deletion was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the server.
    Remote,
    /// In the local file system.
    Local,
}

impl Context {
    /// The audit log for what is done on the current connection.
    pub fn audit(&self) -> Audit {
        let login = self.connection.login.as_ref().map(|login| login.user.clone());
        let site = self.connection.site.as_ref();
        Audit {
            user: login.or_else(|| site.and_then(|site| site.user.clone())),
            remote_dir: self.connection.cwd().cloned(),
            local_dir: self.local_directory().ok(),
            ..self.audit_at(site.map(|site| (site.host.clone(), site.port)))
        }
    }

    /// The audit log for a server that nobody is logged in to.
    pub fn audit_of(&self, host: &str, port: u16) -> Audit {
        self.audit_at(Some((host.to_owned(), port)))
    }

    fn audit_at(&self, server: Option<(String, u16)>) -> Audit {
        let out = self.out.clone();
        Audit { out, server, user: None, remote_dir: None, local_dir: None }
    }
}

impl Audit {
    /// The same for what is done on another server.
    pub fn at(&self, site: &Site) -> Self {
        let server = Some((site.host.clone(), site.port));
        Self { server, user: site.user.clone(), ..self.clone() }
    }

    /// A control connection with TLS and an accepted certificate, or none.
    pub fn connect(&self, error: Option<&Error>) {
        self.write("connect", [], error);
    }

    /// A decision about a certificate.
    pub fn trust(&self, decision: &str, why: &str, fingerprint: Option<Fingerprint>) {
        let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string().into());
        let fields = [
            ("decision", decision.into()),
            ("why", why.into()),
            ("fingerprint", fingerprint.unwrap_or(Value::Null)),
        ];
        self.out.audit("trust", &self.fields(fields));
    }

    /// A login.
    pub fn login(&self, user: &str, error: Option<&Error>) {
        self.write("login", [("user", user.into())], error);
    }

    /// A file carried, or not. For a copy, `remote` and `local` are both URLs.
    pub fn transfer(&self, way: Way, remote: &str, local: &str, bytes: u64, error: Option<&Error>) {
        let (direction, remote, local) = match way {
            Way::Download => ("download", self.remote(remote), self.local(local)),
            Way::Upload => ("upload", self.remote(remote), self.local(local)),
            Way::Copy => ("copy", remote.to_owned(), local.to_owned()),
        };
        let fields = [
            ("direction", direction.into()),
            ("remote", remote.into()),
            ("local", local.into()),
            ("bytes", bytes.into()),
        ];
        self.write("transfer", fields, error);
    }

    /// Something removed, or not.
    pub fn delete(&self, place: Place, path: &str, error: Option<&Error>) {
        let (place, path) = match place {
            Place::Remote => ("remote", self.remote(path)),
            Place::Local => ("local", self.local(path)),
        };
        self.write("delete", [("place", place.into()), ("path", path.into())], error);
    }

    /// How it ended: `ok`, or the cause's name and the message.
    fn write<const N: usize>(
        &self,
        event: &str,
        fields: [(&str, Value); N],
        error: Option<&Error>,
    ) {
        let status = error.map_or("ok", |error| error.kind().name());
        let mut all = self.fields(fields);
        all.insert("status".into(), status.into());
        if let Some(error) = error {
            all.insert("error".into(), error.message().into());
        }
        self.out.audit(event, &all);
    }

    fn fields<const N: usize>(&self, more: [(&str, Value); N]) -> Map<String, Value> {
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

    fn remote(&self, path: &str) -> String {
        let absolute = self.remote_dir.as_ref().and_then(|dir| dir.resolve(path).ok());
        absolute.map_or_else(|| path.to_owned(), |path| path.as_str().to_owned())
    }

    /// `-` is the data output.
    fn local(&self, path: &str) -> String {
        match &self.local_dir {
            Some(dir) if path != "-" => local::word(&dir.join(local::path(path))),
            _ => path.to_owned(),
        }
    }
}
