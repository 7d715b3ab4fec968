//! How to reach and treat a server: everything a session is made with, and nothing that changes
//! while it lives.

use std::time::Duration;

use super::quirks::ServerQuirks;
use crate::ftp::charset::Charset;
use crate::ftp::connect::dial::Dialer;
use crate::ftp::control::trace::ProtocolTrace;
use crate::tls::Config;

/// How data connections are made (setting `ftp:mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataMode {
    /// EPSV (RFC 2428), then PASV (RFC 959).
    #[default]
    Auto,
    /// EPSV only.
    ExtendedPassive,
    /// PASV only.
    Passive,
    /// The server connects to us.
    Active,
}

/// How lists are asked for (setting `ftp:list`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListMode {
    /// MLSD (RFC 3659), then LIST.
    #[default]
    Auto,
    /// MLSD only.
    Mlsd,
    /// LIST only.
    List,
}

/// How to reach and treat a server.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// Host name or address.
    pub host: String,
    /// Port of the control connection.
    pub port: u16,
    /// TLS from the first byte (`ftps://`) instead of AUTH TLS.
    pub implicit: bool,
    /// TLS library, versions, roots, client certificate.
    pub tls: Config,
    /// Addresses, source address, deadline, cancel.
    pub dialer: Dialer,
    /// How long a whole reply may take, and how long a transfer may stall.
    pub timeout: Duration,
    /// How data connections are made.
    pub mode: DataMode,
    /// How lists are asked for.
    pub list: ListMode,
    /// Prefetch a passive port with the login: a data command is likely to follow.
    pub prefetch_first_port: bool,
    /// How much of a listing is kept, in bytes of memory.
    pub max_listing: u64,
    /// `PROT C`: data connections without TLS.
    pub clear_data: bool,
    /// Server quirks, shared by the site's sessions.
    pub quirks: ServerQuirks,
    /// The charset of names on a server without UTF-8.
    pub charset: Charset,
    /// The protocol trace.
    pub trace: ProtocolTrace,
}
