//! SHA-256 fingerprints of certificates and public keys, and the notations that users write.
//!
//! The canonical form is `SHA256:` and unpadded base64, as OpenSSH prints it. Shortened
//! fingerprints and other digests are never accepted.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use openssl::sha::sha256;

use crate::error::{Error, Result};

/// A SHA-256 digest of a certificate or of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// The message of every parse error.
const WRONG: &str = "not a SHA-256 fingerprint";

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(sha256(der))
    }

    /// The pin of a public key, from the DER of its SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub fn of_public_key(der: &[u8]) -> Self {
        Self(sha256(der))
    }

    /// Parses `SHA256:` with base64 (padded or not), or 64 hexadecimal digits with or without
    /// colons between the bytes and with or without the prefix `SHA256:` or `sha256/`.
    ///
    /// # Errors
    /// Kind `Usage`, always with the same text.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let bare = without_prefix(text);
        from_hex(bare.unwrap_or(text)).or_else(|| from_base64(bare?)).map(Self).ok_or_else(|| {
            Error::usage(WRONG)
                .with_hint("write `SHA256:` and base64, or 64 hexadecimal digits (`AB:CD:…`)")
        })
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(self.0))
    }
}

/// The text after the prefix, if there is one.
fn without_prefix(text: &str) -> Option<&str> {
    let (prefix, rest) = text.split_at_checked("sha256:".len())?;
    let known = ["sha256:", "sha256/"].iter().any(|p| prefix.eq_ignore_ascii_case(p));
    known.then_some(rest)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let step = match text.len() {
        64 => 2,
        95 => 3,
        _ => return None,
    };
    let bytes = text.as_bytes();
    if step == 3 && !bytes.iter().skip(2).step_by(3).all(|byte| *byte == b':') {
        return None;
    }
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        let at = index * step;
        *byte = u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()?;
    }
    Some(digest)
}

/// Only two bits of the last digit are used; the others must be zero, so that a digest has exactly
/// one text.
fn from_base64(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text);
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    const EMPTY: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    const EMPTY_HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn colons(hex: &str) -> String {
        let pairs: Vec<_> = hex.as_bytes().chunks(2).map(|p| str::from_utf8(p).unwrap()).collect();
        pairs.join(":")
    }

    #[test]
    fn prints_the_digest_as_openssh_does() {
        assert_eq!(Fingerprint::of_certificate(b"").to_string(), EMPTY);
        assert_eq!(Fingerprint::of_public_key(b"").to_string(), EMPTY);
    }

    #[test]
    fn reads_every_form_people_write() {
        let base64 = &EMPTY["SHA256:".len()..];
        let forms = [
            EMPTY.to_owned(),
            format!("{EMPTY}="),
            format!("  {EMPTY}\n"),
            format!("sha256:{base64}"),
            format!("Sha256/{base64}="),
            EMPTY_HEX.to_owned(),
            EMPTY_HEX.to_uppercase(),
            colons(EMPTY_HEX),
            colons(&EMPTY_HEX.to_uppercase()),
            format!("SHA256:{EMPTY_HEX}"),
            format!("sha256/{}", colons(EMPTY_HEX)),
        ];
        for form in forms {
            let read = Fingerprint::parse(&form).unwrap_or_else(|e| panic!("{form}: {e}"));
            assert_eq!(read.to_string(), EMPTY, "{form}");
        }
    }

    #[test]
    fn refuses_everything_else_with_one_error() {
        let base64 = &EMPTY["SHA256:".len()..];
        let wrong = [
            String::new(),
            "SHA256:".to_owned(),
            base64.to_owned(),
            EMPTY[..EMPTY.len() - 1].to_owned(),
            format!("{EMPTY}=="),
            format!("{EMPTY}A"),
            // The same digest with a stray bit in the last digit.
            format!("SHA256:{}V", &base64[..42]),
            format!("MD5:{base64}"),
            format!("SHA1:{EMPTY_HEX}"),
            format!("SHA256:SHA256:{base64}"),
            format!("sha256//{base64}"),
            EMPTY_HEX[1..].to_owned(),
            format!("{EMPTY_HEX}0"),
            EMPTY_HEX.replace('e', "g"),
            colons(EMPTY_HEX).replace(':', "-"),
            colons(EMPTY_HEX).replacen(':', "0", 1),
            "é".repeat(32),
            "sha256é".to_owned(),
            format!("SHA256:{} {}", &base64[..20], &base64[21..]),
            format!("SHA256:{}\u{0}", &base64[..42]),
        ];
        for text in wrong {
            let error = Fingerprint::parse(&text).expect_err(&text);
            assert_eq!((error.kind(), error.message()), (Kind::Usage, WRONG), "{text:?}");
        }
    }
}
