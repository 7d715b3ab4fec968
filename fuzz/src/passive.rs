//! PASV and EPSV: never port 0, never a number that was not sent.

use std::net::Ipv4Addr;

use ftpsh::ftp::control::reply::{epsv_port, pasv_address};

use super::common::{one_line, reply, says};

/// The bytes are a reply.
pub fn check(data: &[u8]) {
    let Some(reply) = reply(data) else { return };
    if let Ok((address, port)) = pasv_address(&reply) {
        assert_eq!(reply.code, 227);
        assert_ne!(port, 0);
        let [a, b, c, d] = address.octets();
        let [high, low] = port.to_be_bytes();
        for number in [a, b, c, d, high, low] {
            assert!(says(data, number.into()), "{address}:{port}");
        }
        let text = format!("Entering ({a},{b},{c},{d},{high},{low}).");
        let again = one_line(227, text.as_bytes()).and_then(|reply| pasv_address(&reply).ok());
        assert_eq!(again, Some((Ipv4Addr::new(a, b, c, d), port)));
    }
    if let Ok(port) = epsv_port(&reply) {
        assert_eq!(reply.code, 229);
        assert_ne!(port, 0);
        assert!(says(data, port.into()), "{port}");
        let text = format!("Entering (|||{port}|)");
        let again = one_line(229, text.as_bytes()).and_then(|reply| epsv_port(&reply).ok());
        assert_eq!(again, Some(port));
    }
}
