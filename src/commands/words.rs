//! Words and the text they are read from: putting quotes on, and joining words to a command.

/// Characters that need no quotes anywhere in the shell language.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "-_.,:/=+@%^".contains(c)
}

/// `text` as one word of the shell language, in quotes where it needs them.
pub fn quoted(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The commands that words stand for, which still have their quotes
/// ([`Globs::Source`](super::Globs::Source)): a single word in quotes is a text of commands,
/// several are the words of one command.
pub fn script(words: &[String]) -> String {
    match words {
        [only] => unquoted(only),
        _ => words.join(" "),
    }
}

/// A word that is all in single quotes, without them; any other as it is.
pub fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner.map(|inner| inner.replace("'\\''", "\0")) {
        // A quote that is left ends the word's first part.
        Some(inner) if !inner.contains('\'') => inner.replace('\0', "'"),
        _ => word.to_owned(),
    }
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
            assert_eq!(script(&words), want, "{words:?}");
        }
    }

    #[test]
    fn quotes_are_put_where_they_are_needed_and_come_off_again() {
        for (text, want) in
            [("30s", "30s"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("*", "'*'")]
        {
            assert_eq!(quoted(text), want);
            assert_eq!(unquoted(&quoted(text)), text);
        }
    }
}
