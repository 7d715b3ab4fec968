//! A context for tests: output in memory, files in a directory that goes away, no connection.

use super::{Context, Interpreter};
use crate::cancel::Cancel;
use crate::client::{Client, Connection};
use crate::credentials::Sources;
use crate::fs::app_dirs::AppDirs;
use crate::output::Output;
use crate::settings::Settings;
use crate::trust::checker::TrustChecker;
use crate::trust::store::TrustStore;
use crate::trust::verdict::TrustOptions;

/// A context and its directory. It dereferences to the context.
#[derive(Debug)]
pub struct Fixture {
    /// The context.
    pub ctx: Context,
    /// The directory of its files.
    pub dir: tempfile::TempDir,
}

impl Fixture {
    /// A context that prints into memory and runs scripts with `interpreter`.
    pub fn new(interpreter: Interpreter) -> Self {
        Self::with(Output::memory(), interpreter)
    }

    /// The same with another output.
    pub fn with(out: Output, interpreter: Interpreter) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = AppDirs::all_in(&dir.path().join("home"));
        let sources = Sources { netrc: None, ..Sources::default() };
        let gate =
            TrustChecker::new(TrustStore::new(home.known_servers()), TrustOptions::default());
        let connection = Connection::new(gate, sources);
        let settings = Settings::new();
        out.set_name_encoder(crate::ftp::path::encode_name);
        let client = Client::new(out.clone(), settings, Cancel::new(), connection, home);
        let ctx = Context::new(out, client, interpreter);
        Self { ctx, dir }
    }

    /// A path in the directory, as text.
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Writes a file into the directory and returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.dir.path().join(name), text).unwrap();
        self.path(name)
    }

    /// Reads a file of the directory.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }
}
