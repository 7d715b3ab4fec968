//! The words after `trust`, the same for the subcommand and for the shell's command.
//!
//! Only a definition: arguments come in through clap and go out as they were typed. Hosts and
//! fingerprints are checked by those who use them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// The servers whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TrustArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What to do with the trust store.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TrustCommand {
    /// List all entries of the trust store
    #[command(visible_alias = "ls")]
    List,
    /// Show a server's entry: fingerprints, when it was first and last seen, why it is trusted
    Show {
        /// The server; without a port, port 21 and port 990
        #[arg(value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname)]
        server: String,
    },
    /// Trust a server's certificate
    ///
    /// With a fingerprint, that certificate is trusted when the server presents it. Without one,
    /// the server's certificate is fetched and shown before anything is stored.
    Add {
        /// The server
        #[arg(value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname)]
        server: String,
        /// SHA256: and base64, or hexadecimal with or without colons
        // Its own id: `--fingerprint` is a global option of the program.
        #[arg(id = "expected", value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        /// Use implicit TLS, as on port 990, instead of AUTH TLS
        #[arg(long)]
        implicit: bool,
    },
    /// Remove servers from the store; the next connection to one asks again
    #[command(visible_alias = "rm")]
    Remove {
        /// The servers
        #[arg(value_name = "HOST[:PORT]", required = true, value_hint = ValueHint::Hostname)]
        servers: Vec<String>,
    },
    /// Print the certificates that servers present, without logging in or trusting them
    Scan {
        /// The servers
        #[arg(value_name = "HOST[:PORT]", required = true, value_hint = ValueHint::Hostname)]
        servers: Vec<String>,
        /// Use implicit TLS, as on port 990, instead of AUTH TLS
        #[arg(long)]
        implicit: bool,
    },
    /// Export the trust store's entries, for another machine
    Export {
        /// The file to write; standard output without one
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Import the entries of an exported file; entries that conflict with known ones are refused
    Import {
        /// The file to read; `-` is standard input
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}
