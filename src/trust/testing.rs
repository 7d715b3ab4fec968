//! Certificates for the tests of this folder, generated on the fly.

use chrono::{DateTime, TimeZone as _, Utc};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};

use super::certificate::Certificate;

/// Midnight UTC of a day.
pub fn date(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, 0, 0, 0).unwrap()
}

pub fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub fn rsa_key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

pub fn ed25519_key() -> PKey<Private> {
    PKey::generate_ed25519().unwrap()
}

/// A certificate builder.
pub struct Maker {
    name: String,
    organisation: Option<String>,
    issuer: Option<String>,
    names: Vec<String>,
    valid: (DateTime<Utc>, DateTime<Utc>),
}

impl Maker {
    pub fn new(name: &str) -> Self {
        let valid = (date(2025, 1, 1), date(2035, 1, 1));
        Self { name: name.to_owned(), organisation: None, issuer: None, names: Vec::new(), valid }
    }

    pub fn organisation(mut self, name: &str) -> Self {
        self.organisation = Some(name.to_owned());
        self
    }

    pub fn issuer(mut self, name: &str) -> Self {
        self.issuer = Some(name.to_owned());
        self
    }

    pub fn names(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    pub fn valid(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        self.valid = (from, to);
        self
    }

    pub fn der(&self, key: &PKey<Private>) -> Vec<u8> {
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let mut serial = BigNum::new().unwrap();
        serial.rand(64, openssl::bn::MsbOption::ONE, false).unwrap();
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        let subject = name(&self.name, self.organisation.as_deref());
        builder.set_subject_name(&subject).unwrap();
        match &self.issuer {
            Some(issuer) => builder.set_issuer_name(&name(issuer, None)).unwrap(),
            None => builder.set_issuer_name(&subject).unwrap(),
        }
        let time = |time: DateTime<Utc>| Asn1Time::from_unix(time.timestamp()).unwrap();
        builder.set_not_before(&time(self.valid.0)).unwrap();
        builder.set_not_after(&time(self.valid.1)).unwrap();
        builder.set_pubkey(key).unwrap();
        if !self.names.is_empty() {
            let mut extension = SubjectAlternativeName::new();
            for name in &self.names {
                match name.parse::<std::net::IpAddr>() {
                    Ok(_) => extension.ip(name),
                    Err(_) => extension.dns(name),
                };
            }
            let extension = extension.build(&builder.x509v3_context(None, None)).unwrap();
            builder.append_extension(extension).unwrap();
        }
        let digest = match key.id() {
            Id::ED25519 => MessageDigest::null(),
            _ => MessageDigest::sha256(),
        };
        builder.sign(key, digest).unwrap();
        builder.build().to_der().unwrap()
    }

    pub fn certificate(&self, key: &PKey<Private>) -> Certificate {
        Certificate::from_der(&self.der(key)).unwrap()
    }
}

fn name(common: &str, organisation: Option<&str>) -> X509Name {
    let mut builder = X509Name::builder().unwrap();
    if let Some(organisation) = organisation {
        builder.append_entry_by_nid(Nid::ORGANIZATIONNAME, organisation).unwrap();
    }
    builder.append_entry_by_nid(Nid::COMMONNAME, common).unwrap();
    builder.build()
}
