//! FileZilla's `trustedcerts.xml`: host, port and the certificate's DER in hexadecimal.
//!
//! The certificate itself is read, so that both its hash and its key's are ours and not the file's.

use chrono::{DateTime, Utc};
use roxmltree::Node;

use crate::bookmarks::filezilla_xml;
use crate::error::{Error, Kind, Result};
use crate::trust::certificate::Certificate;
use crate::trust::entry::{Entry, TrustReason};

/// The trusted certificates, each with the number of the line that it begins in.
///
/// # Errors
///
/// [`Kind::Local`] for a file that is not FileZilla's.
pub(super) fn parse_entries(
    bytes: &[u8],
    now: DateTime<Utc>,
) -> Result<Vec<(usize, Result<Entry>)>> {
    let document = filezilla_xml::parse_document(
        bytes,
        "TrustedCerts",
        "a file of FileZilla's trusted certificates",
    )?;
    let found = document.descendants().filter(|node| node.has_tag_name("Certificate"));
    Ok(found.map(|node| (filezilla_xml::line_number(node), parse_entry(node, now))).collect())
}

fn parse_entry(node: Node<'_, '_>, now: DateTime<Utc>) -> Result<Entry> {
    let wrong = |what: &str| Error::new(Kind::Local, format!("no usable {what}"));
    let host = filezilla_xml::child_text(node, "Host").ok_or_else(|| wrong("host"))?;
    let port = filezilla_xml::child_text(node, "Port").and_then(|port| port.parse().ok());
    let port = port.filter(|port| *port != 0).ok_or_else(|| wrong("port"))?;
    let data = filezilla_xml::child_text(node, "Data").and_then(|data| from_hex(&data));
    let der = data.ok_or_else(|| wrong("certificate"))?;
    Entry::new(&host, port, &Certificate::from_der(&der)?, TrustReason::Import, now)
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
        let head = "<?xml version=\"1.0\"?>\n<FileZilla3>\n<TrustedCerts>\n";
        format!("{head}{inside}</TrustedCerts>\n</FileZilla3>\n")
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
            let found = parse_entries(text.as_bytes(), NOW).unwrap();
            let [(line, Err(error))] = &found[..] else { panic!("{inside}: {found:?}") };
            assert_eq!(*line, 4, "{inside}");
            assert!(error.message().contains(why), "{inside}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_cut_or_another_one_is_an_error() {
        assert!(parse_entries(file("").as_bytes(), NOW).unwrap().is_empty());
        let whole = file("<Certificate><Data>00</Data></Certificate>");
        let (cut, _) = whole.split_at(whole.len() - 30);
        for other in [cut.as_bytes(), b"<FileZilla3></FileZilla3>", b"<html>", b"<\xff"] {
            assert_eq!(parse_entries(other, NOW).unwrap_err().kind(), Kind::Local);
        }
    }
}
