//! Key exchange groups: which one is offered first, and which one a server chose. A wrong first
//! choice costs a round trip.

use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::ssl::{SslContextBuilder, SslRef, SslVersion};

/// The key exchange groups of OpenSSL before 3.5, with P-256 first: it sends a key share only for
/// the first one, and servers that support only P-256 (vsftpd, Pure-FTPd with OpenSSL's old API for
/// curves) would request a second ClientHello, one more round trip.
const NAMES: &str = "P-256:X25519:X448:P-521:P-384";

/// From this version on OpenSSL sends several key shares, a post-quantum one among them.
const END: i64 = 0x3050_0000;

/// Makes the control connection offer P-256 first.
pub(super) fn offer_p256_first(builder: &mut SslContextBuilder) {
    if openssl::version::number() < END {
        // If the system's policy does not allow all of them, the list is left unchanged.
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
