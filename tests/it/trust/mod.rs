//! Trust, from outside: what the program does with the certificates that a scripted server shows,
//! what it remembers, and that no name is sent before.

mod authority;
mod command;
mod data;
mod known;
mod options;
mod question;
mod roots;
mod store;
mod system;

use std::path::PathBuf;
use std::sync::Arc;
use support::liar::{Liar, Script};
use support::program::{Ftpsh, Ran};
use tempfile::TempDir;

/// A home that several runs share, and what they need to log in.
struct Home(Arc<TempDir>);

impl Home {
    fn new() -> Self {
        Self(Arc::new(TempDir::with_prefix("ftpsh-trust-").unwrap()))
    }

    /// A call with these options that can log in to the server.
    fn call(&self, liar: &Liar, options: &[&str]) -> Ftpsh {
        let login = ["--password-env", "FTPSH_TEST_PASSWORD"];
        Ftpsh::at(&self.0).env("FTPSH_TEST_PASSWORD", &liar.password).args(login).args(options)
    }

    /// Fetches `/notes` to standard output.
    fn get(&self, liar: &Liar, options: &[&str]) -> Ran {
        self.call(liar, options).args(["-c", "get /notes -o -"]).arg(liar.url()).run()
    }

    /// `ftpsh trust …`.
    fn trust(&self, words: &[&str]) -> Ran {
        Ftpsh::at(&self.0).arg("trust").args(words).run()
    }

    fn known_servers(&self) -> PathBuf {
        self.0.path().join("ftpsh/known_servers")
    }

    /// The text of the store; empty where there is none.
    fn stored(&self) -> String {
        std::fs::read_to_string(self.known_servers()).unwrap_or_default()
    }

    fn write_store(&self, text: &str) {
        std::fs::create_dir_all(self.known_servers().parent().unwrap()).unwrap();
        std::fs::write(self.known_servers(), text).unwrap();
    }
}

/// A script with a file to fetch.
fn script() -> Script {
    Script::new().file("/notes", CONTENT)
}

const CONTENT: &str = "remember the milk\n";

/// How many user names and passwords were sent.
fn logins(liar: &Liar) -> (usize, usize) {
    (liar.wire.lines("USER").len(), liar.wire.lines("PASS").len())
}
