//! Quoting for the shell language: words into text that the parser reads back as the same words.
//!
//! Nothing here parses; the syntax is `shell::syntax`'s.

/// The quotes that a word under the cursor is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// None: characters with a meaning need a backslash.
    None,
    /// `'…`.
    Single,
    /// `"…`.
    Double,
}

/// Characters that need no quotes anywhere in the shell language.
fn needs_no_quotes(c: char) -> bool {
    c.is_alphanumeric() || "-_.,:/=+@%^".contains(c)
}

/// `text` as one word of the shell language, in quotes where it needs them.
pub fn quote_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(needs_no_quotes) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The commands that words stand for, which still have their quotes
/// ([`Globs::Source`](crate::commands::Globs::Source)): a single word in quotes is a text of commands,
/// several are the words of one command.
pub fn script_from_words(words: &[String]) -> String {
    match words {
        [only] => unquote_word(only),
        _ => words.join(" "),
    }
}

/// A word that is all in single quotes, without them; any other as it is.
pub fn unquote_word(word: &str) -> String {
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner.map(|inner| inner.replace("'\\''", "\0")) {
        // A quote that is left ends the word's first part.
        Some(inner) if !inner.contains('\'') => inner.replace('\0', "'"),
        _ => word.to_owned(),
    }
}

/// `name` such that the shell language reads it back as exactly this word, whatever its
/// characters are (but NUL, which no word can hold).
///
/// Begins with `quote` and ends it. Without one, backslashes are used, and single quotes where
/// the name is empty or holds control characters.
pub fn quote_for(name: &str, quote: Quote) -> String {
    let needs_quotes = |c: char| c.is_control() || c == '\u{feff}';
    match quote {
        Quote::None if name.is_empty() || name.contains(needs_quotes) => {
            quote_for(name, Quote::Single)
        }
        Quote::None => escape_special(name, |c| " '\"\\;&|>()#*?[{~!".contains(c)),
        Quote::Double => format!("\"{}\"", escape_special(name, |c| matches!(c, '"' | '\\'))),
        Quote::Single => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

fn escape_special(name: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_quoted_word_is_a_text_and_several_words_are_a_command() {
        for (words, want) in [
            (&["ls"][..], "ls"),
            (&["'get x; get y'"], "get x; get y"),
            (&["'get '\\''a b'\\'''"], "get 'a b'"),
            (&["'a'b'c'"], "'a'b'c'"),
            (&["get", "'a b'", "*.txt"], "get 'a b' *.txt"),
            (&["'"], "'"),
            (&["''"], ""),
            (&[], ""),
        ] {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(script_from_words(&words), want, "{words:?}");
        }
    }

    #[test]
    fn quotes_are_put_where_they_are_needed_and_come_off_again() {
        for (text, want) in
            [("30s", "30s"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("*", "'*'")]
        {
            assert_eq!(quote_word(text), want);
            assert_eq!(unquote_word(&quote_word(text)), text);
        }
    }
}
