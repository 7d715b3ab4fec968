//! Key exchange groups: which is offered first, and which one a server took. A wrong first guess
//! costs a round trip.

use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::ssl::{SslContextBuilder, SslRef, SslVersion};

/// The key exchange groups of OpenSSL before 3.5, with P-256 first: it offers a key for the first
/// one only, and servers that know no other than P-256 (vsftpd, Pure-FTPd with OpenSSL's old way to
/// set curves) would ask for a second hello, a round trip more.
const NAMES: &str = "P-256:X25519:X448:P-521:P-384";

/// From this version on OpenSSL offers several keys, one that quantum computers do not break among
/// them.
const END: i64 = 0x3050_0000;

/// Has the control connection offer P-256 first.
pub(super) fn offer_p256_first(builder: &mut SslContextBuilder) {
    if openssl::version::number() < END {
        // Where the system's policy has not all of them, it stays as it is.
        let _ = builder.set_groups_list(NAMES);
    }
}

/// The key exchange group of a TLS 1.3 handshake, by its name in OpenSSL's lists.
pub(super) fn negotiated_group(ssl: &SslRef) -> Option<&'static str> {
    if ssl.version2() != Some(SslVersion::TLS1_3) {
        return None;
    }
    let key = ssl.peer_tmp_key().ok()?;
    match key.id() {
        Id::X25519 => Some("X25519"),
        Id::X448 => Some("X448"),
        Id::EC => match key.ec_key().ok()?.group().curve_name()? {
            Nid::X9_62_PRIME256V1 => Some("P-256"),
            Nid::SECP384R1 => Some("P-384"),
            Nid::SECP521R1 => Some("P-521"),
            _ => None,
        },
        _ => None,
    }
}
