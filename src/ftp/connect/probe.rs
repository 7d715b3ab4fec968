//! A look at a server's certificate: dial, `AUTH TLS`, handshake, goodbye.
//!
//! SessionConfig come in, what the handshake showed goes out. Nothing is judged here, and nothing is
//! sent but `AUTH TLS` and `QUIT`: no user name, no password, no `PBSZ`.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use super::secure::secure;
use crate::error::{Error, Kind, Result};
use crate::ftp::control::exchange::{Exchange, lock};
use crate::ftp::session::config::SessionConfig;
use crate::tls::Negotiated;
use crate::trust::identity::Identity;

/// How long the answer to QUIT is waited for.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a server shows in a TLS handshake, and what was agreed in it (`None` where the TLS
/// library does not tell).
///
/// # Errors
///
/// [`Kind::Connect`] and [`Kind::Tls`], as for a connection that is to be used.
pub fn probe(options: &SessionConfig) -> Result<(Identity, Option<Negotiated>)> {
    let exchange = Exchange::shared(options.timeout, options.trace.clone());
    let mut shown = None;
    let (mut control, ..) = secure(options, &exchange, &mut |identity| {
        shown = Some(identity.clone());
        Ok(())
    })?;
    let agreed = control.stream().negotiated().cloned();
    // The answer matters to nobody; it only has to be waited for.
    if control.write_all(b"QUIT\r\n").is_ok() {
        lock(&exchange).grace = Some(GOODBYE);
        let _ = control.read(&mut [0; 64]);
    }
    let identity = shown.ok_or_else(|| Error::new(Kind::Tls, "no certificate was shown"))?;
    Ok((identity, agreed))
}
