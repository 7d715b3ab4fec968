//! The character set of names on servers without UTF-8 (setting `net:charset`).
//!
//! Bytes from such a server are decoded to characters, and characters encoded to its bytes. Bytes
//! that cannot be decoded, or would not round-trip, become U+F780 to U+F7FF as in [`super::path`]:
//! every name is sent back unchanged, byte for byte.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, UTF_8};
use oem_cp::code_table::{DECODING_TABLE_CP_MAP, ENCODING_TABLE_CP_MAP};
use oem_cp::encode_char_checked;

use super::list_formats::Entry;
use super::path::{decode_name, encode_name, stands_for_byte};
use crate::error::{Error, Result};

/// The longest character in all of these character sets, in bytes (GB18030).
const LONGEST: usize = 4;

/// A superset of ASCII. The default is UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(Table);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    /// A character set of the WHATWG Encoding Standard.
    Standard(&'static Encoding),
    /// A code page of DOS and Windows consoles, by its number: one byte a character.
    CodePage(u16),
}

impl Default for Charset {
    fn default() -> Self {
        Self(Table::Standard(UTF_8))
    }
}

impl Charset {
    /// The character set with this name (WHATWG Encoding Standard section 4.2), or the code page
    /// `cpNUMBER`; `None` if it is unknown or not a superset of ASCII (UTF-16, ISO-2022-JP).
    pub fn named(name: &str) -> Option<Self> {
        match Encoding::for_label_no_replacement(name.as_bytes()) {
            Some(encoding) => {
                encoding.is_ascii_compatible().then_some(Self(Table::Standard(encoding)))
            }
            None => {
                let number = name.strip_prefix("cp")?.parse().ok()?;
                DECODING_TABLE_CP_MAP.contains_key(&number).then_some(Self(Table::CodePage(number)))
            }
        }
    }

    fn is_utf8(self) -> bool {
        self == Self::default()
    }

    fn name(self) -> Cow<'static, str> {
        match self.0 {
            Table::Standard(encoding) => encoding.name().into(),
            Table::CodePage(number) => format!("cp{number}").into(),
        }
    }

    /// Decodes bytes; [`Charset::encode`] returns exactly these bytes again.
    pub fn decode(self, bytes: &[u8]) -> String {
        if self.is_utf8() || bytes.is_ascii() {
            return decode_name(bytes);
        }
        if let Some(text) = self.faithful(bytes) {
            return text;
        }
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(byte) = rest.first() {
            let lengths = 1..=LONGEST.min(rest.len());
            let found = lengths.into_iter().find_map(|n| Some((n, self.faithful(&rest[..n])?)));
            match found {
                Some((length, character)) => {
                    text.push_str(&character);
                    rest = &rest[length..];
                }
                None => {
                    text.push_str(&decode_name(&[*byte]));
                    rest = &rest[1..];
                }
            }
        }
        text
    }

    /// The text, if all bytes can be decoded and round-trip.
    fn faithful(self, bytes: &[u8]) -> Option<String> {
        let text = match self.0 {
            Table::Standard(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)?
            }
            Table::CodePage(number) => {
                DECODING_TABLE_CP_MAP.get(&number)?.decode_string_checked(bytes)?.into()
            }
        };
        let back = || self.encode(&text).is_ok_and(|back| back == bytes);
        (!text.chars().any(stands_for_byte) && back()).then(|| text.into_owned())
    }

    /// The bytes to send for a text.
    ///
    /// # Errors
    ///
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a character that is not in the character set.
    pub fn encode(self, text: &str) -> Result<Vec<u8>> {
        if self.is_utf8() || text.is_ascii() {
            return Ok(encode_name(text));
        }
        let mut bytes = Vec::with_capacity(text.len());
        for part in text.split_inclusive(stands_for_byte) {
            let plain = part.trim_end_matches(stands_for_byte);
            self.encode_part(plain, text, &mut bytes)?;
            bytes.extend(encode_name(&part[plain.len()..]));
        }
        Ok(bytes)
    }

    fn encode_part(self, part: &str, whole: &str, bytes: &mut Vec<u8>) -> Result<()> {
        let lacks = |lacking: char| {
            let text = format!("{whole}: {lacking:?} cannot be written in {}", self.name());
            Error::usage(text)
                .with_hint("`set net:charset` has the character set of the server's names")
        };
        let mut encoder = match self.0 {
            Table::Standard(encoding) => encoding.new_encoder(),
            Table::CodePage(number) => {
                let table = ENCODING_TABLE_CP_MAP.get(&number);
                for character in part.chars() {
                    let byte = table.and_then(|table| encode_char_checked(character, table));
                    bytes.push(byte.ok_or_else(|| lacks(character))?);
                }
                return Ok(());
            }
        };
        let mut rest = part;
        let mut buffer = [0; 256];
        loop {
            let (result, read, written) =
                encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
            bytes.extend_from_slice(&buffer[..written]);
            rest = &rest[read..];
            match result {
                EncoderResult::InputEmpty => return Ok(()),
                EncoderResult::OutputFull => {}
                EncoderResult::Unmappable(lacking) => return Err(lacks(lacking)),
            }
        }
    }

    /// Decodes a text again that was decoded as UTF-8 (see [`decode_name`]).
    pub(super) fn reread(self, text: String) -> String {
        if self.is_utf8() || text.is_ascii() { text } else { self.decode(&encode_name(&text)) }
    }

    /// Decodes the texts of an entry again that were decoded as UTF-8.
    pub(super) fn reread_entry(self, mut entry: Entry) -> Entry {
        entry.name = self.reread(entry.name);
        for text in [&mut entry.owner, &mut entry.group, &mut entry.target, &mut entry.unique] {
            *text = text.take().map(|text| self.reread(text));
        }
        entry
    }

    /// The argument to pass to suppaftp so that it sends this text's bytes.
    pub(super) fn outgoing(self, text: &str) -> Result<Cow<'_, str>> {
        if self.is_utf8() || text.is_ascii() {
            return Ok(Cow::Borrowed(text));
        }
        self.encode(text).map(|bytes| decode_name(&bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn charset(name: &str) -> Charset {
        Charset::named(name).unwrap()
    }

    const LABELS: &[&str] = &[
        "utf-8",
        "iso-8859-1",
        "iso-8859-15",
        "windows-1252",
        "windows-1253",
        "koi8-r",
        "ibm866",
        "macintosh",
        "shift_jis",
        "euc-jp",
        "euc-kr",
        "gbk",
        "gb18030",
        "big5",
        "x-user-defined",
        "cp437",
        "cp850",
        "cp852",
        "cp862",
        "cp1255",
    ];

    #[test]
    fn bytes_survive_the_way_here_and_back_and_make_no_separator() {
        let round_trip = |label: &str, bytes: &[u8]| {
            let text = charset(label).decode(bytes);
            let back = charset(label).encode(&text).unwrap();
            assert_eq!(back, bytes, "{label} {bytes:x?} {text:?}");
        };
        for label in LABELS {
            for first in 0x80..=255u8 {
                // Each second byte is combined with some first bytes.
                for second in (first % 5..=255).step_by(5).filter(|byte| *byte != b'/') {
                    let bytes = [b'a', first, second, b'\\'];
                    round_trip(label, &bytes);
                    assert!(!charset(label).decode(&bytes).contains('/'), "{label} {bytes:x?}");
                }
            }
            // Longer sequences from a small generator.
            let mut state = 1u32;
            for length in (0..300).map(|i| i % 24) {
                let bytes: Vec<u8> = std::iter::repeat_with(|| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8 | 0x40
                })
                .take(length)
                .collect();
                round_trip(label, &bytes);
            }
        }
    }

    #[test]
    fn characters_are_those_of_the_set() {
        for (label, bytes, text) in [
            ("iso-8859-1", &b"caf\xe9"[..], "café"),
            ("iso-8859-15", b"10 \xa4", "10 €"),
            ("koi8-r", b"\xd0\xd2\xc9", "при"),
            ("shift_jis", b"\x8e\x8e\x8c\xb1", "試験"),
            // The second byte is a backslash in ASCII.
            ("shift_jis", b"\x83\x5c.txt", "ソ.txt"),
            ("gb18030", b"\xca\xd4", "试"),
            ("utf-8", b"caf\xe9", "caf\u{F7E9}"),
            ("cp437", b"gr\x81n \xe3\xff", "grün π\u{a0}"),
            ("cp850", b"\x9d\xd5", "Øı"),
            // 0x81 0x20 is not a character: the byte is preserved, the blank stays a blank.
            ("shift_jis", b"\x81 \x8e\x8e", "\u{F781} 試"),
            // Two undefined bytes that would be UTF-8 together.
            ("windows-1253", b"\xd2\xaa", "\u{F7D2}\u{F7AA}"),
        ] {
            assert_eq!(charset(label).decode(bytes), text, "{label}");
            assert_eq!(charset(label).encode(text).unwrap(), bytes, "{label}");
        }
    }

    #[test]
    fn a_character_that_the_set_lacks_is_wrong_usage() {
        let error = charset("iso-8859-1").encode("RETR żółw").unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.message().contains("'ż' cannot be written in windows-1252"), "{error}");
        assert_eq!(charset("iso-8859-2").encode("ż").unwrap(), [0xbf]);
        let error = charset("cp850").encode("RETR π").unwrap_err();
        assert!(error.message().contains("'π' cannot be written in cp850"), "{error}");
    }

    #[test]
    fn sets_in_which_ascii_is_not_ascii_are_refused() {
        for label in [
            "utf-16",
            "utf-16be",
            "iso-2022-jp",
            "iso-2022-kr",
            "hz-gb-2312",
            "klingon",
            "cp12",
            "cp-1",
            "cp",
        ] {
            assert_eq!(Charset::named(label), None, "{label}");
        }
    }
}
