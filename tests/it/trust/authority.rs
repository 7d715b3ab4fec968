//! An authority of the tests' own, whose certificates are valid where `tls:ca-file` names it.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameRef};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use support::certificate::{Certificate, DAY};

/// The number of the next root.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// A root and its key, in a directory that holds the root as PEM.
pub struct Authority {
    root: X509,
    key: PKey<Private>,
    directory: tempfile::TempDir,
}

impl Authority {
    /// A new root.
    pub fn new() -> Self {
        // A name of its own: of two roots with one name, OpenSSL would try the wrong one's key.
        let common_name = format!("Test Root {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (key, subject) = (new_key(), name(&common_name));
        let mut builder = begin(&subject, &subject, &key, -1, 30);
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(constraints).unwrap();
        let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
        builder.append_extension(usage).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let root = builder.build();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("root.pem"), root.to_pem().unwrap()).unwrap();
        Self { root, key, directory }
    }

    /// `tls:ca-file=…`, for `--set`.
    pub fn setting(&self) -> String {
        format!("tls:ca-file={}", self.path().display())
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("root.pem")
    }

    /// A certificate for 127.0.0.1 that is valid now.
    pub fn issue(&self) -> Certificate {
        self.sign(&new_key(), -1, 20, |names| {
            names.ip("127.0.0.1");
        })
    }

    /// One for 127.0.0.1 on `key` that expired yesterday.
    pub fn expired(&self, key: &PKey<Private>) -> Certificate {
        self.sign(key, -9, -1, |names| {
            names.ip("127.0.0.1");
        })
    }

    /// One for another host.
    pub fn elsewhere(&self) -> Certificate {
        self.sign(&new_key(), -1, 20, |names| {
            names.dns("other.example");
        })
    }

    fn sign(
        &self,
        key: &PKey<Private>,
        from: i64,
        to: i64,
        names: impl FnOnce(&mut SubjectAlternativeName),
    ) -> Certificate {
        let mut builder = begin(&name("leaf"), self.root.subject_name(), key, from, to);
        let mut alternative = SubjectAlternativeName::new();
        names(&mut alternative);
        let context = builder.x509v3_context(Some(&self.root), None);
        let alternative = alternative.build(&context).unwrap();
        builder.append_extension(alternative).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Certificate { x509: builder.build(), key: key.clone() }
    }
}

/// A self-signed certificate on a key that another one has already: a renewal.
pub fn renewed(old: &Certificate) -> Certificate {
    Certificate::sign("localhost", old.key.clone(), days(-1), days(60)).unwrap()
}

/// Days from now as Unix time.
fn days(from_now: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + from_now * DAY
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, common_name).unwrap();
    name.build()
}

/// A certificate without extensions and signature, valid between two days from now.
fn begin(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKey<Private>,
    from: i64,
    to: i64,
) -> X509Builder {
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, MsbOption::MAYBE_ZERO, false).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap(); // X.509 v3
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(days(from)).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(days(to)).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}
