//! Checksums of whole files: which ones a server offers, and computing them locally.
//!
//! Commands: HASH (draft-bryan-ftpext-hash), and the older XSHA256, XSHA1, XMD5 and XCRC.

use std::io::Read;

use openssl::hash::{Hasher, MessageDigest};
use openssl::md::Md;

use crate::error::{Error, Kind, Result};
use crate::ftp::session::features::Features;

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-512.
    Sha512,
    /// SHA-256.
    Sha256,
    /// SHA-1: like the following ones, it detects accidents, not attacks.
    Sha1,
    /// MD5.
    Md5,
    /// CRC-32 (ISO 3309).
    Crc32,
}

/// A checksum: the algorithm, and lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The digits.
    pub digits: String,
}

impl Algorithm {
    /// Parses an algorithm's name as servers write it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "SHA-512" | "SHA512" => Algorithm::Sha512,
            "SHA-256" | "SHA256" => Algorithm::Sha256,
            "SHA-1" | "SHA1" => Algorithm::Sha1,
            "MD5" => Algorithm::Md5,
            "CRC32" | "CRC-32" | "CRC" => Algorithm::Crc32,
            _ => return None,
        })
    }

    /// Whether it can be computed: the system's policy may forbid MD5 and SHA-1.
    fn is_available(self) -> bool {
        let name = match self {
            Algorithm::Sha512 => "SHA512",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Md5 => "MD5",
            Algorithm::Crc32 => return true,
        };
        Md::fetch(None, name, None).is_ok()
    }

    /// The checksum of everything read from `source`.
    ///
    /// # Errors
    ///
    /// Those of the reader; an algorithm forbidden by the system's policy (FIPS).
    pub fn compute(self, source: &mut dyn Read) -> std::io::Result<Checksum> {
        let mut block = vec![0; super::BLOCK];
        let digits = if self == Algorithm::Crc32 {
            let mut crc = crc32fast::Hasher::new();
            loop {
                match source.read(&mut block)? {
                    0 => break,
                    n => crc.update(&block[..n]),
                }
            }
            format!("{:08x}", crc.finalize())
        } else {
            let digest = match self {
                Algorithm::Sha512 => MessageDigest::sha512(),
                Algorithm::Sha256 => MessageDigest::sha256(),
                Algorithm::Sha1 => MessageDigest::sha1(),
                _ => MessageDigest::md5(),
            };
            let mut hasher = Hasher::new(digest).map_err(std::io::Error::other)?;
            loop {
                match source.read(&mut block)? {
                    0 => break,
                    n => hasher.update(&block[..n]).map_err(std::io::Error::other)?,
                }
            }
            let bytes = hasher.finish().map_err(std::io::Error::other)?;
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        Ok(Checksum { algorithm: self, digits })
    }
}

/// The command that requests a file's checksum: verb and algorithm, the strongest offered that can be
/// computed here. With HASH it is the selected algorithm, because a client may have to switch.
/// `None` if the server offers none.
///
/// # Errors
///
/// [`Kind::Incomplete`] if the system's policy (FIPS) forbids all that it offers.
pub fn best_offered(features: &Features) -> Result<Option<(&'static str, Algorithm)>> {
    let selected = features.hash_algorithms().into_iter().find(|(_, selected)| *selected);
    let selected = selected.and_then(|(name, _)| Algorithm::parse(&name));
    let mut commands: Vec<_> = features
        .checksum_commands()
        .into_iter()
        .filter_map(|(verb, name)| Some((verb, Algorithm::parse(name)?)))
        .collect();
    commands.sort_by_key(|(_, algorithm)| *algorithm as u8);
    let mut offered: Vec<_> = selected.map(|algorithm| ("HASH", algorithm)).into_iter().collect();
    offered.append(&mut commands);
    match offered.iter().find(|(_, algorithm)| algorithm.is_available()) {
        None if !offered.is_empty() => {
            let mut names: Vec<_> =
                offered.iter().map(|(_, algorithm)| format!("{algorithm:?}")).collect();
            names.dedup();
            let text = format!(
                "the content cannot be verified: the server offers only {}, which the system's \
                 policy (FIPS) forbids",
                names.join(" and ")
            );
            let error = Error::new(Kind::Incomplete, text);
            Err(error.with_hint("`set xfer:verify size` compares sizes only"))
        }
        found => Ok(found.copied()),
    }
}

/// The digits in a reply to a checksum command: the only word of the right length that is all
/// hexadecimal. (HASH replies `213 SHA-256 0-49 digits name`, the others `250 digits`.)
pub fn digits_in_reply(algorithm: Algorithm, text: &str) -> Option<String> {
    let length = match algorithm {
        Algorithm::Sha512 => 128,
        Algorithm::Sha256 => 64,
        Algorithm::Sha1 => 40,
        Algorithm::Md5 => 32,
        Algorithm::Crc32 => 8,
    };
    let hexadecimal = |word: &&str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = text.split_whitespace().filter(|word| word.len() == length).find(hexadecimal)?;
    Some(word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_standard_text() {
        for (algorithm, digits) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            let made = algorithm.compute(&mut &b"123456789"[..]).unwrap();
            assert_eq!(made, Checksum { algorithm, digits: digits.into() });
        }
    }

    #[test]
    fn digits_are_found_in_every_form_of_reply() {
        let md5 = "25f9e794323b453885f5181f1b624d0b";
        for text in [
            md5.to_owned(),
            format!("\"x\" {}", md5.to_uppercase()),
            format!("MD5 0-49 {md5} name with deadbeef"),
        ] {
            assert_eq!(digits_in_reply(Algorithm::Md5, &text).as_deref(), Some(md5));
        }
        assert_eq!(digits_in_reply(Algorithm::Md5, "cbf43926"), None);
    }
}
