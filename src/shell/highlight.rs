//! Highlights the line being typed: known commands are emphasised, unknown ones are red.
//!
//! The width of the text is unchanged. The caller decides whether to use colour at all.

use super::syntax::{Lexer, Token};
use crate::output::Style;

/// What is known about a word in command position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// A command or an alias.
    Yes,
    /// An ambiguous prefix.
    Perhaps,
    /// Unknown.
    No,
}

/// The line with its commands highlighted.
pub fn highlight_line(line: &str, known: &dyn Fn(&str) -> Known) -> String {
    let mut lexer = Lexer::new(line);
    let mut styled = String::with_capacity(line.len() + 16);
    let mut done = 0;
    let mut in_command = false;
    let mut in_redirect = false;
    loop {
        let lexed = lexer.next();
        match lexed.token {
            Token::Word(word) if !in_command && !in_redirect => {
                in_command = true;
                let style = match known(&word.unquoted_text()) {
                    Known::Yes => Style::Strong,
                    Known::Perhaps => Style::Plain,
                    Known::No => Style::Bad,
                };
                styled.push_str(&line[done..lexed.start]);
                styled.push_str(&style.paint(&line[lexed.start..lexed.end]));
                done = lexed.end;
            }
            Token::Word(_) | Token::Comment(_) => in_redirect = false,
            Token::Into | Token::Append => in_redirect = true,
            Token::End => break,
            _ => (in_command, in_redirect) = (false, false),
        }
    }
    styled.push_str(&line[done..]);
    styled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_styled_and_nothing_else() {
        let known = |word: &str| match word {
            "get" | "ls" => Known::Yes,
            "g" => Known::Perhaps,
            _ => Known::No,
        };
        for (line, want) in [
            ("", ""),
            ("get get", "<1>get</> get"),
            ("g", "g"),
            ("gte x", "<31>gte</> x"),
            ("ls; gte && ls | wc", "<1>ls</>; <31>gte</> && <1>ls</> | wc"),
            ("(ls > out) # ls", "(<1>ls</> > out) # ls"),
            ("! make", "! make"),
            ("'ls' \"open", "<1>'ls'</> \"open"),
            (" ls é", " <1>ls</> é"),
        ] {
            let shown = highlight_line(line, &known);
            let shown = shown.replace("\x1b[0m", "</>").replace("\x1b[", "<");
            let shown = shown.replace("<1m", "<1>").replace("<31m", "<31>");
            assert_eq!(shown, want, "{line}");
        }
    }
}
