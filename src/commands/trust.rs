//! `trust`: the servers whose certificates are trusted.

use super::Context;
use super::trust_args::TrustCommand;

/// Does what `trust …` says, for the shell's command and the subcommand.
///
/// # Errors
///
/// Those of the store and of connections.
pub fn run(_command: &TrustCommand, _ctx: &mut Context) -> anyhow::Result<()> {
    Ok(())
}
