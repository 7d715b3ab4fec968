//! The real servers that `tests/servers/up` started, as their table (servers.jsonl) describes them.
//!
//! In: `FTPSH_SERVERS`, the state directory. Where it is not set there are none, and the tests
//! that need them say that they were left out; where it is set, a missing server is a failure.

use serde::Deserialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One server.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// `vsftpd`, `vsftpd-implicit`, `proftpd`, `proftpd-tls12`, `proftpd-tls13`, `pure-ftpd`,
    /// `pyftpdlib`.
    pub name: String,
    /// 127.0.0.1.
    pub host: String,
    /// Control port.
    pub port: u16,
    /// `explicit` or `implicit`.
    pub mode: String,
    /// The one user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The directory that it serves as `/`.
    pub root: PathBuf,
    /// The certificate's fingerprint, as ftpsh prints it.
    pub cert_sha256: String,
    /// What it can do: `reuse-required`, `tls1.2`, `tls1.3`, `mlsd`, `size`, `mdtm`, `mfmt`, `chmod`.
    pub features: Vec<String>,
    /// Its log, with every command line.
    pub log: PathBuf,
}

impl Server {
    /// The address as a URL, with the user in it.
    pub fn url(&self) -> String {
        let scheme = if self.mode == "implicit" { "ftps" } else { "ftpes" };
        format!("{scheme}://{}@{}:{}", self.user, self.host, self.port)
    }

    /// Can it do this?
    pub fn can(&self, feature: &str) -> bool {
        self.features.iter().any(|f| f == feature)
    }

    /// Does its log say that a client sent this verb?
    pub fn heard(&self, verb: &str) -> bool {
        // Pure-FTPd writes `Command [user]`, the others the line as it came.
        let forms = [format!("{verb} "), format!("[{}]", verb.to_ascii_lowercase())];
        forms.iter().any(|form| self.logged().contains(form))
    }

    /// Everything in its log so far.
    pub fn logged(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }
}

/// All real servers; none where `FTPSH_SERVERS` is not set, and a word about it.
pub fn all() -> Vec<Server> {
    let Some(state) = std::env::var_os("FTPSH_SERVERS") else {
        say_left_out();
        return Vec::new();
    };
    let table = Path::new(&state).join("servers.jsonl");
    let text = std::fs::read_to_string(&table)
        .unwrap_or_else(|e| panic!("{}: {e}: run tests/servers/up", table.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One real server by its name; none where `FTPSH_SERVERS` is not set, and a word about it.
#[track_caller]
pub fn named(name: &str) -> Option<Server> {
    let servers = all();
    if servers.is_empty() {
        return None;
    }
    let found = servers.into_iter().find(|server| server.name == name);
    Some(found.unwrap_or_else(|| panic!("{name} is not among the servers that are up")))
}

/// Says once, where the test harness does not capture it, that there are no real servers.
fn say_left_out() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let text =
            "left out: vsftpd, ProFTPD, Pure-FTPd, pyftpdlib (tests/servers/with cargo test)";
        let _ = writeln!(std::io::stderr(), "{text}");
    });
}
