//! The shell language: text in, a tree of commands with their positions out.
//!
//! One language serves the prompt, `-c`, `-e`, `-f`, `source`, aliases and bookmarks. This folder
//! is pure: it reads no file, asks no server and runs nothing. It must never panic, whatever the
//! text, and its time grows in proportion to the text.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub(super) use lexer::{Lexed, Lexer, Open, Token};
pub use parser::{MAX_DEPTH, parse_script};

use crate::error::Error;
use crate::glob;
use crate::shell_quote::{Quote, quote_for};
use std::fmt;
use std::ops::Range;

/// A place in the text: line and column, both counted from 1, the column in characters.
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

/// A parsed text: what runs one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The items, in the order in which they stand. Empty for a text without commands.
    pub items: Vec<Item>,
}

/// What stands between two of `;`, newline and `&`: steps joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// At least one; the first one's `when` is [`When::Always`].
    pub steps: Vec<Step>,
    /// Whether `&` follows: all steps together are one background job.
    pub background: bool,
    /// Where the first step begins.
    pub pos: Pos,
    /// The bytes of the parsed text that this item takes, without `;` or `&`: a job's title.
    pub span: Range<usize>,
}

/// One command of an item, and whether the status so far lets it run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The condition on the status of the steps before.
    pub when: When,
    /// What to run.
    pub element: Element,
    /// Where its standard output goes, if not to ours.
    pub redirect: Option<Redirect>,
    /// Where it begins.
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

/// Where a command's standard output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The receiver.
    pub target: Target,
    /// Where the `>`, `>>` or `|` stands.
    pub pos: Pos,
}

/// The receiver of a command's standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `> file`: a local file, replaced.
    File(Word),
    /// `>> file`: a local file, continued.
    Append(Word),
    /// `| text`: verbatim for the user's shell; never empty.
    Pipe(String),
}

/// One word, with its quotes taken off but remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its parts; neighbours differ in `quoted`. At least one.
    pub pieces: Vec<Piece>,
    /// Where it begins, its opening quote included.
    pub pos: Pos,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The characters, without quotes.
    pub text: String,
    /// Whether they were quoted: then `* ? [ { ~` in them mean themselves.
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

    /// The word for [`glob`]: quoted characters that mean something there carry a backslash.
    pub fn glob_pattern(&self) -> String {
        self.pieces
            .iter()
            .map(|p| if p.quoted { glob::escape_glob(&p.text) } else { p.text.clone() })
            .collect()
    }

    /// Whether it can match names: an unquoted `*`, `?` or well-formed `[…]`.
    pub fn has_wildcard(&self) -> bool {
        let may = |p: &Piece| !p.quoted && p.text.contains(['*', '?', '[']);
        self.pieces.iter().any(may) && glob::has_wildcard(&self.glob_pattern())
    }

    /// Whether it begins with an unquoted `~`, which stands for a home directory in local paths.
    pub fn has_tilde(&self) -> bool {
        self.pieces.first().is_some_and(|p| !p.quoted && p.text.starts_with('~'))
    }

    /// Text that [`parse_script`] reads as this word, for commands that hand their arguments on as a
    /// command (`queue`, `repeat`, `alias`).
    pub fn to_source(&self) -> String {
        self.pieces
            .iter()
            .map(|p| if p.quoted { quote_for(&p.text, Quote::Single) } else { p.text.clone() })
            .collect()
    }

    /// Adds a character; an empty quoted piece (`''`) is made by [`Word::piece_for`].
    pub(in crate::shell) fn push_char(&mut self, c: char, quoted: bool) {
        self.piece_for(quoted).text.push(c);
    }

    /// The piece to which characters of this kind are added now.
    pub(in crate::shell) fn piece_for(&mut self, quoted: bool) -> &mut Piece {
        if self.pieces.last().is_none_or(|piece| piece.quoted != quoted) {
            self.pieces.push(Piece { text: String::new(), quoted });
        }
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }
}

/// Text that is not in the language, or not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The text's name: `-c`, a file's name, `prompt`.
    pub name: String,
    /// Where the trouble begins: an open quote, not the end of the text.
    pub pos: Pos,
    /// What is wrong, in lower case.
    pub message: String,
    /// Whether more lines could complete it: an open quote or group, a trailing `&&`, `|` or
    /// backslash.
    pub incomplete: bool,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.name, self.pos, self.message)
    }
}

impl std::error::Error for SyntaxError {}

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Error::usage(error.to_string())
    }
}
