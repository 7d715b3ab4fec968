//! The fields of a certificate that are shown, and the two digests by which it is recognised.
//!
//! Parses the DER that a server sent. The fields are hostile and may contain anything: `display` or
//! `output` escapes them before they are shown. Nothing here decides whether the certificate is
//! trusted.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::x509::{X509, X509NameRef, X509Ref};

use super::fingerprint::Fingerprint;
use crate::error::{Error, Kind, Result};

/// The fields of a server's certificate (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Most specific part first: `CN=ftp.example.org, O=Example`.
    pub subject: String,
    /// In the same form.
    pub issuer: String,
    /// The DNS names and IP addresses of SubjectAltName.
    pub names: Vec<String>,
    /// The first moment of its validity.
    pub not_before: DateTime<Utc>,
    /// The last moment of its validity.
    pub not_after: DateTime<Utc>,
    /// The kind of key: `RSA 2048 bits`, `EC P-256`, `Ed25519`.
    pub key: String,
    /// The digest of the whole certificate.
    pub fingerprint: Fingerprint,
    /// The digest of the public key, which survives a renewal with the same key.
    pub public_key: Fingerprint,
}

impl Certificate {
    /// Parses a certificate.
    ///
    /// # Errors
    /// Kind `Tls` if it is not a certificate, or its dates or key cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let read = read(der);
        // A malformed extension leaves errors in this thread's OpenSSL queue, where the next TLS
        // call would take them for its own.
        drop(ErrorStack::get());
        read.map_err(|why| {
            Error::new(Kind::Tls, format!("the certificate cannot be read: {}", reason(&why)))
        })
    }

    /// Whole days from `now` until expiry; negative if it has expired.
    pub fn days_left(&self, now: DateTime<Utc>) -> i64 {
        (self.not_after - now).num_seconds().div_euclid(24 * 60 * 60)
    }
}

fn read(der: &[u8]) -> Result<Certificate, ErrorStack> {
    let x509 = X509::from_der(der)?;
    let key = x509.public_key()?;
    Ok(Certificate {
        subject: name_text(x509.subject_name()),
        issuer: name_text(x509.issuer_name()),
        names: alternative_names(&x509),
        not_before: time(x509.not_before())?,
        not_after: time(x509.not_after())?,
        key: key_text(&key),
        fingerprint: Fingerprint::of_certificate(der),
        public_key: Fingerprint::of_public_key(&key.public_key_to_der()?),
    })
}

/// OpenSSL's first reason, without its numbers.
fn reason(why: &ErrorStack) -> String {
    why.errors().first().and_then(|error| error.reason()).unwrap_or("not a certificate").to_owned()
}

/// A name in RFC 4514 order: most specific part first.
fn name_text(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let label = match entry.object().nid() {
                Nid::UNDEF => entry.object().to_string(),
                nid => nid.short_name().map_or_else(|_| entry.object().to_string(), str::to_owned),
            };
            let value = entry
                .data()
                .to_string()
                .unwrap_or_else(|_| String::from_utf8_lossy(entry.data().as_slice()).into_owned());
            format!("{label}={}", value.replace('\\', "\\\\").replace(',', "\\,"))
        })
        .collect();
    parts.reverse();
    parts.join(", ")
}

fn alternative_names(x509: &X509Ref) -> Vec<String> {
    let Some(names) = x509.subject_alt_names() else { return Vec::new() };
    names
        .iter()
        .filter_map(|name| match (name.dnsname(), name.ipaddress()) {
            (Some(dns), _) => Some(dns.to_owned()),
            (None, Some(bytes)) => address_text(bytes),
            (None, None) => None,
        })
        .collect()
}

fn address_text(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).ok().map(|address| address.to_string())
}

/// The OpenSSL binding exposes times only as differences from another time.
fn time(time: &Asn1TimeRef) -> Result<DateTime<Utc>, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since.days) * 24 * 60 * 60 + i64::from(since.secs);
    Ok(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
}

fn key_text(key: &PKeyRef<Public>) -> String {
    match key.id() {
        Id::RSA => format!("RSA {} bits", key.bits()),
        Id::RSA_PSS => format!("RSA-PSS {} bits", key.bits()),
        Id::DSA => format!("DSA {} bits", key.bits()),
        Id::ED25519 => "Ed25519".to_owned(),
        Id::ED448 => "Ed448".to_owned(),
        Id::EC => match key.ec_key().ok().and_then(|key| key.group().curve_name()) {
            Some(Nid::X9_62_PRIME256V1) => "EC P-256".to_owned(),
            Some(Nid::SECP384R1) => "EC P-384".to_owned(),
            Some(Nid::SECP521R1) => "EC P-521".to_owned(),
            Some(curve) => format!("EC {}", curve.short_name().unwrap_or("of an unnamed curve")),
            None => format!("EC {} bits", key.bits()),
        },
        _ => format!("{} bits, of a kind not known here", key.bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::testing::{Maker, date, ec_key, ed25519_key, rsa_key};
    use openssl::pkey::{PKey, Private};

    #[test]
    fn shows_names_dates_and_key() {
        let der = Maker::new("ftp.example.org")
            .organisation("Example, Inc.")
            .issuer("Example CA")
            .names(&["ftp.example.org", "*.example.net", "192.0.2.7", "2001:db8::1"])
            .valid(date(2025, 1, 2), date(2026, 1, 2))
            .der(&ec_key());
        let cert = Certificate::from_der(&der).unwrap();
        assert_eq!(cert.subject, "CN=ftp.example.org, O=Example\\, Inc.");
        assert_eq!(cert.issuer, "CN=Example CA");
        assert_eq!(cert.names, ["ftp.example.org", "*.example.net", "192.0.2.7", "2001:db8::1"]);
        assert_eq!((cert.not_before, cert.not_after), (date(2025, 1, 2), date(2026, 1, 2)));
        assert_eq!(cert.fingerprint, Fingerprint::of_certificate(&der));
    }

    #[test]
    fn describes_each_kind_of_key() {
        let cases: [(PKey<Private>, &str); 3] =
            [(rsa_key(), "RSA 2048 bits"), (ec_key(), "EC P-256"), (ed25519_key(), "Ed25519")];
        for (key, expected) in cases {
            let cert = Certificate::from_der(&Maker::new("x").der(&key)).unwrap();
            assert_eq!(cert.key, expected);
            let pin = Fingerprint::of_public_key(&key.public_key_to_der().unwrap());
            assert_eq!(cert.public_key, pin, "{expected}");
        }
    }

    #[test]
    fn the_pin_survives_a_renewal_and_the_fingerprint_does_not() {
        let key = ec_key();
        let read = |maker: Maker| Certificate::from_der(&maker.der(&key)).unwrap();
        let old = read(Maker::new("x").valid(date(2025, 1, 1), date(2026, 1, 1)));
        let new = read(Maker::new("x").valid(date(2026, 1, 1), date(2027, 1, 1)));
        assert_eq!(old.public_key, new.public_key);
        assert_ne!(old.fingerprint, new.fingerprint);
    }

    #[test]
    fn hostile_fields_come_through_whole() {
        let der =
            Maker::new("a\u{1b}[2J\nb\0c").names(&["good.example\0.evil", "x\r\ny"]).der(&ec_key());
        let cert = Certificate::from_der(&der).unwrap();
        assert_eq!(cert.subject, "CN=a\u{1b}[2J\nb\0c");
        assert_eq!(cert.names, ["good.example\0.evil", "x\r\ny"]);
    }

    #[test]
    fn counts_whole_days_down_through_zero() {
        let der = Maker::new("x").valid(date(2026, 1, 1), date(2026, 2, 1)).der(&ec_key());
        let cert = Certificate::from_der(&der).unwrap();
        let second = chrono::TimeDelta::seconds(1);
        for (now, days) in [
            (date(2026, 1, 1), 31),
            (date(2026, 1, 31), 1),
            (date(2026, 1, 31) + second, 0),
            (date(2026, 2, 1), 0),
            (date(2026, 2, 1) + second, -1),
            (date(2026, 2, 3), -2),
        ] {
            assert_eq!(cert.days_left(now), days, "{now}");
        }
    }

    #[test]
    fn damaged_certificates_are_errors_and_leave_nothing_behind() {
        let der = Maker::new("ftp.example.org").names(&["ftp.example.org"]).der(&ec_key());
        assert_eq!(Certificate::from_der(b"").unwrap_err().kind(), Kind::Tls);
        assert_eq!(Certificate::from_der(b"-----BEGIN").unwrap_err().kind(), Kind::Tls);
        for end in 0..der.len() {
            assert!(Certificate::from_der(&der[..end]).is_err(), "cut at {end}");
        }
        for at in 0..der.len() {
            let mut broken = der.clone();
            broken[at] ^= 0x55;
            // Whatever it parses as, it is not the same certificate.
            if let Ok(cert) = Certificate::from_der(&broken) {
                assert_ne!(cert.fingerprint, Fingerprint::of_certificate(&der), "byte {at}");
            }
            assert!(ErrorStack::get().errors().is_empty(), "byte {at}: errors left in the queue");
        }
    }
}
