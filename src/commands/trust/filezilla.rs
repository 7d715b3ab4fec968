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
