//! Finds the words around the cursor, for completion.
//!
//! Invalid and unfinished lines are the normal case here, so nothing is an error.

use crate::shell::syntax::{Lexer, Open, Token};
use crate::shell_quote::Quote;

/// The context of the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The words of the simple command before the one under the cursor, without quotes and
    /// redirections. Empty: the cursor is in the command's name.
    pub command: Vec<String>,
    /// The word under the cursor, up to the cursor, without quotes; may be empty.
    pub current: String,
    /// The byte offset of that word, including its opening quote: a completion replaces the text
    /// from here to the cursor.
    pub start: usize,
    /// The quote that is open at the cursor.
    pub quote: Quote,
    /// Whether a local file name is expected: the cursor is after `>` or `>>`.
    pub after_redirect: bool,
    /// Whether the cursor is in text for the user's shell (`|`, `!`); `command` and `current` are
    /// then the words of that text.
    pub in_pipe: bool,
}

/// Finds the command at byte `offset` of `line`; `None` in a comment.
///
/// An offset beyond the line is clamped to its end, one inside a character to its first byte.
pub fn find_cursor(line: &str, offset: usize) -> Option<Cursor> {
    let ends = (0..=offset.min(line.len())).rev().find(|at| line.is_char_boundary(*at));
    let mut line = &line[..ends.unwrap_or_default()];
    let mut lexer = Lexer::new(line);
    let mut found = Cursor {
        command: Vec::new(),
        current: String::new(),
        start: line.len(),
        quote: Quote::None,
        after_redirect: false,
        in_pipe: false,
    };
    let mut base = 0;
    loop {
        let lexed = lexer.next();
        let at_end = lexed.end == line.len();
        match lexed.token {
            Token::Word(word) if at_end => {
                if let Some((Open::Quote(quote), _)) = lexed.open {
                    found.quote = quote;
                }
                found.start = base + lexed.start;
                found.current = word.unquoted_text();
                return Some(found);
            }
            Token::Word(_) if found.after_redirect => found.after_redirect = false,
            Token::Word(word) => found.command.push(word.unquoted_text()),
            Token::Into | Token::Append => found.after_redirect = true,
            Token::Pipe(text) | Token::Local(text) => {
                found.command.clear();
                let start = lexed.end - text.len();
                // If only blanks follow, the cursor is in this text.
                if line[lexed.end..].trim_start_matches([' ', '\t']).is_empty() {
                    found.in_pipe = true;
                    base += start;
                    line = &line[start..];
                    lexer = Lexer::for_shell_text(line);
                }
            }
            Token::Comment(_) if at_end => return None,
            Token::Comment(_) => {}
            Token::End => return Some(found),
            _ => {
                found.command.clear();
                found.after_redirect = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::syntax::{Element, Piece, parse_script};
    use crate::shell_quote::quote_for;

    /// Finds the cursor at the `^` of a line.
    fn at(marked: &str) -> Option<Cursor> {
        let offset = marked.find('^').expect("a cursor");
        find_cursor(&marked.replacen('^', "", 1), offset)
    }

    #[test]
    fn the_command_and_the_word_under_the_cursor_are_found() {
        for (marked, command, current, start) in [
            ("^", "", "", 0),
            ("ge^", "", "ge", 0),
            ("get ^", "get", "", 4),
            ("get fo^o bar", "get", "fo", 4),
            ("get -c a\\ b dir/f^", "get|-c|a b", "dir/f", 12),
            ("cd x; get y && put z^", "put", "z", 19),
            ("cd x & ls^", "", "ls", 7),
            ("(cd x; ls y^", "ls", "y", 10),
            ("a || b\nc d^", "c", "d", 9),
            ("ls > out ^", "ls", "", 9),
            ("# note\nls x^", "ls", "x", 10),
            ("ls | wc -l; cat é^", "cat", "é", 16),
            ("! make x\nput y^", "put", "y", 13),
            ("a )b^", "", "b", 3),
            ("get \\\n  x^", "get", "x", 8),
        ] {
            let found = at(marked).expect(marked);
            assert_eq!(found.command.join("|"), command, "{marked}");
            assert_eq!((found.current.as_str(), found.start), (current, start), "{marked}");
            assert_eq!((found.after_redirect, found.in_pipe), (false, false), "{marked}");
        }
    }

    #[test]
    fn open_quotes_are_told() {
        for (marked, current, start, quote) in [
            ("get 'a b^", "a b", 4, Quote::Single),
            ("get \"a b^", "a b", 4, Quote::Double),
            ("get 'a b'^", "a b", 4, Quote::None),
            ("get x\"^", "x", 4, Quote::Double),
            ("get 'it'\\''s ^", "it's ", 4, Quote::Single),
            ("get a\\^", "a", 4, Quote::None),
            ("get '^", "", 4, Quote::Single),
        ] {
            let found = at(marked).expect(marked);
            assert_eq!(
                (found.current.as_str(), found.start, found.quote),
                (current, start, quote),
                "{marked}"
            );
        }
    }

    #[test]
    fn redirections_pipes_and_comments_are_told() {
        for (marked, command, current, start, redirect, pipe) in [
            ("ls > ou^", "ls", "ou", 5, true, false),
            ("ls >>^", "ls", "", 5, true, false),
            ("ls | gre^", "", "gre", 5, false, true),
            ("ls |^", "", "", 4, false, true),
            ("ls | sort -u fi^", "sort|-u", "fi", 13, false, true),
            ("ls | sort | head -^", "head", "-", 17, false, true),
            ("ls | sort > f^", "sort", "f", 12, true, true),
            ("! cat a b^", "cat|a", "b", 8, false, true),
            ("!cat ^", "cat", "", 5, false, true),
            ("! a; cat 'x y^", "cat", "x y", 9, false, true),
        ] {
            let found = at(marked).expect(marked);
            assert_eq!(found.command.join("|"), command, "{marked}");
            assert_eq!((found.current.as_str(), found.start), (current, start), "{marked}");
            assert_eq!((found.after_redirect, found.in_pipe), (redirect, pipe), "{marked}");
        }
        assert_eq!(at("ls # no^"), None);
        assert_eq!(at("ls | wc # no^"), None);
    }

    #[test]
    fn any_offset_will_do() {
        assert_eq!(find_cursor("ls é", 4).expect("inside é").current, "");
        assert_eq!(find_cursor("ls é", 99).expect("beyond").current, "é");
    }

    fn read_back(source: &str) -> Vec<Piece> {
        let script = parse_script(source, "test").unwrap_or_else(|e| panic!("{source:?}: {e}"));
        assert_eq!(script.items.len(), 1, "{source:?}");
        let Element::Simple(words) = &script.items[0].steps[0].element else {
            panic!("{source:?}");
        };
        assert_eq!((words.len(), script.items[0].steps.len()), (1, 1), "{source:?}");
        words[0].pieces.clone()
    }

    fn assert_round_trip(name: &str) {
        for quote in [Quote::None, Quote::Single, Quote::Double] {
            let quoted = quote_for(name, quote);
            let pieces = read_back(&quoted);
            let text: String = pieces.iter().map(|p| p.text.as_str()).collect();
            assert_eq!(text, name, "{quoted:?}");
            let special = |p: &Piece| !p.quoted && p.text.contains(['*', '?', '[', '{', '~']);
            assert!(!pieces.iter().any(special), "{quoted:?} keeps a meaning");
            let found = find_cursor(&quoted, quoted.len()).expect("a cursor");
            assert_eq!((found.current.as_str(), found.start), (name, 0), "{quoted:?}");
        }
    }

    #[test]
    fn every_short_name_survives_its_quotes() {
        assert_round_trip("");
        for a in ' '..='~' {
            assert_round_trip(&a.to_string());
            for b in ' '..='~' {
                assert_round_trip(&format!("{a}{b}"));
            }
        }
    }

    #[test]
    fn odd_names_survive_their_quotes() {
        for name in
            ["a\nb", "\\\n", "\r", "\r\n", "\t", "\u{1b}[m", "\u{feff}x", "\u{f7e9}", "語 é"]
        {
            assert_round_trip(name);
        }
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..5_000 {
            let mut next = || {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                u32::try_from(seed >> 43).unwrap_or_default()
            };
            let chars = (0..next() % 9).filter_map(|_| {
                let range = if next() % 2 == 0 { 0x80 } else { 0x11_0000 };
                char::from_u32(next() % range).filter(|c| *c != '\0')
            });
            assert_round_trip(&chars.collect::<String>());
        }
    }
}
