//! What several targets look at.

use ftpsh::ftp::control::reply::{Reply, ReplyParser};
use ftpsh::output::{escape, escape_multiline, fit};

/// The first reply in these bytes, if they hold a whole one.
pub fn reply(bytes: &[u8]) -> Option<Reply> {
    let mut parser = ReplyParser::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines {
        if let Some(reply) = parser.push_line(line.strip_suffix(b"\r").unwrap_or(line)).ok()? {
            return Some(reply);
        }
    }
    None
}

/// A reply of one line.
pub fn one_line(code: u16, text: &[u8]) -> Option<Reply> {
    reply(&[format!("{code} ").as_bytes(), text].concat())
}

/// What is shown of this text holds nothing that steers a terminal, and fits where it must.
pub fn is_shown_safely(text: &str) {
    let hostile = |c: char| c.is_control() || ('\u{f780}'..='\u{f7ff}').contains(&c);
    let line = escape(text);
    assert!(!line.contains(hostile), "{line:?}");
    let lines = escape_multiline(text);
    assert!(!lines.contains(|c| hostile(c) && c != '\n' && c != '\t'), "{lines:?}");
    for columns in [0, 1, 20] {
        assert!(fit(&line, columns).chars().count() <= line.chars().count() + 1);
    }
}

/// Whether `bytes` hold the decimal digits of `number`, perhaps in groups: if not, it was made up,
/// or wrapped around.
pub fn says(bytes: &[u8], number: u64) -> bool {
    let ungrouped: Vec<u8> =
        bytes.iter().copied().filter(|byte| !matches!(byte, b',' | b'.' | b'\'')).collect();
    let digits = number.to_string();
    let found = |bytes: &[u8]| bytes.windows(digits.len()).any(|part| part == digits.as_bytes());
    found(bytes) || found(&ungrouped)
}
