//! Words and operators of the shell language.
//!
//! Returns one token at a time, with its position. The lexer never fails: a quote that is still
//! open at the end is a property of the token, so that the parser can reject it while completion
//! and the history use the tokens found so far. In text for the user's shell, after `
//! ` and `!`, the shell's own quotes and parentheses are parsed only to find its end.

use super::{Pos, Word};
use crate::shell_quote::Quote;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell) enum Token<'a> {
    /// A word.
    Word(Word),
    /// `!` in command position, with the text for the user's shell.
    Local(&'a str),
    /// `|`, with the text for the user's shell.
    Pipe(&'a str),
    /// `>`.
    Into,
    /// `>>`.
    Append,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `&`.
    Background,
    /// `;`.
    Semicolon,
    /// The end of a line.
    Newline,
    /// `(` in command position.
    GroupStart,
    /// `)` that is not part of a word.
    GroupEnd,
    /// `#` and the rest of its line.
    Comment(&'a str),
    /// The end of the text.
    End,
}

/// What is unterminated at the end of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell) enum Open {
    /// A quote (in text for the user's shell, back quotes count as double ones).
    Quote(Quote),
    /// A trailing backslash.
    Backslash,
    /// A `(` inside a word, or in text for the user's shell.
    Parenthesis,
}

/// A token and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell) struct Lexed<'a> {
    /// The token.
    pub(in crate::shell) token: Token<'a>,
    /// First byte.
    pub(in crate::shell) start: usize,
    /// One past the last byte.
    pub(in crate::shell) end: usize,
    /// Line and column of the first character.
    pub(in crate::shell) pos: Pos,
    /// What is unterminated, and where it begins.
    pub(in crate::shell) open: Option<(Open, Pos)>,
}

/// Reads a text token by token; at its end, returns [`Token::End`] forever.
pub(in crate::shell) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) pos: Pos,
    /// Whether this is command position: only there are `!` and `(` special.
    at_command: bool,
    /// Whether this is text for the user's shell: `
    /// ` only separates, and `!` is a word.
    for_shell_text: bool,
}

/// Where text for the user's shell ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// At the end of the line.
    LineEnd,
    /// At the end of the line or the first operator that is not the shell's.
    Operator,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of `text`; a byte order mark is skipped.
    pub(in crate::shell) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, pos: Pos { line: 1, column: 1 }, at_command: true, for_shell_text: false }
    }

    /// Lexes text for the user's shell as if it were ours. Shells quote in much the same way: good
    /// enough to find a word, never to run it.
    pub(in crate::shell) fn for_shell_text(text: &'a str) -> Self {
        Self { for_shell_text: true, ..Self::new(text) }
    }

    /// The next token.
    pub(in crate::shell) fn next(&mut self) -> Lexed<'a> {
        self.skip_blanks();
        let (start, pos) = (self.at, self.pos);
        let (token, open) = self.next_token();
        self.at_command = match token {
            Token::And | Token::Or | Token::Background | Token::Semicolon => true,
            Token::Newline | Token::GroupStart => true,
            Token::Comment(_) => self.at_command,
            _ => false,
        };
        Lexed { token, start, end: self.at, pos, open }
    }

    fn next_token(&mut self) -> (Token<'a>, Option<(Open, Pos)>) {
        let Some(c) = self.peek_char() else { return (Token::End, None) };
        let token = match c {
            '\n' => self.take_token(1, Token::Newline),
            ';' => self.take_token(1, Token::Semicolon),
            '#' => return (Token::Comment(self.read_comment()), None),
            ')' => self.take_token(1, Token::GroupEnd),
            '(' if self.at_command => self.take_token(1, Token::GroupStart),
            '&' if self.remaining().starts_with("&&") => self.take_token(2, Token::And),
            '&' => self.take_token(1, Token::Background),
            '>' if self.remaining().starts_with(">>") => self.take_token(2, Token::Append),
            '>' => self.take_token(1, Token::Into),
            '|' if self.remaining().starts_with("||") => self.take_token(2, Token::Or),
            '|' if self.for_shell_text => self.take_token(1, Token::Semicolon),
            '|' => {
                self.next_char();
                let (text, open) = self.shell_text(Until::Operator);
                return (Token::Pipe(text), open);
            }
            '!' if self.at_command && !self.for_shell_text => {
                self.next_char();
                let (text, open) = self.shell_text(Until::LineEnd);
                return (Token::Local(text), open);
            }
            _ => {
                let (word, open) = self.read_word();
                return (Token::Word(word), open);
            }
        };
        (token, None)
    }

    fn take_token(&mut self, count: usize, token: Token<'a>) -> Token<'a> {
        for _ in 0..count {
            self.next_char();
        }
        token
    }

    pub(super) fn remaining(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.remaining().chars().next()
    }

    pub(super) fn next_char(&mut self) -> Option<char> {
        let c = self.peek_char()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.pos = Pos { line: self.pos.line + 1, column: 1 };
        } else {
            self.pos.column += 1;
        }
        Some(c)
    }

    /// Whether a backslash and a line end are next.
    fn at_continuation(&self) -> bool {
        let rest = self.remaining();
        rest.starts_with("\\\n") || rest.starts_with("\\\r\n")
    }

    /// Skips the backslash and the line end of a continuation.
    fn skip_continuation(&mut self) {
        while self.next_char().is_some_and(|c| c != '\n') {}
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek_char() {
                // A carriage return is a blank, so CR LF ends a line as LF does.
                Some(' ' | '\t' | '\r') => drop(self.next_char()),
                Some('\\') if self.at_continuation() => self.skip_continuation(),
                _ => return,
            }
        }
    }

    pub(super) fn read_comment(&mut self) -> &'a str {
        let start = self.at;
        while self.peek_char().is_some_and(|c| c != '\n') {
            self.next_char();
        }
        &self.text[start..self.at]
    }

    /// Reads a word. Balanced parentheses inside it are part of it (`file(1).txt`); an unbalanced
    /// `)` ends it, as the end of a group.
    fn read_word(&mut self) -> (Word, Option<(Open, Pos)>) {
        let mut word = Word { pieces: Vec::new(), pos: self.pos };
        let mut parentheses = Vec::new();
        while let Some(c) = self.peek_char() {
            let pos = self.pos;
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '>' => break,
                ')' if parentheses.pop().is_none() => break,
                '\\' if self.at_continuation() => {
                    self.skip_continuation();
                    continue;
                }
                _ => {}
            }
            self.next_char();
            match c {
                '\\' => match self.next_char() {
                    Some(c) => word.push_char(c, true),
                    None => return (word, Some((Open::Backslash, pos))),
                },
                '\'' | '"' => {
                    let quote = if c == '"' { Quote::Double } else { Quote::Single };
                    word.piece_for(true);
                    if !self.read_quoted(quote, &mut word) {
                        return (word, Some((Open::Quote(quote), pos)));
                    }
                }
                _ => {
                    if c == '(' {
                        parentheses.push(pos);
                    }
                    word.push_char(c, false);
                }
            }
        }
        (word, parentheses.pop().map(|pos| (Open::Parenthesis, pos)))
    }

    /// Reads a quoted part including its closing quote; false if the text ends first.
    fn read_quoted(&mut self, quote: Quote, word: &mut Word) -> bool {
        while let Some(c) = self.peek_char() {
            if quote == Quote::Double && self.at_continuation() {
                self.skip_continuation();
                continue;
            }
            self.next_char();
            match (quote, c) {
                (Quote::Single, '\'') | (Quote::Double, '"') => return true,
                (Quote::Double, '\\') => {
                    // Other backslashes in double quotes are literal.
                    let escaped = self.peek_char().filter(|next| matches!(next, '"' | '\\'));
                    if escaped.is_some() {
                        self.next_char();
                    }
                    word.push_char(escaped.unwrap_or('\\'), true);
                }
                _ => word.push_char(c, true),
            }
        }
        false
    }
}

impl<'a> Lexer<'a> {
    /// Text for the user's shell: to the end of the line or, after a pipe, to the first of our own
    /// `;`, `&`, `&&`, `
    ///
    /// ` or `)`. Skips the shell's quotes, back quotes and parentheses (subshells, `$(…)`), and
    /// `2>&1`, `&>` and `
    /// &`.
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
        // Trailing blanks are not part of the text.
        (self.at, self.pos) = end;
        let open = inside.pop().map(|(closer, pos)| match closer {
            ')' => (Open::Parenthesis, pos),
            _ => (Open::Quote(Quote::Double), pos),
        });
        (&self.text[start..self.at], open)
    }

    /// Skips a single-quoted string; false if the text ends first.
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

    /// Whether the current character, outside of the shell's quotes, ends a pipe's text.
    fn ends_pipe_text(&self, previous: char) -> bool {
        let rest = self.remaining();
        if rest.starts_with([';', ')']) || rest.starts_with("&&") || rest.starts_with("||") {
            return true;
        }
        let redirection = matches!(previous, '>' | '<' | '|') || rest.starts_with("&>");
        rest.starts_with('&') && !redirection
    }
}
