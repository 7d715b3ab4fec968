//! FileZilla's `trustedcerts.xml`: host, port and the certificate's DER in hexadecimal.
//!
//! Only as much XML as FileZilla writes: elements without attributes that hold text. Anything
//! else is an error of its entry. The certificate itself is read, so that both its hash and its
//! key's are ours and not the file's.

use chrono::{DateTime, Utc};

use crate::error::{Error, Kind, Result};
use crate::trust::certificate::Certificate;
use crate::trust::entry::{Entry, Why};

/// Whether this is XML: no exported line begins like it.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// The trusted certificates, each with the number of the line that it begins in.
///
/// # Errors
///
/// [`Kind::Local`] for XML that is not FileZilla's.
pub(super) fn entries(bytes: &[u8], now: DateTime<Utc>) -> Result<Vec<(usize, Result<Entry>)>> {
    let wrong = || Error::new(Kind::Local, "not a file of FileZilla's trusted certificates");
    let text = str::from_utf8(bytes).map_err(|_| wrong())?;
    if !text.contains("<TrustedCerts") {
        return Err(wrong());
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find("<Certificate>").map(|offset| at + offset) {
        let line = text[..begin].matches('\n').count() + 1;
        let Some(length) = text[begin..].find("</Certificate>") else {
            let cut = Error::new(Kind::Local, "the file ends within a certificate");
            found.push((line, Err(cut)));
            break;
        };
        at = begin + length;
        found.push((line, entry(&text[begin..at], now)));
    }
    Ok(found)
}

fn entry(xml: &str, now: DateTime<Utc>) -> Result<Entry> {
    let wrong = |what: &str| Error::new(Kind::Local, format!("no usable {what}"));
    let host = element(xml, "Host").ok_or_else(|| wrong("host"))?;
    let port = element(xml, "Port").and_then(|port| port.parse().ok()).filter(|port| *port != 0);
    let port = port.ok_or_else(|| wrong("port"))?;
    let data = element(xml, "Data").and_then(|data| from_hex(&data));
    let der = data.ok_or_else(|| wrong("certificate"))?;
    Entry::new(&host, port, &Certificate::from_der(&der)?, Why::Import, now)
}

/// The text of the only element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let (_, rest) = xml.split_once(&open)?;
    let (text, rest) = rest.split_once(&close)?;
    if rest.contains(&open) || text.contains('<') {
        return None;
    }
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let text = text.trim().to_owned();
    Some(entities.iter().fold(text, |text, (entity, plain)| text.replace(entity, plain)))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0 && !digits.is_empty())?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

    fn file(inside: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<FileZilla3>\n<TrustedCerts>\n{inside}</TrustedCerts>\n")
    }

    #[test]
    fn what_is_not_a_usable_entry_is_an_error_with_its_line() {
        for (inside, why) in [
            ("<Data>00</Data><Host>h</Host><Port>21</Port>", "certificate"),
            ("<Data>0</Data><Host>h</Host><Port>21</Port>", "no usable certificate"),
            ("<Data>gg</Data><Host>h</Host><Port>21</Port>", "no usable certificate"),
            ("<Data></Data><Host>h</Host><Port>21</Port>", "no usable certificate"),
            ("<Host>h</Host><Port>21</Port>", "no usable certificate"),
            ("<Data>00</Data><Port>21</Port>", "no usable host"),
            ("<Data>00</Data><Host>a</Host><Host>b</Host><Port>21</Port>", "no usable host"),
            ("<Data>00</Data><Host>h</Host><Port>0</Port>", "no usable port"),
            ("<Data>00</Data><Host>h</Host><Port>65536</Port>", "no usable port"),
            ("<Data>00</Data><Host>h</Host>", "no usable port"),
        ] {
            let text = file(&format!("<Certificate>{inside}</Certificate>\n"));
            let found = entries(text.as_bytes(), NOW).unwrap();
            let [(line, Err(error))] = &found[..] else { panic!("{inside}: {found:?}") };
            assert_eq!(*line, 4, "{inside}");
            assert!(error.message().contains(why), "{inside}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_cut_or_another_one_is_an_error() {
        let found = entries(file("<Certificate><Data>00").as_bytes(), NOW).unwrap();
        assert!(matches!(&found[..], [(4, Err(_))]), "{found:?}");
        assert!(entries(file("").as_bytes(), NOW).unwrap().is_empty());
        for other in [&b"<FileZilla3></FileZilla3>"[..], b"<html>", b"<\xff"] {
            assert_eq!(entries(other, NOW).unwrap_err().kind(), Kind::Local);
        }
    }

    #[test]
    fn only_xml_looks_like_it() {
        assert!(looks_like(b"\xef\xbb\xbf<?xml"));
        assert!(looks_like(b"\n <FileZilla3>"));
        assert!(!looks_like(b"[h]:21 cert=SHA256:x"));
        assert!(!looks_like(b""));
    }

    #[test]
    fn entities_are_read_once() {
        assert_eq!(element("<Host>a&amp;lt;b</Host>", "Host").as_deref(), Some("a&lt;b"));
    }
}
