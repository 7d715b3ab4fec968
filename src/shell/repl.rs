//! The prompt: lines in from a terminal, through the executor, until `exit`.

use crate::commands::Context;

/// Runs the prompt until the user leaves.
///
/// # Errors
///
/// A terminal that cannot be used.
pub fn run(_ctx: &mut Context) -> anyhow::Result<()> {
    Ok(())
}
