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

    /// Its name in HASH and OPTS HASH.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Sha512 => "SHA-512",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha1 => "SHA-1",
            Algorithm::Md5 => "MD5",
            Algorithm::Crc32 => "CRC32",
        }
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

/// A command that requests a file's checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChecksumCommand {
    /// Its verb.
    pub verb: &'static str,
    /// What it computes.
    pub algorithm: Algorithm,
    /// It is HASH, and this algorithm has to be selected first.
    pub needs_selection: bool,
}

impl ChecksumCommand {
    /// How a user reads it: `XSHA256`, `HASH SHA-256`.
    pub fn name(&self) -> String {
        match self.verb {
            "HASH" => format!("HASH {}", self.algorithm.name()),
            verb => verb.to_owned(),
        }
    }
}

/// The commands that a server offers and whose checksums can be computed here: the strongest
/// algorithm first, of one algorithm those that need no selection.
pub fn commands_offered(features: &Features) -> Vec<ChecksumCommand> {
    let mut commands = all_commands(features);
    commands.retain(|command| command.algorithm.is_available());
    commands
}

fn all_commands(features: &Features) -> Vec<ChecksumCommand> {
    let hash = features.hash_algorithms();
    let hash = hash.iter().map(|(name, selected)| ("HASH", &**name, !selected));
    let others = features.checksum_commands();
    let others = others.into_iter().map(|(verb, name)| (verb, name, false));
    let mut commands: Vec<_> = hash
        .chain(others)
        .filter_map(|(verb, name, needs_selection)| {
            let algorithm = Algorithm::parse(name)?;
            Some(ChecksumCommand { verb, algorithm, needs_selection })
        })
        .collect();
    commands.sort_by_key(|command| (command.algorithm as u8, command.needs_selection));
    commands
}

/// The command that requests a file's checksum after its transfer: the strongest offered that
/// needs no selection and can be computed here. `None` if the server offers none.
///
/// # Errors
///
/// [`Kind::Incomplete`] if the system's policy (FIPS) forbids all that it offers.
pub fn best_offered(features: &Features) -> Result<Option<ChecksumCommand>> {
    let mut offered = all_commands(features);
    offered.retain(|command| !command.needs_selection);
    match offered.iter().find(|command| command.algorithm.is_available()) {
        None if !offered.is_empty() => {
            let mut names: Vec<_> =
                offered.iter().map(|command| format!("{:?}", command.algorithm)).collect();
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
    use crate::ftp::control::reply::Reply;

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
    fn the_strongest_checksum_comes_first_and_a_selection_is_made_only_for_a_stronger_one() {
        let names = |lines: &[&str]| {
            let mut text: Vec<Vec<u8>> = vec![b"Features:".to_vec()];
            text.extend(lines.iter().map(|line| line.as_bytes().to_vec()));
            text.push(b"End".to_vec());
            let features = Features::parse(&Reply::new(211, text));
            let name = |command: &ChecksumCommand| {
                format!("{}{}", command.name(), if command.needs_selection { " *" } else { "" })
            };
            let best = best_offered(&features).unwrap().map(|command| command.name());
            (commands_offered(&features).iter().map(name).collect::<Vec<_>>(), best)
        };
        let best = |name: &str| Some(name.to_owned());
        for (lines, all, expected) in [
            (&[][..], &[][..], None),
            (&[" XCRC"], &["XCRC"], best("XCRC")),
            (&[" XCRC", " XMD5", " XSHA256"], &["XSHA256", "XMD5", "XCRC"], best("XSHA256")),
            (
                &[" HASH SHA-1*;SHA-256;CRC32"],
                &["HASH SHA-256 *", "HASH SHA-1", "HASH CRC32 *"],
                best("HASH SHA-1"),
            ),
            (
                &[" HASH CRC32*;SHA-256", " XSHA256"],
                &["XSHA256", "HASH SHA-256 *", "HASH CRC32"],
                best("XSHA256"),
            ),
            (&[" HASH SHA-256*", " XSHA256"], &["HASH SHA-256", "XSHA256"], best("HASH SHA-256")),
            (&[" HASH BLAKE3*"], &[], None),
        ] {
            let all: Vec<String> = all.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(names(lines), (all, expected), "{lines:?}");
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
