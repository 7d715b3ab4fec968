//! Makes text from a server safe to show on a terminal.
//!
//! In the text, bytes that are not UTF-8 are mapped to U+F780..U+F7FF. Every character that could
//! control the terminal, or hide or reorder text, is escaped (`\x1b`, `\u{202e}`). Printable
//! Unicode stays. Never use this for pipes or files: escaping is not reversible.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Private-use characters that stand for the bytes 0x80 to 0xFF of a name that is not UTF-8.
pub const BYTES: RangeInclusive<char> = '\u{f780}'..='\u{f7ff}';

/// Appended to shortened text.
const ELLIPSIS: char = '…';

/// Characters beyond C0, DEL and C1 that are invisible or change the order of text: Unicode 16
/// `Cf`, the line and paragraph separators, the blank letters and the default-ignorable ranges. In
/// ascending order.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Escapes one line of text for a terminal. Backslashes are not escaped.
pub fn escape(text: &str) -> Cow<'_, str> {
    spell_out(text, "")
}

/// Escapes text of several lines for a terminal: line feeds and tabs stay; CR LF becomes LF.
pub fn escape_multiline(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") {
        return Cow::Owned(spell_out(&text.replace("\r\n", "\n"), "\n\t").into_owned());
    }
    spell_out(text, "\n\t")
}

/// Shortens `text` to at most `columns` terminal columns, with `…` at the end if needed. The text
/// must be escaped already.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut short = beginning(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        short.push(ELLIPSIS);
    }
    Cow::Owned(short)
}

/// Like [`fit`], with `…` in the middle: the end of a name says most.
pub fn fit_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns || columns < 3 {
        return fit(text, columns);
    }
    let head = beginning(text, (columns - 1) / 2);
    let (mut start, mut room) = (text.len(), columns - 1 - head.width());
    for (at, character) in text.grapheme_indices(true).rev() {
        let Some(rest) = room.checked_sub(character.width()) else { break };
        (start, room) = (at, rest);
    }
    Cow::Owned(format!("{head}{ELLIPSIS}{}", &text[start..]))
}

/// The whole characters at the beginning that fit into `columns`.
fn beginning(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.grapheme_indices(true) {
        used += character.width();
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// Appends the byte as `\xNN`.
pub(super) fn push_byte(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// Escapes every unsafe character except those in `keep`.
fn spell_out<'a>(text: &'a str, keep: &str) -> Cow<'a, str> {
    let unsafe_here = |(at, c): (usize, char)| {
        is_unsafe(c) && !keep.contains(c) && !(c == JOINER && joins_emoji(text, at))
    };
    let Some((start, _)) = text.char_indices().find(|&here| unsafe_here(here)) else {
        return Cow::Borrowed(text);
    };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..start]);
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            c if !unsafe_here((at, c)) => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            '\0'..='\x7f' => push_byte(&mut safe, c as u8),
            // The low byte of the private-use character is the byte itself.
            c if BYTES.contains(&c) => push_byte(&mut safe, (c as u32 & 0xff) as u8),
            // A C1 character encoded as UTF-8 is not the byte of the same number.
            c => {
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
        }
    }
    Cow::Owned(safe)
}

/// Joins emoji to one picture (UTS #51), and is invisible everywhere else.
const JOINER: char = '\u{200d}';

/// Whether the characters before and after the joiner at `at` are emoji.
fn joins_emoji(text: &str, at: usize) -> bool {
    // Pictures, and the symbols that emoji sequences contain (hearts, signs of men and women).
    let is_picture =
        |c: char| matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b1b}' | '\u{1f300}'..='\u{1faff}');
    let is_modifier = |c: &char| matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let before = text[..at].chars().rev().find(|c| !is_modifier(c));
    let after = text[at + JOINER.len_utf8()..].chars().next();
    before.is_some_and(is_picture) && after.is_some_and(is_picture)
}

/// Whether the character must not reach a terminal unescaped.
pub(super) fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || BYTES.contains(&c)
        || INVISIBLE
            .binary_search_by(|&(first, last)| match c {
                c if c < first => std::cmp::Ordering::Greater,
                c if c > last => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Equal,
            })
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_or_hides_is_spelt_out() {
        let table = [
            ("plain name.txt", "plain name.txt"),
            ("a\\b", "a\\b"),
            ("\x1b[2J", "\\x1b[2J"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("a\nb\rc\td", "a\\nb\\rc\\td"),
            ("\0\x7f", "\\x00\\x7f"),
            ("\u{85}\u{9b}2J", "\\u{85}\\u{9b}2J"),
            ("caf\u{f7e9}", "caf\\xe9"),
            ("\u{f780}\u{f7ff}", "\\x80\\xff"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            (
                "\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}",
                "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}",
            ),
            ("a\u{200b}b\u{feff}\u{ad}", "a\\u{200b}b\\u{feff}\\u{ad}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{e0041}", "\\u{e0041}"),
            (
                "👩\u{200d}👧 👩🏽\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥",
                "👩\u{200d}👧 👩🏽\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥",
            ),
            ("a\u{200d}b 👩\u{200d}.exe \u{200d}👩", "a\\u{200d}b 👩\\u{200d}.exe \\u{200d}👩"),
            ("👩\u{200d}\u{200d}👧", "👩\\u{200d}\\u{200d}👧"),
            (
                "Grüße 日本語 🙂 e\u{301} \u{f77f}\u{f800}",
                "Grüße 日本語 🙂 e\u{301} \u{f77f}\u{f800}",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_and_tabs_survive_only_in_text_of_several_lines() {
        assert_eq!(escape_multiline("a\tb\r\nc\n\x1bd\re"), "a\tb\nc\n\\x1bd\\re");
        assert!(matches!(escape_multiline("a\nb"), Cow::Borrowed(_)));
        assert!(matches!(escape("a b"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_table_of_invisible_characters_is_in_order() {
        for pair in INVISIBLE.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
        assert!(INVISIBLE.iter().all(|(first, last)| first <= last));
    }

    #[test]
    fn a_name_is_cut_in_the_middle_between_whole_characters() {
        let family = "👩\u{200d}👩\u{200d}👧";
        for (text, columns, expected) in [
            ("photo-0001.jpeg", 15, "photo-0001.jpeg"),
            ("photo-0001.jpeg", 10, "phot….jpeg"),
            ("photo-0001.jpeg", 9, "phot…jpeg"),
            ("日本語日本語.txt", 9, "日本….txt"),
            ("日本語日本語.txt", 8, "日….txt"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}…e\u{301}"),
            ("abc", 2, "a…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fit_middle(text, columns), expected, "{text} {columns}");
        }
        let cut = fit_middle(&format!("{family}{family}{family}"), 5).into_owned();
        assert_eq!(cut, format!("{family}…{family}"));
    }

    #[test]
    fn a_text_never_takes_more_columns_than_it_is_given() {
        let table = [
            ("short", 10, "short"),
            ("exactly", 7, "exactly"),
            ("too long", 5, "too …"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ];
        for (text, columns, expected) in table {
            let fitted = fit(text, columns);
            assert_eq!(fitted, expected, "{text:?} in {columns}");
            assert!(fitted.width() <= columns);
        }
    }
}
