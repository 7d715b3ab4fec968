//! Self-signed certificates for servers on loopback, each with a new P-256 key.
//!
//! In: a common name, and whether it is to be expired. Out: PEM for the server, and the
//! fingerprint as ftpsh prints it.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::base64::encode_block;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

/// A certificate and its key.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub x509: X509,
    /// Its private key.
    pub key: PKey<Private>,
}

impl Certificate {
    /// A certificate for `localhost` and 127.0.0.1, valid for a month to come.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn make(common_name: &str) -> Result<Self, ErrorStack> {
        Self::make_until(common_name, 29 * DAY)
    }

    /// The same, valid from two days ago for so many seconds from now.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn make_until(common_name: &str, seconds: i64) -> Result<Self, ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
        let now = yesterday() + DAY;
        Self::sign(common_name, key, now - 2 * DAY, now + seconds)
    }

    /// The certificate in PEM.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn pem(&self) -> Result<Vec<u8>, ErrorStack> {
        self.x509.to_pem()
    }

    /// The private key in PEM.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn key_pem(&self) -> Result<Vec<u8>, ErrorStack> {
        self.key.private_key_to_pem_pkcs8()
    }

    /// `SHA256:` and the unpadded base64 of the certificate's digest.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn fingerprint(&self) -> Result<String, ErrorStack> {
        let digest = self.x509.digest(MessageDigest::sha256())?;
        Ok(format!("SHA256:{}", encode_block(&digest).trim_end_matches('=')))
    }

    /// A self-signed certificate on `key`, valid between two Unix times. It is for the common name
    /// if that is a domain name, else for `localhost` and 127.0.0.1.
    ///
    /// # Errors
    /// Whatever OpenSSL says.
    pub fn sign(
        common_name: &str,
        key: PKey<Private>,
        not_before: i64,
        not_after: i64,
    ) -> Result<Self, ErrorStack> {
        let mut name = X509Name::builder()?;
        name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
        let name = name.build();
        let mut serial = BigNum::new()?;
        serial.rand(120, MsbOption::MAYBE_ZERO, false)?;

        let mut builder = X509::builder()?;
        builder.set_version(2)?; // X.509 v3
        builder.set_serial_number(Asn1Integer::from_bn(&serial)?.as_ref())?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_not_before(Asn1Time::from_unix(not_before)?.as_ref())?;
        builder.set_not_after(Asn1Time::from_unix(not_after)?.as_ref())?;
        builder.set_pubkey(&key)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let mut names = SubjectAlternativeName::new();
        if common_name.contains('.') {
            names.dns(common_name);
        } else {
            names.dns("localhost").ip("127.0.0.1");
        }
        let names = names.build(&builder.x509v3_context(None, None))?;
        builder.append_extension(names)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { x509: builder.build(), key })
    }
}

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Unix time of a day ago: a clock that is a little off does no harm.
fn yesterday() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs() as i64) - DAY
}
