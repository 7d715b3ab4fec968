//! Text for the user's shell, behind `|` and `!`: where it ends.
//!
//! The shell's own quotes and parentheses are followed just far enough to find that place; what
//! stands between them is handed on as it is.

use super::Pos;
use super::lexer::{Lexer, Open};
use crate::shell_quote::Quote;

/// How far text for the user's shell goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// To the end of the line.
    LineEnd,
    /// To the end of the line or the first operator that is not the shell's.
    Operator,
}

impl<'a> Lexer<'a> {
    /// Text for the user's shell: to the end of the line or, behind a pipe, to the first of our
    /// own `;`, `&`, `&&`, `||` or `)`. What stands in the shell's quotes, back quotes or
    /// parentheses (subshells, `$(…)`) is passed over, as are `2>&1`, `&>` and `|&`.
    pub(super) fn shell_text(&mut self, until: Until) -> (&'a str, Option<(Open, Pos)>) {
        self.skip_blanks();
        while until == Until::Operator && self.peek_char() == Some('\n') {
            // As in other shells, a line may end in `|`.
            self.next_char();
            self.skip_blanks();
        }
        let start = self.at;
        let mut end = (start, self.pos);
        let mut inside: Vec<(char, Pos)> = Vec::new();
        let mut previous = ' ';
        while let Some(c) = self.peek_char() {
            let pos = self.pos;
            let closer = inside.last().map(|(closer, _)| *closer);
            let blank = matches!(c, ' ' | '\t' | '\r' | '\n');
            match c {
                '\\' => {
                    self.next_char();
                    if self.remaining().starts_with("\r\n") {
                        self.next_char();
                    }
                    if self.peek_char().is_none() {
                        return (&self.text[start..self.at], Some((Open::Backslash, pos)));
                    }
                }
                _ if closer == Some(c) => drop(inside.pop()),
                '`' => inside.push((c, pos)),
                '(' if closer != Some('"') || previous == '$' => inside.push((')', pos)),
                _ if closer == Some('"') => {}
                '"' => inside.push((c, pos)),
                '\'' => {
                    let open = Some((Open::Quote(Quote::Single), pos));
                    if !self.skip_single_quoted(previous == '$') {
                        return (&self.text[start..self.at], open);
                    }
                }
                '#' if matches!(previous, ' ' | '\t' | '\n') => {
                    if closer.is_none() {
                        break;
                    }
                    self.read_comment();
                    continue;
                }
                '\n' if closer.is_none() => break,
                _ if closer.is_none()
                    && until == Until::Operator
                    && self.ends_pipe_text(previous) =>
                {
                    break;
                }
                _ => {}
            }
            self.next_char();
            previous = if c == '\\' { 'x' } else { c };
            if !blank || closer.is_some() {
                end = (self.at, self.pos);
            }
        }
        // Blanks before the end are not the text's.
        (self.at, self.pos) = end;
        let open = inside.pop().map(|(closer, pos)| match closer {
            ')' => (Open::Parenthesis, pos),
            _ => (Open::Quote(Quote::Double), pos),
        });
        (&self.text[start..self.at], open)
    }

    /// From the opening to the closing single quote; false if the text ends first.
    fn skip_single_quoted(&mut self, with_escapes: bool) -> bool {
        self.next_char();
        while let Some(c) = self.peek_char() {
            match c {
                '\'' => return true,
                '\\' if with_escapes => {
                    self.next_char();
                    self.next_char();
                }
                _ => drop(self.next_char()),
            }
        }
        false
    }

    /// Whether what stands here, outside of the shell's quotes, ends a pipe's text.
    fn ends_pipe_text(&self, previous: char) -> bool {
        let rest = self.remaining();
        if rest.starts_with([';', ')']) || rest.starts_with("&&") || rest.starts_with("||") {
            return true;
        }
        let redirection = matches!(previous, '>' | '<' | '|') || rest.starts_with("&>");
        rest.starts_with('&') && !redirection
    }
}
