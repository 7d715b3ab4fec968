//! The shell language: parses text to a tree of commands with their positions.
//!
//! One language for the prompt, `-c`, `-e`, `-f`, `source`, aliases and bookmarks. No I/O, and
//! nothing is run. The parser never panics, and its time is linear in the length of the text.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub(super) use lexer::{Lexed, Lexer, Open, Token};
pub use parser::{MAX_DEPTH, parse_script, parse_with_errors};

use crate::error::Error;
use crate::glob;
use crate::shell_quote::{Quote, quote_for};
use std::fmt;
use std::ops::Range;

/// A position in the text: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A parsed text: items that run in sequence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The items in order. Empty for a text without commands.
    pub items: Vec<Item>,
}

/// Text between two of `;`, newline and `&`: steps joined by `&&` and `
///
/// `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// At least one; the first one's `when` is [`When::Always`].
    pub steps: Vec<Step>,
    /// Whether `&` follows: all steps together are one background job.
    pub background: bool,
    /// The start of the first step.
    pub pos: Pos,
    /// The byte range of this item in the text, without `;` or `&`: a job's title.
    pub span: Range<usize>,
}

/// One command of an item, and the condition under which it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The condition on the status of the previous steps.
    pub when: When,
    /// What to run.
    pub element: Element,
    /// The redirection of its standard output, if any.
    pub redirect: Option<Redirect>,
    /// Its start.
    pub pos: Pos,
}

/// The condition of a step. `&&` and `||` bind equally and to the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Unconditionally: the first step of an item.
    Always,
    /// After `&&`: if the status so far is success.
    IfOk,
    /// After `||`: if the status so far is failure.
    IfFailed,
}

/// What a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A command and its arguments; at least one word.
    Simple(Vec<Word>),
    /// `( … )`; at least one item.
    Group(Script),
    /// `! …`: text for the user's shell, verbatim to the end of the line; empty for `!` alone.
    Local(String),
}

/// A redirection of a command's standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The destination.
    pub target: Target,
    /// The position of `>`, `>>` or `
    /// `.
    pub pos: Pos,
}

/// The destination of a command's standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `> file`: a local file, overwritten.
    File(Word),
    /// `>> file`: a local file, appended to.
    Append(Word),
    /// `| text`: verbatim for the user's shell; never empty.
    Pipe(String),
}

/// A word without quotes, but with the information what was quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its parts; neighbours differ in `quoted`. At least one.
    pub pieces: Vec<Piece>,
    /// Its start, including its opening quote.
    pub pos: Pos,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The characters, without quotes.
    pub text: String,
    /// Whether they were quoted: `* ? [ { ~` in them are then literal.
    pub quoted: bool,
}

impl Word {
    /// The word without its quotes.
    pub fn unquoted_text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// Whether any part of it was quoted.
    pub fn is_quoted(&self) -> bool {
        self.pieces.iter().any(|piece| piece.quoted)
    }

    /// The word as a pattern for [`glob`]: quoted special characters are escaped with a backslash.
    pub fn glob_pattern(&self) -> String {
        self.pieces
            .iter()
            .map(|p| if p.quoted { glob::escape_glob(&p.text) } else { p.text.clone() })
            .collect()
    }

    /// Whether it contains an unquoted `*`, `?` or well-formed `[…]`.
    pub fn has_wildcard(&self) -> bool {
        let may = |p: &Piece| !p.quoted && p.text.contains(['*', '?', '[']);
        self.pieces.iter().any(may) && glob::has_wildcard(&self.glob_pattern())
    }

    /// Whether it begins with an unquoted `~`, the home directory in local paths.
    pub fn has_tilde(&self) -> bool {
        self.pieces.first().is_some_and(|p| !p.quoted && p.text.starts_with('~'))
    }

    /// Text that [`parse_script`] parses to this word, for commands that run their arguments as a
    /// command (`queue`, `repeat`, `alias`).
    pub fn to_source(&self) -> String {
        self.pieces
            .iter()
            .map(|p| if p.quoted { quote_for(&p.text, Quote::Single) } else { p.text.clone() })
            .collect()
    }

    /// Adds a character. For an empty quoted piece (`''`), call [`Word::piece_for`].
    pub(in crate::shell) fn push_char(&mut self, c: char, quoted: bool) {
        self.piece_for(quoted).text.push(c);
    }

    /// The piece to which characters of this kind are appended.
    pub(in crate::shell) fn piece_for(&mut self, quoted: bool) -> &mut Piece {
        if self.pieces.last().is_none_or(|piece| piece.quoted != quoted) {
            self.pieces.push(Piece { text: String::new(), quoted });
        }
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }
}

/// A syntax error, or an incomplete text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The text's name: `-c`, a file name, `prompt`; empty if positions would say nothing.
    pub name: String,
    /// The position of the error: an open quote, not the end of the text.
    pub pos: Pos,
    /// What is wrong, in lower case.
    pub message: String,
    /// Whether more lines could complete it: an open quote or group, a trailing `&&`, `|` or
    /// backslash.
    pub incomplete: bool,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}:{}: {}", self.name, self.pos, self.message),
        }
    }
}

impl std::error::Error for SyntaxError {}

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Error::usage(error.to_string())
    }
}
