//! The system's CA roots.
//!
//! OpenSSL looks for them where it was configured to, or where `SSL_CERT_FILE` and `SSL_CERT_DIR`
//! say. A system's own library is configured for that system; one that is built in (feature
//! `vendored`) is not, and the usual places are tried instead.

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;

/// Adds the system's roots to those that the context trusts.
#[cfg(not(feature = "vendored"))]
pub(super) fn add_system_roots(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    builder.set_default_verify_paths()
}

/// Adds the system's roots to those that the context trusts.
#[cfg(feature = "vendored")]
pub(super) fn add_system_roots(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    // What the environment names, OpenSSL reads itself, and nothing instead of it.
    builder.set_default_verify_paths()?;
    let is_unset = |name| std::env::var_os(name).is_none();
    let found = openssl_probe::probe();
    if is_unset(openssl_probe::ENV_CERT_FILE)
        && let Some(file) = &found.cert_file
    {
        builder.load_verify_locations(Some(file), None)?;
    }
    if is_unset(openssl_probe::ENV_CERT_DIR) {
        for directory in &found.cert_dir {
            builder.load_verify_locations(None, Some(directory))?;
        }
    }
    Ok(())
}
