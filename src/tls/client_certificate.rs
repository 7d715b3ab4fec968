//! The client certificate, for both backends: PEM (with the key in the same file or in one of its
//! own), or PKCS#12.
//!
//! The passphrase is asked for only if the key is encrypted.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkcs12::{ParsedPkcs12_2, Pkcs12};
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::Config;
use super::openssl_info::openssl_error_text;
use crate::error::{Error, Kind, Result};

/// A certificate with its key and the intermediate certificates.
#[derive(Debug)]
pub(super) struct ClientCertificate {
    pub(super) certificate: X509,
    pub(super) key: PKey<Private>,
    pub(super) chain: Vec<X509>,
}

impl ClientCertificate {
    /// Reads the files that `config` names, if any; asks for the passphrase, once.
    ///
    /// # Errors
    ///
    /// [`Kind::Local`], with the file and what is wrong with it.
    pub(super) fn read(config: &Config) -> Result<Option<Self>> {
        let Some(path) = config.cert_file.as_deref() else { return Ok(None) };
        let bytes = super::read_local_file(path)?;
        let passphrase = || config.passphrase.as_ref().and_then(|ask| ask());
        let mut pem = X509::stack_from_pem(&bytes).unwrap_or_default().into_iter();
        let read = match pem.next() {
            Some(certificate) => {
                let key_path = config.key_file.as_deref().unwrap_or(path);
                let key = read_pem_key(key_path, &passphrase)?;
                Self { certificate, key, chain: pem.collect() }
            }
            None if is_pem(&bytes) => return Err(lacks(path, "no certificate")),
            None => {
                let parsed = open_pkcs12(&bytes, path, &passphrase)?;
                // A certificate without its key is among the others.
                let mut others = parsed.ca.into_iter().flatten();
                let Some(certificate) = parsed.cert.or_else(|| others.next()) else {
                    return Err(lacks(path, "no certificate"));
                };
                let key = match (parsed.pkey, config.key_file.as_deref()) {
                    (_, Some(key_path)) => read_pem_key(key_path, &passphrase)?,
                    (Some(key), None) => key,
                    (None, None) => return Err(lacks(path, "no private key").with_hint(NAME_KEY)),
                };
                Self { certificate, key, chain: others.collect() }
            }
        };
        let fits = read.certificate.public_key().is_ok_and(|public| public.public_eq(&read.key));
        if !fits {
            let key_path = config.key_file.as_deref().unwrap_or(path);
            let text = format!(
                "{}: the private key does not belong to the certificate in {}",
                key_path.display(),
                path.display()
            );
            return Err(Error::new(Kind::Local, text));
        }
        Ok(Some(read))
    }
}

const NAME_KEY: &str = "name the file with its key: `set tls:key-file FILE`";

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|part| part == b"-----BEGIN ")
}

fn lacks(path: &Path, what: &str) -> Error {
    Error::new(Kind::Local, format!("{}: holds {what}", path.display()))
}

fn read_pem_key(path: &Path, passphrase: &dyn Fn() -> Option<String>) -> Result<PKey<Private>> {
    let bytes = super::read_local_file(path)?;
    if !bytes.windows(16).any(|part| part == b"PRIVATE KEY-----") {
        return Err(lacks(path, "no private key in PEM format").with_hint(NAME_KEY));
    }
    let key = PKey::private_key_from_pem_callback(&bytes, |buffer| {
        let Some(phrase) = passphrase() else { return Ok(0) };
        let phrase = phrase.as_bytes();
        let n = phrase.len().min(buffer.len());
        buffer[..n].copy_from_slice(&phrase[..n]);
        Ok(n)
    });
    let is_encrypted = bytes.windows(9).any(|part| part == b"ENCRYPTED");
    key.map_err(|stack| match is_encrypted {
        true => wrong_passphrase(path),
        false => file_error(path, &stack),
    })
}

/// Opens a PKCS#12 file: with the empty passphrase first, then with the one from `passphrase`.
fn open_pkcs12(
    bytes: &[u8],
    path: &Path,
    passphrase: &dyn Fn() -> Option<String>,
) -> Result<ParsedPkcs12_2> {
    let Ok(archive) = Pkcs12::from_der(bytes) else {
        return Err(lacks(path, "neither PEM nor PKCS#12"));
    };
    let opened = archive.parse2("").or_else(|stack| match passphrase() {
        _ if is_unsupported(&stack) => Err(stack),
        // A passphrase with NUL is impossible here: NUL ends a C string.
        Some(phrase) if !phrase.contains('\0') => archive.parse2(&phrase),
        _ => Err(stack),
    });
    opened.map_err(|stack| {
        if is_unsupported(&stack) {
            let name = path.display();
            let text = format!(
                "{name}: protected with an algorithm that OpenSSL does not have or, with FIPS, \
                 may not use"
            );
            return Error::new(Kind::Local, text).with_hint(format!(
                "make a PEM file of it: `OPENSSL_CONF=/dev/null openssl pkcs12 -legacy -in {name} \
                 -out FILE.pem`"
            ));
        }
        let is_wrong = stack.errors().iter().any(|e| e.reason() == Some("mac verify failure"));
        if is_wrong { wrong_passphrase(path) } else { file_error(path, &stack) }
    })
}

/// RC2 of old files without the legacy provider, or the key derivation of PKCS#12 with FIPS.
fn is_unsupported(stack: &ErrorStack) -> bool {
    let unsupported = |reason: &str| reason == "unsupported" || reason.contains("unknown digest");
    stack.errors().iter().filter_map(|error| error.reason()).any(unsupported)
}

fn wrong_passphrase(path: &Path) -> Error {
    let text = format!("{}: the passphrase is missing or wrong", path.display());
    Error::new(Kind::Local, text).with_hint("it is asked for at a terminal")
}

fn file_error(path: &Path, stack: &ErrorStack) -> Error {
    Error::new(Kind::Local, format!("{}: {}", path.display(), openssl_error_text(stack)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::testing::{Maker, ec_key};
    use std::sync::Arc;

    #[test]
    fn the_passphrase_of_a_pkcs12_file_is_asked_for_only_if_it_has_one() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key) = (dir.path().join("own.p12"), ec_key());
        let own = X509::from_der(&Maker::new("own").der(&key)).unwrap();
        for (word, answer, opens) in [
            ("", None, true),
            ("w-of-key", Some("w-of-key"), true),
            ("w-of-key", Some("other"), false),
            ("w-of-key", Some("nul\0"), false),
            ("w-of-key", None, false),
        ] {
            let mut builder = Pkcs12::builder();
            builder.pkey(&key).cert(&own);
            std::fs::write(&path, builder.build2(word).unwrap().to_der().unwrap()).unwrap();
            let config = Config {
                cert_file: Some(path.clone()),
                passphrase: Some(Arc::new(move || answer.map(str::to_owned))),
                ..Config::default()
            };
            match ClientCertificate::read(&config) {
                Ok(read) => assert!(opens && read.is_some(), "{word} {answer:?}"),
                Err(error) => {
                    assert!(!opens, "{word} {answer:?}: {error}");
                    assert!(error.message().contains("the passphrase is missing or wrong"));
                }
            }
        }
    }
}
