//! The configuration of a session, constant for its lifetime.

use std::time::Duration;

use super::quirks::ServerQuirks;
use super::server_clock::ServerClock;
use crate::ftp::charset::Charset;
use crate::ftp::connect::dial::Dialer;
use crate::ftp::control::trace::ProtocolTrace;
use crate::tls::Config;
use chrono::TimeDelta;

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

/// How directories are listed (setting `ftp:list`).
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

/// How to connect to a server, and the options of its sessions.
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
    /// Address order, source address, timeout, cancel flag and proxy.
    pub dialer: Dialer,
    /// Timeout for a whole reply, and for a stalled transfer.
    pub timeout: Duration,
    /// How data connections are made.
    pub mode: DataMode,
    /// How directories are listed.
    pub list: ListMode,
    /// Prefetch a passive port with the login: a data command is likely to follow.
    pub prefetch_first_port: bool,
    /// Maximum memory for a listing, in bytes.
    pub max_listing: u64,
    /// `PROT C`: data connections without TLS.
    pub clear_data: bool,
    /// Server quirks, shared by the site's sessions.
    pub quirks: ServerQuirks,
    /// The server's zone, if the user set it (`ftp:timezone`).
    pub timezone: Option<TimeDelta>,
    /// What is known of the server's clocks, shared by the site's sessions.
    pub clock: ServerClock,
    /// The charset of names on a server without UTF-8.
    pub charset: Charset,
    /// The protocol trace.
    pub trace: ProtocolTrace,
}
