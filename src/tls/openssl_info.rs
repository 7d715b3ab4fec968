//! The OpenSSL library in use: its version, the system's policy, and the text of its errors.
//!
//! Read-only: changes no configuration.

use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::ssl::{SslContextBuilder, SslMethod, SslVersion};

/// What is to be said beside version and policy if the library is built in, and not the system's.
pub const BUILT_IN: &str = if cfg!(feature = "vendored") {
    " (built in; the system's openssl.cnf is not read)"
} else {
    ""
};

/// The library's version string, such as `OpenSSL 3.0.18 30 Sep 2025`.
pub fn version() -> &'static str {
    openssl::version::version()
}

/// FIPS status: whether the provider is available, and whether it is enforced.
pub fn fips_status() -> &'static str {
    let usable = |name, properties| Md::fetch(None, name, properties).is_ok();
    // With `fips=yes` in the default properties, algorithms not approved by FIPS are unavailable.
    if usable("SHA256", None) && !usable("MD5", None) {
        "enforced"
    } else if usable("SHA256", Some("fips=yes")) {
        "provider loaded, not enforced"
    } else {
        "provider not loaded"
    }
}

/// The loaded providers among those that are known, such as `default, legacy`.
pub fn providers() -> String {
    // Each with a digest that it has; `-fips` lifts a default property that asks for FIPS.
    let known = [
        ("default", "SHA256", "provider=default,-fips"),
        ("fips", "SHA256", "provider=fips,-fips"),
        ("legacy", "MD4", "provider=legacy,-fips"),
    ];
    let is_loaded =
        |(_, digest, query): &&(&str, &str, &str)| Md::fetch(None, digest, Some(query)).is_ok();
    known.iter().filter(is_loaded).map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// The system's policy for TLS (`openssl.cnf`), before any setting: the security level
/// (SSL_CTX_set_security_level(3)) and the minimum version.
pub fn system_policy() -> Option<String> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client()).ok()?;
    let oldest = match builder.min_proto_version() {
        Some(SslVersion::TLS1_3) => ", TLS 1.3 or newer",
        Some(SslVersion::TLS1_2) => ", TLS 1.2 or newer",
        _ => "",
    };
    Some(format!("security level {}{oldest}{BUILT_IN}", builder.build().security_level()))
}

/// The reasons in an OpenSSL error stack, without its file names and numbers.
pub(super) fn openssl_error_text(stack: &ErrorStack) -> String {
    let reasons: Vec<&str> = stack.errors().iter().filter_map(|e| e.reason()).collect();
    if reasons.is_empty() { "TLS failed".to_owned() } else { reasons.join(", ") }
}
