//! Server quirks that one session learns, shared by all sessions to the site.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::server_software::ServerSoftware;
use crate::ftp::control::telnet::TelnetRules;

/// What is known about a server; clones share it.
///
/// Some servers answer pipelined commands out of order (libunftp answers SIZE after an EPSV sent
/// after it), or drop all but the first. Such a connection is abandoned; on the next one each
/// command waits for the reply to the previous one.
#[derive(Debug, Clone, Default)]
pub struct ServerQuirks(Arc<Found>);

/// How one data connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ftp) enum ConnectionMode {
    /// EPSV (RFC 2428).
    ExtendedPassive,
    /// PASV (RFC 959).
    Passive,
    /// The server connects to us.
    Active,
}

impl ConnectionMode {
    /// The command that asks for a port.
    pub(in crate::ftp) fn passive_verb(self) -> Option<&'static str> {
        match self {
            ConnectionMode::ExtendedPassive => Some("EPSV"),
            ConnectionMode::Passive => Some("PASV"),
            ConnectionMode::Active => None,
        }
    }
}

#[derive(Debug, Default)]
struct Found {
    slow: AtomicBool,
    passive: AtomicU8,
    telnet: AtomicU8,
    told_not_resumed: AtomicBool,
    itself: AtomicU8,
    protects_after_login: AtomicBool,
    lacks_chmod: AtomicBool,
    told_chmod_refused: AtomicBool,
}

const EPSV: u8 = 1;
const PASV: u8 = 2;

const NOT_ITSELF: u8 = 1;
const ITSELF: u8 = 2;

/// Bits: what the server does not do with 0xFF, although RFC 959 requires it.
const NOT_UNDONE: u8 = 1;
const NOT_DOUBLED: u8 = 2;

impl ServerQuirks {
    /// Without pipelining from the start (setting `ftp:sync-mode`).
    pub fn serial() -> Self {
        let ways = Self::default();
        ways.disable_pipelining();
        ways
    }

    /// Whether the server is known not to have SITE CHMOD.
    pub fn lacks_chmod(&self) -> bool {
        self.0.lacks_chmod.load(Ordering::Relaxed)
    }

    /// Notes that SITE CHMOD was refused, for good if the server lacks it; whether for the first time.
    pub fn note_chmod_refused(&self, lacks: bool) -> bool {
        if lacks {
            self.0.lacks_chmod.store(true, Ordering::Relaxed);
        }
        !self.0.told_chmod_refused.swap(true, Ordering::Relaxed)
    }

    /// Disables pipelining from now on.
    pub fn disable_pipelining(&self) {
        self.0.slow.store(true, Ordering::Relaxed);
    }

    /// Whether each command waits for the reply to the previous one.
    pub fn is_serial(&self) -> bool {
        self.0.slow.load(Ordering::Relaxed)
    }

    /// Sets the rules of this server software.
    pub(in crate::ftp) fn set_software(&self, brand: ServerSoftware) {
        let TelnetRules { undoes, doubles } = TelnetRules::of(brand);
        let undoes = if undoes { 0 } else { NOT_UNDONE };
        let doubles = if doubles { 0 } else { NOT_DOUBLED };
        self.0.telnet.store(undoes | doubles, Ordering::Relaxed);
    }

    /// Copies the rules of another session of the site.
    pub(in crate::ftp) fn copy_telnet_rules(&self, other: &Self) {
        self.0.telnet.store(other.0.telnet.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Records that PBSZ and PROT are refused before the login.
    pub fn protect_after_login(&self) {
        self.0.protects_after_login.store(true, Ordering::Relaxed);
    }

    /// Whether PBSZ and PROT are refused before the login.
    pub fn protects_after_login(&self) -> bool {
        self.0.protects_after_login.load(Ordering::Relaxed)
    }

    /// Whether this is the first notice that a data connection did not resume the TLS session.
    pub fn first_unresumed_notice(&self) -> bool {
        !self.0.told_not_resumed.swap(true, Ordering::Relaxed)
    }

    /// Records whether a listing of `LIST -a` had an entry for the directory itself (`.`).
    pub(in crate::ftp) fn record_dot_entry(&self, itself: bool) {
        // Once seen, it stays recorded: a listing without it proves nothing.
        self.0.itself.fetch_max(if itself { ITSELF } else { NOT_ITSELF }, Ordering::Relaxed);
    }

    /// Whether listings of `LIST -a` have an entry for the directory itself, as far as is known.
    pub(in crate::ftp) fn has_dot_entry(&self) -> Option<bool> {
        match self.0.itself.load(Ordering::Relaxed) {
            ITSELF => Some(true),
            NOT_ITSELF => Some(false),
            _ => None,
        }
    }

    /// What the server does with 0xFF on the control connection.
    pub(in crate::ftp) fn telnet_rules(&self) -> TelnetRules {
        let bits = self.0.telnet.load(Ordering::Relaxed);
        TelnetRules { undoes: bits & NOT_UNDONE == 0, doubles: bits & NOT_DOUBLED == 0 }
    }

    /// Records the mode of a successful data connection.
    pub(in crate::ftp) fn record_data_mode(&self, mode: ConnectionMode) {
        let passive = match mode {
            ConnectionMode::ExtendedPassive => EPSV,
            ConnectionMode::Passive => PASV,
            ConnectionMode::Active => return,
        };
        self.0.passive.store(passive, Ordering::Relaxed);
    }

    /// The mode of the last successful data connection, if it was passive.
    pub(in crate::ftp) fn data_mode(&self) -> Option<ConnectionMode> {
        match self.0.passive.load(Ordering::Relaxed) {
            EPSV => Some(ConnectionMode::ExtendedPassive),
            PASV => Some(ConnectionMode::Passive),
            _ => None,
        }
    }
}
