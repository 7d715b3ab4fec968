//! Quoting for the shell language: words to text that parses to the same words.
//!
//! The syntax is defined in `shell::syntax`.

/// The open quote of a word under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// None: special characters need a backslash.
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

/// `text` as one word of the shell language, quoted if necessary.
pub fn quote_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(needs_no_quotes) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The source of commands given as words that still have their quotes
/// ([`Globs::Source`](crate::commands::Globs::Source)): a single quoted word contains commands,
/// several words are one command.
/// several are the words of one command.
pub fn script_from_words(words: &[String]) -> String {
    match words {
        [only] => unquote_word(only),
        _ => words.join(" "),
    }
}

/// Removes the quotes of a word entirely in single quotes; any other is unchanged.
pub fn unquote_word(word: &str) -> String {
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner.map(|inner| inner.replace("'\\''", "\0")) {
        // A remaining quote means that only the first part of the word was quoted.
        Some(inner) if !inner.contains('\'') => inner.replace('\0', "'"),
        _ => word.to_owned(),
    }
}

/// Quotes `name` so that the shell language parses exactly this word, whatever its characters
/// (except NUL, which words cannot contain).
///
/// Begins and ends with `quote`. Without one, backslashes are used, and single quotes if the name
/// is empty or contains control characters.
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

/// Whether a text in the place of a file's name looks like commands, which may hold a password.
pub fn looks_like_commands(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || ";,|&".contains(c)) || text.contains("://")
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
