//! A look at a server's certificate: dial, `AUTH TLS`, handshake, goodbye.
//!
//! Options come in, what the handshake showed goes out. Nothing is judged here, and nothing is
//! sent but `AUTH TLS` and `QUIT`: no user name, no password, no `PBSZ`.

use std::time::Duration;

use super::secure::secure;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::expect::Command;
use crate::ftp::session::config::SessionConfig;
use crate::tls::Negotiated;
use crate::trust::identity::Identity;

/// How long the reply to QUIT is waited for.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// What a server shows in a TLS handshake, and what was negotiated in it (`None` where the TLS
/// library does not tell).
pub fn probe(config: &SessionConfig) -> Result<(Identity, Option<Negotiated>)> {
    let mut shown = None;
    let (mut control, ..) = secure(config, &mut |identity| {
        shown = Some(identity.clone());
        Ok(())
    })?;
    let negotiated = control.stream().negotiated().cloned();
    // Nobody needs the reply; it only has to be waited for.
    let _ = control.call_within(&Command::new("QUIT", "")?, QUIT_TIMEOUT);
    let identity = shown.ok_or_else(|| Error::new(Kind::Tls, "no certificate was shown"))?;
    Ok((identity, negotiated))
}
