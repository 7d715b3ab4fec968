//! The man page.

use crate::error::Result;

/// The man page, roff.
///
/// # Errors
///
/// None yet.
pub fn page() -> Result<String> {
    Ok(String::new())
}
