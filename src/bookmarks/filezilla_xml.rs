//! FileZilla's XML files: detection, and the texts of elements.
//!
//! The parser rejects document types, and with them entities that expand without limit.

use roxmltree::{Document, Node};

use crate::error::{Error, Kind, Result};

/// Whether this is XML: no other supported file begins like it.
pub fn looks_like_xml(bytes: &[u8]) -> bool {
    without_byte_order_mark(bytes).trim_ascii_start().starts_with(b"<")
}

/// Parses a FileZilla file that contains an element `section`; `what` names the expected file.
///
/// # Errors
/// [`Kind::Local`] if it is not XML (with the line), or another file.
pub fn parse_document<'a>(bytes: &'a [u8], section: &str, what: &str) -> Result<Document<'a>> {
    let text = str::from_utf8(without_byte_order_mark(bytes))
        .map_err(|_| Error::new(Kind::Local, format!("not {what}: not UTF-8")))?;
    let document = Document::parse(text)
        .map_err(|error| Error::new(Kind::Local, format!("not {what}: {error}")))?;
    if !document.root_element().children().any(|node| node.has_tag_name(section)) {
        return Err(Error::new(Kind::Local, format!("not {what}: no {section} in it")));
    }
    Ok(document)
}

/// The text of the only child element of this name, trimmed.
pub fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let mut found = node.children().filter(|child| child.has_tag_name(name));
    let only = found.next()?;
    let plain = found.next().is_none() && only.children().all(|inside| !inside.is_element());
    plain.then(|| own_text(only))
}

/// The text directly inside an element, trimmed.
pub fn own_text(node: Node<'_, '_>) -> String {
    let parts = node.children().filter(Node::is_text).filter_map(|part| part.text());
    parts.collect::<String>().trim().to_owned()
}

/// The line in which an element begins, from 1.
pub fn line_number(node: Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row.try_into().unwrap_or(usize::MAX)
}

fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_xml_looks_like_it() {
        assert!(looks_like_xml(b"\xef\xbb\xbf<?xml"));
        assert!(looks_like_xml(b"\n <FileZilla3>"));
        assert!(!looks_like_xml(b"[h]:21 cert=SHA256:x"));
        assert!(!looks_like_xml(b""));
    }

    #[test]
    fn texts_are_those_of_one_element_and_entities_are_read_once() {
        let document = parse_document(
            b"<F><S><A>a&amp;lt;b</A><B>1</B><B>2</B><C>x<D/></C><E> y\n</E></S></F>",
            "S",
            "a test",
        )
        .unwrap();
        let section = document.root_element().first_element_child().unwrap();
        let texts = ["A", "B", "C", "E", "Z"].map(|name| child_text(section, name));
        assert_eq!(texts, [Some("a&lt;b".into()), None, None, Some("y".into()), None]);
    }

    #[test]
    fn entities_that_grow_and_other_files_are_refused() {
        let bomb = b"<!DOCTYPE F [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><F><S>&b;</S></F>";
        for wrong in [&bomb[..], b"<F><S>", b"<F/>", b"<\xff", b"text", b""] {
            assert_eq!(
                parse_document(wrong, "S", "a test").unwrap_err().kind(),
                Kind::Local,
                "{wrong:?}"
            );
        }
        // Deep enough to overflow the stack of a recursive parser.
        let deep = format!("<F><S>{}{}</S></F>", "<a>".repeat(20_000), "</a>".repeat(20_000));
        let _ = parse_document(deep.as_bytes(), "S", "a test")
            .map(|document| line_number(document.root_element()));
    }
}
